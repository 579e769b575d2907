/**
 * Strategic merge patch: a merge patch that knows which lists are merged by a key.
 *
 * Lists and keys come from `x-kubernetes-patch-strategy` and `x-kubernetes-patch-merge-key` of the schema; directives in
 * the patch (`$patch`, `$retainKeys`, `$setElementOrder/…`, `$deleteFromPrimitiveList/…`) come from the client.
 */
import { isJsonList, isJsonObject, stableJson } from '../base/json.ts';
import type { Json, JsonObject } from '../base/json.ts';
import { ApiStatusError } from '../kube/api-error.ts';
import { fieldPathText } from './field-path.ts';
import { memberSchema, valueDepthMax } from './structural-schema.ts';
import type { StructuralSchema } from './structural-schema.ts';

type Path = readonly string[];
type Schema = StructuralSchema | undefined;

const orderPrefix = '$setElementOrder/';
const deletePrefix = '$deleteFromPrimitiveList/';

/**
 * Merges `patch` into `original` (a new object; neither is changed). Throws a `BadRequest` {@link ApiStatusError} that
 * names the field when the patch is malformed: an unknown directive, an item without its merge key.
 */
export function strategicMerge(schema: StructuralSchema, original: JsonObject, patch: JsonObject): JsonObject {
  const merged = mergeObject(schema, original, patch, []);
  return merged ?? {};
}

/** Undefined when the patch deletes the object. */
function mergeObject(schema: Schema, original: JsonObject, patch: JsonObject, path: Path): JsonObject | undefined {
  if (path.length > valueDepthMax) throw malformed(path, `nested deeper than ${valueDepthMax} levels`);
  const directive = patch['$patch'];
  if (directive === 'delete') return undefined;
  if (directive === 'replace') return withoutDirectives(patch);
  if (directive !== undefined && directive !== 'merge')
    throw malformed(path, `unknown $patch directive ${JSON.stringify(directive)}`);
  const merged = retained(original, patch['$retainKeys'], path);
  for (const [key, change] of Object.entries(patch)) {
    if (key.startsWith('$') || change === undefined) continue;
    const value = mergeMember(schema && memberSchema(schema, key), merged.get(key), change, patch, [...path, key]);
    if (value === undefined) merged.delete(key);
    else merged.set(key, value);
  }
  applyListDirectives(schema, merged, patch, path);
  return Object.fromEntries(merged);
}

/** The members of `original` that stay when the patch says which may. */
function retained(original: JsonObject, keys: Json | undefined, path: Path): Map<string, Json> {
  const entries = Object.entries(original).filter((entry): entry is [string, Json] => entry[1] !== undefined);
  if (keys === undefined) return new Map(entries);
  if (!isJsonList(keys)) throw malformed(path, '$retainKeys must be a list');
  const kept = new Set(keys);
  return new Map(entries.filter(([key]) => kept.has(key)));
}

function mergeMember(
  schema: Schema,
  original: Json | undefined,
  change: Json,
  patch: JsonObject,
  path: Path,
): Json | undefined {
  if (change === null) return undefined;
  if (isJsonObject(change)) return mergeObject(schema, isJsonObject(original) ? original : {}, change, path);
  if (!isJsonList(change)) return change;
  if (!mergesLists(schema)) return isJsonList(original) || original === undefined ? change.map(cleanItem) : change;
  const order = patch[orderPrefix + path.at(-1)];
  return mergeList(schema, isJsonList(original) ? original : [], change, isJsonList(order) ? order : change, path);
}

function mergesLists(schema: Schema): schema is StructuralSchema {
  return schema?.['x-kubernetes-patch-strategy']?.split(',').includes('merge') ?? false;
}

function mergeList(
  schema: StructuralSchema,
  original: readonly Json[],
  change: readonly Json[],
  order: readonly Json[],
  path: Path,
): readonly Json[] {
  const key = schema['x-kubernetes-patch-merge-key'];
  if (key === undefined) {
    const known = new Set(original.map(stableJson));
    const merged = [...original, ...change.filter((item) => !known.has(stableJson(item)))];
    return ordered(merged, original, order, (item) => item);
  }
  const merged = mergeItems(schema, key, original, change, path);
  return ordered(merged, original, order, (item) => (isJsonObject(item) ? (item[key] ?? null) : item));
}

function mergeItems(
  schema: StructuralSchema,
  key: string,
  original: readonly Json[],
  change: readonly Json[],
  path: Path,
): readonly Json[] {
  const replaces = change.some((item) => isJsonObject(item) && item['$patch'] === 'replace' && item[key] === undefined);
  if (replaces) return change.filter((item) => !(isJsonObject(item) && item['$patch'] !== undefined)).map(cleanItem);
  const merged = new KeyedItems(key, original);
  for (const item of change) {
    if (!isJsonObject(item)) throw malformed(path, 'every item must be an object');
    const identity = item[key];
    if (identity === undefined) throw malformed(path, `an item does not contain declared merge key: ${key}`);
    const text = stableJson(identity);
    if (item['$patch'] === 'delete') {
      merged.remove(text);
      continue;
    }
    const before = merged.first(text);
    const after = mergeObject(schema.items, isJsonObject(before) ? before : {}, item, path);
    if (after !== undefined) merged.put(text, after);
  }
  return merged.items();
}

/** Items of a list that are told apart by a key; found in a time that does not depend on how many there are. */
class KeyedItems {
  readonly #items: (Json | undefined)[];
  /** Where the items of a key are; there may be several where Kubernetes tolerates it (`env`). */
  readonly #places = new Map<string, number[]>();

  constructor(key: string, items: readonly Json[]) {
    this.#items = [...items];
    for (const [place, item] of items.entries()) {
      const identity = isJsonObject(item) ? item[key] : undefined;
      if (identity !== undefined) this.#placesOf(stableJson(identity)).push(place);
    }
  }

  first(text: string): Json | undefined {
    const [place] = this.#places.get(text) ?? [];
    return place === undefined ? undefined : this.#items[place];
  }

  put(text: string, item: Json): void {
    const places = this.#placesOf(text);
    const [place] = places;
    if (place !== undefined) this.#items[place] = item;
    else places.push(this.#items.push(item) - 1);
  }

  remove(text: string): void {
    for (const place of this.#places.get(text) ?? []) this.#items[place] = undefined;
    this.#places.delete(text);
  }

  items(): readonly Json[] {
    return this.#items.filter((item) => item !== undefined);
  }

  #placesOf(text: string): number[] {
    const known = this.#places.get(text);
    if (known) return known;
    const places: number[] = [];
    this.#places.set(text, places);
    return places;
  }
}

/**
 * `items` in the order the client wants. Items it does not mention (it has not seen them) keep their place relative to
 * the others as far as `original` knows it.
 */
function ordered(
  items: readonly Json[],
  original: readonly Json[],
  order: readonly Json[],
  identity: (item: Json) => Json,
): readonly Json[] {
  const text = (item: Json): string => stableJson(identity(item));
  const [wanted, known] = [firstPlaces(order.map(text)), firstPlaces(original.map(text))];
  const mentioned: Placed[] = [];
  const others: Placed[] = [];
  for (const item of items) {
    const key = text(item);
    const place = wanted.get(key);
    const placed = { item, place: place ?? 0, before: known.get(key) };
    (place === undefined ? others : mentioned).push(placed);
  }
  mentioned.sort((a, b) => a.place - b.place);
  const result: Json[] = [];
  let next = 0;
  for (const { item, before } of mentioned) {
    for (let other = others[next]; isBefore(other, before); other = others[next]) {
      result.push(other.item);
      next += 1;
    }
    result.push(item);
  }
  return [...result, ...others.slice(next).map(({ item }) => item)];
}

/** An item with its place in the order that is wanted, and in the list as it was. */
interface Placed {
  readonly item: Json;
  readonly place: number;
  readonly before: number | undefined;
}

function isBefore(other: Placed | undefined, before: number | undefined): other is Placed {
  return other?.before !== undefined && before !== undefined && other.before < before;
}

function firstPlaces(texts: readonly string[]): ReadonlyMap<string, number> {
  const places = new Map<string, number>();
  for (const [place, text] of texts.entries()) if (!places.has(text)) places.set(text, place);
  return places;
}

function applyListDirectives(schema: Schema, merged: Map<string, Json>, patch: JsonObject, path: Path): void {
  for (const [directive, value] of Object.entries(patch)) {
    if (!directive.startsWith('$') || directive === '$patch' || directive === '$retainKeys') continue;
    const name = [orderPrefix, deletePrefix].find((prefix) => directive.startsWith(prefix));
    if (name === undefined) throw malformed(path, `unknown directive ${directive}`);
    if (!isJsonList(value)) throw malformed(path, `${directive} must be a list`);
    const field = directive.slice(name.length);
    const list = merged.get(field);
    if (!isJsonList(list)) continue;
    if (name === deletePrefix) {
      const deleted = new Set(value.map(stableJson));
      merged.set(
        field,
        list.filter((item) => !deleted.has(stableJson(item))),
      );
    } else if (patch[field] === undefined)
      merged.set(field, reordered(schema && memberSchema(schema, field), list, value));
  }
}

function reordered(schema: Schema, list: readonly Json[], order: readonly Json[]): readonly Json[] {
  const key = schema?.['x-kubernetes-patch-merge-key'];
  return ordered(list, list, order, (item) => (key !== undefined && isJsonObject(item) ? (item[key] ?? null) : item));
}

function cleanItem(item: Json): Json {
  return isJsonObject(item) ? withoutDirectives(item) : item;
}

function withoutDirectives(value: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(value).filter(([key, member]) => !key.startsWith('$') && member !== null));
}

function malformed(path: Path, what: string): ApiStatusError {
  const field = fieldPathText(path);
  return new ApiStatusError('BadRequest', `invalid strategic merge patch: ${field === '' ? '' : `${field}: `}${what}`);
}
