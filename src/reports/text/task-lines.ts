/** What became of the tasks of a run. */
import { fromRfc3339 } from '../../base/clock.ts';
import { isLost, phaseOf, succeededCondition } from '../../tekton/pipeline-run/children.ts';
import { stepEnd, taskRunReason } from '../../tekton/task-run/reasons.ts';
import type { PipelineRun, StepState, TaskRun } from '../../tekton/types.ts';

/** One line of the table. */
export interface TaskLine {
  readonly task: string;
  readonly name: string;
  readonly status: string;
  readonly startMs?: number;
  readonly spanMs?: number;
  readonly podName?: string;
}

/** A step that failed by itself. */
export interface FailedStep {
  readonly task: string;
  readonly taskRun: TaskRun;
  readonly step: StepState;
  readonly exitCode: number;
  readonly endMs: number;
}

/** The tasks of `run` in the order in which they started; those that never did come last, in the order of the pipeline. */
export function taskLines(run: PipelineRun, taskRuns: readonly TaskRun[]): readonly TaskLine[] {
  const byName = new Map(taskRuns.map((taskRun) => [taskRun.metadata.name, taskRun]));
  const children = run.status?.childReferences ?? [];
  const ran = children.map(({ name, displayName, pipelineTaskName }): TaskLine => {
    const title = displayName === undefined || displayName === '' ? pipelineTaskName : displayName;
    return { task: pipelineTaskName, name: title, ...progressOf(byName.get(name)) };
  });
  const skipped = (run.status?.skippedTasks ?? []).map(({ name, reason }): TaskLine => {
    return { task: name, name, status: `Skipped: ${reason}` };
  });
  const order = (line: TaskLine): number => line.startMs ?? Number.POSITIVE_INFINITY;
  // A stable sort; two that never started are equal, and Infinity - Infinity would not say so.
  return [...ran, ...skipped].sort((a, b) => (order(a) === order(b) ? 0 : order(a) - order(b)));
}

function progressOf(taskRun: TaskRun | undefined): Omit<TaskLine, 'task' | 'name'> {
  if (taskRun === undefined) return { status: 'Not known' };
  const { startTime, completionTime, podName } = taskRun.status ?? {};
  const [startMs, endMs] = [fromRfc3339(startTime), fromRfc3339(completionTime)];
  return {
    status: taskWord(taskRun),
    ...(startMs === undefined ? {} : { startMs }),
    ...(startMs === undefined || endMs === undefined ? {} : { spanMs: endMs - startMs }),
    ...(podName === undefined ? {} : { podName }),
  };
}

function taskWord(taskRun: TaskRun): string {
  const reason = succeededCondition(taskRun.status)?.reason;
  switch (phaseOf(taskRun)) {
    case 'succeeded':
      return 'Succeeded';
    case 'cancelled':
      return 'Cancelled';
    case 'timedOut':
      return 'Timed out';
    case 'running':
      return taskRun.status?.startTime === undefined ? 'Not started' : 'Running';
    case 'failed':
      if (isLost(taskRun)) return 'Evidence lost';
      if (reason === taskRunReason.timeout) return 'Timed out';
      return reason === taskRunReason.failureIgnored ? 'Failed (ignored)' : 'Failed';
  }
}

/** Ends of steps that were not their own doing. */
const notTheirOwn: ReadonlySet<string | undefined> = new Set<string | undefined>([
  stepEnd.skipped,
  stepEnd.continued,
  stepEnd.runCancelled,
  stepEnd.runTimedOut,
  stepEnd.lost,
]);

/** The step that failed in each task by which the run failed, the earliest first: not where a failure is ignored. */
export function failedSteps(run: PipelineRun, taskRuns: readonly TaskRun[]): readonly FailedStep[] {
  return allFailedSteps(run, taskRuns).filter(({ taskRun }) => !isIgnored(taskRun));
}

function isIgnored({ status }: TaskRun): boolean {
  return succeededCondition(status)?.reason === taskRunReason.failureIgnored;
}

/** The step that failed in each task that failed, the earliest first. */
export function allFailedSteps(run: PipelineRun, taskRuns: readonly TaskRun[]): readonly FailedStep[] {
  const byName = new Map(taskRuns.map((taskRun) => [taskRun.metadata.name, taskRun]));
  const found = (run.status?.childReferences ?? []).flatMap(({ name, pipelineTaskName }): readonly FailedStep[] => {
    const taskRun = byName.get(name);
    if (taskRun === undefined || phaseOf(taskRun) !== 'failed' || isLost(taskRun)) return [];
    const step = taskRun.status?.steps?.find(isFailed);
    if (step?.terminated === undefined) return [];
    const { exitCode, finishedAt } = step.terminated;
    const endMs = fromRfc3339(finishedAt) ?? fromRfc3339(taskRun.status?.completionTime) ?? 0;
    return [{ task: pipelineTaskName, taskRun, step, exitCode, endMs }];
  });
  return found.sort((a, b) => a.endMs - b.endMs);
}

function isFailed({ terminated, terminationReason }: StepState): boolean {
  if (terminated === undefined || terminated.exitCode === 0) return false;
  return !notTheirOwn.has(terminationReason) && !notTheirOwn.has(terminated.reason);
}
