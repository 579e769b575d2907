/** How people read logs that outlived their pods: an API that the API server of the cluster hands requests on for. */
import type { JsonObject } from '../base/json.ts';
import { keptLogs } from '../kube/kept-logs.ts';
import type { PolicyRule } from './access.ts';
import type { InstallOptions } from './install-options.ts';
import { bucketSecretName, commonLabels, installName, logsServiceName, webhookName } from './names.ts';

/** What serving logs through the API server needs besides. */
export const logRules: readonly PolicyRule[] = [
  // Whom to trust is published by Penstock itself.
  {
    apiGroups: ['apiregistration.k8s.io'],
    resources: ['apiservices'],
    resourceNames: [logsServiceName],
    verbs: ['get', 'patch'],
  },
  // Whether who asks may read logs of pods.
  { apiGroups: ['authorization.k8s.io'], resources: ['subjectaccessreviews'], verbs: ['create'] },
];

/** Behind the Service of the webhook, and with its certificates: what is there already is enough. */
export function logObjects({ namespace }: InstallOptions): readonly JsonObject[] {
  const rbac = 'rbac.authorization.k8s.io';
  const apiVersion = `${rbac}/v1`;
  const metadata = { name: bucketSecretName, labels: commonLabels };
  const subjects = [{ kind: 'ServiceAccount', name: installName, namespace }];
  const roleRef = (kind: string, name: string): JsonObject => ({ apiGroup: rbac, kind, name });
  const aggregated = (role: string): readonly [string, string] => [`${rbac}/aggregate-to-${role}`, 'true'];
  const people: Readonly<Record<string, string>> = Object.fromEntries(['view', 'edit', 'admin'].map(aggregated));
  return [
    { apiVersion, kind: 'ClusterRole', metadata, rules: logRules as unknown as readonly JsonObject[] },
    { apiVersion, kind: 'ClusterRoleBinding', metadata, subjects, roleRef: roleRef('ClusterRole', bucketSecretName) },
    // How API servers prove who they are, which they publish there.
    {
      apiVersion,
      kind: 'RoleBinding',
      metadata: { ...metadata, namespace: 'kube-system' },
      subjects,
      roleRef: roleRef('Role', 'extension-apiserver-authentication-reader'),
    },
    // Who may read logs of pods: these three roles let people do that.
    {
      apiVersion,
      kind: 'ClusterRole',
      metadata: { name: `${bucketSecretName}-view`, labels: { ...commonLabels, ...people } },
      rules: [{ apiGroups: [keptLogs.group], resources: keptLogs.resources, verbs: ['get'] }],
    },
    {
      apiVersion: 'apiregistration.k8s.io/v1',
      kind: 'APIService',
      metadata: { name: logsServiceName, labels: commonLabels },
      spec: {
        group: keptLogs.group,
        version: keptLogs.version,
        service: { namespace, name: webhookName, port: 443 },
        groupPriorityMinimum: 1000,
        versionPriority: 15,
      },
    },
  ];
}
