/** The wire format of protocol buffers, reading only. */
import { badRequest } from '../status-errors.ts';

/** A number, or the bytes of a text or a message. */
export type WireValue = bigint | Uint8Array;

/** A field as it stands on the wire. */
interface WireField {
  readonly number: number;
  /** Undefined for fields of fixed width, which nothing here uses. */
  readonly value: WireValue | undefined;
}

/** The fields of a message in their order. Throws `BadRequest` when the bytes are not a message. */
export function* wireFields(bytes: Uint8Array): Generator<WireField, void, undefined> {
  const cursor: Cursor = { bytes, at: 0 };
  while (cursor.at < bytes.length) {
    const tag = Number(readVarint(cursor));
    const number = Math.floor(tag / 8);
    if (number === 0) throw malformed();
    yield { number, value: readValue(cursor, tag % 8) };
  }
}

interface Cursor {
  readonly bytes: Uint8Array;
  at: number;
}

function readValue(cursor: Cursor, wireType: number): WireValue | undefined {
  switch (wireType) {
    case 0:
      return readVarint(cursor);
    case 1:
      skip(cursor, 8);
      return undefined;
    case 2:
      return skip(cursor, Number(readVarint(cursor)));
    case 5:
      skip(cursor, 4);
      return undefined;
    default:
      throw malformed();
  }
}

/** The next `length` bytes. */
function skip(cursor: Cursor, length: number): Uint8Array {
  const end = cursor.at + length;
  if (end > cursor.bytes.length) throw malformed();
  const part = cursor.bytes.subarray(cursor.at, end);
  cursor.at = end;
  return part;
}

/** Most bytes of a number of 64 bits. */
const varintBytesMax = 10;

function readVarint(cursor: Cursor): bigint {
  let value = 0n;
  for (let count = 0; count < varintBytesMax; count++) {
    const byte = cursor.bytes[cursor.at++];
    if (byte === undefined) throw malformed();
    value |= BigInt(byte & 0x7f) << BigInt(7 * count);
    if (byte < 0x80) return value;
  }
  throw malformed();
}

function malformed(): Error {
  return badRequest('the body is not a message of protocol buffers');
}
