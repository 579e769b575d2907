import { present } from '../base/assert.ts';
import type { StoreKey, StoredValue } from './store.ts';

/** How many keys one chunk holds before it is cut in two: small enough to move, large enough to keep the list short. */
const chunkKeysMax = 512;

interface Entry {
  readonly key: StoreKey;
  stored: StoredValue;
}

interface Position {
  readonly chunk: number;
  readonly offset: number;
}

/**
 * The newest value of every key, by key and in key order.
 *
 * Keys stand in sorted chunks of at most 512, so that an insert moves a few hundred references at most and finding a
 * place is two binary searches; a map beside them makes reading and replacing a value independent of their number.
 */
export class KeyIndex {
  readonly #entries = new Map<StoreKey, Entry>();
  /** Never empty lists, in key order; their keys do not overlap. */
  readonly #chunks: Entry[][] = [];

  /** How many keys there are. */
  get size(): number {
    return this.#entries.size;
  }

  get(key: StoreKey): StoredValue | undefined {
    return this.#entries.get(key)?.stored;
  }

  has(key: StoreKey): boolean {
    return this.#entries.has(key);
  }

  /** Adds the value under its key, or takes the place of the value there. */
  set(stored: StoredValue): void {
    const entry = this.#entries.get(stored.key);
    if (entry) entry.stored = stored;
    else this.#insert({ key: stored.key, stored });
  }

  /** Removes a key; nothing happens when it is absent. */
  delete(key: StoreKey): void {
    if (!this.#entries.delete(key)) return;
    const { chunk, offset } = this.#firstNot((candidate) => candidate < key);
    const entries = this.#chunk(chunk);
    entries.splice(offset, 1);
    if (entries.length === 0) this.#chunks.splice(chunk, 1);
  }

  /** Values whose key starts with `prefix` and comes behind `after`, in key order. The index must not change meanwhile. */
  *values(prefix: StoreKey, after?: StoreKey): Generator<StoredValue, void, undefined> {
    let { chunk, offset } = this.#start(prefix, after);
    for (; chunk < this.#chunks.length; chunk++, offset = 0) {
      const entries = this.#chunk(chunk);
      for (; offset < entries.length; offset++) {
        const entry = entries[offset] as Entry;
        if (!entry.key.startsWith(prefix)) return;
        yield entry.stored;
      }
    }
  }

  /** How many keys start with `prefix` and come behind `after`. */
  count(prefix: StoreKey, after?: StoreKey): number {
    const start = this.#start(prefix, after);
    const end = this.#firstNot((key) => isBehind(key, prefix, after) || key.startsWith(prefix));
    let count = end.offset - start.offset;
    for (let chunk = start.chunk; chunk < end.chunk; chunk++) count += this.#chunk(chunk).length;
    return count;
  }

  #start(prefix: StoreKey, after: StoreKey | undefined): Position {
    return this.#firstNot((key) => isBehind(key, prefix, after));
  }

  #insert(entry: Entry): void {
    this.#entries.set(entry.key, entry);
    if (this.#chunks.length === 0) {
      this.#chunks.push([entry]);
      return;
    }
    const place = this.#firstNot((key) => key < entry.key);
    // A key behind all others goes to the end of the last chunk, not into a chunk of its own.
    const atEnd = place.chunk === this.#chunks.length;
    const chunk = atEnd ? place.chunk - 1 : place.chunk;
    const entries = this.#chunk(chunk);
    entries.splice(atEnd ? entries.length : place.offset, 0, entry);
    if (entries.length > chunkKeysMax) this.#chunks.splice(chunk + 1, 0, entries.splice(entries.length >>> 1));
  }

  /** The first place whose key does not satisfy `holds`, which must hold for a run of keys from the start and no others. */
  #firstNot(holds: (key: StoreKey) => boolean): Position {
    const lastOf = (index: number): StoreKey => present(this.#chunk(index).at(-1), 'chunks are not empty').key;
    const chunk = partitionPoint(this.#chunks.length, (index) => holds(lastOf(index)));
    if (chunk === this.#chunks.length) return { chunk, offset: 0 };
    const entries = this.#chunk(chunk);
    return { chunk, offset: partitionPoint(entries.length, (index) => holds((entries[index] as Entry).key)) };
  }

  #chunk(index: number): Entry[] {
    return present(this.#chunks[index], 'a chunk of the key index');
  }
}

/** Whether `key` lies before the keys that a scan of `prefix` behind `after` shows. */
function isBehind(key: StoreKey, prefix: StoreKey, after: StoreKey | undefined): boolean {
  return key < prefix || (after !== undefined && key <= after);
}

/** The first index for which `holds` is false, or `length`. */
function partitionPoint(length: number, holds: (index: number) => boolean): number {
  let low = 0;
  let high = length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (holds(middle)) low = middle + 1;
    else high = middle;
  }
  return low;
}
