/** How large an object is as JSON, counted without writing it. */
import { isJsonList } from '../../base/json.ts';
import type { Json, JsonObject } from '../../base/json.ts';

/** Most bytes a stored object may have as JSON: etcd's limit. */
export const objectBytesMax: number = 1.5 * 1024 * 1024;

/** Sizes of parts that are shared between versions of an object: a new status does not have the spec counted again. */
const knownSizes = new WeakMap<object, number>();

/** About how many bytes `object` has as JSON: never fewer than it has characters. Counts each shared part once. */
export function objectSize(object: JsonObject): number {
  let size = 2;
  for (const [key, member] of Object.entries(object)) {
    if (member !== undefined) size += key.length + 4 + partSize(member);
  }
  return size;
}

function partSize(value: Json): number {
  if (typeof value !== 'object' || value === null) return valueSize(value);
  let size = knownSizes.get(value);
  if (size === undefined) {
    size = valueSize(value);
    knownSizes.set(value, size);
  }
  return size;
}

function valueSize(value: Json): number {
  if (typeof value === 'string') return value.length + 2;
  if (typeof value !== 'object' || value === null) return 5;
  let size = 2;
  if (isJsonList(value)) {
    for (const item of value) size += 1 + valueSize(item);
    return size;
  }
  for (const key in value) {
    const member = value[key];
    if (member !== undefined) size += key.length + 4 + valueSize(member);
  }
  return size;
}
