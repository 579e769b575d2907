import type { JsonObject } from '../base/json.ts';
import type { InstallOptions } from './install-options.ts';
import { commonLabels, installName, podSelector, ports } from './names.ts';

/** Where API servers listen behind their Service, and Git hosts: 443 and 6443 nearly everywhere, 8443 (minikube), 16443 (microk8s). */
export const apiServerPorts: readonly number[] = [443, 6443, 8443, 16_443];

/** Where DNS answers: 53, and 5353 behind the Service of OpenShift. A policy sees the port of the pod, not that of the Service. */
const dnsPorts: readonly number[] = [53, 5353];

/**
 * What may reach Penstock and what it may reach. API servers have addresses of the host network, which no selector names:
 * the webhook's port is open to all, and TLS and the shape of the questions guard it. Git hosts come through an Ingress or
 * a load balancer, wherever those run. The measurements are for pods. HTTPS goes out to anywhere: to Git hosts too.
 */
export function networkPolicyObject({ namespace, hooksFrom }: InstallOptions): JsonObject {
  const tcp = (port: number): JsonObject => ({ protocol: 'TCP', port });
  const anyPod = { namespaceSelector: {} };
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name: installName, namespace, labels: commonLabels },
    spec: {
      podSelector: { matchLabels: podSelector },
      policyTypes: ['Ingress', 'Egress'],
      ingress: [
        { ports: [tcp(ports.webhook)] },
        { ports: [tcp(ports.hooks)], ...(hooksFrom ? { from: hooksFrom } : {}) },
        { from: [anyPod], ports: [tcp(ports.health)] },
      ],
      egress: [
        { ports: dnsPorts.flatMap((port) => [{ protocol: 'UDP', port }, tcp(port)]) },
        { ports: apiServerPorts.map(tcp) },
      ],
    },
  };
}
