/**
 * Values that a schema has already passed.
 *
 * Most writes change one part of an object and carry the others over from the stored one, the very same values. Judging
 * those again would find nothing and cost as much as the first time. Values are never changed in place, so identity is
 * enough to know them; they are forgotten with the last object that holds them.
 */
import { isJsonObject } from '../base/json.ts';
import type { JsonObject } from '../base/json.ts';
import { memberSchema } from './structural-schema.ts';
import type { StructuralSchema } from './structural-schema.ts';

const settledBySchema = new WeakMap<StructuralSchema, WeakSet<object>>();

/** Whether `value` came out of `schema` before: it holds what the schema asks for, all defaults, and nothing else. */
export function isSettled(schema: StructuralSchema, value: object): boolean {
  return settledBySchema.get(schema)?.has(value) ?? false;
}

/** Remembers the members of `object`, which has passed `schema` as a whole. */
export function settleMembers(schema: StructuralSchema, object: JsonObject): void {
  for (const key in object) {
    const member = object[key];
    const known = isJsonObject(member) ? memberSchema(schema, key) : undefined;
    if (known !== undefined && isJsonObject(member)) settle(known, member);
  }
}

function settle(schema: StructuralSchema, value: object): void {
  const settled = settledBySchema.get(schema);
  if (settled === undefined) settledBySchema.set(schema, new WeakSet([value]));
  else settled.add(value);
}
