import type { JsonObject } from '../base/json.ts';
import { dashboardText } from './dashboard.ts';
import type { InstallOptions } from './install-options.ts';
import { commonLabels, installName } from './names.ts';

/** How often Prometheus asks. */
const scrapeInterval = '30s';

/** For clusters with the Prometheus Operator, which alone knows this kind. */
export function serviceMonitorObject({ namespace }: InstallOptions): JsonObject {
  return {
    apiVersion: 'monitoring.coreos.com/v1',
    kind: 'ServiceMonitor',
    metadata: { name: installName, namespace, labels: commonLabels },
    spec: {
      selector: { matchLabels: { ...commonLabels, 'app.kubernetes.io/component': 'metrics' } },
      namespaceSelector: { matchNames: [namespace] },
      endpoints: [{ port: 'metrics', path: '/metrics', interval: scrapeInterval }],
    },
  };
}

/** The dashboard for Grafana's sidecar, which looks for this label. */
export function dashboardObject({ namespace }: InstallOptions): JsonObject {
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'penstock-dashboard', namespace, labels: { ...commonLabels, grafana_dashboard: '1' } },
    data: { 'penstock.json': dashboardText() },
  };
}
