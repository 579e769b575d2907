/** The part of DER (X.690) that certificates are written in. */

/** An element of any tag: its content, after its tag and length. */
export function element(tag: number, ...content: readonly Uint8Array[]): Uint8Array {
  const body = Buffer.concat(content);
  return Buffer.concat([Uint8Array.of(tag), lengthBytes(body.length), body]);
}

function lengthBytes(length: number): Uint8Array {
  if (length < 128) return Uint8Array.of(length);
  return length < 256 ? Uint8Array.of(0x81, length) : Uint8Array.of(0x82, length >> 8, length & 0xff);
}

/** SEQUENCE. */
export function sequence(...content: readonly Uint8Array[]): Uint8Array {
  return element(0x30, ...content);
}

/** SET. */
export function set(...content: readonly Uint8Array[]): Uint8Array {
  return element(0x31, ...content);
}

/** A context-specific tag around `content`. */
export function tagged(number: number, content: Uint8Array): Uint8Array {
  return element(0xa0 + number, content);
}

/** BOOLEAN. */
export function boolean(value: boolean): Uint8Array {
  return element(0x01, Uint8Array.of(value ? 0xff : 0));
}

/** A positive integer: without leading zeros, except one where the first bit would make it negative. */
export function integer(bytes: Uint8Array): Uint8Array {
  const start = bytes.findIndex((byte) => byte !== 0);
  const digits = start < 0 ? Uint8Array.of(0) : bytes.subarray(start);
  return element(0x02, ...((digits[0] ?? 0) >= 128 ? [Uint8Array.of(0)] : []), digits);
}

/** BIT STRING without unused bits. */
export function bitString(bytes: Uint8Array): Uint8Array {
  return element(0x03, Uint8Array.of(0), bytes);
}

/** UTF8String. */
export function text(value: string): Uint8Array {
  return element(0x0c, Buffer.from(value, 'utf8'));
}

/** OBJECT IDENTIFIER, from its dotted form. */
export function objectIdentifier(id: string): Uint8Array {
  const [first = 0, second = 0, ...rest] = id.split('.').map(Number);
  return element(0x06, Uint8Array.from([first * 40 + second, ...rest.flatMap(base128)]));
}

function base128(value: number): number[] {
  const bytes = [value & 0x7f];
  for (let left = value >> 7; left > 0; left >>= 7) bytes.unshift((left & 0x7f) | 0x80);
  return bytes;
}

/** UTCTime to 2049, GeneralizedTime from 2050, as certificates demand. */
export function time(ms: number): Uint8Array {
  const digits = `${new Date(ms).toISOString().slice(0, 19).replace(/[-:T]/g, '')}Z`;
  return digits < '2050' ? element(0x17, Buffer.from(digits.slice(2))) : element(0x18, Buffer.from(digits));
}
