import type { JsonObject } from '../base/json.ts';
import { accessObjects, newRepositoryAccess } from './access.ts';
import { crdObjects } from './custom-resources.ts';
import { checkInstallOptions, keepsLogs, type InstallOptions } from './install-options.ts';
import { logObjects } from './log-objects.ts';
import { dashboardObject, serviceMonitorObject } from './monitoring.ts';
import { networkPolicyObject } from './network.ts';
import { webhookObjects } from './webhooks.ts';
import {
  deploymentObject,
  disruptionBudgetObject,
  ingressObject,
  namespaceObject,
  serviceObjects,
} from './workload.ts';

/** Objects that belong together, in the order in which they are applied. */
export interface InstallPart {
  /** `crds-tekton`: the name of a file. */
  readonly name: string;
  readonly objects: readonly JsonObject[];
}

/** All of an installation, part by part. Throws `UserError` (`INSTALL_OPTION`) for options that no cluster would take. */
export function installParts(options: InstallOptions): readonly InstallPart[] {
  checkInstallOptions(options);
  const parts: readonly InstallPart[] = [
    { name: 'crds-penstock', objects: crdObjects('penstock', options) },
    { name: 'crds-tekton', objects: crdObjects('tekton', options) },
    { name: 'crds-pipelines-as-code', objects: crdObjects('pipelines-as-code', options) },
    { name: 'namespace', objects: [namespaceObject(options)] },
    { name: 'access', objects: accessObjects(options) },
    { name: 'new-repositories', objects: options.newRepositories ? newRepositoryAccess(options) : [] },
    { name: 'network-policy', objects: [networkPolicyObject(options)] },
    { name: 'services', objects: serviceObjects(options) },
    { name: 'ingress', objects: options.ingress === undefined ? [] : [ingressObject(options, options.ingress)] },
    { name: 'deployment', objects: [deploymentObject(options), disruptionBudgetObject(options)] },
    { name: 'logs', objects: keepsLogs(options) ? logObjects(options) : [] },
    { name: 'webhooks', objects: webhookObjects(options) },
    { name: 'dashboard', objects: [dashboardObject(options)] },
    { name: 'service-monitor', objects: options.monitoring ? [serviceMonitorObject(options)] : [] },
  ];
  return parts.filter(({ objects }) => objects.length > 0);
}
