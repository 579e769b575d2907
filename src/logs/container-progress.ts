/** What the state of a pod says about one of its containers, as far as its log is concerned. */
import { fromRfc3339 } from '../base/clock.ts';
import type { ContainerStatus, Pod } from '../kube/pod.ts';
import { stepPrefix } from './log-format.ts';

/**
 * `waiting`: it may still start. `running`: it may write. `over`: it writes no more. `never ran`: it wrote nothing and never
 * will. `unknown end`: the pod is over and says nothing about the container.
 */
export type ContainerProgress = 'waiting' | 'running' | 'over' | 'never ran' | 'unknown end';

/** Names of the containers whose logs are kept: those of steps. */
export function stepContainers(pod: Pod): readonly string[] {
  return [...(pod.spec.initContainers ?? []), ...pod.spec.containers]
    .map(({ name }) => name)
    .filter((name) => name.startsWith(stepPrefix));
}

/** How far `container` of `pod` is. */
export function progressOf(pod: Pod, container: string, nowMs: number): ContainerProgress {
  const status = statusOf(pod, container);
  const { state, lastState } = status ?? {};
  if (state?.terminated !== undefined || lastState?.terminated !== undefined) return 'over';
  const ended = pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed' || isOverdue(pod, nowMs);
  if (state?.running !== undefined) return ended ? 'over' : 'running';
  if (!ended) return 'waiting';
  return status?.state?.waiting === undefined && pod.spec.nodeName !== undefined ? 'unknown end' : 'never ran';
}

/** Whether nobody is left who could start a container of the pod: it was to be gone by now, or never had a node. */
function isOverdue({ metadata, spec }: Pod, nowMs: number): boolean {
  const goneByMs = fromRfc3339(metadata.deletionTimestamp);
  if (goneByMs === undefined) return false;
  return spec.nodeName === undefined || nowMs >= goneByMs;
}

function statusOf({ status }: Pod, container: string): ContainerStatus | undefined {
  const { initContainerStatuses = [], containerStatuses = [] } = status ?? {};
  return [...initContainerStatuses, ...containerStatuses].find(({ name }) => name === container);
}
