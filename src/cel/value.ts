import type { Json, JsonObject } from '../base/json.ts';

/**
 * A value of CEL as JSON: whole numbers as numbers while they are exact and else as text, bytes in base64, instants in RFC
 * 3339, durations as `90s`, types by their name.
 */
export function jsonOfValue(value: unknown): Json {
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return value;
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value);
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
  if (Array.isArray(value)) return value.map(jsonOfValue);
  if (value instanceof Uint8Array) return base64(value);
  if (value instanceof Date) return value.toISOString();
  return isPlainObject(value) ? jsonOfMap(value) : String(value).replace(/^Type<(.*)>$/, '$1');
}

function jsonOfMap(map: Readonly<Record<string, unknown>>): JsonObject {
  return Object.fromEntries(
    Object.entries(map).flatMap(([key, member]) => (member === undefined ? [] : [[key, jsonOfValue(member)]])),
  );
}

function base64(bytes: Uint8Array): string {
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''));
}

/** Whether `value` is a map of CEL and not one of its own classes. */
export function isPlainObject(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
