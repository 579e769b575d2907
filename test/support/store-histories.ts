/** Random histories of a store against a model that keeps everything and searches through all of it. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { deepFreeze } from '../../src/base/json.ts';
import { systemClock } from '../../src/base/system-clock.ts';
import { openSqliteStore } from '../../src/store/sqlite-store.ts';
import type { RangePage, Store, StoreEvent, StoreWatch, StoredValue } from '../../src/store/store.ts';

const keys = ['a/x', 'a/y', 'a/y/z', 'a/y/é', 'a/y\uffff', 'ab', 'b//x', 'b/n/x', 'b/n/xy'];
const prefixes = ['', 'a', 'a/', 'a/y', 'a/y/', 'b/', 'b//', 'b/n/x', 'c/'];

/** Everything that ever happened. */
class Model {
  readonly events: StoreEvent[] = [];
  oldest = 1;

  get revision(): number {
    return this.events.length + 1;
  }

  /** The values at a revision, by replaying. */
  at(revision: number): StoredValue[] {
    const values = new Map<string, StoredValue>();
    for (const event of this.events.filter((candidate) => candidate.revision <= revision)) {
      const { key, value, createRevision } = event;
      if (event.type === 'put') values.set(key, { key, value, modRevision: event.revision, createRevision });
      else values.delete(key);
    }
    return [...values.values()].sort((a, b) => (a.key < b.key ? -1 : 1));
  }

  get(key: string): StoredValue | undefined {
    return this.at(this.revision).find((stored) => stored.key === key);
  }

  range(prefix: string, options: { limit?: number; after?: string; atRevision?: number }): RangePage {
    const { limit, after, atRevision = this.revision } = options;
    const all = this.at(atRevision).filter(({ key }) => key.startsWith(prefix) && (after === undefined || key > after));
    const items = limit === 0 ? all : all.slice(0, limit);
    return { items, revision: atRevision, more: items.length < all.length, remaining: all.length - items.length };
  }

  knows(revision: number): boolean {
    return revision >= this.oldest && revision <= this.revision;
  }
}

interface Watching {
  readonly watch: StoreWatch;
  readonly prefix: string;
  readonly from: number;
}

/** Which revision an action names: the newest, minus this. Negative = the future. */
const ago = fc.integer({ min: -2, max: 30 });
const key = fc.constantFrom(...keys);
const prefix = fc.constantFrom(...prefixes);
/** 0 = absent, 1 = the right revision, 2 = a wrong one, 3 = whatever. */
const expectation = fc.integer({ min: 0, max: 3 });

const action = fc.oneof(
  { weight: 8, arbitrary: fc.record({ do: fc.constant('put' as const), key, expectation }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('delete' as const), key, expectation, stamped: fc.boolean() }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('range' as const),
      prefix,
      limit: fc.option(fc.integer({ min: 0, max: 4 }), { nil: undefined }),
      after: fc.option(key, { nil: undefined }),
      ago: fc.option(ago, { nil: undefined }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('watch' as const), prefix, ago }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('compact' as const), ago }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('turn' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('reopen' as const) }) },
);

type Action = typeof action extends fc.Arbitrary<infer Value> ? Value : never;
type Take<Name extends Action['do']> = Extract<Action, { do: Name }>;

/** One history: the store, its model and the watches that are open. */
class History {
  store: Store;
  readonly #model = new Model();
  readonly #reopen: (() => Store) | undefined;
  #watching: Watching[] = [];

  constructor(store: Store, reopen?: () => Store) {
    this.store = store;
    this.#reopen = reopen;
  }

  async take(next: Action): Promise<void> {
    switch (next.do) {
      case 'put':
        return this.#put(next);
      case 'delete':
        return this.#delete(next);
      case 'range':
        return this.#range(next);
      case 'watch':
        return this.#watch(next);
      case 'compact':
        return this.#compact(next);
      case 'turn':
        return this.store.durable();
      default:
        return this.#closeAndOpen();
    }
  }

  /** Closes the store and compares what every watch showed. */
  async end(): Promise<void> {
    await this.store.close();
    for (const { watch, prefix: watched, from } of this.#watching) {
      const shown: StoreEvent[] = [];
      for await (const event of watch.events) shown.push(event);
      const expected = this.#model.events.filter((event) => event.revision > from && event.key.startsWith(watched));
      assert.deepEqual(shown, expected);
    }
    this.#watching = [];
  }

  #expected(wanted: { key: string; expectation: number }): { guard: number | undefined; holds: boolean } {
    const current = this.#model.get(wanted.key)?.modRevision ?? 0;
    const guard = [0, current, current + 1, undefined][wanted.expectation];
    return { guard, holds: guard === undefined || guard === current };
  }

  #put(wanted: Take<'put'>): void {
    const { guard, holds } = this.#expected(wanted);
    const current = this.#model.get(wanted.key);
    const revision = this.#model.revision + 1;
    const value = deepFreeze({ key: wanted.key, at: revision, text: 'ü'.repeat(revision % 7) });
    const outcome = this.store.put(wanted.key, guard, () => value);
    assert.deepEqual(outcome, holds ? { done: true, revision } : { done: false, current });
    if (holds) this.#happened({ type: 'put', key: wanted.key, revision, value, current });
  }

  #delete(wanted: Take<'delete'>): void {
    const { guard, holds } = this.#expected(wanted);
    const current = this.#model.get(wanted.key);
    const revision = this.#model.revision + 1;
    const last = deepFreeze({ gone: revision });
    const outcome = wanted.stamped
      ? this.store.delete(wanted.key, guard, () => last)
      : this.store.delete(wanted.key, guard);
    assert.deepEqual(outcome, holds && current ? { done: true, revision } : { done: false, current });
    if (!holds || !current) return;
    this.#happened({
      type: 'delete',
      key: wanted.key,
      revision,
      value: wanted.stamped ? last : current.value,
      current,
    });
  }

  #happened(change: Omit<StoreEvent, 'createRevision'> & { current: StoredValue | undefined }): void {
    const { current, ...event } = change;
    const previous = current ? { previous: current.value } : {};
    this.#model.events.push({ ...event, ...previous, createRevision: current?.createRevision ?? event.revision });
  }

  #range(wanted: Take<'range'>): void {
    const { limit, after } = wanted;
    const options = {
      ...(limit === undefined ? {} : { limit }),
      ...(after === undefined ? {} : { after }),
      ...(wanted.ago === undefined ? {} : { atRevision: this.#model.revision - wanted.ago }),
    };
    const scan = (): RangePage => this.store.range(wanted.prefix, options);
    if (!this.#model.knows(options.atRevision ?? this.#model.revision)) {
      assert.throws(scan, { code: 'REVISION_GONE', oldestRevision: this.#model.oldest });
      return;
    }
    assert.deepEqual(scan(), this.#model.range(wanted.prefix, options));
  }

  #watch(wanted: Take<'watch'>): void {
    const from = this.#model.revision - wanted.ago;
    if (this.#model.knows(from)) {
      this.#watching.push({ watch: this.store.watch(wanted.prefix, from), prefix: wanted.prefix, from });
    } else {
      assert.throws(() => this.store.watch(wanted.prefix, from), { code: 'REVISION_GONE' });
    }
  }

  async #compact(wanted: Take<'compact'>): Promise<void> {
    const revision = this.#model.revision - wanted.ago;
    // What no watcher was shown yet is never forgotten; then the model would have to know turns.
    await this.store.durable();
    if (revision > this.#model.revision) {
      assert.throws(() => this.store.compact(revision), { code: 'REVISION_GONE' });
      return;
    }
    this.store.compact(revision);
    this.#model.oldest = Math.max(this.#model.oldest, revision);
    assert.equal(this.store.oldestRevision(), this.#model.oldest);
  }

  async #closeAndOpen(): Promise<void> {
    if (!this.#reopen) return;
    await this.end();
    this.store = this.#reopen();
    assert.equal(this.store.revision(), this.#model.revision);
    // A compaction that freed nothing is not worth a write: history may be longer than before, never shorter.
    assert.ok(this.store.oldestRevision() <= this.#model.oldest);
    this.store.compact(this.#model.oldest);
  }
}

const histories = fc.array(action, { minLength: 1, maxLength: 80, size: 'max' });

/** One store to check: how to open it, how to open it again, what to do when its history has ended. */
export interface Subject {
  readonly open: () => Store;
  readonly reopen?: () => Store;
  readonly discard?: () => void;
}

/** Runs random histories, each on a subject of its own, and throws with the smallest one that differs from the model. */
export async function checkHistories(runs: number, newSubject: () => Subject): Promise<void> {
  const property = fc.asyncProperty(histories, async (actions) => {
    const { open, reopen, discard } = newSubject();
    const history = new History(open(), reopen);
    try {
      for (const next of actions) await history.take(next);
    } finally {
      await history.end();
      discard?.();
    }
  });
  await fc.assert(property, { numRuns: runs });
}

/** A SQLite store in a directory of its own, for {@link checkHistories}. */
export function newSqliteSubject(): Subject {
  const directory = mkdtempSync(join(tmpdir(), 'penstock-store-'));
  const open = (): Store => openSqliteStore({ directory, clock: systemClock });
  return { open, reopen: open, discard: () => rmSync(directory, { recursive: true }) };
}
