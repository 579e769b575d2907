/** Members spelt with the wrong case, as Go's JSON decoder accepts them. */
import { isJsonList, isJsonObject } from '../base/json.ts';
import type { Json, JsonObject } from '../base/json.ts';
import { isSettled } from './settled-values.ts';
import { memberSchema, valueDepthMax } from './structural-schema.ts';
import type { StructuralSchema } from './structural-schema.ts';

/**
 * Renames members that match a property of the schema in all but case (`mountpath` → `mountPath`), everywhere in
 * `value`. An exact match wins over a renamed one. Returns `value` itself when nothing had to be renamed.
 * Tekton decodes with Go's `encoding/json`, which ignores case, so manifests in the wild depend on it.
 */
export function canonicalKeys<T extends Json | object>(schema: StructuralSchema, value: T): T {
  return rename(schema, value as Json, 0) as T;
}

function rename(schema: StructuralSchema, value: Json, depth: number): Json {
  if (depth > valueDepthMax) return value;
  if (depth === 1 && isJsonObject(value) && isSettled(schema, value)) return value;
  if (isJsonList(value)) return renameList(schema, value, depth);
  if (isJsonObject(value)) return renameObject(schema, value, depth);
  return value;
}

function renameList(schema: StructuralSchema, list: readonly Json[], depth: number): readonly Json[] {
  const items = schema.items;
  if (!items) return list;
  const renamed = list.map((item) => rename(items, item, depth + 1));
  return renamed.some((item, index) => item !== list[index]) ? renamed : list;
}

function renameObject(schema: StructuralSchema, value: JsonObject, depth: number): JsonObject {
  let changed = false;
  const entries = Object.entries(value).map(([key, member]): [string, Json | undefined] => {
    const name = canonicalKey(schema, key, value);
    const known = memberSchema(schema, name);
    const renamed = known && member !== undefined ? rename(known, member, depth + 1) : member;
    changed ||= name !== key || renamed !== member;
    return [name, renamed];
  });
  return changed ? Object.fromEntries(entries) : value;
}

function canonicalKey(schema: StructuralSchema, key: string, siblings: JsonObject): string {
  const properties = schema.properties;
  if (!properties || Object.hasOwn(properties, key) || schema.additionalProperties) return key;
  const name = namesByLowerCase(properties).get(key.toLowerCase());
  return name !== undefined && !Object.hasOwn(siblings, name) ? name : key;
}

const namesOf = new WeakMap<object, ReadonlyMap<string, string>>();

function namesByLowerCase(properties: Readonly<Record<string, StructuralSchema>>): ReadonlyMap<string, string> {
  let names = namesOf.get(properties);
  if (!names) {
    names = new Map(Object.keys(properties).map((name) => [name.toLowerCase(), name]));
    namesOf.set(properties, names);
  }
  return names;
}
