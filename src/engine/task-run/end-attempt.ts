import { fromRfc3339 } from '../../base/clock.ts';
import type { Pod } from '../../kube/pod.ts';
import { formatGoDuration } from '../../tekton/durations.ts';
import type { Outcome } from '../../tekton/pipeline-run/condition.ts';
import type { Verdict } from '../../tekton/task-run/evidence.ts';
import { stepEnd, taskRunReason } from '../../tekton/task-run/reasons.ts';
import { readResults } from '../../tekton/task-run/results.ts';
import {
  cancelledOutcome,
  failureReason,
  mayRetry,
  retryStatus,
  statusOf,
  type AttemptFacts,
} from '../../tekton/task-run/status.ts';
import { stepStates, type AttemptEnd } from '../../tekton/task-run/step-states.ts';
import { timeoutOf } from '../../tekton/task-run/timeout.ts';
import type { TaskRunStatus, TaskSpec } from '../../tekton/types.ts';
import { attemptRecordOf } from '../pod/attempt-record.ts';
import { interruptionOf, mayBeInterrupted } from '../verdict/interruption.ts';
import { stepEvidence, witnessesOf } from '../verdict/step-evidence.ts';
import type { TaskRunDecision, TaskRunSight } from './sight.ts';

type EndWords = Pick<AttemptEnd, 'neverRan' | 'cutOff'>;
type Ended = Extract<TaskRunDecision, { kind: 'end' }>;

const byItself: EndWords = { neverRan: stepEnd.skipped, cutOff: stepEnd.lost };
const byCancel: EndWords = { neverRan: stepEnd.runCancelled, cutOff: stepEnd.runCancelled };
const byTimeout: EndWords = { neverRan: stepEnd.runTimedOut, cutOff: stepEnd.runTimedOut };

/** The end of an attempt whose pod has proved one. */
export function endJudged(
  sight: TaskRunSight,
  pod: Pod,
  verdict: Extract<Verdict, { kind: 'succeeded' | 'failed' }>,
): Ended {
  if (verdict.kind === 'failed') {
    return endBadly(sight, pod, failureReason(sight.taskRun, verdict.reason), verdict.message, byItself);
  }
  const reading = readResults(attemptRecordOf(pod).results, witnessesOf(pod));
  if (!reading.ok) return endBadly(sight, pod, taskRunReason.validationFailed, reading.message, byItself);
  const message = 'All Steps have completed executing';
  const outcome: Outcome = { status: 'True', reason: taskRunReason.succeeded, message };
  return { kind: 'end', status: endStatus(sight, pod, outcome, byItself) };
}

/** The end of an attempt that can never run, or of which nobody knows the end. */
export function endHopeless(
  sight: TaskRunSight,
  pod: Pod | undefined,
  { reason, message }: { readonly reason: string; readonly message: string },
): Ended {
  return endBadly(sight, pod, reason, message, byItself);
}

/** The end of an attempt that took too long. */
export function endTimedOut(sight: TaskRunSight, pod: Pod | undefined): Ended {
  const { taskRun, settings } = sight;
  const limit = formatGoDuration(timeoutOf(taskRun, settings) ?? 0);
  const message = `TaskRun "${taskRun.metadata.name ?? ''}" failed to finish within "${limit}"`;
  return endBadly(sight, pod, taskRunReason.timeout, message, byTimeout);
}

/** The end of a run that was cancelled: it has no further attempts. */
export function endCancelled(sight: TaskRunSight, pod: Pod | undefined): Ended {
  return { kind: 'end', status: endStatus(sight, pod, cancelledOutcome(sight.taskRun), byCancel) };
}

/** What `pod` shows of the present attempt; `end` once it has ended. */
export function factsOf(sight: TaskRunSight, pod: Pod, end: AttemptEnd | undefined): AttemptFacts {
  const reading = end === undefined ? undefined : readResults(attemptRecordOf(pod).results, witnessesOf(pod));
  const startMs = fromRfc3339(pod.metadata.creationTimestamp);
  const taskSpec = sight.taskRun.status?.taskSpec === undefined ? specOf(sight, pod) : undefined;
  return {
    podName: pod.metadata.name ?? '',
    ...(startMs === undefined ? {} : { startMs }),
    steps: stepStates(stepEvidence(pod), end, (sight.taskRun.status?.taskSpec ?? taskSpec)?.steps),
    ...(reading?.ok ? { results: reading.results } : {}),
    ...(taskSpec === undefined ? {} : { taskSpec }),
  };
}

/** Another attempt follows a bad end where the run has one left. */
function endBadly(sight: TaskRunSight, pod: Pod | undefined, reason: string, message: string, words: EndWords): Ended {
  const status = endStatus(sight, pod, { status: 'False', reason, message }, words);
  return { kind: 'end', status: mayRetry(sight.taskRun) ? retryStatus(status, sight.nowMs) : status };
}

function endStatus(sight: TaskRunSight, pod: Pod | undefined, outcome: Outcome, words: EndWords): TaskRunStatus {
  const { taskRun, history, nowMs } = sight;
  if (pod === undefined) return statusOf(taskRun, outcome, {}, nowMs);
  const interruption = interruptionOf(pod, history);
  const isCutOff: AttemptEnd['isCutOff'] = (ended) => mayBeInterrupted(ended, interruption);
  return statusOf(taskRun, outcome, factsOf(sight, pod, { ...words, atMs: nowMs, isCutOff }), nowMs);
}

/** The Task that `pod` runs, as long as it is still what it was when the pod was made. */
function specOf({ resolve }: TaskRunSight, pod: Pod): TaskSpec | undefined {
  const resolution = resolve();
  if (resolution.kind !== 'ready') return undefined;
  return resolution.task.source === attemptRecordOf(pod).source ? resolution.task.spec : undefined;
}
