import type { Clock } from '../base/clock.ts';
import type { KubeObject } from '../kube/object.ts';

/** So long our own write is believed while the cache does not show it. Afterwards the cache, or the API, is asked. */
export const recentWriteMsMax = 5_000;

interface Entry<T> {
  readonly object: T;
  /** Versions known to be older than `object`. Versions are opaque: only equality means anything. */
  readonly superseded: ReadonlySet<string>;
  readonly writtenMs: number;
}

/**
 * Remembers what we have just written until the cache has caught up, so that the next look does not act on an older
 * state. Saves calls only: without it every action would be repeated, and each is made to bear that.
 */
export class RecentWrites<T extends KubeObject> {
  readonly #clock: Clock;
  readonly #entries = new Map<string, Entry<T>>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Notes that `object` is what the API answered to a write over `previous` (absent for a create). */
  record(previous: T | undefined, object: T): void {
    const name = object.metadata.name ?? '';
    const superseded = new Set(this.#entries.get(name)?.superseded);
    if (previous?.metadata.resourceVersion !== undefined) superseded.add(previous.metadata.resourceVersion);
    this.#entries.set(name, { object, superseded, writtenMs: this.#clock.now() });
  }

  /** `cached`, or our own newer write of the same object. */
  latest(cached: T): T {
    const name = cached.metadata.name ?? '';
    const entry = this.#entries.get(name);
    if (entry === undefined) return cached;
    const behind =
      entry.object.metadata.uid === cached.metadata.uid &&
      entry.superseded.has(cached.metadata.resourceVersion ?? '') &&
      !this.#isOld(entry);
    if (!behind) this.#entries.delete(name);
    return behind ? entry.object : cached;
  }

  /** `cached` with every object in its newest known state, and those added that only we know of yet. */
  overlay(cached: readonly T[]): readonly T[] {
    if (this.#entries.size === 0) return cached;
    const seen = cached.map((object) => this.latest(object));
    const names = new Set(cached.map((object) => object.metadata.name ?? ''));
    for (const [name, entry] of this.#entries) {
      if (names.has(name)) continue;
      if (this.#isOld(entry)) this.#entries.delete(name);
      else seen.push(entry.object);
    }
    return seen;
  }

  /** Forgets an object, which is known to be gone. */
  forget(name: string): void {
    this.#entries.delete(name);
  }

  /** How many writes the cache has not shown yet. */
  get size(): number {
    return this.#entries.size;
  }

  #isOld(entry: Entry<T>): boolean {
    return this.#clock.now() - entry.writtenMs >= recentWriteMsMax;
  }
}
