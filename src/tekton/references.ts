import type { ParamValue, PipelineTask } from './types.ts';

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

function eachText(value: unknown, visit: (text: string) => void): void {
  if (typeof value === 'string') visit(value);
  else if (typeof value === 'object' && value !== null) for (const member of Object.values(value)) eachText(member, visit);
}
