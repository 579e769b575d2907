import { fromRfc3339 } from '../../base/clock.ts';
import type { ContainerStateTerminated, Pod } from '../../kube/pod.ts';

/** What may have ended a container from outside, and since when. */
export interface Interruption {
  /** In words for a message: `deleted`, `disrupted (EvictionByEvictionAPI)`. */
  readonly cause: string;
  /** Evicted by the kubelet or through the Eviction API. */
  readonly evicted: boolean;
  /** A container that ended at or after this may have been stopped; `undefined` = any may have been. */
  readonly fromMs: number | undefined;
}

/** What was seen of a pod earlier than its present state. */
export interface PodHistory {
  /** The first request to delete it that was seen, in epoch milliseconds of the API server. */
  readonly deletionRequestedMs?: number;
}

/**
 * Times have whole seconds, and a node's clock is not the API server's: a container counts as interrupted when it ended
 * less than this before the request.
 */
const clockSlackMs = 2_000;

/** `terminationGracePeriodSeconds` of a pod that names none (Kubernetes). */
const gracePeriodSecondsDefault = 30;

/** Pod reasons by which a node says that it ended the pod itself, without saying when. */
const nodeEndings: ReadonlySet<string> = new Set([
  'Evicted',
  'Preempting',
  'Shutdown',
  'NodeShutdown',
  'Terminated',
  'NodeLost',
  'PenstockRestarted',
]);

/** Whether and since when `pod` was interrupted; `undefined` when nothing says so. */
export function interruptionOf(pod: Pod, history: PodHistory): Interruption | undefined {
  const all = [byNode(pod), byDisruption(pod), byDeletion(pod, history)].filter((one) => one !== undefined);
  const [first] = all;
  if (first === undefined) return undefined;
  const unknown = all.some(({ fromMs }) => fromMs === undefined);
  const fromMs = unknown ? undefined : Math.min(...all.map((one) => one.fromMs ?? 0));
  return { cause: first.cause, evicted: all.some(({ evicted }) => evicted), fromMs };
}

/** When somebody asked to delete `pod`, as far as it tells; the earliest possible instant if it does not. */
export function deletionRequestMs(pod: Pod): number | undefined {
  const dueMs = fromRfc3339(pod.metadata.deletionTimestamp);
  if (dueMs === undefined) return undefined;
  const graceSeconds = pod.metadata.deletionGracePeriodSeconds ?? 0;
  // The kubelet's last delete leaves a grace of 0 and a time at which all was over: the request came before.
  const spanSeconds =
    graceSeconds > 0 ? graceSeconds : (pod.spec.terminationGracePeriodSeconds ?? gracePeriodSecondsDefault);
  return dueMs - spanSeconds * 1000;
}

/** Whether a container that ended so may have been stopped by `interruption`. */
export function mayBeInterrupted(ended: ContainerStateTerminated, interruption: Interruption | undefined): boolean {
  if (interruption === undefined) return false;
  const finishedMs = fromRfc3339(ended.finishedAt);
  if (finishedMs === undefined || interruption.fromMs === undefined) return true;
  return finishedMs >= interruption.fromMs - clockSlackMs;
}

function byNode({ status = {} }: Pod): Interruption | undefined {
  if (!nodeEndings.has(status.reason ?? '')) return undefined;
  const words = status.message ? `: ${status.message}` : '';
  return {
    cause: `ended by its node (${status.reason ?? ''}${words})`,
    evicted: status.reason === 'Evicted',
    fromMs: undefined,
  };
}

function byDisruption({ status = {} }: Pod): Interruption | undefined {
  const condition = status.conditions?.find(
    ({ type, status: value }) => type === 'DisruptionTarget' && value === 'True',
  );
  if (condition === undefined) return undefined;
  const reason = condition.reason ?? 'for no stated reason';
  return {
    cause: `disrupted (${reason})`,
    evicted: reason === 'EvictionByEvictionAPI' || reason === 'TerminationByKubelet',
    fromMs: fromRfc3339(condition.lastTransitionTime),
  };
}

function byDeletion(pod: Pod, history: PodHistory): Interruption | undefined {
  const shownMs = deletionRequestMs(pod);
  if (shownMs === undefined && history.deletionRequestedMs === undefined) return undefined;
  return { cause: 'deleted', evicted: false, fromMs: history.deletionRequestedMs ?? shownMs };
}
