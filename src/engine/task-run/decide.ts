import { fromRfc3339 } from '../../base/clock.ts';
import type { Pod } from '../../kube/pod.ts';
import type { Outcome } from '../../tekton/pipeline-run/condition.ts';
import type { Verdict } from '../../tekton/task-run/evidence.ts';
import { taskRunReason } from '../../tekton/task-run/reasons.ts';
import { attemptOf, statusOf } from '../../tekton/task-run/status.ts';
import { timeoutOf } from '../../tekton/task-run/timeout.ts';
import type { TaskRun, TaskRunStatus } from '../../tekton/types.ts';
import { podName } from '../pod/build-pod.ts';
import { deletionRequestMs } from '../verdict/interruption.ts';
import { isDown, judgePod } from '../verdict/judge-pod.ts';
import { endCancelled, endHopeless, endJudged, endTimedOut, factsOf } from './end-attempt.ts';
import type { TaskRunDecision, TaskRunSight } from './sight.ts';

/** Decides about a run that is not done. Pure. */
export function decideTaskRun(sight: TaskRunSight): TaskRunDecision {
  const { taskRun, pod } = sight;
  const cancelled = taskRun.spec.status === 'TaskRunCancelled';
  if (taskRun.spec.status === 'TaskRunPending' && pod.state !== 'present') return held(sight);
  if (pod.state === 'present') return decideWithPod(sight, pod.pod, pod.live, cancelled);
  const hasRun = pod.started || taskRun.status?.podName === currentPodName(taskRun);
  const overdue = deadlineMs(sight, undefined) <= sight.nowMs;
  if (cancelled || hasRun || overdue) {
    if (pod.state === 'unknown') return { kind: 'look' };
    return decideWithoutPod(sight, pod.last, cancelled, overdue);
  }
  return decideStart(sight);
}

/** The name of the pod of the present attempt. */
export function currentPodName(run: TaskRun): string {
  return podName(run.metadata.name ?? '', attemptOf(run));
}

/** The names of the pods of the attempts before it. */
export function earlierPodNames(run: TaskRun): ReadonlySet<string> {
  return new Set(Array.from({ length: attemptOf(run) }, (_, attempt) => podName(run.metadata.name ?? '', attempt)));
}

/** The end of an attempt that could not begin: `reason` and `message` say why. Such a refusal is not tried again. */
export function refusedAttempt(run: TaskRun, reason: string, message: string, nowMs: number): TaskRunStatus {
  return statusOf(run, { status: 'False', reason, message }, {}, nowMs);
}

/** An attempt that cannot begin yet: `reason` and `message` say what it waits for. Its time does not run. */
export function waitingAttempt(run: TaskRun, reason: string, message: string, nowMs: number): TaskRunStatus {
  return statusOf(run, { status: 'Unknown', reason, message }, {}, nowMs);
}

function held({ taskRun, nowMs }: TaskRunSight): TaskRunDecision {
  const message = `TaskRun "${taskRun.metadata.name ?? ''}" is pending`;
  return { kind: 'show', status: waitingAttempt(taskRun, taskRunReason.heldPending, message, nowMs) };
}

function decideStart({ taskRun, resolve, nowMs }: TaskRunSight): TaskRunDecision {
  const resolution = resolve();
  if (resolution.kind === 'read') return { kind: 'read', task: resolution.name };
  if (resolution.kind === 'ready') return { kind: 'start', task: resolution.task, attempt: attemptOf(taskRun) };
  const { reason, message } = resolution.refusal;
  return { kind: 'end', status: refusedAttempt(taskRun, reason, message, nowMs) };
}

/** The pod is gone for good; what it showed last is the only witness. */
function decideWithoutPod(
  sight: TaskRunSight,
  last: Pod | undefined,
  cancelled: boolean,
  overdue: boolean,
): TaskRunDecision {
  if (cancelled) return endCancelled(sight, last);
  const verdict = last === undefined ? undefined : judgePod(last, sight.history);
  if (verdict?.kind === 'succeeded' || verdict?.kind === 'failed') return endJudged(sight, last as Pod, verdict);
  if (overdue) return endTimedOut(sight, last);
  const message = `evidence lost: the pod "${currentPodName(sight.taskRun)}" is gone, and its end was not seen`;
  return endHopeless(sight, last, { reason: taskRunReason.evidenceLost, message });
}

function decideWithPod(sight: TaskRunSight, pod: Pod, live: boolean, cancelled: boolean): TaskRunDecision {
  if (cancelled) return stopOf(sight, pod) ?? endCancelled(sight, pod);
  const verdict = judgePod(pod, sight.history);
  if (verdict.kind === 'succeeded' || verdict.kind === 'failed') return endJudged(sight, pod, verdict);
  const dueMs = deadlineMs(sight, pod);
  if (dueMs <= sight.nowMs) return stopOf(sight, pod) ?? endTimedOut(sight, pod);
  if (verdict.kind === 'running' || verdict.kind === 'pending') return showProgress(sight, pod, verdict, dueMs);
  // What follows ends the attempt badly: that takes more than a cache.
  if (!live) return { kind: 'look' };
  if (verdict.kind === 'stuck' || verdict.kind === 'lost') return endHopeless(sight, pod, verdict);
  const sinceMs = sight.unprovenSinceMs ?? sight.nowMs;
  if (sight.nowMs - sinceMs < sight.settings.evidenceWaitMsMax) return { kind: 'wait' };
  const message = `evidence lost: ${verdict.message}`;
  return endHopeless(sight, pod, { reason: taskRunReason.evidenceLost, message });
}

/** What is left to do before a pod that must stop has stopped; `undefined` when it has, or will not say so any more. */
function stopOf({ nowMs, settings }: TaskRunSight, pod: Pod): TaskRunDecision | undefined {
  if (isDown(pod)) return undefined;
  const requestedMs = deletionRequestMs(pod);
  const graceMs = (pod.spec.terminationGracePeriodSeconds ?? 30) * 1000;
  if (requestedMs === undefined) return { kind: 'stop', pod, requeueAfterMs: graceMs + settings.stopWaitMs };
  const leftMs = requestedMs + graceMs + settings.stopWaitMs - nowMs;
  return leftMs > 0 ? { kind: 'stop', pod, requeueAfterMs: leftMs } : undefined;
}

function showProgress(
  sight: TaskRunSight,
  pod: Pod,
  verdict: Extract<Verdict, { kind: 'running' | 'pending' }>,
  dueMs: number,
): TaskRunDecision {
  const { taskRun, nowMs } = sight;
  const outcome: Outcome =
    verdict.kind === 'pending'
      ? { status: 'Unknown', reason: verdict.reason, message: verdict.message }
      : {
          status: 'Unknown',
          reason: taskRunReason.running,
          message: 'Not all Steps in the Task have finished executing',
        };
  const status = statusOf(taskRun, outcome, factsOf(sight, pod, undefined), nowMs);
  return { kind: 'show', status, ...(dueMs === Infinity ? {} : { requeueAfterMs: dueMs - nowMs }) };
}

/** When the attempt's time is over, in epoch milliseconds; Infinity when never, or while it has not begun. */
function deadlineMs({ taskRun, settings }: TaskRunSight, pod: Pod | undefined): number {
  const limitMs = timeoutOf(taskRun, settings);
  const startMs = fromRfc3339(taskRun.status?.startTime) ?? fromRfc3339(pod?.metadata.creationTimestamp);
  return limitMs === undefined || startMs === undefined ? Infinity : startMs + limitMs + settings.startPrecisionMs;
}
