/** How server-side apply sees a value: what its parts are and which of them can have different owners. */
import { isJsonList, isJsonObject, stableJson } from '../../base/json.ts';
import type { Json, JsonObject } from '../../base/json.ts';
import { memberSchema } from '../../schema/structural-schema.ts';
import type { StructuralSchema } from '../../schema/structural-schema.ts';

type Schema = StructuralSchema | undefined;

/** A part of a value and the schema that goes with it. */
export interface Part {
  readonly value: Json;
  readonly schema: Schema;
}

/** `leaf`: owned as a whole (scalars, atomic lists and maps). `map`: has members. `list`: a set or a list with keys. */
export type Shape = 'leaf' | 'map' | 'list';

/** The shape of `value`. Where the schema says nothing, maps are granular and lists are atomic. */
export function shapeOf(schema: Schema, value: Json | undefined): Shape {
  if (isJsonObject(value)) {
    return schema?.['x-kubernetes-map-type'] === 'atomic' ? 'leaf' : 'map';
  }
  if (!isJsonList(value)) return 'leaf';
  const type = schema?.['x-kubernetes-list-type'];
  if (type === 'set') return 'list';
  return type === 'map' && value.every(isJsonObject) ? 'list' : 'leaf';
}

/** The parts of a value that is not a leaf, by their step (`f:…`, `k:…`, `v:…`). Of equal items the last counts, as it does for
 * environment variables, in the place of the first. */
export function partsOf(schema: Schema, value: Json): ReadonlyMap<string, Part> {
  const parts = new Map<string, Part>();
  if (isJsonObject(value)) {
    for (const [key, member] of Object.entries(value)) {
      if (member !== undefined) parts.set(`f:${key}`, { value: member, schema: schema && memberSchema(schema, key) });
    }
  } else if (isJsonList(value)) {
    for (const item of value) {
      parts.set(itemStep(schema, item), { value: item, schema: schema?.items });
    }
  }
  return parts;
}

/** The step to an item of a set or map list. */
export function itemStep(schema: Schema, item: Json): string {
  const keys = schema?.['x-kubernetes-list-map-keys'];
  if (schema?.['x-kubernetes-list-type'] !== 'map' || !keys || !isJsonObject(item)) return `v:${JSON.stringify(item)}`;
  const [only, ...others] = keys;
  const name = only !== undefined && others.length === 0 ? item[only] : undefined;
  // The usual case, written out: this runs for every container, volume and variable of every pod.
  if (typeof name === 'string') return `k:{${JSON.stringify(only)}:${JSON.stringify(name)}}`;
  const identity: Record<string, Json> = {};
  for (const key of keys) {
    const value = item[key] ?? schema.items?.properties?.[key]?.default;
    if (value !== undefined) identity[key] = value;
  }
  return `k:${stableJson(identity)}`;
}

/** Puts parts back together in the shape of `like`. */
export function assemble(like: Json, parts: Iterable<readonly [string, Json]>): Json {
  if (isJsonList(like)) return [...parts].map(([, value]) => value);
  return Object.fromEntries([...parts].map(([step, value]) => [step.slice(2), value])) satisfies JsonObject;
}
