import { present } from '../../base/assert.ts';
import { resultReferencesOf, resultText } from '../references.ts';
import type { ResultReference } from '../variables.ts';
import type { PipelineRunSpecStatus, PipelineTask } from '../types.ts';
import { substitutePipelineTask } from '../substitution.ts';
import { evaluateWhen } from '../when.ts';
import { succeededCondition, type ChildrenByTask } from './children.ts';
import type { CompiledPipeline, CompiledTask } from './compiled-pipeline.ts';
import { statusReplacements } from './finally-variables.ts';
import { ignoresFailure, isTaskDone, stateOfChildren, stopsRun, type TaskProgress } from './progress.ts';
import { skipReason } from './reasons.ts';
import { applyResults, resultsProblem } from './result-replacements.ts';
import { skipOfFinal, skipOfTask, type SkipFacts } from './skip-rules.ts';
import type { TaskResults } from './task-results.ts';
import type { Deadlines } from './timeouts.ts';

/** What a walk over a pipeline needs to know. */
export interface WalkInput {
  readonly pipeline: CompiledPipeline;
  readonly children: ChildrenByTask;
  readonly results: TaskResults;
  readonly intent: PipelineRunSpecStatus | undefined;
  readonly deadlines: Deadlines;
}

/** Where every pipeline task stands. */
export interface RunProgress {
  /** DAG tasks in topological order, then `finally` tasks in the order of the pipeline. */
  readonly all: readonly TaskProgress[];
  readonly tasks: readonly TaskProgress[];
  readonly finals: readonly TaskProgress[];
  /** Every DAG task is done: `finally` may begin. */
  readonly tasksDone: boolean;
}

type ProgressByName = ReadonlyMap<string, TaskProgress>;

/**
 * Decides where each task of the pipeline stands, in time linear in tasks and edges. A task whose needed result will
 * never come stops the run before any other task of the same wave is started, hence the second round.
 */
export function walkPipeline(input: WalkInput): RunProgress {
  const stopping = input.pipeline.tasks.some((compiled) => hasStopped(compiled, input.children));
  let byName = walkTasks(input, stopping, new Map());
  const invalid = new Map([...byName].filter(([, progress]) => progress.state === 'invalid'));
  if (invalid.size > 0) byName = walkTasks(input, true, invalid);
  const tasks = [...byName.values()];
  const tasksDone = tasks.every(isTaskDone);
  const finals = tasksDone ? walkFinals(input, byName) : input.pipeline.finally.map(waitingFinal(input.children));
  return { all: [...tasks, ...finals], tasks, finals, tasksDone };
}

function hasStopped(compiled: CompiledTask, children: ChildrenByTask): boolean {
  const started = startedProgress(compiled, children);
  return started !== undefined && stopsRun(started);
}

function walkTasks(input: WalkInput, stopping: boolean, invalid: ProgressByName): ProgressByName {
  const done = new Map<string, TaskProgress>();
  for (const compiled of input.pipeline.tasks) {
    const name = compiled.task.name;
    const known = invalid.get(name) ?? startedProgress(compiled, input.children);
    done.set(name, known ?? unstartedTask(input, compiled, stopping, done));
  }
  return done;
}

function startedProgress(compiled: CompiledTask, children: ChildrenByTask): TaskProgress | undefined {
  const own = children.get(compiled.task.name);
  if (own === undefined) return undefined;
  return { compiled, task: compiled.task, children: own, state: stateOfChildren(own) };
}

function unstartedTask(
  input: WalkInput,
  compiled: CompiledTask,
  stopping: boolean,
  before: ProgressByName,
): TaskProgress {
  const parents = compiled.parents.map((name) => present(before.get(name), 'parents come before their children'));
  const parentsDone = parents.every(isTaskDone);
  const problem = parentsDone ? resultsProblem(compiled, input.results) : undefined;
  if (problem !== undefined) return { compiled, task: compiled.task, children: [], state: 'invalid', problem };
  const task = parentsDone ? applyResults(compiled, input.results) : compiled.task;
  const missing = parentsDone ? firstMissing(compiled, input.results) : undefined;
  const skip = skipOfTask({
    ...ruleFacts(input, task),
    stopping,
    parentsDone,
    parentSkipped: parents.some((parent) => parent.skip !== undefined && parent.skip !== skipReason.whenFalse),
    resultsMissing: () => missing !== undefined && (ignoresFailure(task) || isWhenSkipped(before, missing)),
  });
  const base = { compiled, task, children: [] };
  if (skip !== undefined) return { ...base, state: 'skipped', skip };
  if (!parentsDone) return { ...base, state: 'waiting' };
  if (missing) return { ...base, state: 'invalid', problem: problemOf(task, missing, before) };
  return { ...base, state: 'ready' };
}

function walkFinals(input: WalkInput, tasks: ProgressByName): readonly TaskProgress[] {
  const statuses = statusReplacements([...tasks.values()]);
  return input.pipeline.finally.map((compiled) => {
    const started = startedProgress(compiled, input.children);
    if (started) return started;
    const named = { ...compiled, task: substitutePipelineTask(compiled.task, statuses) };
    if (resultsProblem(named, input.results) !== undefined) {
      return { compiled, task: named.task, children: [], state: 'skipped', skip: skipReason.missingResults };
    }
    const task = applyResults(named, input.results);
    const missing = firstMissing(compiled, input.results);
    const facts = { ...ruleFacts(input, task), stopping: false, parentsDone: true, parentSkipped: false };
    const skip = skipOfFinal({ ...facts, resultsMissing: () => missing !== undefined });
    if (skip !== undefined) return { compiled, task, children: [], state: 'skipped', skip };
    return { compiled, task, children: [], state: 'ready' };
  });
}

function waitingFinal(children: ChildrenByTask): (compiled: CompiledTask) => TaskProgress {
  return (compiled) =>
    startedProgress(compiled, children) ?? { compiled, task: compiled.task, children: [], state: 'waiting' };
}

function ruleFacts(input: WalkInput, task: PipelineTask): Pick<SkipFacts, 'intent' | 'deadlines' | 'whenFalse'> {
  return { intent: input.intent, deadlines: input.deadlines, whenFalse: () => isGuardFalse(task) };
}

/** A guard that still names a result cannot be judged: then the missing result is the reason, not the guard. */
function isGuardFalse(task: PipelineTask): boolean {
  const guard = task.when ?? [];
  const unresolved = guard.some(
    ({ input = '', values = [] }) => resultReferencesOf(input).length > 0 || resultReferencesOf(values).length > 0,
  );
  return !unresolved && !evaluateWhen(guard);
}

function firstMissing(compiled: CompiledTask, results: TaskResults): ResultReference | undefined {
  return compiled.references.find((reference) => results.resolve(reference) === undefined);
}

function isWhenSkipped(tasks: ProgressByName, reference: ResultReference): boolean {
  return tasks.get(reference.task)?.skip === skipReason.whenFalse;
}

function problemOf(task: PipelineTask, missing: ResultReference, before: ProgressByName): string {
  const source = before.get(missing.task);
  const reason = succeededCondition(source?.children[0]?.status)?.reason;
  const ended = source === undefined ? 'is not in the pipeline' : `ended ${reason ?? source.state} without it`;
  return `task "${task.name}" needs ${resultText(missing)}, which ${ended}`;
}
