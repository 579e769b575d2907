import type { PipelineTask, TaskRun } from '../types.ts';
import { phaseOf, type ChildPhase } from './children.ts';
import type { CompiledTask } from './compiled-pipeline.ts';
import type { SkipReason } from './reasons.ts';

/**
 * Where a pipeline task stands. `waiting` = its parents are not done; `ready` = it may start now; `invalid` = a result
 * it needs will never come. A task failed by a timeout of the run is `failed`.
 */
export type TaskState = 'waiting' | 'ready' | 'running' | 'succeeded' | 'failed' | 'cancelled' | 'skipped' | 'invalid';

/** One pipeline task with its children and where it stands. */
export interface TaskProgress {
  readonly compiled: CompiledTask;
  /** The task with results and, in `finally`, statuses of other tasks filled in as far as they are known. */
  readonly task: PipelineTask;
  readonly children: readonly TaskRun[];
  readonly state: TaskState;
  readonly skip?: SkipReason;
  /** With `invalid`: which references lead nowhere. */
  readonly problem?: string;
}

/** The state of a task that has children: running until all are done, then the worst outcome. */
export function stateOfChildren(children: readonly TaskRun[]): TaskState {
  const phases = new Set<ChildPhase>(children.map(phaseOf));
  if (phases.has('running')) return 'running';
  if (phases.has('failed') || phases.has('timedOut')) return 'failed';
  return phases.has('cancelled') ? 'cancelled' : 'succeeded';
}

/** Whether nothing more will happen to the task. */
export function isTaskDone(progress: TaskProgress): boolean {
  return progress.state !== 'waiting' && progress.state !== 'ready' && progress.state !== 'running';
}

/** Whether the task's failure is to be ignored: `onError: continue`. */
export function ignoresFailure(task: PipelineTask): boolean {
  return task.onError === 'continue';
}

/** Whether the task ended badly in a way that stops the run: failed or cancelled, and not to be ignored. */
export function stopsRun(progress: TaskProgress): boolean {
  if (progress.state === 'invalid') return true;
  const bad = progress.state === 'failed' || progress.state === 'cancelled';
  return bad && !ignoresFailure(progress.task);
}
