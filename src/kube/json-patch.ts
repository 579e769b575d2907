/** JSON patches (RFC 6902) on plain JSON: pure, sharing what a patch does not touch, copying once what it does. */
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
  const draft = new Draft(document);
  for (const operation of operations) {
    if (operation.op === 'copy') {
      copied += sizeUpTo(read(draft.document, operation.from, operation), copiedCharactersMax);
      if (copied > copiedCharactersMax) throw refusal(operation, `copies more than ${copiedCharactersMax} characters`);
    }
    apply(draft, operation);
  }
  return draft.document;
}

type OwnObject = Record<string, Json | undefined>;

/**
 * The document on its way. Each object and list is copied when it is first changed, and changed in place after that:
 * thousands of operations on one large map must not copy it thousands of times.
 */
class Draft {
  document: Json;
  /** Copies that nobody else has, and that stand in one place only. */
  readonly #own = new WeakSet<object>();

  constructor(document: Json) {
    this.document = document;
  }

  /** The object or list that holds the last segment of `path`, to be changed. */
  parentOf(path: readonly string[], operation: Operation): OwnObject | Json[] {
    let parent = this.#owned(this.document, operation);
    this.document = parent;
    for (const [depth, segment] of path.slice(0, -1).entries()) {
      const child = find(parent, [segment]);
      if (child === undefined) throw refusal(operation, `there is nothing at /${path.slice(0, depth + 1).join('/')}`);
      const own = this.#owned(child, operation);
      if (own !== child) setMember(parent, segment, own);
      parent = own;
    }
    return parent;
  }

  /** Says that `value` is about to stand in a second place: whoever changes it there must copy it. */
  share(value: Json): void {
    const waiting: Json[] = [value];
    for (let item = waiting.pop(); item !== undefined; item = waiting.pop()) {
      // What is not our own has nothing of our own in it.
      if (typeof item !== 'object' || item === null || !this.#own.delete(item)) continue;
      for (const member of Object.values(item) as readonly (Json | undefined)[])
        if (member !== undefined) waiting.push(member);
    }
  }

  #owned(value: Json, operation: Operation): OwnObject | Json[] {
    if (typeof value !== 'object' || value === null) throw refusal(operation, 'only objects and lists have members');
    if (this.#own.has(value)) return value as OwnObject | Json[];
    const copy = isJsonList(value) ? [...value] : { ...value };
    this.#own.add(copy);
    return copy;
  }
}

function setMember(parent: OwnObject | Json[], key: string, value: Json): void {
  if (Array.isArray(parent)) parent[Number(key)] = value;
  // Not an assignment: that would set the prototype where the key is `__proto__`.
  else Object.defineProperty(parent, key, { value, writable: true, enumerable: true, configurable: true });
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

function apply(draft: Draft, operation: Operation): void {
  const { op, path, from, value } = operation;
  switch (op) {
    case 'add':
      return add(draft, path, value, operation);
    case 'remove':
      return remove(draft, path, operation);
    case 'replace':
      return replace(draft, path, value, operation);
    case 'move':
      return move(draft, operation);
    case 'copy': {
      const copied = read(draft.document, from, operation);
      draft.share(copied);
      return add(draft, path, copied, operation);
    }
    case 'test':
      return test(draft.document, operation);
  }
}

function move(draft: Draft, operation: Operation): void {
  const { path, from } = operation;
  if (path.length > from.length && from.every((segment, index) => segment === path[index]))
    throw refusal(operation, 'a value cannot move into itself');
  const value = read(draft.document, from, operation);
  if (path.length === from.length && from.every((segment, index) => segment === path[index])) return;
  remove(draft, from, operation);
  add(draft, path, value, operation);
}

/** As in Kubernetes, a test for null also holds where there is nothing. */
function test(document: Json, operation: Operation): void {
  const { path, value } = operation;
  const found = find(document, path) ?? null;
  if (value !== null && find(document, path) === undefined) throw refusal(operation, 'there is no value to test');
  if (!jsonEqual(found, value)) throw refusal(operation, 'the value is another one');
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

function add(draft: Draft, path: readonly string[], value: Json, operation: Operation): void {
  const key = path.at(-1);
  if (key === undefined) {
    draft.document = value;
    return;
  }
  const parent = draft.parentOf(path, operation);
  if (Array.isArray(parent)) parent.splice(insertIndex(parent, key, operation), 0, value);
  else setMember(parent, key, value);
}

function insertIndex(list: readonly Json[], key: string, operation: Operation): number {
  if (key === '-') return list.length;
  const index = /^(?:0|[1-9]\d*)$/.test(key) ? Number(key) : Number.NaN;
  if (Number.isNaN(index)) throw refusal(operation, `${JSON.stringify(key)} is not an index of a list`);
  if (index > list.length) throw refusal(operation, `index ${index} is beyond the ${list.length} items of the list`);
  return index;
}

function remove(draft: Draft, path: readonly string[], operation: Operation): void {
  read(draft.document, path, operation);
  const key = path.at(-1);
  if (key === undefined) {
    draft.document = null;
    return;
  }
  const parent = draft.parentOf(path, operation);
  if (Array.isArray(parent)) parent.splice(Number(key), 1);
  else delete parent[key];
}

/** As in Kubernetes, a member of an object that is not there is added: `tkn` cancels runs so. An item of a list must be there. */
function replace(draft: Draft, path: readonly string[], value: Json, operation: Operation): void {
  const key = path.at(-1);
  if (key === undefined) {
    draft.document = value;
    return;
  }
  const parent = draft.parentOf(path, operation);
  if (Array.isArray(parent)) read(parent, [key], operation);
  setMember(parent, key, value);
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
