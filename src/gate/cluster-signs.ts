import type { Lister } from '../controller/contract.ts';
import type { Node } from '../kube/core-types.ts';
import type { Pod } from '../kube/pod.ts';
import type { ClusterSigns } from './adapt.ts';

/** How our API calls fare, as whoever makes them measures it. */
export interface ApiHealth {
  /** Mean of the last calls, in milliseconds. */
  latencyMs(): number;
  /** Whether a call was refused with 429 lately. */
  throttled(): boolean;
}

/** An API that is never slow: in the same process. */
export const healthyApi: ApiHealth = { latencyMs: () => 0, throttled: () => false };

const pressures: readonly string[] = ['MemoryPressure', 'DiskPressure', 'PIDPressure'];

/** What the caches show of the cluster's state. */
export function clusterSigns(pods: Lister<Pod>, nodes: Lister<Node>, api: ApiHealth): ClusterSigns {
  return {
    unschedulablePods: pods.list().filter(isUnschedulable).length,
    apiLatencyMs: api.latencyMs(),
    throttled: api.throttled(),
    nodesUnderPressure: nodes
      .list()
      .filter((node) =>
        node.status?.conditions?.some(({ type, status }) => pressures.includes(type) && status === 'True'),
      )
      .map(({ metadata }) => metadata.name ?? ''),
  };
}

function isUnschedulable({ metadata, status }: Pod): boolean {
  if (status?.phase !== 'Pending' || metadata.labels?.['tekton.dev/taskRun'] === undefined) return false;
  return (status.conditions ?? []).some(
    ({ type, status: state, reason }) => type === 'PodScheduled' && state === 'False' && reason === 'Unschedulable',
  );
}
