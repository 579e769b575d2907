import { toRfc3339 } from '../../base/clock.ts';
import type { Condition } from '../../kube/object.ts';
import { succeededCondition } from '../pipeline-run/children.ts';
import type { Outcome } from '../pipeline-run/condition.ts';
import { onErrorAnnotation } from '../pipeline-run/labels.ts';
import type { ResultValue, StepState, TaskRun, TaskRunStatus, TaskSpec } from '../types.ts';
import { taskRunReason } from './reasons.ts';

/** What is known of the present attempt of a run. */
export interface AttemptFacts {
  readonly podName?: string;
  readonly startMs?: number;
  readonly steps?: readonly StepState[];
  readonly results?: readonly ResultValue[];
  readonly taskSpec?: TaskSpec;
}

/** The status of a run whose present attempt is as `facts` say and whose condition is `outcome`. */
export function statusOf(run: TaskRun, outcome: Outcome, facts: AttemptFacts, nowMs: number): TaskRunStatus {
  const { status = {} } = run;
  const taskSpec = status.taskSpec ?? facts.taskSpec;
  const startTime = status.startTime ?? (facts.startMs === undefined ? undefined : toRfc3339(facts.startMs));
  const done = outcome.status !== 'Unknown';
  return {
    ...status,
    ...(run.metadata.generation === undefined ? {} : { observedGeneration: run.metadata.generation }),
    conditions: conditionsWith(status, outcome, nowMs),
    ...(facts.podName === undefined ? {} : { podName: facts.podName }),
    ...(startTime === undefined ? (done ? { startTime: toRfc3339(nowMs) } : {}) : { startTime }),
    ...(done ? { completionTime: status.completionTime ?? toRfc3339(nowMs) } : {}),
    ...(facts.steps === undefined ? {} : { steps: facts.steps }),
    ...(facts.results === undefined || facts.results.length === 0 ? {} : { results: facts.results }),
    ...(taskSpec === undefined ? {} : { taskSpec }),
  };
}

/**
 * The status of a run whose attempt ended as `ended` says and that tries again: that attempt is kept in
 * `retriesStatus`, the next one begins with nothing (reference/tekton 2.7).
 */
export function retryStatus(ended: TaskRunStatus, nowMs: number): TaskRunStatus {
  const { retriesStatus = [], observedGeneration, ...attempt } = ended;
  const previous = succeededCondition(ended);
  const message = previous?.message ?? '';
  const outcome: Outcome = { status: 'Unknown', reason: taskRunReason.toBeRetried, message };
  return {
    ...(observedGeneration === undefined ? {} : { observedGeneration }),
    conditions: conditionsWith(ended, outcome, nowMs),
    retriesStatus: [...retriesStatus, attempt],
  };
}

/** Attempts of `run` that have ended. */
export function attemptOf(run: TaskRun): number {
  return run.status?.retriesStatus?.length ?? 0;
}

/** Whether another attempt follows one that ended badly. */
export function mayRetry(run: TaskRun): boolean {
  return attemptOf(run) < (run.spec.retries ?? 0);
}

/** The reason of a failure that the pipeline forgives is another one (reference/tekton 2.7). */
export function failureReason(run: TaskRun, reason: string): string {
  return run.metadata.annotations?.[onErrorAnnotation] === 'continue' ? taskRunReason.failureIgnored : reason;
}

/** The message of a run that was cancelled, with what the canceller had to say. */
export function cancelledOutcome(run: TaskRun): Outcome {
  const words = run.spec.statusMessage ? `. ${run.spec.statusMessage}` : '';
  const message = `TaskRun "${run.metadata.name ?? ''}" was cancelled${words}`;
  return { status: 'False', reason: taskRunReason.cancelled, message };
}

function conditionsWith(status: TaskRunStatus, outcome: Outcome, nowMs: number): readonly Condition[] {
  const previous = succeededCondition(status);
  const same =
    previous?.status === outcome.status && previous.reason === outcome.reason && previous.message === outcome.message;
  const condition: Condition = same
    ? previous
    : {
        type: 'Succeeded',
        status: outcome.status,
        reason: outcome.reason,
        message: outcome.message,
        lastTransitionTime: toRfc3339(nowMs),
      };
  return [condition, ...(status.conditions ?? []).filter(({ type }) => type !== 'Succeeded')];
}
