import type { PipelineTask, Reference } from '../types.ts';
import { type Causes, duplicate, duplicates, failing, forbidden, invalid, notSupported, required } from './causes.ts';
import { checkDuration } from './durations.ts';
import { checkCount, retriesMax, runAfterMax, workspacesMax } from './limits.ts';
import { checkLabelName } from './names.ts';
import { checkParams } from './param-specs.ts';
import type { ParamScope } from './scope.ts';
import { checkSubPath } from './volumes.ts';
import { checkWhen } from './when.ts';

/** Whether a pipeline task stands under `tasks` or under `finally`. */
export type PipelinePart = 'tasks' | 'finally';

/** What the tasks of a pipeline may name. */
export interface PipelineScope {
  readonly params: ParamScope;
  readonly workspaces: ReadonlySet<string>;
  readonly tasks: ReadonlyMap<string, PipelineTask>;
  readonly finally: ReadonlyMap<string, PipelineTask>;
  /** Whether the params and workspaces of the run are in here too, so that nothing is taken on trust. */
  readonly hasRun: boolean;
  /** What to do about a param that is not there. */
  readonly remedy: string;
}

/** Checks a pipeline task without regard to its variables. */
export function* checkPipelineTask(
  task: PipelineTask,
  field: string,
  part: PipelinePart,
  scope: PipelineScope,
): Causes {
  yield* checkLabelName(task.name, `${field}.name`, 'a task');
  yield* checkWhatToRun(task, field);
  yield* checkRunAfter(task, field, part, scope);
  yield* checkParams(task.params, `${field}.params`);
  yield* checkMatrix(task, field);
  yield* checkWhen(task.when, `${field}.when`);
  yield* checkWorkspaces(task, field, scope);
  yield* checkDuration(task.timeout, `${field}.timeout`);
  yield* checkFailureRules(task, field);
}

function* checkWhatToRun(task: PipelineTask, field: string): Causes {
  const given = (['taskRef', 'taskSpec', 'pipelineRef', 'pipelineSpec'] as const).filter(
    (member) => task[member] !== undefined,
  );
  if (given.length === 0) yield required(field, 'give exactly one of taskRef and taskSpec');
  else if (given.length > 1)
    yield invalid(field, `give exactly one of taskRef and taskSpec, not ${given.join(' and ')}`);
  if (task.taskRef) yield* checkReference(task.taskRef, `${field}.taskRef`);
}

/** Checks a reference: by name, or through a resolver with params. */
export function* checkReference(reference: Reference, field: string): Causes {
  const { name, resolver, params } = reference;
  if (!name && !resolver) yield required(`${field}.name`, 'a reference needs a name');
  if (name && resolver) yield forbidden(`${field}.name`, 'a reference has either a name or a resolver');
  if (params && params.length > 0 && !resolver)
    yield forbidden(`${field}.params`, 'params of a reference belong to a resolver; those of the task stand beside it');
  if (name && !name.includes('$(')) yield* checkReferenceName(name, `${field}.name`);
  yield* checkParams(params, `${field}.params`);
}

function* checkReferenceName(name: string, field: string): Causes {
  if (name.length > 253 || /[^a-z0-9.-]/.test(name))
    yield invalid(field, `${JSON.stringify(name.slice(0, 253))} cannot be the name of an object`);
}

function* checkRunAfter(task: PipelineTask, field: string, part: PipelinePart, scope: PipelineScope): Causes {
  const names = task.runAfter ?? [];
  if (part === 'finally') {
    if (names.length > 0)
      yield forbidden(`${field}.runAfter`, 'final tasks start together, after all others, and wait for no other');
    return;
  }
  yield* checkCount(names, runAfterMax, `${field}.runAfter`);
  for (const [index, name] of names.entries()) {
    if (scope.tasks.has(name)) continue;
    const what = scope.finally.has(name) ? 'a final task, which runs after all others' : 'no task of this pipeline';
    yield failing('PipelineInvalidGraph', invalid(`${field}.runAfter[${index}]`, `"${name}" is ${what}`));
  }
}

function* checkMatrix({ matrix, params }: PipelineTask, field: string): Causes {
  if (matrix === undefined) return;
  yield* checkParams(matrix.params, `${field}.matrix.params`);
  const own = new Set((params ?? []).map(({ name }) => name));
  for (const [index, { name }] of (matrix.params ?? []).entries()) {
    if (own.has(name)) yield duplicate(`${field}.matrix.params[${index}].name`, `"${name}" is given in params too`);
  }
}

function* checkWorkspaces(task: PipelineTask, field: string, scope: PipelineScope): Causes {
  const workspaces = task.workspaces ?? [];
  yield* checkCount(workspaces, workspacesMax, `${field}.workspaces`);
  yield* duplicates(workspaces, `${field}.workspaces`, 'name', ({ name }) => name);
  for (const [index, { name, workspace, subPath }] of workspaces.entries()) {
    const where = `${field}.workspaces[${index}]`;
    const source = workspace || name;
    if (!scope.workspaces.has(source)) {
      const remedy = scope.hasRun
        ? 'declare it in workspaces of the pipeline, or bind it in the run'
        : 'declare it in workspaces of the pipeline';
      const cause = invalid(
        `${where}.${workspace ? 'workspace' : 'name'}`,
        `there is no workspace "${source}"; ${remedy}`,
      );
      yield failing('InvalidWorkspaceBindings', cause);
    }
    yield* checkSubPath(subPath, `${where}.subPath`);
  }
}

/** Checks what follows a failure of a task: once its variables are filled in, `onError` is a word, and not in the way of retries. */
export function* checkFailureRules({ retries = 0, onError }: PipelineTask, field: string): Causes {
  if (!Number.isInteger(retries) || retries < 0) yield invalid(`${field}.retries`, `${retries} should be >= 0`);
  if (retries > retriesMax) yield invalid(`${field}.retries`, `${retries} should be <= ${retriesMax}`);
  if (onError && onError !== 'continue' && onError !== 'stopAndFail' && !/^\$\(params\b[^()]*\)$/.test(onError)) {
    yield notSupported(
      `${field}.onError`,
      `${JSON.stringify(onError)} is not recognized; valid values: continue, stopAndFail`,
    );
  }
  if (onError === 'continue' && retries > 0)
    yield invalid(`${field}.retries`, 'retries and onError: continue exclude each other');
}
