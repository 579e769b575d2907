import { assert } from './assert.ts';

/** The only source of randomness in the product. `system-random.ts` is unpredictable, {@link seededRandom} replays. */
export interface Random {
  /** A whole number between `low` and `high`, both included. */
  integer(low: number, high: number): number;
}

/** The alphabet of `generateName` suffixes in Kubernetes: no vowels and no look-alikes, so no words appear. */
const suffixAlphabet = 'bcdfghjklmnpqrstvwxz2456789';

/** A random text of `length` characters that may stand in a Kubernetes name. */
export function randomSuffix(random: Random, length: number): string {
  let text = '';
  for (let index = 0; index < length; index++) {
    text += suffixAlphabet.charAt(random.integer(0, suffixAlphabet.length - 1));
  }
  return text;
}

/** A random UUID, version 4 (RFC 9562 section 5.4). */
export function randomUuid(random: Random): string {
  const digits = Array.from({ length: 32 }, () => random.integer(0, 15));
  digits[12] = 4;
  digits[16] = 8 + ((digits[16] ?? 0) & 3);
  const hex = digits.map((digit) => digit.toString(16)).join('');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

/** A generator that replays from its seed: mulberry32, 32 bits of state. Not for secrets. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
  return {
    integer(low, high) {
      assert(Number.isInteger(low) && Number.isInteger(high) && low <= high, 'a range of whole numbers');
      return low + Math.floor(next() * (high - low + 1));
    },
  };
}
