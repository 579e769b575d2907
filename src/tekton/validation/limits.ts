import { type Causes, tooLong, tooMany } from './causes.ts';

/** Longest name of anything that becomes a label's value: objects, pipeline tasks. */
export const nameCharactersMax = 63;

/** Tasks and final tasks of one pipeline. */
export const pipelineTasksMax = 1000;

/** Entries of one list of `runAfter`. */
export const runAfterMax: number = pipelineTasksMax;

/** Steps of one task: each is a container, and a pod's status lists them all. */
export const stepsMax = 200;

/** Declarations in one list of params, and values in one. */
export const paramsMax = 1000;

/** Declarations in one list of results. */
export const resultsMax = 1000;

/** Entries in one list of workspaces, declared or bound. */
export const workspacesMax = 200;

/** Volumes of one task. */
export const volumesMax = 200;

/** Conditions in one `when`, and values in one of them. */
export const whenExpressionsMax = 200;

/** Entries of `taskRunSpecs`. */
export const taskRunSpecsMax: number = pipelineTasksMax;

/** How often one task may be tried again. */
export const retriesMax = 1000;

/** A script travels in the pod or in a ConfigMap of at most 1 MiB. */
export const scriptCharactersMax: number = 512 * 1024;

/** One text of a param's value. */
export const valueCharactersMax: number = 512 * 1024;

/** A CEL expression. */
export const expressionCharactersMax: number = 16 * 1024;

/** A duration such as `1h30m`, a name of a param, a path. */
export const shortTextCharactersMax = 4096;

/** How deep lists and maps of one object may be nested. */
export const nestingMax = 100;

/** A cause when `list` has more than `max` entries. */
export function* checkCount(list: readonly unknown[] | undefined, max: number, field: string): Causes {
  const count = list?.length ?? 0;
  if (count > max) yield tooMany(field, `${count} entries; at most ${max} are allowed`);
}

/** A cause when `text` has more than `max` characters. */
export function* checkLength(text: string | undefined, max: number, field: string): Causes {
  const count = text?.length ?? 0;
  if (count > max) yield tooLong(field, `${count} characters; at most ${max} are allowed`);
}

/** Whether lists and maps in `value` are nested deeper than {@link nestingMax}. Does not recurse, so any depth is safe. */
export function isNestedTooDeep(value: unknown): boolean {
  let level: readonly unknown[] = [value];
  for (let depth = 0; depth <= nestingMax; depth += 1) {
    level = level.flatMap((one): readonly unknown[] =>
      typeof one === 'object' && one !== null ? Object.values(one) : [],
    );
    if (level.length === 0) return false;
  }
  return true;
}
