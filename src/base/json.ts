/** A JSON value, as it comes out of a parser. Treated as read-only once shared. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject;

/** A JSON object. `undefined` members count as absent. */
export interface JsonObject {
  readonly [key: string]: Json | undefined;
}

/** Whether `value` is a JSON object (not null, not a list). */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Whether `value` is a JSON list. Narrows to a read-only list, which `Array.isArray` does not. */
export function isJsonList(value: unknown): value is readonly Json[] {
  return Array.isArray(value);
}

/** Structural equality of JSON values; members that are `undefined` equal absent ones, key order is ignored. */
export function jsonEqual(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (isJsonList(a)) {
    return isJsonList(b) && a.length === b.length && a.every((item, index) => jsonEqual(item, b[index]));
  }
  if (!isJsonObject(a) || !isJsonObject(b)) return false;
  const keys = Object.keys(a).filter((key) => a[key] !== undefined);
  const otherCount = Object.keys(b).filter((key) => b[key] !== undefined).length;
  return keys.length === otherCount && keys.every((key) => b[key] !== undefined && jsonEqual(a[key], b[key]));
}

/** JSON text with sorted keys: equal values give equal text. For hashes, keys and golden files. */
export function stableJson(value: unknown, indent?: number): string {
  return JSON.stringify(value, (_key, member: unknown) => (isJsonObject(member) ? sortKeys(member) : member), indent);
}

function sortKeys(value: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
}

/** Freezes `value` and everything in it; returns it. For caches in tests: a write to a shared object then throws. */
export function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const member of Object.values(value)) deepFreeze(member);
  }
  return value;
}
