import type { StatusCause } from '../../kube/api-error.ts';

/** What is wrong, with the reason a run would fail for if nobody noticed before. */
export interface Problem extends StatusCause {
  readonly field: string;
  /** As Tekton names it on a PipelineRun; absent for `PipelineValidationFailed`. */
  readonly runReason?: string;
}

/** Problems, found one after the other. */
export type Causes = Iterable<Problem>;

/** As many causes as one answer names; a spec that is wrong in more places shows the rest once these are put right. */
export const causesMax = 100;

/** A member that must be there is absent. */
export function required(field: string, message: string): Problem {
  return { reason: 'FieldValueRequired', field, message };
}

/** A value that cannot be. */
export function invalid(field: string, message: string): Problem {
  return { reason: 'FieldValueInvalid', field, message };
}

/** A value that must differ from another one. */
export function duplicate(field: string, message: string): Problem {
  return { reason: 'FieldValueDuplicate', field, message };
}

/** A value that is none of those allowed, or a feature that does not exist yet. */
export function notSupported(field: string, message: string): Problem {
  return { reason: 'FieldValueNotSupported', field, message };
}

/** A member that must not be there, or must not change. */
export function forbidden(field: string, message: string): Problem {
  return { reason: 'FieldValueForbidden', field, message };
}

/** More of something than its limit. */
export function tooMany(field: string, message: string): Problem {
  return { reason: 'FieldValueTooMany', field, message };
}

/** A text longer than its limit. */
export function tooLong(field: string, message: string): Problem {
  return { reason: 'FieldValueTooLong', field, message };
}

/** `problem`, which makes a run fail for `runReason`. */
export function failing(runReason: string, problem: Problem): Problem {
  return { ...problem, runReason };
}

/** Longest message of one cause: it quotes what a user wrote, which may be anything. */
const messageCharactersMax = 1000;

/** The first {@link causesMax} causes, as a list, their messages cut where they quote too much. */
export function collect(causes: Causes): readonly Problem[] {
  const collected: Problem[] = [];
  for (const cause of causes) {
    const { message } = cause;
    const isLong = message.length > messageCharactersMax;
    collected.push(isLong ? { ...cause, message: `${message.slice(0, messageCharactersMax)}…` } : cause);
    if (collected.length === causesMax) break;
  }
  return collected;
}

/** Causes against entries of `list` whose name, as `nameOf` reads it, an earlier entry has already. */
export function* duplicates<T>(
  list: readonly T[],
  field: string,
  member: string,
  nameOf: (entry: T) => string | undefined,
): Causes {
  const seen = new Map<string, number>();
  for (const [index, entry] of list.entries()) {
    const name = nameOf(entry);
    if (name === undefined || name === '') continue;
    const first = seen.get(name);
    if (first === undefined) seen.set(name, index);
    else yield duplicate(`${field}[${index}].${member}`, `"${name}" is also the ${member} of ${field}[${first}]`);
  }
}
