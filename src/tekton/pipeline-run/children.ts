import { fromRfc3339 } from '../../base/clock.ts';
import type { Condition } from '../../kube/object.ts';
import { taskRunReason } from '../task-run/reasons.ts';
import type { TaskRun } from '../types.ts';
import { label } from './labels.ts';
import { timedOutChildMessage } from './reasons.ts';

/** How far a child is. `timedOut` = cancelled because a timeout of its run had passed. */
export type ChildPhase = 'running' | 'succeeded' | 'failed' | 'cancelled' | 'timedOut';

const lostReasons: ReadonlySet<string> = new Set([taskRunReason.evidenceLost, taskRunReason.podEvicted]);

/** The children of a run by pipeline task name, each list ordered by name. A matrix gives a task several. */
export type ChildrenByTask = ReadonlyMap<string, readonly TaskRun[]>;

/** Sorts the children of one run by the pipeline task they stand for; children without that label are not ours. */
export function childrenByTask(taskRuns: readonly TaskRun[]): ChildrenByTask {
  const byTask = new Map<string, TaskRun[]>();
  for (const taskRun of taskRuns) {
    const task = taskRun.metadata.labels?.[label.pipelineTask];
    if (task === undefined) continue;
    const siblings = byTask.get(task);
    if (siblings) siblings.push(taskRun);
    else byTask.set(task, [taskRun]);
  }
  for (const siblings of byTask.values()) if (siblings.length > 1) siblings.sort(byName);
  return byTask;
}

/** The `Succeeded` condition of a run or a child. */
export function succeededCondition(
  status: { readonly conditions?: readonly Condition[] } | undefined,
): Condition | undefined {
  return status?.conditions?.find((condition) => condition.type === 'Succeeded');
}

/** Whether the `Succeeded` condition is terminal: present and not Unknown. */
export function isDone(object: { readonly status?: { readonly conditions?: readonly Condition[] } }): boolean {
  const status = succeededCondition(object.status)?.status;
  return status === 'True' || status === 'False';
}

/** How far `taskRun` is. A cancelled TaskRun counts as timed out when its run's timeout was the cause. */
export function phaseOf(taskRun: TaskRun): ChildPhase {
  const condition = succeededCondition(taskRun.status);
  if (condition?.status === 'True') return 'succeeded';
  if (condition?.status !== 'False') return 'running';
  if (condition.reason !== 'TaskRunCancelled') return 'failed';
  return taskRun.spec.statusMessage === timedOutChildMessage ? 'timedOut' : 'cancelled';
}

/** Whether nobody can say how `taskRun` ended (law 2): it counts as failed, yet nothing was found to be wrong. */
export function isLost(taskRun: TaskRun): boolean {
  const condition = succeededCondition(taskRun.status);
  return condition?.status === 'False' && lostReasons.has(condition.reason ?? '');
}

/** Whether a cancel has already been asked of `taskRun`. */
export function isCancelRequested(taskRun: TaskRun): boolean {
  return taskRun.spec.status === 'TaskRunCancelled';
}

/** When the first of `taskRuns` was created, in epoch milliseconds; `undefined` when there is none. */
export function firstCreationMs(taskRuns: readonly TaskRun[]): number | undefined {
  let firstMs: number | undefined;
  for (const taskRun of taskRuns) {
    const createdMs = fromRfc3339(taskRun.metadata.creationTimestamp);
    if (createdMs !== undefined) firstMs = Math.min(firstMs ?? createdMs, createdMs);
  }
  return firstMs;
}

function byName(a: TaskRun, b: TaskRun): number {
  const [left = '', right = ''] = [a.metadata.name, b.metadata.name];
  return left < right ? -1 : left > right ? 1 : 0;
}
