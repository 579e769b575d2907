import type { JsonObject } from '../base/json.ts';

/**
 * A key of the store: `resource-prefix/namespace/name` segments joined with `/`, e.g.
 * `tekton.dev/pipelineruns/default/build-1`, or `namespaces//default` (empty namespace) for cluster-scoped objects.
 * Keys sort by UTF-16 code unit.
 */
export type StoreKey = string;

/** A stored value with the revisions that etcd keeps. Values are shared and read-only. */
export interface StoredValue {
  readonly key: StoreKey;
  readonly value: JsonObject;
  /** Revision of the write that made this value: the object's resourceVersion. */
  readonly modRevision: number;
  readonly createRevision: number;
}

/** One change in the log. A delete carries the last value and its own revision. */
export interface StoreEvent {
  readonly type: 'put' | 'delete';
  readonly key: StoreKey;
  readonly revision: number;
  /** The value after a put; the last value before a delete. */
  readonly value: JsonObject;
  /** The value before a put; absent when the put created the key. */
  readonly previous?: JsonObject;
  readonly createRevision: number;
}

/** Outcome of a guarded write: done at `revision`, or refused because the key was not as expected. */
export type WriteOutcome =
  | { readonly done: true; readonly revision: number }
  | { readonly done: false; readonly current: StoredValue | undefined };

/** A page of a range scan. */
export interface RangePage {
  readonly items: readonly StoredValue[];
  /** The revision that the page shows (that of the first page when paging). */
  readonly revision: number;
  /** Whether keys remain after the last item. */
  readonly more: boolean;
  /** How many keys remain after the last item (exact). */
  readonly remaining: number;
}

/** Thrown when a revision that was asked for has been compacted away, or lies in the future. */
export class RevisionGoneError extends Error {
  override readonly name = 'RevisionGoneError';
  readonly code = 'REVISION_GONE';
  readonly oldestRevision: number;
  constructor(asked: number, oldestRevision: number) {
    super(`revision ${asked} is not in the log, which starts at ${oldestRevision}`);
    this.oldestRevision = oldestRevision;
  }
}

/** A live watch. Iterate `events`; `close` ends it. A watcher that falls too far behind gets an error and must list. */
export interface StoreWatch {
  readonly events: AsyncIterable<StoreEvent>;
  close(): void;
}

/**
 * Revisions on a log, as in etcd: one global, monotonic revision counter, guarded writes, range scans at a revision and
 * watches from a revision. Reads and guarded writes are synchronous, so each is atomic; durability is awaited apart.
 */
export interface Store {
  /** The newest revision (1 in an empty store). */
  revision(): number;
  get(key: StoreKey): StoredValue | undefined;
  /**
   * Values whose key starts with `prefix`, in key order. `after` continues behind a key; `atRevision` reads the past and
   * throws {@link RevisionGoneError} when compacted.
   */
  range(prefix: StoreKey, options?: { limit?: number; after?: StoreKey; atRevision?: number }): RangePage;
  /**
   * Writes `value` if the key is as `expected`: `0` = absent, a number = that modRevision, `undefined` = whatever.
   * `stamp` builds the value from the revision it will get (resourceVersion is part of the object).
   */
  put(key: StoreKey, expected: number | undefined, stamp: (revision: number) => JsonObject): WriteOutcome;
  /** Removes the key if it is at `expected`; `stamp` makes the last value that watchers see, from the delete's revision. */
  delete(
    key: StoreKey,
    expected: number | undefined,
    stamp?: (revision: number, last: JsonObject) => JsonObject,
  ): WriteOutcome;
  /** Events of keys under `prefix` after `fromRevision` (exclusive), then live. Throws {@link RevisionGoneError}. */
  watch(prefix: StoreKey, fromRevision: number): StoreWatch;
  /** Resolves once everything written so far is on disk (fsync); at once in memory. */
  durable(): Promise<void>;
  /** Forgets history before `revision`; the newest value of every key stays. */
  compact(revision: number): void;
  /** The oldest revision that can still be watched from. */
  oldestRevision(): number;
  /** Flushes and releases what the store holds. */
  close(): Promise<void>;
}
