import type { ResultReference } from '../variables.ts';
import { isTextList } from '../replacements.ts';
import type { ParamValue, TaskRun } from '../types.ts';
import { isDone, type ChildrenByTask } from './children.ts';

/** The results that finished children have emitted, read once per task and decision. */
export interface TaskResults {
  /** The value of a result; `undefined` when the task has not emitted it. */
  valueOf(task: string, result: string): ParamValue | undefined;
  /** What `reference` stands for: the whole value, one element or one key; `undefined` when there is no such thing. */
  resolve(reference: ResultReference): ParamValue | undefined;
}

/** Reads results from the statuses of `children`. Results of failed children count too (reference/tekton 2.10). */
export function taskResults(children: ChildrenByTask): TaskResults {
  const cache = new Map<string, ReadonlyMap<string, ParamValue>>();
  const resultsOf = (task: string): ReadonlyMap<string, ParamValue> => {
    const known = cache.get(task);
    if (known) return known;
    const read = readResults(children.get(task) ?? []);
    cache.set(task, read);
    return read;
  };
  const valueOf = (task: string, result: string): ParamValue | undefined => resultsOf(task).get(result);
  return {
    valueOf,
    resolve: (reference) => partOf(valueOf(reference.task, reference.result), reference),
  };
}

/** One child for now; a matrix will gather the values of its children into lists here. */
function readResults(children: readonly TaskRun[]): ReadonlyMap<string, ParamValue> {
  const results = new Map<string, ParamValue>();
  for (const child of children) {
    if (!isDone(child)) continue;
    for (const { name, value } of child.status?.results ?? []) results.set(name, value);
  }
  return results;
}

function partOf(value: ParamValue | undefined, reference: ResultReference): ParamValue | undefined {
  if (value === undefined) return undefined;
  if (reference.index !== undefined) return isTextList(value) ? value[reference.index] : undefined;
  if (reference.property !== undefined) {
    if (typeof value === 'string' || isTextList(value)) return undefined;
    return Object.hasOwn(value, reference.property) ? value[reference.property] : undefined;
  }
  return value;
}
