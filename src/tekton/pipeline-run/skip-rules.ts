import type { PipelineRunSpecStatus } from '../types.ts';
import { skipReason, type SkipReason } from './reasons.ts';
import type { Deadlines } from './timeouts.ts';

/** What the rules look at. Members that cost something are functions, asked only when the rule is reached. */
export interface SkipFacts {
  readonly intent: PipelineRunSpecStatus | undefined;
  readonly stopping: boolean;
  readonly deadlines: Deadlines;
  readonly parentsDone: boolean;
  /** A parent was skipped for another reason than its own `when`. */
  readonly parentSkipped: boolean;
  readonly whenFalse: () => boolean;
  readonly resultsMissing: () => boolean;
}

interface SkipRule {
  readonly reason: SkipReason;
  readonly holds: (facts: SkipFacts) => boolean;
}

/** The order matters: the first rule that holds gives the reason (reference/tekton 2.3). */
const taskRules: readonly SkipRule[] = [
  { reason: skipReason.stopping, holds: (facts) => facts.stopping },
  { reason: skipReason.gracefullyCancelled, holds: (facts) => facts.intent === 'CancelledRunFinally' },
  { reason: skipReason.gracefullyStopped, holds: (facts) => facts.intent === 'StoppedRunFinally' },
  { reason: skipReason.whenFalse, holds: (facts) => facts.parentsDone && facts.whenFalse() },
  { reason: skipReason.parentSkipped, holds: (facts) => facts.parentSkipped },
  { reason: skipReason.missingResults, holds: (facts) => facts.parentsDone && facts.resultsMissing() },
  { reason: skipReason.pipelineTimeout, holds: (facts) => facts.deadlines.pipelinePassed },
  { reason: skipReason.tasksTimeout, holds: (facts) => facts.deadlines.tasksPassed },
];

/** `finally` tasks are asked only once every other task is done. */
const finallyRules: readonly SkipRule[] = [
  { reason: skipReason.missingResults, holds: (facts) => facts.resultsMissing() },
  { reason: skipReason.whenFalse, holds: (facts) => facts.whenFalse() },
  { reason: skipReason.pipelineTimeout, holds: (facts) => facts.deadlines.pipelinePassed },
  { reason: skipReason.finallyTimeout, holds: (facts) => facts.deadlines.finallyPassed },
];

/** Why a task of `tasks` that has no child yet will never get one; `undefined` when it may still run. */
export function skipOfTask(facts: SkipFacts): SkipReason | undefined {
  return taskRules.find((rule) => rule.holds(facts))?.reason;
}

/** The same for a task of `finally`, once all of `tasks` are done. */
export function skipOfFinal(facts: SkipFacts): SkipReason | undefined {
  return finallyRules.find((rule) => rule.holds(facts))?.reason;
}

/** Whether a skip for this reason makes the run fail: the task was not left out on purpose, its time had run out. */
export function isTimeoutSkip(reason: SkipReason | undefined): boolean {
  return (
    reason === skipReason.pipelineTimeout || reason === skipReason.tasksTimeout || reason === skipReason.finallyTimeout
  );
}
