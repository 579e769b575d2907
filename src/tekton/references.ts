import type { ParamValue, PipelineSpec, PipelineTask, TaskSpec } from './types.ts';

/** A use of another task's result. */
export interface ResultReference {
  readonly task: string;
  readonly result: string;
  /** `[2]`: one element of a list. */
  readonly index?: number;
  /** `.key`: one member of an object. */
  readonly property?: string;
}

/** `$(tasks.T.results.R)` in its three spellings, with an index, `[*]` or a key. */
const resultVariable =
  /\$\((?:tasks|finally)\.([A-Za-z0-9-]+)\.results(?:\.([\w-]+)|\['([^'()]+)'\]|\["([^"()]+)"\])(?:\[(\d+|\*)\]|\.([\w-]+))?\)/g;

/** The results that a value uses, in order. */
export function resultReferencesOf(value: ParamValue): readonly ResultReference[] {
  const texts = typeof value === 'string' ? [value] : Object.values(value);
  return texts.flatMap(referencesIn);
}

/** The results that a pipeline task uses: in params, guards, matrix and its embedded spec (reference/tekton 2.2). */
export function resultReferencesOfTask(task: PipelineTask): readonly ResultReference[] {
  const { params, when, matrix, taskSpec } = task;
  const found: ResultReference[] = [];
  eachText([params, when, matrix, taskSpec?.steps, taskSpec?.sidecars, taskSpec?.stepTemplate], (text) => {
    found.push(...referencesIn(text));
  });
  return found;
}

function referencesIn(text: string): readonly ResultReference[] {
  if (!text.includes('.results')) return [];
  return [...text.matchAll(resultVariable)].map(([, task = '', plain, single, double, index, property]) => ({
    task,
    result: plain ?? single ?? double ?? '',
    ...(index === undefined || index === '*' ? {} : { index: Number(index) }),
    ...(property === undefined ? {} : { property }),
  }));
}

/** A use of a param. */
export interface ParamReference {
  readonly name: string;
  /** `[2]`: one element of a list. */
  readonly index?: number;
  /** `[*]`: the whole list or object. */
  readonly whole?: true;
  /** `.key`: one member of an object. */
  readonly property?: string;
}

/** `$(params.N)` in its three spellings, with an index, `[*]` or a key. A dotted name needs quotes. */
const paramVariable =
  /\$\(params(?:\.([\w-]+)|\['([^'()]+)'\]|\["([^"()]+)"\])(?:\[(\d+|\*)\]|\.([\w.-]+))?\)/g;

/** The params that a text uses, in order. */
export function paramReferencesIn(text: string): readonly ParamReference[] {
  if (!text.includes('$(params')) return [];
  return [...text.matchAll(paramVariable)].map(([, plain, single, double, index, property]) => ({
    name: plain ?? single ?? double ?? '',
    ...(index === undefined || index === '*' ? {} : { index: Number(index) }),
    ...(index === '*' ? { whole: true } : {}),
    ...(property === undefined ? {} : { property }),
  }));
}

/** The params that any text in `value` uses. */
export function paramReferencesOf(value: unknown): readonly ParamReference[] {
  const found: ParamReference[] = [];
  eachText(value, (text) => found.push(...paramReferencesIn(text)));
  return found;
}

/** The params of a Task that its steps, sidecars, template, volumes and workspaces use. */
export function paramReferencesOfTaskSpec(spec: TaskSpec): readonly ParamReference[] {
  const { steps, sidecars, stepTemplate, volumes, workspaces } = spec;
  return paramReferencesOf([steps, sidecars, stepTemplate, volumes, workspaces]);
}

/** The params of a pipeline that its tasks use, also inside embedded specs unless the task has its own of that name. */
export function paramReferencesOfPipeline(spec: PipelineSpec): readonly ParamReference[] {
  return [...(spec.tasks ?? []), ...(spec.finally ?? [])].flatMap(({ taskSpec, ...task }) => {
    const own = new Set([...(task.params ?? []), ...(taskSpec?.params ?? [])].map(({ name }) => name));
    const inner = taskSpec === undefined ? [] : paramReferencesOfTaskSpec(taskSpec);
    return [...paramReferencesOf(task), ...inner.filter(({ name }) => !own.has(name))];
  });
}

/** Calls `visit` for every text in `value`, however deep; names of members are not texts. */
export function eachText(value: unknown, visit: (text: string) => void): void {
  if (typeof value === 'string') visit(value);
  else if (typeof value === 'object' && value !== null) for (const member of Object.values(value)) eachText(member, visit);
}
