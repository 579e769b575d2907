import type { ResultReference } from '../variables.ts';
import type { PipelineTask, ResultSpec } from '../types.ts';
import { typeOfResult } from '../values.ts';
import { type Causes, type Problem, failing, invalid } from './causes.ts';
import { checkParamUse } from './param-uses.ts';
import type { PipelinePart, PipelineScope } from './pipeline-task.ts';
import { givenParams, mergeScopes, type KnownParam, type OuterScope, type ParamScope } from './scope.ts';
import { checkTaskSpec, taskUses } from './task.ts';
import { type PlacedVariable, variableUses } from './variable-uses.ts';

/** Checks the variables of a pipeline task: what they name exists and may be named there; also in its embedded spec. */
export function* checkPipelineTaskUses(
  task: PipelineTask,
  field: string,
  part: PipelinePart,
  scope: PipelineScope,
): Causes {
  const own = task.matrix ? { ...scope, params: mergeScopes(combinedParams(task), scope.params) } : scope;
  for (const use of usesIn(task, field)) {
    const cause = checkUse(use, task, part, own);
    if (cause) yield cause;
  }
  const { taskSpec } = task;
  if (taskSpec === undefined || taskSpec.apiVersion !== undefined) return;
  yield* checkTaskSpec(taskSpec, `${field}.taskSpec`, outerScope(task, scope));
  yield* checkRequiredParams(task, field, scope);
  // Results are replaced in an embedded spec as well, which therefore waits for them.
  for (const use of taskUses(taskSpec, `${field}.taskSpec`)) {
    const cause = use.variable.kind === 'taskResult' ? checkResultUse(use, use.variable, part, scope) : undefined;
    if (cause) yield cause;
  }
}

function* usesIn(task: PipelineTask, field: string): Iterable<PlacedVariable> {
  yield* variableUses(task.displayName, `${field}.displayName`);
  yield* variableUses(task.params, `${field}.params`, 'value');
  yield* variableUses(task.matrix?.params, `${field}.matrix.params`, 'value');
  for (const [index, { params }] of (task.matrix?.include ?? []).entries()) {
    yield* variableUses(params, `${field}.matrix.include[${index}].params`, 'value');
  }
  for (const [index, { input, values, cel }] of (task.when ?? []).entries()) {
    yield* variableUses(input, `${field}.when[${index}].input`, 'value');
    yield* variableUses(values, `${field}.when[${index}].values`);
    yield* variableUses(cel, `${field}.when[${index}].cel`);
  }
  for (const [index, { subPath }] of (task.workspaces ?? []).entries()) {
    yield* variableUses(subPath, `${field}.workspaces[${index}].subPath`);
  }
  yield* variableUses(task.taskRef?.name, `${field}.taskRef.name`);
  yield* variableUses(task.taskRef?.params, `${field}.taskRef.params`, 'value');
  yield* variableUses(task.onError, `${field}.onError`);
}

/** Contexts of a pipeline. */
const pipelineContexts: ReadonlySet<string> = new Set([
  'pipelineRun.name',
  'pipelineRun.namespace',
  'pipelineRun.uid',
  'pipeline.name',
  'pipelineTask.retries',
]);

function checkUse(
  use: PlacedVariable,
  task: PipelineTask,
  part: PipelinePart,
  scope: PipelineScope,
): Problem | undefined {
  const { variable } = use;
  if (variable.kind === 'param') return checkParamUse(use, variable, scope.params, scope.remedy);
  if (variable.kind === 'taskResult') return checkResultUse(use, variable, part, scope);
  const problem = problemWith(use, task, part, scope);
  return problem === undefined ? undefined : invalid(use.field, `${use.text}: ${problem}`);
}

function problemWith(
  { variable }: PlacedVariable,
  task: PipelineTask,
  part: PipelinePart,
  scope: PipelineScope,
): string | undefined {
  switch (variable.kind) {
    case 'tasksStatus':
      return part === 'finally' ? undefined : 'only final tasks can ask how the tasks ended';
    case 'taskStatus':
      if (part !== 'finally') return 'only final tasks can ask how another task ended';
      return scope.tasks.has(variable.task)
        ? undefined
        : `there is no task "${variable.task}" in tasks of the pipeline`;
    case 'workspace':
      return checkWorkspace(variable.name, task, scope);
    case 'context':
      return checkContext(variable.name);
    case 'malformed':
      return `there is no such variable of ${variable.family}`;
    default:
      return undefined;
  }
}

/** A path is replaced later, in the TaskRun, and so may also go by the name the task has for the workspace. */
function checkWorkspace(name: string, task: PipelineTask, scope: PipelineScope): string | undefined {
  if (scope.workspaces.has(name) || task.workspaces?.some((workspace) => workspace.name === name)) return undefined;
  return `there is no workspace "${name}"; declare it in workspaces`;
}

/** Contexts of the TaskRun are replaced later, in the TaskRun. */
function checkContext(name: string): string | undefined {
  if (!/^pipeline(?:Run|Task)?\./.test(name) || pipelineContexts.has(name)) return undefined;
  return `there is no such context; a pipeline knows ${[...pipelineContexts].map((known) => `context.${known}`).join(', ')}`;
}

function checkResultUse(
  use: PlacedVariable,
  reference: ResultReference,
  part: PipelinePart,
  scope: PipelineScope,
): Problem | undefined {
  const problem = resultProblem(use, reference, part, scope);
  return problem && failing(problem.runReason, invalid(use.field, `${use.text}: ${problem.message}`));
}

interface ResultProblem {
  readonly runReason: 'PipelineInvalidGraph' | 'InvalidTaskResultReference';
  readonly message: string;
}

function resultProblem(
  use: PlacedVariable,
  reference: ResultReference,
  part: PipelinePart,
  scope: PipelineScope,
): ResultProblem | undefined {
  const absence = absentTask(reference, part, scope);
  if (absence !== undefined) return { runReason: 'PipelineInvalidGraph', message: absence };
  const message = unfitResult(use, reference, scope);
  return message === undefined ? undefined : { runReason: 'InvalidTaskResultReference', message };
}

function absentTask(
  { task: name, section }: ResultReference,
  part: PipelinePart,
  scope: PipelineScope,
): string | undefined {
  if (scope.finally.has(name)) {
    return part === 'finally'
      ? `"${name}" is a final task; final tasks run at the same time and cannot use results of each other`
      : `"${name}" is a final task, which runs after all others`;
  }
  if (section === 'finally') return 'only results of the pipeline can come from final tasks';
  return scope.tasks.has(name) ? undefined : `there is no task "${name}" in tasks of the pipeline`;
}

function unfitResult(use: PlacedVariable, reference: ResultReference, scope: PipelineScope): string | undefined {
  const { task: name } = reference;
  const task = scope.tasks.get(name);
  const declared = task && declaredResult(task, reference);
  if (declared === undefined || typeof declared === 'string') return declared;
  const type = typeOfResult(declared);
  const isWhole = reference.index === undefined && reference.property === undefined;
  if (type === 'array' && isWhole && !(use.isWhole && use.place !== 'text')) {
    return `that result is a list; use it alone as "$(tasks.${name}.results.${reference.result}[*])", or one element of it`;
  }
  return undefined;
}

/** The declaration of a result in an embedded spec, or why there is none; undefined when the task is not known here. */
export function declaredResult(task: PipelineTask, reference: ResultReference): ResultSpec | string | undefined {
  const { taskSpec } = task;
  if (taskSpec === undefined || taskSpec.apiVersion !== undefined) return undefined;
  const { result: name, index, property } = reference;
  const declared = taskSpec.results?.find((result) => result.name === name);
  if (declared === undefined) return `task "${task.name}" declares no result "${name}"`;
  const type = typeOfResult(declared);
  if (index !== undefined && type !== 'array') return `that result is of type ${type} and has no elements`;
  if (property !== undefined && type !== 'object') return `that result is of type ${type} and has no keys`;
  if (property !== undefined && declared.properties && !Object.hasOwn(declared.properties, property)) {
    return `that result has no key "${property}"`;
  }
  return declared;
}

/** What an embedded spec sees: params of the pipeline and run unless the task gives its own, and all workspaces. */
function outerScope(task: PipelineTask, scope: PipelineScope): OuterScope {
  if (!scope.hasRun) return {};
  const workspaces = new Set([...scope.workspaces, ...(task.workspaces ?? []).map(({ name }) => name)]);
  return { params: visibleParams(task, scope), workspaces };
}

function visibleParams(task: PipelineTask, scope: PipelineScope): ParamScope {
  if (task.params === undefined && task.matrix === undefined) return scope.params;
  const visible = new Map<string, KnownParam>(scope.params);
  for (const [name, param] of taskParams(task)) {
    const outer = scope.params.get(name);
    const isBothObjects = outer?.type === 'object' && param.type === 'object';
    visible.set(
      name,
      isBothObjects ? { type: 'object', keys: new Set([...(outer.keys ?? []), ...(param.keys ?? [])]) } : param,
    );
  }
  return visible;
}

function taskParams(task: PipelineTask): ParamScope {
  return mergeScopes(combinedParams(task), givenParams(task.params ?? []));
}

/** Params that a matrix gives, one text for each run. */
function combinedParams({ matrix }: PipelineTask): ParamScope {
  const combined = [matrix?.params, ...(matrix?.include ?? []).map(({ params }) => params)].flatMap(
    (list) => list ?? [],
  );
  return new Map(combined.map(({ name }) => [name, { type: 'string' } as const]));
}

/** An embedded spec that declares a param without default gets it from its task; undeclared, from the run by its name. */
function* checkRequiredParams(task: PipelineTask, field: string, scope: PipelineScope): Causes {
  if (!scope.hasRun) return;
  const needed = (task.taskSpec?.params ?? []).filter((spec) => spec.default === undefined);
  const own = taskParams(task);
  const missing = needed.filter(({ name }) => !own.has(name));
  if (missing.length === 0) return;
  const names = missing.map(({ name }) => `"${name}"`).join(', ');
  const seen = missing.some(({ name }) => scope.params.has(name));
  const remedy = seen ? '; give it in params of the task, or use it without declaring it' : '';
  yield invalid(
    `${field}.params`,
    `no value is given for param ${names}, which the task declares without default${remedy}`,
  );
}
