/** JSON patches (RFC 6902) on plain JSON: pure, sharing what a patch does not touch. */
import { isJsonList, isJsonObject, jsonEqual } from '../base/json.ts';
import type { Json, JsonObject } from '../base/json.ts';
import { ApiStatusError } from './api-error.ts';

/** Most operations in one patch, as in Kubernetes. */
export const patchOperationsMax = 10_000;

/** Most members on the way to a value. */
export const pointerSegmentsMax = 128;

/** Most JSON characters that the `copy` operations of one patch may add together: copies of copies double in size. */
export const copiedCharactersMax: number = 3 * 1024 * 1024;

/** One operation with its pointers taken apart. */
interface Operation {
  readonly index: number;
  readonly op: 'add' | 'remove' | 'replace' | 'move' | 'copy' | 'test';
  readonly pathText: string;
  readonly path: readonly string[];
  readonly from: readonly string[];
  readonly value: Json;
}

/**
 * Applies `patch`, a list of operations, to `document` and returns the new document. All or nothing: the document given
 * is never changed. Throws an {@link ApiStatusError}: `BadRequest` for a malformed patch, `Invalid` (422) when an
 * operation cannot be applied or a `test` fails; the message names the operation's index.
 */
export function jsonPatch(document: Json, patch: Json): Json {
  const operations = operationsOf(patch);
  let copied = 0;
  let current = document;
  for (const operation of operations) {
    if (operation.op === 'copy') {
      copied += sizeUpTo(read(current, operation.from, operation), copiedCharactersMax);
      if (copied > copiedCharactersMax) throw refusal(operation, `copies more than ${copiedCharactersMax} characters`);
    }
    current = applied(current, operation);
  }
  return current;
}

function operationsOf(patch: Json): readonly Operation[] {
  if (!isJsonList(patch)) throw new ApiStatusError('BadRequest', 'a JSON patch must be a list of operations');
  if (patch.length > patchOperationsMax) {
    throw new ApiStatusError(
      'RequestEntityTooLarge',
      `The allowed maximum operations in a JSON patch is ${patchOperationsMax}, got ${patch.length}`,
    );
  }
  return patch.map(operationOf);
}

const operationNames: readonly string[] = ['add', 'remove', 'replace', 'move', 'copy', 'test'];

function operationOf(value: Json, index: number): Operation {
  if (!isJsonObject(value)) throw malformed(index, 'is not an object');
  const { op, path, from } = value;
  if (typeof op !== 'string' || !operationNames.includes(op))
    throw malformed(index, `has the unknown op ${JSON.stringify(op)}; known are ${operationNames.join(', ')}`);
  if (typeof path !== 'string') throw malformed(index, `(${op}) has no path`);
  const needsFrom = op === 'move' || op === 'copy';
  if (needsFrom && typeof from !== 'string') throw malformed(index, `(${op} ${path}) has no from`);
  if ((op === 'add' || op === 'replace' || op === 'test') && value['value'] === undefined)
    throw malformed(index, `(${op} ${path}) has no value`);
  return {
    index,
    op: op as Operation['op'],
    pathText: path,
    path: pointerSegments(path, index),
    from: needsFrom ? pointerSegments(String(from), index) : [],
    value: value['value'] ?? null,
  };
}

/** Takes a JSON pointer (RFC 6901) apart. */
function pointerSegments(pointer: string, index: number): readonly string[] {
  if (pointer === '') return [];
  if (!pointer.startsWith('/'))
    throw malformed(index, `has the pointer ${JSON.stringify(pointer)}, which must start with /`);
  if (/~(?![01])/.test(pointer))
    throw malformed(index, `has the pointer ${JSON.stringify(pointer)} with a ~ that is neither ~0 nor ~1`);
  const segments = pointer.slice(1).split('/');
  if (segments.length > pointerSegmentsMax)
    throw malformed(index, `has a pointer of more than ${pointerSegmentsMax} segments`);
  return segments.map((segment) => segment.replaceAll('~1', '/').replaceAll('~0', '~'));
}

function applied(document: Json, operation: Operation): Json {
  const { op, path, from, value } = operation;
  switch (op) {
    case 'add':
      return added(document, path, value, operation);
    case 'remove':
      return removed(document, path, operation);
    case 'replace':
      return replaced(document, path, value, operation);
    case 'move':
      return moved(document, operation);
    case 'copy':
      return added(document, path, read(document, from, operation), operation);
    case 'test':
      return tested(document, operation);
  }
}

function moved(document: Json, operation: Operation): Json {
  const { path, from } = operation;
  if (path.length > from.length && from.every((segment, index) => segment === path[index]))
    throw refusal(operation, 'a value cannot move into itself');
  const value = read(document, from, operation);
  if (path.length === from.length && from.every((segment, index) => segment === path[index])) return document;
  return added(removed(document, from, operation), path, value, operation);
}

/** As in Kubernetes, a test for null also holds where there is nothing. */
function tested(document: Json, operation: Operation): Json {
  const { path, value } = operation;
  const found = find(document, path) ?? null;
  if (value !== null && find(document, path) === undefined) throw refusal(operation, 'there is no value to test');
  if (!jsonEqual(found, value)) throw refusal(operation, 'the value is another one');
  return document;
}

/** The value a pointer leads to; undefined when there is none. */
function find(document: Json, path: readonly string[]): Json | undefined {
  let current: Json | undefined = document;
  for (const segment of path) {
    if (isJsonList(current)) current = /^(?:0|[1-9]\d*)$/.test(segment) ? current[Number(segment)] : undefined;
    else if (isJsonObject(current)) current = Object.hasOwn(current, segment) ? current[segment] : undefined;
    else return undefined;
  }
  return current;
}

function read(document: Json, path: readonly string[], operation: Operation): Json {
  const value = find(document, path);
  if (value === undefined) throw refusal(operation, `there is nothing at /${path.join('/')}`);
  return value;
}

type Change = (parent: Json, key: string) => Json;

/** Rebuilds the containers on the way to `path`, the last one by `change`. */
function rebuilt(document: Json, path: readonly string[], depth: number, change: Change, operation: Operation): Json {
  const key = path[depth] ?? '';
  if (depth === path.length - 1) return change(document, key);
  const child = find(document, [key]);
  if (child === undefined) throw refusal(operation, `there is nothing at /${path.slice(0, depth + 1).join('/')}`);
  return withMember(document, key, rebuilt(child, path, depth + 1, change, operation));
}

/** `container`, which has a member `key`, with another value there. */
function withMember(container: Json, key: string, value: Json): Json {
  if (isJsonList(container)) return container.with(Number(key), value);
  return { ...(container as JsonObject), [key]: value };
}

function added(document: Json, path: readonly string[], value: Json, operation: Operation): Json {
  if (path.length === 0) return value;
  const change: Change = (parent, key) => {
    if (isJsonObject(parent)) return { ...parent, [key]: value };
    if (isJsonList(parent)) return parent.toSpliced(insertIndex(parent, key, operation), 0, value);
    throw refusal(operation, 'only objects and lists have members');
  };
  return rebuilt(document, path, 0, change, operation);
}

function insertIndex(list: readonly Json[], key: string, operation: Operation): number {
  if (key === '-') return list.length;
  const index = /^(?:0|[1-9]\d*)$/.test(key) ? Number(key) : Number.NaN;
  if (Number.isNaN(index)) throw refusal(operation, `${JSON.stringify(key)} is not an index of a list`);
  if (index > list.length) throw refusal(operation, `index ${index} is beyond the ${list.length} items of the list`);
  return index;
}

function removed(document: Json, path: readonly string[], operation: Operation): Json {
  read(document, path, operation);
  if (path.length === 0) return null;
  const change: Change = (parent, key) => {
    if (isJsonList(parent)) return parent.toSpliced(Number(key), 1);
    const { [key]: _removed, ...rest } = parent as JsonObject;
    return rest;
  };
  return rebuilt(document, path, 0, change, operation);
}

/** As in Kubernetes, a member of an object that is not there is added: `tkn` cancels runs so. An item of a list must be there. */
function replaced(document: Json, path: readonly string[], value: Json, operation: Operation): Json {
  if (path.length === 0) return value;
  const change: Change = (parent, key) => {
    if (isJsonObject(parent)) return { ...parent, [key]: value };
    read(parent, [key], operation);
    return withMember(parent, key, value);
  };
  return rebuilt(document, path, 0, change, operation);
}

/** About how many characters `value` takes as JSON; stops counting soon after `limit`. */
function sizeUpTo(value: Json, limit: number): number {
  const waiting: Json[] = [value];
  let size = 0;
  for (let item = waiting.pop(); item !== undefined && size <= limit; item = waiting.pop()) {
    size += 2;
    if (typeof item === 'string') size += item.length;
    else if (isJsonList(item)) for (const member of item) waiting.push(member);
    else if (isJsonObject(item)) size += pushMembers(item, waiting);
    else size += String(item).length;
  }
  return size;
}

function pushMembers(object: JsonObject, waiting: Json[]): number {
  let size = 0;
  for (const [key, member] of Object.entries(object)) {
    size += key.length + 3;
    if (member !== undefined) waiting.push(member);
  }
  return size;
}

function malformed(index: number, why: string): ApiStatusError {
  return new ApiStatusError('BadRequest', `operation ${index} of the JSON patch ${why}`);
}

function refusal(operation: Operation, why: string): ApiStatusError {
  const message = `operation ${operation.index} of the JSON patch (${operation.op} ${operation.pathText}) cannot be applied: ${why}`;
  return new ApiStatusError('Invalid', message, {
    details: { causes: [{ reason: 'FieldValueInvalid', message: why, field: operation.pathText }] },
  });
}
