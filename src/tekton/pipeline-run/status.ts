import { toRfc3339 } from '../../base/clock.ts';
import { jsonEqual } from '../../base/json.ts';
import type { Condition } from '../../kube/object.ts';
import type { ChildReference, PipelineRun, PipelineRunStatus, SkippedTask, TaskRun, WhenExpression } from '../types.ts';
import { succeededCondition } from './children.ts';
import type { Outcome } from './condition.ts';
import type { TaskProgress } from './progress.ts';
import { applyResults } from './result-replacements.ts';
import { skipReason } from './reasons.ts';
import type { TaskResults } from './task-results.ts';
import type { RunProgress } from './walk.ts';

/**
 * `status` with `outcome` as its `Succeeded` condition. The condition keeps its time when nothing in it changed; a
 * terminal one sets `completionTime` once.
 */
export function withOutcome(
  run: PipelineRun,
  status: PipelineRunStatus,
  outcome: Outcome,
  nowMs: number,
): PipelineRunStatus {
  const now = toRfc3339(nowMs);
  const previous = succeededCondition(run.status);
  const same =
    previous?.status === outcome.status && previous.reason === outcome.reason && previous.message === outcome.message;
  const condition: Condition = same ? previous : { type: 'Succeeded', ...outcome, lastTransitionTime: now };
  const others = (status.conditions ?? []).filter(({ type }) => type !== 'Succeeded');
  return {
    ...status,
    ...(run.metadata.generation === undefined ? {} : { observedGeneration: run.metadata.generation }),
    conditions: [condition, ...others],
    ...(outcome.status === 'Unknown' ? {} : { completionTime: status.completionTime ?? now }),
  };
}

/**
 * The status of a run one of whose children or claims the API refused. `childReferences` keeps only what exists: the
 * others were written ahead of a create that did not happen.
 */
export function refusedStatus(
  run: PipelineRun,
  outcome: Outcome,
  existing: readonly TaskRun[],
  nowMs: number,
): PipelineRunStatus {
  const names = new Set(existing.map((child) => child.metadata.name));
  const { childReferences: mentioned = [], ...rest } = run.status ?? {};
  const kept = mentioned.filter(({ name }) => names.has(name));
  const status = kept.length === 0 ? rest : { ...rest, childReferences: kept };
  return withOutcome(run, status, { status: outcome.status, reason: outcome.reason, message: outcome.message }, nowMs);
}

/** Whether `next` differs from `previous` in counts and lists only, not in status or reason: it may wait a little. */
export function isOnlyProgress(previous: PipelineRunStatus | undefined, next: PipelineRunStatus): boolean {
  const [before, after] = [succeededCondition(previous), succeededCondition(next)];
  if (before?.status !== 'Unknown' || after?.status !== 'Unknown' || before.reason !== after.reason) return false;
  return !jsonEqual(previous, next);
}

/** What the two parts of the pipeline look like in `childReferences`, in the order of the pipeline. */
export function childReferences(
  run: PipelineRun,
  progress: RunProgress,
  planned: ReadonlyMap<string, readonly string[]>,
  results: TaskResults,
): readonly ChildReference[] {
  const known = new Map((run.status?.childReferences ?? []).map((reference) => [reference.name, reference]));
  return progress.all.flatMap((one) => {
    const existing = one.children.map((child) => child.metadata.name ?? '');
    const names = existing.length > 0 ? existing : (planned.get(one.compiled.task.name) ?? []);
    return names.map((name) => known.get(name) ?? childReference(one, name, results));
  });
}

function childReference(progress: TaskProgress, name: string, results: TaskResults): ChildReference {
  const { compiled } = progress;
  const task = progress.children.length > 0 ? applyResults(compiled, results) : progress.task;
  return {
    apiVersion: 'tekton.dev/v1',
    kind: 'TaskRun',
    name,
    ...(task.displayName ? { displayName: task.displayName } : {}),
    pipelineTaskName: task.name,
    ...whenExpressions(task.when),
  };
}

/** `status.skippedTasks`; a task of `finally` carries its guard only if the guard was the reason. */
export function skippedTasks(progress: RunProgress): readonly SkippedTask[] {
  return progress.all.flatMap(({ task, compiled, skip }) => {
    if (skip === undefined) return [];
    const showGuard = compiled.part === 'tasks' || skip === skipReason.whenFalse;
    return [{ name: task.name, reason: skip, ...(showGuard ? whenExpressions(task.when) : {}) }];
  });
}

function whenExpressions(when: readonly WhenExpression[] | undefined): { whenExpressions?: readonly WhenExpression[] } {
  return when === undefined || when.length === 0 ? {} : { whenExpressions: when };
}
