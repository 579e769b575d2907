import { buildGraph } from '../graph.ts';
import type { Param, PipelineSpec, PipelineTask, WorkspaceBinding } from '../types.ts';
import { type Causes, type Problem, collect, duplicates, failing, invalid, required, tooMany } from './causes.ts';
import { checkCount, pipelineTasksMax, workspacesMax } from './limits.ts';
import { checkParamSpecs } from './param-specs.ts';
import { checkPipelineResults } from './pipeline-results.ts';
import { checkPipelineTask, type PipelinePart, type PipelineScope } from './pipeline-task.ts';
import { checkPipelineTaskUses } from './pipeline-uses.ts';
import { declaredParams, givenParams, mergeScopes } from './scope.ts';

/** What a run gives its pipeline. With it every use of a param or workspace can be checked. */
export interface PipelineRunScope {
  readonly params?: readonly Param[];
  readonly workspaces?: readonly WorkspaceBinding[];
}

/**
 * What is wrong with a pipeline; empty when nothing is. `field` is where the spec stands. Without `run` it is a Pipeline
 * of its own: its tasks may only name params it declares, and what embedded specs name is taken on trust, since the run
 * may give it.
 */
export function validatePipelineSpec(spec: PipelineSpec, field = 'spec', run?: PipelineRunScope): readonly Problem[] {
  return collect(checkPipelineSpec(spec, field, run));
}

/** The same, cause by cause. */
export function* checkPipelineSpec(spec: PipelineSpec, field: string, run?: PipelineRunScope): Causes {
  const { tasks = [], finally: finals = [] } = spec;
  if (tasks.length === 0) yield required(`${field}.tasks`, 'a pipeline has at least one task');
  if (tasks.length + finals.length > pipelineTasksMax) {
    yield tooMany(field, `${tasks.length + finals.length} tasks; at most ${pipelineTasksMax} are allowed`);
    return;
  }
  yield* checkParamSpecs(spec.params, `${field}.params`);
  yield* checkDeclaredWorkspaces(spec, `${field}.workspaces`);
  yield* checkUniqueNames(tasks, finals, field);
  const scope = scopeOf(spec, field, run);
  for (const part of ['tasks', 'finally'] as const) {
    for (const [index, task] of (spec[part] ?? []).entries())
      yield* checkOneTask(task, `${field}.${part}[${index}]`, part, scope);
  }
  yield* checkGraph(tasks, `${field}.tasks`);
  yield* checkPipelineResults(spec.results, `${field}.results`, scope);
}

/** Messages name the task too: whoever reads them in the status of a run does not count entries of a list. */
function* checkOneTask(task: PipelineTask, field: string, part: PipelinePart, scope: PipelineScope): Causes {
  const checks = [checkPipelineTask, checkPipelineTaskUses];
  for (const check of checks) {
    for (const cause of check(task, field, part, scope))
      yield { ...cause, message: `task "${task.name}": ${cause.message}` };
  }
}

function scopeOf(spec: PipelineSpec, field: string, run: PipelineRunScope | undefined): PipelineScope {
  const declared = declaredParams(spec.params ?? []);
  const workspaces = [...(spec.workspaces ?? []), ...(run?.workspaces ?? [])].map(({ name }) => name);
  return {
    params: run?.params ? mergeScopes(declared, givenParams(run.params)) : declared,
    workspaces: new Set(workspaces),
    tasks: new Map((spec.tasks ?? []).map((task) => [task.name, task])),
    finally: new Map((spec.finally ?? []).map((task) => [task.name, task])),
    hasRun: run !== undefined,
    remedy:
      run === undefined
        ? `declare it in ${field}.params`
        : `declare it in ${field}.params or give it in the run's spec.params`,
  };
}

function* checkDeclaredWorkspaces(spec: PipelineSpec, field: string): Causes {
  const workspaces = spec.workspaces ?? [];
  yield* checkCount(workspaces, workspacesMax, field);
  yield* duplicates(workspaces, field, 'name', ({ name }) => name);
  for (const [index, { name }] of workspaces.entries()) {
    if (name === '') yield required(`${field}[${index}].name`, 'a workspace needs a name');
  }
}

/** Final tasks share the names of the others: both become names of TaskRuns. */
function* checkUniqueNames(tasks: readonly PipelineTask[], finals: readonly PipelineTask[], field: string): Causes {
  yield* duplicates(tasks, `${field}.tasks`, 'name', ({ name }) => name);
  yield* duplicates(finals, `${field}.finally`, 'name', ({ name }) => name);
  const names = new Set(tasks.map(({ name }) => name));
  for (const [index, { name }] of finals.entries()) {
    if (names.has(name))
      yield invalid(`${field}.finally[${index}].name`, `"${name}" is also the name of one of ${field}.tasks`);
  }
}

/** Dependencies on what does not exist are reported where they stand; here only cycles are left. */
function* checkGraph(tasks: readonly PipelineTask[], field: string): Causes {
  const names = new Set(tasks.map(({ name }) => name));
  if (names.size < tasks.length) return;
  const built = buildGraph(tasks);
  if (!built.ok && built.cycle !== undefined) yield failing('PipelineInvalidGraph', invalid(field, built.message));
}
