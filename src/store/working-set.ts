import { assert } from '../base/assert.ts';
import type { JsonObject } from '../base/json.ts';
import { EventLog, type LogEntry } from './event-log.ts';
import { KeyIndex } from './key-index.ts';
import { newestPage, pastPage } from './range-page.ts';
import type { RangePage, Store, StoreEvent, StoreKey, StoreWatch, StoredValue, WriteOutcome } from './store.ts';
import { SharedParts } from './shared-parts.ts';
import { RevisionGoneError } from './store.ts';
import { WatchHub } from './watch-hub.ts';

/** The revision of a store in which nothing was ever written, as in etcd. */
export const emptyRevision = 1;

/** How many changes are remembered for watches and reads of the past, unless told otherwise. */
export const historyRevisionsMaxDefault = 10_000;

/** How many live events may wait for one watcher before it is cut off, unless told otherwise. */
export const watchQueueEventsMaxDefault = 10_000;

/** How far the history may grow beyond its limit before it is cut: one cut in so many writes, as a part of the limit. */
const historySlackPart = 0.1;

/** Limits of a store. */
export interface WorkingSetLimits {
  /** The most changes that are remembered (default {@link historyRevisionsMaxDefault}); up to a tenth more between cuts. */
  readonly historyRevisionsMax?: number;
  /** The most live events that may wait for one watcher (default {@link watchQueueEventsMaxDefault}). */
  readonly watchQueueEventsMax?: number;
}

/** What a {@link WorkingSet} starts from and tells about. */
export interface WorkingSetOptions extends WorkingSetLimits {
  /** The revision that the log continues from (default {@link emptyRevision}). */
  readonly revision?: number;
  /** Called for each change that the log forgets, oldest first. */
  readonly onForgotten?: (entry: LogEntry) => void;
}

/** How to build the value of a delete's event; absent = the last value as it was. */
export type DeleteStamp = (revision: number, last: JsonObject) => JsonObject;

/**
 * Everything a store holds in memory: newest values, the log of changes, and the watchers.
 *
 * A change is readable as soon as it is made; watchers see it once it is published. The memory store publishes at once,
 * the SQLite store after the commit.
 */
export class WorkingSet {
  readonly #index = new KeyIndex();
  readonly #log: EventLog;
  readonly #hub: WatchHub;
  readonly #historyRevisionsMax: number;
  readonly #onForgotten: ((entry: LogEntry) => void) | undefined;
  readonly #parts = new SharedParts();
  #publishedRevision: number;
  #stamping = false;

  constructor(options: WorkingSetOptions = {}) {
    this.#log = new EventLog(options.revision ?? emptyRevision);
    this.#publishedRevision = this.#log.newestRevision;
    this.#hub = new WatchHub({ queueEventsMax: options.watchQueueEventsMax ?? watchQueueEventsMaxDefault });
    this.#historyRevisionsMax = options.historyRevisionsMax ?? historyRevisionsMaxDefault;
    this.#onForgotten = options.onForgotten;
  }

  /** The newest revision, published or not. */
  get revision(): number {
    return this.#log.newestRevision;
  }

  /** See {@link Store.oldestRevision}. */
  get oldestRevision(): number {
    return this.#log.oldestRevision;
  }

  /** How many keys have a value. */
  get size(): number {
    return this.#index.size;
  }

  get(key: StoreKey): StoredValue | undefined {
    return this.#index.get(key);
  }

  /** See {@link Store.range}. */
  range(prefix: StoreKey, options: Parameters<Store['range']>[1] = {}): RangePage {
    const { limit = 0, after, atRevision = this.revision } = options;
    assert(Number.isInteger(limit) && limit >= 0, 'the limit of a page is a whole number');
    const scan = { prefix, after, limit };
    if (atRevision === this.revision) return newestPage(this.#index, scan, atRevision);
    this.#assertInLog(atRevision);
    return pastPage(this.#index, this.#log, scan, atRevision);
  }

  /** See {@link Store.put}. */
  put(key: StoreKey, expected: number | undefined, stamp: (revision: number) => JsonObject): WriteOutcome {
    const current = this.#index.get(key);
    if (!isExpected(current, expected)) return { done: false, current };
    const value = this.#stamped(stamp);
    return this.#write({ type: 'put', key, value, current });
  }

  /** See {@link Store.delete}. */
  delete(key: StoreKey, expected: number | undefined, stamp?: DeleteStamp): WriteOutcome {
    const current = this.#index.get(key);
    if (current === undefined || !isExpected(current, expected)) return { done: false, current };
    const value = stamp ? this.#stamped((revision) => stamp(revision, current.value)) : current.value;
    return this.#write({ type: 'delete', key, value, current });
  }

  /** Takes a value that was there before the log begins. */
  restoreValue(stored: StoredValue): void {
    assert(stored.modRevision <= this.oldestRevision, 'a value from before the log');
    this.#parts.settle(stored.value);
    this.#index.set(stored);
  }

  /** Takes the removal of a key from before the log begins. */
  restoreRemoval(key: StoreKey): void {
    this.#index.delete(key);
  }

  /** Repeats a change that was logged before; nobody watches yet, so it counts as published. */
  restoreChange(change: Pick<StoreEvent, 'type' | 'key' | 'value'>): void {
    this.#parts.settle(change.value);
    this.#write({ ...change, current: this.#index.get(change.key) });
    this.#publishedRevision = this.revision;
  }

  /** See {@link Store.watch}. */
  watch(prefix: StoreKey, fromRevision: number): StoreWatch {
    this.#assertInLog(fromRevision);
    const backlog: StoreEvent[] = [];
    for (let revision = fromRevision + 1; revision <= this.#publishedRevision; revision++) {
      const { event } = this.#log.at(revision);
      if (event.key.startsWith(prefix)) backlog.push(event);
    }
    return this.#hub.add({ prefix, fromRevision: Math.max(fromRevision, this.#publishedRevision), backlog });
  }

  /** Shows watchers every change up to and including `revision`. */
  publish(revision: number): void {
    assert(revision <= this.revision, 'only what was written is published');
    while (this.#publishedRevision < revision) {
      this.#publishedRevision++;
      this.#hub.publish(this.#log.at(this.#publishedRevision).event);
    }
    const excess = this.#log.length - this.#historyRevisionsMax;
    if (excess > this.#historyRevisionsMax * historySlackPart) this.#forget(this.oldestRevision + excess);
  }

  /** Takes back every change that was not published. */
  rollBack(): void {
    while (this.revision > this.#publishedRevision) {
      const { event, replaced } = this.#log.takeLast();
      if (replaced) this.#index.set(replaced);
      else this.#index.delete(event.key);
    }
  }

  /** See {@link Store.compact}; what is not published yet stays. */
  compact(revision: number): void {
    if (revision > this.revision) throw new RevisionGoneError(revision, this.oldestRevision);
    this.#forget(revision);
  }

  /** Ends every watch: with `error`, or quietly. */
  endWatches(error?: Error): void {
    this.#hub.endAll(error);
  }

  #forget(revision: number): void {
    this.#log.forget(Math.min(revision, this.#publishedRevision), (entry) => {
      this.#settle(entry.event);
      this.#onForgotten?.(entry);
    });
  }

  /** A value that has not changed for as long as changes are remembered is one that stays: a finished run, say. */
  #settle({ key, revision }: StoreEvent): void {
    const stored = this.#index.get(key);
    if (stored?.modRevision === revision) this.#parts.settle(stored.value);
  }

  #write(change: Pick<StoreEvent, 'type' | 'key' | 'value'> & { current: StoredValue | undefined }): WriteOutcome {
    const { type, key, value, current } = change;
    const revision = this.revision + 1;
    const createRevision = current?.createRevision ?? revision;
    const previous = current === undefined ? {} : { previous: current.value };
    this.#log.append({ event: { type, key, revision, value, ...previous, createRevision }, replaced: current });
    if (type === 'put') this.#index.set({ key, value, modRevision: revision, createRevision });
    else this.#index.delete(key);
    return { done: true, revision };
  }

  #stamped(stamp: (revision: number) => JsonObject): JsonObject {
    // A write from within a stamp would take the revision that was just promised.
    assert(!this.#stamping, 'a stamp does not write to the store');
    this.#stamping = true;
    try {
      return stamp(this.revision + 1);
    } finally {
      this.#stamping = false;
    }
  }

  #assertInLog(revision: number): void {
    if (revision < this.oldestRevision || revision > this.revision)
      throw new RevisionGoneError(revision, this.oldestRevision);
  }
}

function isExpected(current: StoredValue | undefined, expected: number | undefined): boolean {
  return expected === undefined || (current?.modRevision ?? 0) === expected;
}
