/** Objects of the API in protocol buffers, as JSON. Go programs send core kinds this way. */
import { toRfc3339, toRfc3339Micro } from '../../base/clock.ts';
import type { Json, JsonObject } from '../../base/json.ts';
import { ApiStatusError } from '../../kube/api-error.ts';
import { badRequest } from '../status-errors.ts';
import { wireFormat } from './wire-format.ts';
import { readFields, WireFormatError } from './wire-reader.ts';

/** The media type of such bodies. */
export const protobufType = 'application/vnd.kubernetes.protobuf';

/** What every such body starts with: `k8s` and a zero byte. */
const magic = [0x6b, 0x38, 0x73, 0];

/** How deep messages nest: the deepest kind needs about ten. */
const messageDepthMax = 64;

interface Member {
  /** Undefined for a message whose members belong to the one around it. */
  readonly name: string | undefined;
  readonly type: string;
  readonly shape: 'one' | 'list' | 'map';
  /** Zero and empty values are said, too. */
  readonly keepsZero: boolean;
}

type Message = ReadonlyMap<number, Member>;

let messages: ReadonlyMap<string, Message> | undefined;

/**
 * The object in `bytes`, as its JSON would be. Throws `BadRequest` for bytes that are no message, and
 * `UnsupportedMediaType` for kinds that are understood as JSON only: a client can be told to send that.
 */
export function decodeProtobufObject(bytes: Uint8Array): JsonObject {
  try {
    return decodeEnvelope(bytes);
  } catch (thrown) {
    if (thrown instanceof WireFormatError) throw badRequest(`the body is not ${protobufType}: ${thrown.message}`);
    throw thrown;
  }
}

function decodeEnvelope(bytes: Uint8Array): JsonObject {
  if (magic.some((byte, index) => bytes[index] !== byte)) throw new WireFormatError('it does not start with k8s and 0');
  const envelope = bytes.subarray(magic.length);
  const typeMeta = bytesField(envelope, 1);
  const [apiVersion, kind] = [textField(typeMeta, 1), textField(typeMeta, 2)];
  if (!rootKinds.includes(`${apiVersion} ${kind}`) && kind !== 'DeleteOptions') {
    const why = `${apiVersion} ${kind} is not understood as ${protobufType}, only as application/json`;
    throw new ApiStatusError('UnsupportedMediaType', `${why}: set the client's content type`);
  }
  return { apiVersion, kind, ...decodeMessage(kind, bytesField(envelope, 2), 0) };
}

/** What bodies may be: names of messages are unique only below these. */
const rootKinds: readonly string[] = [
  'v1 Namespace',
  'v1 ConfigMap',
  'v1 Secret',
  'v1 ServiceAccount',
  'v1 PersistentVolumeClaim',
  'v1 Event',
  'v1 Node',
  'v1 Pod',
  'v1 Binding',
  'coordination.k8s.io/v1 Lease',
  'policy/v1 Eviction',
  'authorization.k8s.io/v1 SelfSubjectAccessReview',
  'authorization.k8s.io/v1 SelfSubjectRulesReview',
  'authentication.k8s.io/v1 SelfSubjectReview',
];

function knownMessages(): ReadonlyMap<string, Message> {
  messages ??= new Map(
    wireFormat
      .trim()
      .split(/\n(?! )/)
      .map((entry) => parseMessage(entry)),
  );
  return messages;
}

function parseMessage(entry: string): readonly [string, Message] {
  const [name = '', list = ''] = entry.split(':');
  const members = list.split(',').filter((text) => text.trim() !== '');
  return [name, new Map(members.map(parseMember))];
}

function parseMember(text: string): readonly [number, Member] {
  const [number = '', name = '', typeText = ''] = text.trim().split(/\s+/);
  const type = typeText.replace(/[[\]{}!]/g, '');
  const shape = typeText.includes('[]') ? 'list' : typeText.includes('{}') ? 'map' : 'one';
  return [Number(number), { name: name === '.' ? undefined : name, type, shape, keepsZero: typeText.endsWith('!') }];
}

function decodeMessage(type: string, bytes: Uint8Array, depth: number): JsonObject {
  if (depth > messageDepthMax) throw new WireFormatError(`messages nested deeper than ${messageDepthMax}`);
  const message = knownMessages().get(type);
  if (message === undefined) throw new WireFormatError(`the message ${type} is not known`);
  const object = new Map<string, Json | Json[] | Map<string, Json>>();
  for (const { number, value } of readFields(bytes)) {
    const member = message.get(number);
    // Newer clients know more members than we do; the schema would prune them as well.
    if (member !== undefined) addMember(object, member, value, depth);
  }
  const members = [...object].map(([name, value]) => [name, value instanceof Map ? Object.fromEntries(value) : value]);
  return Object.fromEntries(members) as JsonObject;
}

type WireValue = ReturnType<typeof readFields>[number]['value'];

/** Lists and maps arrive one item at a time and grow in place. */
function addMember(
  object: Map<string, Json | Json[] | Map<string, Json>>,
  { name, type, shape, keepsZero }: Member,
  value: WireValue,
  depth: number,
): void {
  if (name === undefined) {
    for (const [key, inner] of Object.entries(decodeMessage(type, asBytes(value), depth + 1)))
      if (inner !== undefined) object.set(key, inner);
  } else if (shape === 'list') {
    const item = decodeValue(type, value, depth) ?? zeroOf(type);
    const list = object.get(name);
    if (Array.isArray(list)) list.push(item);
    else object.set(name, [item]);
  } else if (shape === 'map') {
    const known = object.get(name);
    const map = known instanceof Map ? known : new Map<string, Json>();
    map.set(...decodeEntry(type, asBytes(value), depth));
    object.set(name, map);
  } else {
    const decoded = decodeValue(type, value, depth);
    if (decoded !== undefined && (keepsZero || !isZero(decoded))) object.set(name, decoded);
  }
}

/** An entry of a map is a message of key and value. */
function decodeEntry(type: string, bytes: Uint8Array, depth: number): [string, Json] {
  const fields = readFields(bytes);
  const key = fields.find(({ number }) => number === 1)?.value;
  const value = fields.find(({ number }) => number === 2)?.value;
  const decoded = value === undefined ? undefined : decodeValue(type, value, depth);
  return [key instanceof Uint8Array ? textOf(key) : '', decoded ?? zeroOf(type)];
}

/** Undefined for an instant that is not set. */
function decodeValue(type: string, value: WireValue, depth: number): Json | undefined {
  switch (type) {
    case 'string':
      return textOf(asBytes(value));
    case 'bytes':
      return base64Of(asBytes(value));
    case 'bool':
      return Number(value) !== 0;
    case 'int32':
    case 'int64':
    case 'double':
      return Number(value);
    case 'Time':
      return instantOf(asBytes(value), toRfc3339);
    case 'MicroTime':
      return instantOf(asBytes(value), toRfc3339Micro);
    case 'Quantity':
      return textField(asBytes(value), 1);
    case 'IntOrString':
      return intOrString(asBytes(value));
    case 'FieldsV1':
    case 'RawExtension':
      return parsedJson(textField(asBytes(value), 1));
    case 'ExtraValue':
      return readFields(asBytes(value)).map((field) => textOf(asBytes(field.value)));
    default:
      return decodeMessage(type, asBytes(value), depth + 1);
  }
}

function zeroOf(type: string): Json {
  return type === 'string' || type === 'bytes' ? '' : null;
}

function isZero(value: Json): boolean {
  return value === '' || value === 0 || value === false;
}

function asBytes(value: WireValue): Uint8Array {
  if (value instanceof Uint8Array) return value;
  throw new WireFormatError('a number where bytes are expected');
}

function textOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

function base64Of(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
}

function textField(bytes: Uint8Array, wanted: number): string {
  return textOf(bytesField(bytes, wanted));
}

/** The bytes of a field; none when it is absent. */
function bytesField(bytes: Uint8Array, wanted: number): Uint8Array {
  const value = readFields(bytes).find(({ number }) => number === wanted)?.value;
  return value instanceof Uint8Array ? value : new Uint8Array();
}

function instantOf(bytes: Uint8Array, format: (epochMs: number) => string): string | undefined {
  const fields = readFields(bytes);
  const numberOf = (wanted: number): number => Number(fields.find(({ number }) => number === wanted)?.value ?? 0);
  const epochMs = numberOf(1) * 1000 + Math.floor(numberOf(2) / 1_000_000);
  // Go's zero instant lies before the year 1; no instant of an object does.
  const isSet = fields.length > 0 && epochMs > -62_135_596_800_000;
  if (isSet && epochMs > 253_402_300_799_999) throw new WireFormatError('an instant behind the year 9999');
  return isSet ? format(epochMs) : undefined;
}

function intOrString(bytes: Uint8Array): Json {
  const fields = readFields(bytes);
  const isText = Number(fields.find(({ number }) => number === 1)?.value ?? 0) === 1;
  return isText ? textField(bytes, 3) : Number(fields.find(({ number }) => number === 2)?.value ?? 0);
}

function parsedJson(text: string): Json {
  try {
    return JSON.parse(text === '' ? '{}' : text) as Json;
  } catch {
    throw new WireFormatError('JSON within the message cannot be read');
  }
}
