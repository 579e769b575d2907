import { formatGoDuration } from '../durations.ts';
import type { PipelineRun } from '../types.ts';
import { isLost, phaseOf } from './children.ts';
import { cancelledByAnnotation } from './labels.ts';
import { ignoresFailure, isTaskDone, type TaskProgress } from './progress.ts';
import { runReason } from './reasons.ts';
import { isTimeoutSkip } from './skip-rules.ts';
import type { RunTimeline } from './timeline.ts';
import type { RunProgress } from './walk.ts';

/** The `Succeeded` condition without its time. */
export interface Outcome {
  readonly status: 'True' | 'False' | 'Unknown';
  readonly reason: string;
  readonly message: string;
}

/** How many tasks stand where; `failed` includes the ignored ones. */
interface Counts {
  readonly succeeded: number;
  readonly failed: number;
  readonly ignored: number;
  readonly cancelled: number;
  readonly invalid: number;
  readonly skipped: number;
  readonly skippedByTimeout: number;
  readonly incomplete: number;
}

/** At most so many characters of validation errors go into a condition message. */
const problemsCharactersMax = 1024;

/**
 * The condition of a run that is under way or just ended (reference/tekton 2.4). Timeouts come first, then the outcome
 * once nothing is left to do, then the in-between states.
 */
export function outcomeOf(run: PipelineRun, progress: RunProgress, timeline: RunTimeline): Outcome {
  const finallyDone = progress.finals.every(isTaskDone);
  if (timeline.pipelineTimedOut) return timeoutOutcome(run, 'failed to finish', timeline.deadlines.pipelineMs);
  if (timeline.tasksTimedOut && finallyDone) {
    return timeoutOutcome(run, 'failed due to tasks failed to finish', timeline.deadlines.tasksMs);
  }
  const counts = countTasks(progress.all);
  if (counts.incomplete === 0) return finalOutcome(run, progress, counts);
  return {
    status: 'Unknown',
    reason: runningReason(run, timeline, counts, finallyDone),
    message: progressText(counts),
  };
}

/** The condition of a run that was cancelled outright. Says by whom when the run carries that. */
export function cancelledOutcome(run: PipelineRun): Outcome {
  const by = run.metadata.annotations?.[cancelledByAnnotation];
  const message = `${nameOf(run)} was cancelled${by === undefined ? '' : ` by ${by}`}`;
  return { status: 'False', reason: runReason.cancelled, message };
}

/** `PipelineRun "NAME"`. */
export function nameOf(run: PipelineRun): string {
  return `PipelineRun "${run.metadata.name ?? ''}"`;
}

function timeoutOutcome(run: PipelineRun, what: string, limitMs: number | undefined): Outcome {
  const message = `${nameOf(run)} ${what} within "${formatGoDuration(limitMs ?? 0)}"`;
  return { status: 'False', reason: runReason.timeout, message };
}

function finalOutcome(run: PipelineRun, progress: RunProgress, counts: Counts): Outcome {
  const message = progressText(counts);
  if (counts.invalid > 0) {
    return { status: 'False', reason: runReason.validationFailed, message: message + problemsText(progress, counts) };
  }
  if (counts.failed > counts.ignored || counts.skippedByTimeout > 0) {
    return failedOutcome(progress, counts);
  }
  const intent = run.spec.status;
  if (intent === 'CancelledRunFinally' || intent === 'StoppedRunFinally') return cancelledOutcome(run);
  if (counts.cancelled > 0) return { status: 'False', reason: runReason.cancelled, message };
  return { status: 'True', reason: counts.skipped > 0 ? runReason.completed : runReason.succeeded, message };
}

/** Lost evidence is named, and is the reason when nothing is known to have failed. */
function failedOutcome(progress: RunProgress, counts: Counts): Outcome {
  const failed = progress.all.filter((one) => one.state === 'failed' && !isIgnored(one));
  const lost = failed.filter(({ children }) => children.some(isLost));
  const onlyLost = lost.length > 0 && lost.length === failed.length && counts.skippedByTimeout === 0;
  const names = lost.map(({ task }) => `"${task.name}"`).join(', ');
  return {
    status: 'False',
    reason: onlyLost ? runReason.evidenceLost : runReason.failed,
    message: progressText(counts) + (lost.length > 0 ? `, Evidence Lost: ${lost.length} (${names})` : ''),
  };
}

function runningReason(run: PipelineRun, timeline: RunTimeline, counts: Counts, finallyDone: boolean): string {
  if (timeline.tasksTimedOut) return runReason.timeoutRunningFinally;
  if (run.spec.status === 'CancelledRunFinally') return runReason.cancelledRunningFinally;
  if (run.spec.status === 'StoppedRunFinally') return runReason.stoppedRunningFinally;
  const failed = counts.failed > counts.ignored;
  return counts.cancelled > 0 || (failed && finallyDone) ? runReason.stopping : runReason.running;
}

function countTasks(all: readonly TaskProgress[]): Counts {
  const counts = {
    succeeded: 0,
    failed: 0,
    ignored: 0,
    cancelled: 0,
    invalid: 0,
    skipped: 0,
    skippedByTimeout: 0,
    incomplete: 0,
  };
  for (const progress of all) {
    if (!isTaskDone(progress)) counts.incomplete++;
    else counts[progress.state as 'succeeded' | 'failed' | 'cancelled' | 'invalid' | 'skipped']++;
    if (progress.state === 'failed' && isIgnored(progress)) counts.ignored++;
    if (isTimeoutSkip(progress.skip)) counts.skippedByTimeout++;
  }
  return counts;
}

/** `onError: continue` forgives a task its own failure, not that the run's time had run out. */
function isIgnored(progress: TaskProgress): boolean {
  return ignoresFailure(progress.task) && !progress.children.some((child) => phaseOf(child) === 'timedOut');
}

function progressText(counts: Counts): string {
  const completed = counts.succeeded + counts.failed + counts.cancelled;
  const ignored = counts.ignored > 0 ? ` (Ignored: ${counts.ignored})` : '';
  const incomplete = counts.incomplete > 0 ? `, Incomplete: ${counts.incomplete}` : '';
  const ended = `Tasks Completed: ${completed} (Failed: ${counts.failed}${ignored}, Cancelled ${counts.cancelled})`;
  return `${ended}${incomplete}, Skipped: ${counts.skipped}`;
}

function problemsText(progress: RunProgress, counts: Counts): string {
  const problems = progress.all.flatMap(({ problem }) => (problem === undefined ? [] : [problem])).join('; ');
  return `, Failed Validation: ${counts.invalid} (${problems.slice(0, problemsCharactersMax)})`;
}
