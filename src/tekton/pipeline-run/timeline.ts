import { fromRfc3339 } from '../../base/clock.ts';
import type { TaskRun } from '../types.ts';
import { phaseOf } from './children.ts';
import type { TaskProgress } from './progress.ts';
import { skipReason, type SkipReason } from './reasons.ts';
import type { Deadlines } from './timeouts.ts';
import type { RunProgress } from './walk.ts';

/** Which limits of a run were really overrun. */
export interface RunTimeline {
  readonly deadlines: Deadlines;
  readonly pipelineTimedOut: boolean;
  readonly tasksTimedOut: boolean;
}

/**
 * Judges the limits by evidence, not by when we happen to look: a deadline that passes after the work in it has ended
 * (during `finally`, or while the control plane was down) changes nothing (law 1). It is overrun when work is left
 * at the deadline, was left out or stopped because of it, or ended after it.
 */
export function timelineOf(progress: RunProgress, deadlines: Deadlines): RunTimeline {
  return {
    deadlines,
    pipelineTimedOut:
      deadlines.pipelinePassed && overran(progress.all, deadlines.pipelineAtMs, skipReason.pipelineTimeout),
    tasksTimedOut: deadlines.tasksPassed && overran(progress.tasks, deadlines.tasksAtMs, skipReason.tasksTimeout),
  };
}

function overran(tasks: readonly TaskProgress[], atMs: number | undefined, skip: SkipReason): boolean {
  return tasks.some(
    (progress) =>
      progress.skip === skip || isUnfinished(progress) || isStoppedOrLate(progress.children, atMs ?? Infinity),
  );
}

function isUnfinished(progress: TaskProgress): boolean {
  return progress.state === 'running' || progress.state === 'ready' || progress.state === 'waiting';
}

/** Completion times have whole seconds: a child stopped by the deadline may seem to have ended exactly on it. */
function isStoppedOrLate(children: readonly TaskRun[], atMs: number): boolean {
  return children.some((child) => {
    const endedMs = fromRfc3339(child.status?.completionTime) ?? -Infinity;
    return endedMs > atMs || (endedMs === atMs && phaseOf(child) === 'timedOut');
  });
}
