import { fromRfc3339 } from '../../base/clock.ts';
import { parseGoDuration } from '../durations.ts';
import type { PipelineRun, PipelineTask, PipelineTaskRunSpec } from '../types.ts';
import type { PipelineRunOptions } from './contract.ts';

/** The three limits of a run in milliseconds; `undefined` = no limit. */
export interface RunTimeouts {
  readonly pipelineMs: number | undefined;
  readonly tasksMs: number | undefined;
  readonly finallyMs: number | undefined;
  /** See {@link PipelineRunOptions}. */
  readonly startPrecisionMs: number;
}

/** The same as instants, once the clock runs; and whether they have passed. */
export interface Deadlines extends RunTimeouts {
  readonly pipelineAtMs: number | undefined;
  readonly tasksAtMs: number | undefined;
  /** Known only once `finallyStartTime` is. */
  readonly finallyAtMs: number | undefined;
  readonly pipelinePassed: boolean;
  readonly tasksPassed: boolean;
  readonly finallyPassed: boolean;
}

/**
 * The limits of `run` (reference/tekton 1.1): `pipeline` defaults to the option; of `tasks` and `finally` the one left
 * out is what the other leaves of `pipeline`, unless either operand is 0, which means none.
 */
export function runTimeouts(run: PipelineRun, options: PipelineRunOptions): RunTimeouts {
  const given = run.spec.timeouts ?? {};
  const pipelineMs = durationOf(given.pipeline) ?? options.defaultTimeoutMs;
  const tasksMs = durationOf(given.tasks);
  const finallyMs = durationOf(given.finally);
  return {
    pipelineMs: limitOf(pipelineMs),
    tasksMs: limitOf(tasksMs ?? remainder(pipelineMs, finallyMs)),
    finallyMs: limitOf(finallyMs ?? remainder(pipelineMs, tasksMs)),
    startPrecisionMs: options.startPrecisionMs,
  };
}

/** When the limits of a run fall due, seen from `nowMs`. A run that has not started has none. */
export function deadlinesOf(
  timeouts: RunTimeouts,
  startMs: number | undefined,
  finallyStartMs: number | undefined,
  nowMs: number,
): Deadlines {
  const after = (fromMs: number | undefined, spanMs: number | undefined): number | undefined =>
    fromMs === undefined || spanMs === undefined ? undefined : fromMs + spanMs + timeouts.startPrecisionMs;
  const pipelineAtMs = after(startMs, timeouts.pipelineMs);
  const tasksAtMs = after(startMs, timeouts.tasksMs);
  const finallyAtMs = after(finallyStartMs, timeouts.finallyMs);
  const passed = (atMs: number | undefined): boolean => atMs !== undefined && nowMs >= atMs;
  return {
    ...timeouts,
    pipelineAtMs,
    tasksAtMs,
    finallyAtMs,
    pipelinePassed: passed(pipelineAtMs),
    tasksPassed: passed(tasksAtMs),
    finallyPassed: passed(finallyAtMs),
  };
}

/** Milliseconds until the next deadline that is still ahead; `undefined` when time changes nothing. */
export function untilNextDeadline(deadlines: Deadlines, nowMs: number): number | undefined {
  const ahead = [deadlines.pipelineAtMs, deadlines.tasksAtMs, deadlines.finallyAtMs].filter(
    (atMs): atMs is number => atMs !== undefined && atMs > nowMs,
  );
  return ahead.length === 0 ? undefined : Math.min(...ahead) - nowMs;
}

/**
 * The `spec.timeout` of a child in milliseconds, 0 = none (reference/tekton 2.7): the override in `taskRunSpecs`, else
 * the pipeline task's own, else the run's limit for this part of the pipeline if that is longer than the default or
 * none, else the default. A shorter limit of the run acts from the run, by cancelling.
 */
export function taskRunTimeoutMs(
  run: PipelineRun,
  task: PipelineTask,
  override: PipelineTaskRunSpec | undefined,
  part: 'tasks' | 'finally',
  options: PipelineRunOptions,
): number {
  const own = durationOf(override?.timeout) ?? durationOf(task.timeout);
  if (own !== undefined) return own;
  const given = run.spec.timeouts ?? {};
  const pipelineMs = durationOf(given.pipeline) ?? options.defaultTimeoutMs;
  const other = part === 'tasks' ? given.finally : given.tasks;
  const limitMs = durationOf(given[part]) ?? remainder(pipelineMs, durationOf(other));
  if (limitMs === undefined) return options.defaultTimeoutMs;
  return limitMs === 0 || limitMs > options.defaultTimeoutMs ? limitMs : options.defaultTimeoutMs;
}

/** Epoch milliseconds at which the run started; `undefined` before. */
export function startOf(run: PipelineRun): number | undefined {
  return fromRfc3339(run.status?.startTime);
}

function durationOf(text: string | undefined): number | undefined {
  return text === undefined ? undefined : parseGoDuration(text);
}

/** What one part leaves of the whole; `undefined` when nothing can be derived. */
function remainder(wholeMs: number, partMs: number | undefined): number | undefined {
  if (partMs === undefined || partMs === 0 || wholeMs === 0) return undefined;
  return Math.max(0, wholeMs - partMs);
}

function limitOf(spanMs: number | undefined): number | undefined {
  return spanMs === undefined || spanMs === 0 ? undefined : spanMs;
}
