/** MD5 (RFC 1321) of a text's UTF-8 bytes, in hexadecimal. For names that must equal those of others; not for security. */
export function md5Hex(text: string): string {
  const state = new Uint32Array([0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476]);
  const bytes = padded(new TextEncoder().encode(text));
  for (let offset = 0; offset < bytes.byteLength; offset += 64) {
    mix(state, new DataView(bytes.buffer, offset, 64));
  }
  const words = new DataView(new ArrayBuffer(16));
  state.forEach((word, index) => words.setUint32(index * 4, word, true));
  return Array.from({ length: 16 }, (_, index) => words.getUint8(index).toString(16).padStart(2, '0')).join('');
}

/** Shift amounts, one row per round. */
const shifts = [
  [7, 12, 17, 22],
  [5, 9, 14, 20],
  [4, 11, 16, 23],
  [6, 10, 15, 21],
] as const;

/** The constants of RFC 1321 section 3.4: integer parts of 2^32 times |sin(i + 1)|. */
const sines: readonly number[] = Array.from({ length: 64 }, (_, index) =>
  Math.floor(Math.abs(Math.sin(index + 1)) * 4_294_967_296),
);

function padded(message: Uint8Array): Uint8Array<ArrayBuffer> {
  const length = (((message.byteLength + 8) >> 6) + 1) * 64;
  const bytes = new Uint8Array(length);
  bytes.set(message);
  bytes[message.byteLength] = 0x80;
  const view = new DataView(bytes.buffer);
  view.setUint32(length - 8, (message.byteLength * 8) >>> 0, true);
  view.setUint32(length - 4, Math.floor((message.byteLength * 8) / 4_294_967_296), true);
  return bytes;
}

function mix(state: Uint32Array, block: DataView): void {
  let [a = 0, b = 0, c = 0, d = 0] = state;
  for (let step = 0; step < 64; step++) {
    const round = step >> 4;
    const sum = (a + mixed(round, b, c, d) + (sines[step] ?? 0) + block.getUint32(wordOf(round, step) * 4, true)) >>> 0;
    const shift = shifts[round as 0 | 1 | 2 | 3][step & 3] ?? 0;
    const rotated = ((sum << shift) | (sum >>> (32 - shift))) >>> 0;
    [a, d, c, b] = [d, c, b, (b + rotated) >>> 0];
  }
  [a, b, c, d].forEach((word, index) => (state[index] = ((state[index] ?? 0) + word) >>> 0));
}

function mixed(round: number, b: number, c: number, d: number): number {
  if (round === 0) return (b & c) | (~b & d);
  if (round === 1) return (d & b) | (~d & c);
  return round === 2 ? b ^ c ^ d : c ^ (b | ~d);
}

function wordOf(round: number, step: number): number {
  return (round === 0 ? step : round === 1 ? 5 * step + 1 : round === 2 ? 3 * step + 5 : 7 * step) & 15;
}
