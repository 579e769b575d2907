import { toRfc3339 } from '../../base/clock.ts';
import type { Condition } from '../../kube/object.ts';
import type { ChildReference, PipelineRun, PipelineRunStatus, SkippedTask, WhenExpression } from '../types.ts';
import { succeededCondition } from './children.ts';
import type { Outcome } from './condition.ts';
import type { Refusal } from './contract.ts';
import type { TaskProgress } from './progress.ts';
import { applyResults } from './result-replacements.ts';
import { skipReason } from './reasons.ts';
import type { TaskResults } from './task-results.ts';
import type { RunProgress } from './walk.ts';

/**
 * `status` with `outcome` as its `Succeeded` condition. The condition keeps its time when nothing in it changed; a
 * terminal one sets `completionTime` once.
 */
export function withOutcome(run: PipelineRun, status: PipelineRunStatus, outcome: Outcome, nowMs: number): PipelineRunStatus {
  const now = toRfc3339(nowMs);
  const previous = succeededCondition(run.status);
  const same =
    previous?.status === outcome.status &&
    previous.reason === outcome.reason &&
    previous.message === outcome.message;
  const condition: Condition = same ? previous : { type: 'Succeeded', ...outcome, lastTransitionTime: now };
  const others = (status.conditions ?? []).filter(({ type }) => type !== 'Succeeded');
  return {
    ...status,
    ...(run.metadata.generation === undefined ? {} : { observedGeneration: run.metadata.generation }),
    conditions: [condition, ...others],
    ...(outcome.status === 'Unknown' ? {} : { completionTime: status.completionTime ?? now }),
  };
}

/** The status of a run that cannot go on, for instance because a child was refused by the API. */
export function refusedStatus(run: PipelineRun, refusal: Refusal, nowMs: number): PipelineRunStatus {
  return withOutcome(run, run.status ?? {}, { status: 'False', ...refusal }, nowMs);
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
