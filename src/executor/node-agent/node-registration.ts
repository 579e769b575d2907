import { sleep, toRfc3339, toRfc3339Micro, type Clock } from '../../base/clock.ts';
import type { JsonObject } from '../../base/json.ts';
import type { ApiClient } from '../../client/api-client.ts';
import { isApiError } from '../../kube/api-error.ts';
import { leases, namespaces, nodes, type Lease, type Node } from '../../kube/core-types.ts';
import type { Logger } from '../../telemetry/logger.ts';
import type { NodeFacts } from './pod-fields.ts';

/** Where node heartbeats live, as in Kubernetes. */
export const leaseNamespace = 'kube-node-lease';

/** How often the heartbeat is renewed: rarely, since nobody evicts from the only node. */
export const leaseRenewMs = 60_000;
/** A heartbeat older than this says that the agent is down. */
const leaseDurationSeconds = 180;

/** What a node says of itself. */
export interface NodeDescription {
  readonly nodeName: string;
  readonly maxPods: number;
  readonly facts: NodeFacts;
  /** Of the runtime: `process`. */
  readonly runtimeName: string;
}

/** The Node object, Ready since `nowMs`. */
function nodeObject(description: NodeDescription, nowMs: number): Node {
  const { nodeName, maxPods, facts, runtimeName } = description;
  const capacity = {
    cpu: String(facts.cpuCores),
    memory: `${Math.floor(facts.memoryBytes / 1024)}Ki`,
    pods: String(maxPods),
  };
  const now = toRfc3339(nowMs);
  const ready = {
    type: 'Ready',
    status: 'True',
    reason: 'KubeletReady',
    message: 'the embedded node agent is ready',
    lastTransitionTime: now,
  } as const;
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name: nodeName, labels: { 'kubernetes.io/hostname': nodeName, 'kubernetes.io/os': 'linux' } },
    spec: {},
    status: {
      capacity,
      allocatable: capacity,
      conditions: [ready],
      addresses: [
        { type: 'InternalIP', address: facts.hostIp },
        { type: 'Hostname', address: nodeName },
      ],
      nodeInfo: {
        containerRuntimeVersion: `${runtimeName}://penstock`,
        kubeletVersion: 'penstock',
        operatingSystem: 'linux',
      },
    },
  };
}

/** Registers the node and renews its heartbeat until `signal` aborts. Failures are logged and tried again. */
export async function keepNodeRegistered(
  parts: { readonly client: ApiClient; readonly clock: Clock; readonly logger: Logger },
  description: NodeDescription,
  signal: AbortSignal,
): Promise<void> {
  let registered = false;
  while (!signal.aborted) {
    try {
      if (!registered) await registerNode(parts.client, nodeObject(description, parts.clock.now()));
      registered = true;
      await renewLease(parts.client, description.nodeName, toRfc3339Micro(parts.clock.now()));
    } catch (error) {
      parts.logger.warn('the node could not be registered or its lease renewed', { node: description.nodeName, error });
    }
    await sleep(parts.clock, leaseRenewMs, signal).catch(() => undefined);
  }
}

async function registerNode(client: ApiClient, node: Node): Promise<void> {
  try {
    await client.create(nodes, node);
  } catch (error) {
    if (!isApiError(error, 'AlreadyExists')) throw error;
  }
  const key = { namespace: '', name: node.metadata.name ?? '' };
  const status = { status: node.status } as unknown as JsonObject;
  await client.patch(nodes, key, status, { type: 'merge', subresource: 'status' });
}

async function renewLease(client: ApiClient, nodeName: string, renewTime: string): Promise<void> {
  const key = { namespace: leaseNamespace, name: nodeName };
  try {
    await client.patch(leases, key, { spec: { renewTime } }, { type: 'merge' });
  } catch (error) {
    if (!isApiError(error, 'NotFound')) throw error;
    await createLease(client, nodeName, renewTime);
  }
}

async function createLease(client: ApiClient, nodeName: string, renewTime: string): Promise<void> {
  const spec = { holderIdentity: nodeName, leaseDurationSeconds, acquireTime: renewTime, renewTime };
  const metadata = { namespace: leaseNamespace, name: nodeName };
  const lease: Lease = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata, spec };
  try {
    await client.create(leases, lease);
  } catch (error) {
    if (!isApiError(error, 'NotFound')) throw error;
    await client.create(namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: leaseNamespace } });
    await client.create(leases, lease);
  }
}
