import type { Json, JsonObject } from '../base/json.ts';

/** How many distinct texts are known; beyond that sharing of texts starts anew. */
const textsMax = 20_000;

/** Texts of these lengths are shared, in characters: the engine shares shorter ones, longer ones have something of their run in them. */
const textCharactersMin = 11;
const textCharactersMax = 8_192;

/** How many distinct lists and maps are known; beyond that sharing of them starts anew. */
const partsMax = 20_000;

/** Slots in which a part is noted that was seen once; a power of two. */
const seenSlots: number = 2 ** 18;

/** Nested deeper than this, a value is left as it is. */
const depthMax = 32;

/** A prime by which hashes are mixed (FNV). */
const prime = 0x01000193;

type Part = Record<string, Json> | Json[];

/**
 * Lets values that stay for long share their equal parts: thousands of finished runs of one pipeline have the same
 * steps, volumes, conditions and owners of fields, each in copies of its own.
 *
 * A part (a list or map) is shared from its third sight on, and one with lists or maps in it once those are shared; what
 * is seen once only costs a slot. Parts are equal when their members are, in the same order, so nobody can tell a
 * shared part from a copy: only that it is the same one.
 */
export class SharedParts {
  readonly #texts = new Map<string, string>();
  readonly #byHash = new Map<number, Part>();
  /** The parts that others may be replaced by, each with a number by which it is told apart. */
  readonly #shared = new Map<Part, number>();
  readonly #seen = new Int32Array(seenSlots);
  #newest = 0;

  /**
   * Replaces parts of `value` by equal ones seen before. This is the one place that touches a value others may hold: they
   * keep the same object, with members that equal what they were. What is frozen stays as it is.
   */
  settle(value: JsonObject): void {
    this.#settleMap(value as Record<string, Json>, 0);
  }

  /** Settles the members; returns a hash of them, or undefined when one of them is not shared. */
  #settleMap(part: Record<string, Json>, depth: number): number | undefined {
    let hash: number | undefined = 31;
    for (const key in part) {
      const member = part[key] as Json;
      let memberHash: number | undefined;
      if (typeof member === 'string') {
        memberHash = textHash(member);
        const known = this.#text(member);
        if (known !== undefined && !Object.isFrozen(part)) part[key] = known;
      } else if (typeof member === 'object' && member !== null) {
        const found = this.#sharedPart(member as Part, depth + 1);
        if (found !== undefined) {
          memberHash = this.#shared.get(found);
          if (found !== member && !Object.isFrozen(part)) part[key] = found as Json;
        }
      } else memberHash = plainHash(member);
      if (memberHash === undefined) hash = undefined;
      else if (hash !== undefined) hash = Math.imul(Math.imul(hash ^ keyHash(key), prime) ^ memberHash, prime);
    }
    return hash;
  }

  #settleList(part: Json[], depth: number): number | undefined {
    let hash: number | undefined = 17;
    for (let at = 0; at < part.length; at++) {
      const member = part[at] as Json;
      let memberHash: number | undefined;
      if (typeof member === 'string') {
        memberHash = textHash(member);
        const known = this.#text(member);
        if (known !== undefined && !Object.isFrozen(part)) part[at] = known;
      } else if (typeof member === 'object' && member !== null) {
        const found = this.#sharedPart(member as Part, depth + 1);
        if (found !== undefined) {
          memberHash = this.#shared.get(found);
          if (found !== member && !Object.isFrozen(part)) part[at] = found as Json;
        }
      } else memberHash = plainHash(member);
      if (memberHash === undefined) hash = undefined;
      else if (hash !== undefined) hash = Math.imul(hash ^ memberHash, prime);
    }
    return hash;
  }

  /** The shared part that equals `part`; undefined when there is none yet. */
  #sharedPart(part: Part, depth: number): Part | undefined {
    if (this.#shared.has(part)) return part;
    if (depth > depthMax) return undefined;
    const hash = Array.isArray(part) ? this.#settleList(part, depth) : this.#settleMap(part, depth);
    if (hash === undefined) return undefined;
    const known = this.#byHash.get(hash);
    if (known !== undefined) return isSame(known, part) ? known : undefined;
    const slot = (hash ^ (hash >>> 15)) & (seenSlots - 1);
    if (this.#seen[slot] !== hash) {
      this.#seen[slot] = hash;
      return undefined;
    }
    if (this.#byHash.size >= partsMax) {
      this.#byHash.clear();
      this.#shared.clear();
    }
    this.#byHash.set(hash, part);
    this.#shared.set(part, ++this.#newest);
    return part;
  }

  /** The text to use for `text`; undefined when it is to stay. */
  #text(text: string): string | undefined {
    if (text.length < textCharactersMin || text.length > textCharactersMax) return undefined;
    const known = this.#texts.get(text);
    if (known !== undefined) return known;
    if (this.#texts.size >= textsMax) this.#texts.clear();
    this.#texts.set(text, text);
    return undefined;
  }
}

function plainHash(member: number | boolean | null): number {
  if (typeof member === 'number') return member | 0;
  return member === true ? 3 : member === false ? 5 : 7;
}

function keyHash(key: string): number {
  const last = key.length - 1;
  return (key.length << 16) ^ (key.charCodeAt(last) << 8) ^ key.charCodeAt(last >> 1);
}

/** Characters of a text that its hash looks at, about. */
const hashedCharacters = 16;

function textHash(text: string): number {
  let hash = text.length;
  const step = text.length <= hashedCharacters ? 1 : Math.floor(text.length / hashedCharacters);
  for (let at = text.length - 1; at >= 0; at -= step) hash = Math.imul(hash ^ text.charCodeAt(at), prime);
  return hash;
}

/** Whether two settled parts are equal: lists and maps in them are shared, so each is the same one or another. */
function isSame(a: Part, b: Part): boolean {
  if (Array.isArray(a)) {
    return Array.isArray(b) && a.length === b.length && a.every((member, at) => member === b[at]);
  }
  if (Array.isArray(b)) return false;
  const [names, others] = [Object.keys(a), Object.keys(b)];
  if (names.length !== others.length) return false;
  for (let at = 0; at < names.length; at++) {
    const name = names[at] as string;
    if (name !== others[at] || a[name] !== b[name]) return false;
  }
  return true;
}
