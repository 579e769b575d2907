import { isJsonObject } from '../base/json.ts';
import type { Json, JsonObject } from '../base/json.ts';
import { ApiStatusError } from './api-error.ts';

/** How deep a merge patch may nest. */
export const mergePatchDepthMax = 128;

/**
 * Applies a JSON merge patch (RFC 7386): members merge, null removes, anything else replaces. Neither argument is changed;
 * what the patch does not touch is shared, and the original itself is returned when nothing changes. Throws `BadRequest`
 * for a patch deeper than {@link mergePatchDepthMax}.
 */
export function mergePatch(original: Json | undefined, patch: Json): Json {
  return merged(original, patch, 0);
}

function merged(original: Json | undefined, patch: Json, depth: number): Json {
  if (!isJsonObject(patch)) return original === patch ? original : patch;
  if (depth > mergePatchDepthMax)
    throw new ApiStatusError('BadRequest', `the merge patch is nested deeper than ${mergePatchDepthMax} levels`);
  return mergedObject(original, patch, depth);
}

function mergedObject(original: Json | undefined, patch: JsonObject, depth: number): JsonObject {
  const base: JsonObject = isJsonObject(original) ? original : {};
  const members = new Map(Object.entries(base));
  let changed = base !== original;
  for (const [key, change] of Object.entries(patch)) {
    if (change === undefined) continue;
    if (change === null) {
      changed = members.delete(key) || changed;
      continue;
    }
    const before = members.get(key);
    const after = merged(before, change, depth + 1);
    if (after === before) continue;
    members.set(key, after);
    changed = true;
  }
  return changed ? Object.fromEntries(members) : base;
}
