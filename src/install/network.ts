import type { JsonObject } from '../base/json.ts';
import type { InstallOptions } from './install-options.ts';
import { commonLabels, installName, podSelector, ports } from './names.ts';

/** Where API servers listen behind their Service: 443 and 6443 nearly everywhere, 8443 (minikube), 16443 (microk8s). */
export const apiServerPorts: readonly number[] = [443, 6443, 8443, 16_443];

/**
 * What may reach Penstock and what it may reach. API servers have addresses of the host network, which no selector names:
 * the webhook's port is open to all, and TLS and the shape of the questions guard it. The measurements are for pods.
 */
export function networkPolicyObject({ namespace }: InstallOptions): JsonObject {
  const tcp = (port: number): JsonObject => ({ protocol: 'TCP', port });
  const anyPod = { namespaceSelector: {} };
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name: installName, namespace, labels: commonLabels },
    spec: {
      podSelector: { matchLabels: podSelector },
      policyTypes: ['Ingress', 'Egress'],
      ingress: [{ ports: [tcp(ports.webhook)] }, { from: [anyPod], ports: [tcp(ports.health)] }],
      egress: [{ ports: [{ protocol: 'UDP', port: 53 }, tcp(53)] }, { ports: apiServerPorts.map(tcp) }],
    },
  };
}
