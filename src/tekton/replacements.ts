import type { ParamValue } from './types.ts';

/**
 * What stands for which variable. Keys are names without `$(` and `)`, in each spelling a user may choose: `params.a`,
 * `params['a']`, `params["a"]`. Elements and members are in `strings` (`params.a[0]`, `params.o.key`); whole lists and
 * objects in `arrays` and `objects`, without the `[*]`.
 */
export interface Replacements {
  readonly strings: ReadonlyMap<string, string>;
  readonly arrays: ReadonlyMap<string, readonly string[]>;
  readonly objects: ReadonlyMap<string, Readonly<Record<string, string>>>;
}

/** Replacements while they are being gathered. */
export interface ReplacementsBuilder extends Replacements {
  readonly strings: Map<string, string>;
  readonly arrays: Map<string, readonly string[]>;
  readonly objects: Map<string, Readonly<Record<string, string>>>;
}

/** An empty builder. */
export function newReplacements(): ReplacementsBuilder {
  return { strings: new Map(), arrays: new Map(), objects: new Map() };
}

/** Only texts: contexts, statuses. */
export function textReplacements(strings: Iterable<readonly [string, string]>): Replacements {
  return { strings: new Map(strings), arrays: new Map(), objects: new Map() };
}

/** Adds `value` as the variable `name` under `path` (`params`, `tasks.T.results`) in all its spellings and parts. */
export function addValue(to: ReplacementsBuilder, path: string, name: string, value: ParamValue): void {
  for (const variable of [`${path}.${name}`, `${path}['${name}']`, `${path}["${name}"]`]) addParts(to, variable, value);
}

function addParts(to: ReplacementsBuilder, variable: string, value: ParamValue): void {
  if (typeof value === 'string') {
    to.strings.set(variable, value);
  } else if (isTextList(value)) {
    to.arrays.set(variable, value);
    value.forEach((element, index) => to.strings.set(`${variable}[${index}]`, element));
  } else {
    to.objects.set(variable, value);
    for (const [key, member] of Object.entries(value)) to.strings.set(`${variable}.${key}`, member);
  }
}

/** Whether a value is a list; narrows to a read-only one, which `Array.isArray` does not. */
export function isTextList(value: ParamValue): value is readonly string[] {
  return Array.isArray(value);
}

/** All of `all` together; later ones win. */
export function mergeReplacements(...all: readonly Replacements[]): Replacements {
  return {
    strings: new Map(all.flatMap((one) => [...one.strings])),
    arrays: new Map(all.flatMap((one) => [...one.arrays])),
    objects: new Map(all.flatMap((one) => [...one.objects])),
  };
}
