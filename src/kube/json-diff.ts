/** The JSON patch (RFC 6902) between two JSON values: what an admission webhook answers with. */
import { isJsonList, isJsonObject, jsonEqual } from '../base/json.ts';
import type { Json, JsonObject } from '../base/json.ts';

/** One operation of a patch that {@link jsonDiff} makes. */
export type DiffOperation =
  | { readonly op: 'add' | 'replace'; readonly path: string; readonly value: Json }
  | { readonly op: 'remove'; readonly path: string };

/**
 * The operations that make `after` from `before`; none when they are equal. Only what differs is named: members of
 * objects one by one; of lists, what lies between the items that are equal at their beginnings and at their ends. Object
 * members that are `undefined` count as absent.
 */
export function jsonDiff(before: Json, after: Json): readonly DiffOperation[] {
  return [...difference(before, after, '')];
}

function* difference(before: Json, after: Json, path: string): Iterable<DiffOperation> {
  if (jsonEqual(before, after)) return;
  if (isJsonObject(before) && isJsonObject(after)) yield* objectDifference(before, after, path);
  else if (isJsonList(before) && isJsonList(after)) yield* listDifference(before, after, path);
  else yield { op: 'replace', path, value: after };
}

function* objectDifference(before: JsonObject, after: JsonObject, path: string): Iterable<DiffOperation> {
  for (const [key, old] of Object.entries(before)) {
    if (old === undefined) continue;
    const member = `${path}/${escaped(key)}`;
    const value = Object.hasOwn(after, key) ? after[key] : undefined;
    if (value === undefined) yield { op: 'remove', path: member };
    else yield* difference(old, value, member);
  }
  for (const [key, value] of Object.entries(after)) {
    const isNew = !Object.hasOwn(before, key) || before[key] === undefined;
    if (isNew && value !== undefined) yield { op: 'add', path: `${path}/${escaped(key)}`, value };
  }
}

function* listDifference(before: readonly Json[], after: readonly Json[], path: string): Iterable<DiffOperation> {
  const shorter = Math.min(before.length, after.length);
  let start = 0;
  while (start < shorter && jsonEqual(before[start], after[start])) start++;
  let same = 0;
  while (same < shorter - start && jsonEqual(before.at(-1 - same), after.at(-1 - same))) same++;
  const [oldEnd, newEnd] = [before.length - same, after.length - same];
  const paired = Math.min(oldEnd, newEnd);
  for (let index = start; index < paired; index++) {
    yield* difference(before[index] ?? null, after[index] ?? null, `${path}/${index}`);
  }
  // From the end, so that the indexes of what is still to be removed stay as they are.
  for (let index = oldEnd - 1; index >= paired; index--) yield { op: 'remove', path: `${path}/${index}` };
  for (let index = paired; index < newEnd; index++)
    yield { op: 'add', path: `${path}/${index}`, value: after[index] ?? null };
}

/** A member's name in a JSON pointer (RFC 6901). */
function escaped(key: string): string {
  return key.replaceAll('~', '~0').replaceAll('/', '~1');
}
