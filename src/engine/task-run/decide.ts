import { fromRfc3339 } from '../../base/clock.ts';
import type { Pod } from '../../kube/pod.ts';
import type { Outcome } from '../../tekton/pipeline-run/condition.ts';
import { formatGoDuration } from '../../tekton/durations.ts';
import type { ResolvedTask, TaskResolution } from '../../tekton/task-run/contract.ts';
import type { Verdict } from '../../tekton/task-run/evidence.ts';
import { stepEnd, taskRunReason } from '../../tekton/task-run/reasons.ts';
import { readResults } from '../../tekton/task-run/results.ts';
import {
  cancelledOutcome,
  failureReason,
  mayRetry,
  retryStatus,
  statusOf,
  attemptOf,
  type AttemptFacts,
} from '../../tekton/task-run/status.ts';
import { stepStates, type AttemptEnd } from '../../tekton/task-run/step-states.ts';
import { timeoutOf } from '../../tekton/task-run/timeout.ts';
import type { TaskRun, TaskRunStatus, TaskSpec } from '../../tekton/types.ts';
import { attemptRecordOf } from '../pod/attempt-record.ts';
import { podName } from '../pod/build-pod.ts';
import { deletionRequestMs, type PodHistory } from '../verdict/interruption.ts';
import { isDown, judgePod, lastEndMs } from '../verdict/judge-pod.ts';
import { stepEvidence, witnessesOf } from '../verdict/step-evidence.ts';
import type { TaskRunSettings } from './settings.ts';

/** What is known about the pod of the present attempt. */
export type PodSight =
  /** The cache has none, which proves nothing. `started` = this process has made it, or seen it. */
  | { readonly state: 'unknown'; readonly started: boolean }
  /** The API itself says that there is none. `last` = how it was when it was seen last. */
  | { readonly state: 'absent'; readonly started: boolean; readonly last?: Pod }
  /** `live` = read from the API just now. */
  | { readonly state: 'present'; readonly pod: Pod; readonly live: boolean };

/** Everything the decision about one TaskRun that is not done may depend on. */
export interface TaskRunSight {
  readonly taskRun: TaskRun;
  readonly pod: PodSight;
  readonly history: PodHistory;
  /** Since when the pod has ended without complete evidence, as far as this process has seen. */
  readonly unprovenSinceMs?: number;
  /** Resolves the Task; asked only when needed. */
  readonly resolve: () => TaskResolution;
  readonly nowMs: number;
  readonly settings: TaskRunSettings;
}

/** What to do now. Every step may be repeated without harm. */
export type TaskRunDecision =
  /** Read the pod from the API, then decide again. */
  | { readonly kind: 'look' }
  /** Read this Task from the API, then decide again. */
  | { readonly kind: 'read'; readonly task: string }
  /** Make the pod of this attempt. */
  | { readonly kind: 'start'; readonly task: ResolvedTask; readonly attempt: number }
  /** Delete the pod and wait for its end. */
  | { readonly kind: 'stop'; readonly pod: Pod; readonly requeueAfterMs: number }
  /** Read the pod again a little later: its evidence is not complete. */
  | { readonly kind: 'wait' }
  /** Show progress in the status. */
  | { readonly kind: 'show'; readonly status: TaskRunStatus; readonly requeueAfterMs?: number }
  /** Store the end of the attempt, then let go of its pod. */
  | { readonly kind: 'end'; readonly status: TaskRunStatus };

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
  if (cancelled) return endStopped(sight, last, cancelledOutcome(sight.taskRun), stepEnd.runCancelled);
  const verdict = last === undefined ? undefined : judgePod(last, sight.history);
  if (verdict?.kind === 'succeeded' || verdict?.kind === 'failed') return endJudged(sight, last as Pod, verdict);
  if (overdue) return endTimedOut(sight, last);
  const message = `evidence lost: the pod "${currentPodName(sight.taskRun)}" is gone, and its end was not seen`;
  return endLost(sight, last, { kind: 'lost', reason: taskRunReason.evidenceLost, message });
}

function decideWithPod(sight: TaskRunSight, pod: Pod, live: boolean, cancelled: boolean): TaskRunDecision {
  if (cancelled) {
    const stop = stopOf(sight, pod);
    return stop ?? endStopped(sight, pod, cancelledOutcome(sight.taskRun), stepEnd.runCancelled);
  }
  const verdict = judgePod(pod, sight.history);
  if (verdict.kind === 'succeeded' || verdict.kind === 'failed') return endJudged(sight, pod, verdict);
  const dueMs = deadlineMs(sight, pod);
  if (dueMs <= sight.nowMs) return stopOf(sight, pod) ?? endTimedOut(sight, pod);
  if (verdict.kind === 'running' || verdict.kind === 'pending') return showProgress(sight, pod, verdict, dueMs);
  // What follows ends the attempt badly: that takes more than a cache.
  if (!live) return { kind: 'look' };
  if (verdict.kind === 'stuck')
    return endAttempt(
      sight,
      pod,
      { status: 'False', reason: verdict.reason, message: verdict.message },
      stepEnd.skipped,
    );
  if (verdict.kind === 'lost') return endLost(sight, pod, verdict);
  const sinceMs = sight.unprovenSinceMs ?? sight.nowMs;
  if (sight.nowMs - sinceMs < sight.settings.evidenceWaitMsMax) return { kind: 'wait' };
  const message = `evidence lost: ${verdict.message}`;
  return endLost(sight, pod, { kind: 'lost', reason: taskRunReason.evidenceLost, message });
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

function endJudged(
  sight: TaskRunSight,
  pod: Pod,
  verdict: Extract<Verdict, { kind: 'succeeded' | 'failed' }>,
): TaskRunDecision {
  const { taskRun, nowMs } = sight;
  if (verdict.kind === 'failed') {
    const reason = failureReason(taskRun, verdict.reason);
    return endAttempt(sight, pod, { status: 'False', reason, message: verdict.message }, stepEnd.skipped);
  }
  const reading = readResults(attemptRecordOf(pod).results, witnessesOf(pod));
  if (!reading.ok) {
    const outcome: Outcome = { status: 'False', reason: taskRunReason.validationFailed, message: reading.message };
    return endAttempt(sight, pod, outcome, stepEnd.skipped);
  }
  const outcome: Outcome = {
    status: 'True',
    reason: taskRunReason.succeeded,
    message: 'All Steps have completed executing',
  };
  const end = { openSteps: stepEnd.skipped, atMs: nowMs };
  return { kind: 'end', status: statusOf(taskRun, outcome, factsOf(sight, pod, end), nowMs) };
}

function endTimedOut(sight: TaskRunSight, pod: Pod | undefined): TaskRunDecision {
  const { taskRun, settings } = sight;
  const limit = formatGoDuration(timeoutOf(taskRun, settings) ?? 0);
  const message = `TaskRun "${taskRun.metadata.name ?? ''}" failed to finish within "${limit}"`;
  return endAttempt(sight, pod, { status: 'False', reason: taskRunReason.timeout, message }, stepEnd.runTimedOut);
}

function endLost(
  sight: TaskRunSight,
  pod: Pod | undefined,
  { reason, message }: Extract<Verdict, { kind: 'lost' }>,
): TaskRunDecision {
  return endAttempt(sight, pod, { status: 'False', reason, message }, stepEnd.skipped);
}

/** A bad end: another attempt follows where the run has one left. */
function endAttempt(sight: TaskRunSight, pod: Pod | undefined, outcome: Outcome, openSteps: string): TaskRunDecision {
  const status = endStatus(sight, pod, outcome, openSteps);
  return { kind: 'end', status: mayRetry(sight.taskRun) ? retryStatus(status, sight.nowMs) : status };
}

/** A cancelled run has no further attempts. */
function endStopped(sight: TaskRunSight, pod: Pod | undefined, outcome: Outcome, openSteps: string): TaskRunDecision {
  return { kind: 'end', status: endStatus(sight, pod, outcome, openSteps) };
}

function endStatus(sight: TaskRunSight, pod: Pod | undefined, outcome: Outcome, openSteps: string): TaskRunStatus {
  const { taskRun, nowMs } = sight;
  if (pod === undefined) return statusOf(taskRun, outcome, {}, nowMs);
  const lastMs = lastEndMs(stepEvidence(pod));
  const end: AttemptEnd = {
    openSteps,
    atMs: Math.max(lastMs ?? 0, openSteps === stepEnd.skipped ? 0 : nowMs) || nowMs,
  };
  return statusOf(taskRun, outcome, factsOf(sight, pod, end), nowMs);
}

function factsOf(sight: TaskRunSight, pod: Pod, end: AttemptEnd | undefined): AttemptFacts {
  const steps = stepEvidence(pod);
  const reading = end === undefined ? undefined : readResults(attemptRecordOf(pod).results, witnessesOf(pod));
  const startMs = fromRfc3339(pod.metadata.creationTimestamp);
  const taskSpec = sight.taskRun.status?.taskSpec === undefined ? specOf(sight, pod) : undefined;
  return {
    podName: pod.metadata.name ?? '',
    ...(startMs === undefined ? {} : { startMs }),
    steps: stepStates(steps, end),
    ...(reading?.ok ? { results: reading.results } : {}),
    ...(taskSpec === undefined ? {} : { taskSpec }),
  };
}

/** The Task that `pod` runs, as long as it is still what it was when the pod was made. */
function specOf({ resolve }: TaskRunSight, pod: Pod): TaskSpec | undefined {
  const resolution = resolve();
  if (resolution.kind !== 'ready') return undefined;
  return resolution.task.source === attemptRecordOf(pod).source ? resolution.task.spec : undefined;
}

/** When the attempt's time is over, in epoch milliseconds; Infinity when never, or while it has not begun. */
function deadlineMs({ taskRun, settings }: TaskRunSight, pod: Pod | undefined): number {
  const limitMs = timeoutOf(taskRun, settings);
  const startMs = fromRfc3339(taskRun.status?.startTime) ?? fromRfc3339(pod?.metadata.creationTimestamp);
  return limitMs === undefined || startMs === undefined ? Infinity : startMs + limitMs;
}
