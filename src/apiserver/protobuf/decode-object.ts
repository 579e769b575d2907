/** Bodies in `application/vnd.kubernetes.protobuf`: typed clients in Go (kubectl create, event recorders) send them. */
import { toRfc3339, toRfc3339Micro } from '../../base/clock.ts';
import type { Json, JsonObject } from '../../base/json.ts';
import { ApiStatusError } from '../../kube/api-error.ts';
import { badRequest } from '../status-errors.ts';
import { messagesByKind } from './messages.ts';
import type { Field, FieldType, Message } from './messages.ts';
import { wireFields } from './wire.ts';
import type { WireValue } from './wire.ts';

/** The media type of these bodies. */
export const protobufType = 'application/vnd.kubernetes.protobuf';

/** What every such body starts with: `k8s` and a zero. */
const magic = [0x6b, 0x38, 0x73, 0x00];

const numbers = { typeMeta: 1, raw: 2, apiVersion: 1, kind: 2 } as const;

/**
 * The object in `bytes`, as its JSON would be. Throws `BadRequest` for bytes that are no message, and
 * `UnsupportedMediaType` for kinds that are understood as JSON only: a client can be told to send that.
 */
export function decodeProtobufObject(bytes: Uint8Array): JsonObject {
  if (magic.some((byte, index) => bytes[index] !== byte))
    throw badRequest('the body lacks the prefix of its media type');
  const envelope = bytesByNumber(bytes.subarray(magic.length));
  const typeMeta = bytesByNumber(envelope.get(numbers.typeMeta) ?? new Uint8Array());
  const apiVersion = textOf(typeMeta.get(numbers.apiVersion));
  const kind = textOf(typeMeta.get(numbers.kind));
  const name = `${apiVersion} ${kind}`;
  const message = Object.hasOwn(messagesByKind, name) ? messagesByKind[name] : undefined;
  if (message === undefined) throw notUnderstood(name);
  return { apiVersion, kind, ...decodeMessage(message, envelope.get(numbers.raw) ?? new Uint8Array()) };
}

function notUnderstood(name: string): ApiStatusError {
  const message = `${name} is not understood as ${protobufType}, only as application/json: set the client's content type`;
  return new ApiStatusError('UnsupportedMediaType', message);
}

function bytesByNumber(bytes: Uint8Array): ReadonlyMap<number, Uint8Array> {
  const found = new Map<number, Uint8Array>();
  for (const { number, value } of wireFields(bytes)) if (value instanceof Uint8Array) found.set(number, value);
  return found;
}

/** The members of a message while they come in: lists and maps arrive an item at a time. */
interface Members {
  readonly single: Map<string, Json>;
  readonly lists: Map<string, Json[]>;
  readonly maps: Map<string, Map<string, Json>>;
}

/** Fields nobody knows are skipped, as Kubernetes does. */
function decodeMessage(message: Message, bytes: Uint8Array): JsonObject {
  const members: Members = { single: new Map(), lists: new Map(), maps: new Map() };
  for (const field of wireFields(bytes)) {
    const known = message[field.number];
    if (known !== undefined && field.value !== undefined) addMember(members, known, field.value);
  }
  const maps = [...members.maps].map(([name, entries]) => [name, Object.fromEntries(entries)] as const);
  return Object.fromEntries<Json>([...members.single, ...members.lists, ...maps]);
}

function addMember({ single, lists, maps }: Members, { name, type, shape, pointer }: Field, value: WireValue): void {
  if (shape === 'map') {
    const entries = maps.get(name) ?? new Map<string, Json>();
    maps.set(name, entries.set(...decodeEntry(type, value)));
    return;
  }
  const decoded = decodeValue(type, value);
  if (shape === 'list') {
    const list = lists.get(name) ?? [];
    list.push(decoded ?? emptyOf(type));
    lists.set(name, list);
  } else if (decoded !== undefined) {
    single.set(name, decoded);
  } else if (pointer) {
    single.set(name, emptyOf(type));
  }
}

function decodeEntry(type: FieldType, value: WireValue): [string, Json] {
  const entry = bytesByNumber(messageBytes(value));
  return [textOf(entry.get(1)), decodeValue(type, entry.get(2) ?? new Uint8Array()) ?? ''];
}

/** Undefined when the value is its type's empty one. */
function decodeValue(type: FieldType, value: WireValue): Json | undefined {
  switch (type) {
    case 'text':
      return textOf(messageBytes(value)) || undefined;
    case 'bytes':
      return Buffer.from(messageBytes(value)).toString('base64') || undefined;
    case 'integer':
      return Number(BigInt.asIntN(64, integerOf(value))) || undefined;
    case 'flag':
      return integerOf(value) !== 0n || undefined;
    case 'instant':
      return decodeInstant(messageBytes(value), toRfc3339);
    case 'microInstant':
      return decodeInstant(messageBytes(value), toRfc3339Micro);
    case 'json':
      return decodeJson(messageBytes(value));
    default: {
      const object = decodeMessage(type, messageBytes(value));
      return Object.keys(object).length === 0 ? undefined : object;
    }
  }
}

function emptyOf(type: FieldType): Json {
  if (type === 'integer') return 0;
  if (type === 'flag') return false;
  return typeof type === 'string' ? '' : {};
}

function integerOf(value: WireValue): bigint {
  if (typeof value === 'bigint') return value;
  throw badRequest('a field of the body is of another type than its message says');
}

function messageBytes(value: WireValue): Uint8Array {
  if (typeof value !== 'bigint') return value;
  throw badRequest('a field of the body is of another type than its message says');
}

/** The zero instant is a message without seconds. */
function decodeInstant(bytes: Uint8Array, format: (epochMs: number) => string): string | undefined {
  let [seconds, nanos] = [0, 0];
  for (const field of wireFields(bytes)) {
    if (typeof field.value !== 'bigint') continue;
    if (field.number === 1) seconds = Number(BigInt.asIntN(64, field.value));
    else if (field.number === 2) nanos = Number(field.value);
  }
  const epochMs = seconds * 1000 + Math.floor(nanos / 1_000_000);
  if (seconds === 0) return undefined;
  if (Math.abs(epochMs) > instantMsMax) throw badRequest('an instant in the body is out of range');
  return format(epochMs);
}

/** The greatest instant there is, in epoch milliseconds. */
const instantMsMax = 8_640_000_000_000_000;

function decodeJson(bytes: Uint8Array): Json | undefined {
  const text = textOf(bytesByNumber(bytes).get(1));
  if (text === '') return undefined;
  try {
    return JSON.parse(text) as Json;
  } catch {
    throw badRequest('a field of the body that should be JSON is not');
  }
}

function textOf(bytes: Uint8Array | undefined): string {
  return bytes === undefined ? '' : Buffer.from(bytes).toString('utf8');
}
