/** The last status of a pod whose processes died with an earlier run of this agent. Pure. */
import { fromRfc3339, toRfc3339 } from '../../base/clock.ts';
import type { ContainerStatus, Pod, PodStatus } from '../../kube/pod.ts';
import { podStatus, type ContainerRecord } from './pod-record.ts';

/** Reason of the pod and of its DisruptionTarget condition: the node agent was restarted while the pod ran. */
export const lostReason = 'PenstockRestarted';

const message = 'The node agent was restarted while the pod ran; what its unfinished containers did is not known';

/** As a kubelet says of a container it cannot find. */
const unknownState = {
  exitCode: 137,
  reason: 'ContainerStatusUnknown',
  message: 'The container could not be located when the pod was terminated',
} as const;

/**
 * Failed, with the containers' stored ends kept and everything that may have run marked unknown. A container that was
 * stored as waiting may have run since (statuses are written with a delay), so it is unknown, too.
 */
export function lostPodStatus(pod: Pod, nowMs: number): PodStatus {
  const { initContainerStatuses = [], containerStatuses = [], startTime } = pod.status ?? {};
  const stored = new Map([...initContainerStatuses, ...containerStatuses].map((status) => [status.name, status]));
  const names = [...(pod.spec.initContainers ?? []), ...pod.spec.containers].map(({ name }) => name);
  const records = new Map<string, ContainerRecord>();
  for (const name of names) records.set(name, lostRecord(stored.get(name), toRfc3339(nowMs)));
  const conditions = [{ type: 'DisruptionTarget', status: 'True', reason: lostReason, message } as const];
  const end = { failed: true, reason: lostReason, message, conditions };
  const startedAtMs = fromRfc3339(startTime) ?? nowMs;
  return podStatus(pod, { containers: records, over: true, end, startedAtMs }, nowMs);
}

/** What stands at the end of the log of a container that may have written more. */
export const gapText = 'more may be missing here: the node agent was restarted while this container ran';

/** The containers of a status whose end is not known. */
export function unknownContainers({
  initContainerStatuses = [],
  containerStatuses = [],
}: PodStatus): readonly string[] {
  return [...initContainerStatuses, ...containerStatuses]
    .filter(({ state }) => state?.terminated?.reason === unknownState.reason)
    .map(({ name }) => name);
}

function lostRecord(status: ContainerStatus | undefined, now: string): ContainerRecord {
  const { state, lastState, restartCount = 0, containerID } = status ?? {};
  const identity = containerID === undefined ? {} : { containerId: containerID };
  const kept = { restartCount, started: false, ...(lastState ? { lastState } : {}), ...identity };
  if (state?.terminated) return { ...kept, state };
  const startedAt = state?.running === undefined ? {} : { startedAt: state.running.startedAt };
  const id = containerID === undefined ? {} : { containerID };
  return { ...kept, state: { terminated: { ...unknownState, ...startedAt, finishedAt: now, ...id } } };
}
