/**
 * What every {@link Store} must do, as tests. Run over each implementation by its own test file.
 */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { deepFreeze, type JsonObject } from '../base/json.ts';
import type { Store, StoreEvent, StoreWatch } from './store.ts';
import { RevisionGoneError } from './store.ts';

/** Limits that the suite asks for, small enough to reach. */
export interface ContractLimits {
  readonly historyRevisionsMax?: number;
  readonly watchQueueEventsMax?: number;
}

/** Opens an empty store of its own. */
export type OpenEmptyStore = (limits?: ContractLimits) => Store;

/** A stamp that builds `{ name, at: revision }`, frozen as shared objects are. */
export function named(name: string): (revision: number) => JsonObject {
  return (revision) => deepFreeze({ name, at: revision });
}

/** The next `count` events of a watch. */
export async function nextEvents(watch: StoreWatch, count: number): Promise<StoreEvent[]> {
  const events: StoreEvent[] = [];
  if (count === 0) return events;
  for await (const event of { [Symbol.asyncIterator]: () => unclosed(watch) }) {
    events.push(event);
    if (events.length === count) break;
  }
  return events;
}

/** The watch's iterator without its `return`: leaving the loop does not end the watch. */
function unclosed(watch: StoreWatch): AsyncIterator<StoreEvent> {
  const iterator = watch.events[Symbol.asyncIterator]();
  return { next: () => iterator.next() };
}

/** Short text of an event, for comparing lists of them. */
export function eventText(event: StoreEvent): string {
  return `${event.revision} ${event.type} ${event.key}`;
}

const keysOf = (page: { items: readonly { key: string }[] }): string[] => page.items.map((item) => item.key);

/** Registers the whole suite for stores made by `open`. */
export function describeStoreContract(name: string, open: OpenEmptyStore): void {
  describe(`${name}: the store contract`, () => {
    let store: Store;
    beforeEach(() => {
      store = open();
    });
    afterEach(() => store.close());

    describeWrites(() => store);
    describeRanges(() => store);
    describeWatches(() => store);
    describeWatchEnds(() => store);
    describeCompaction(() => store);
  });
  describeLimits(name, open);
}

function describeWrites(store: () => Store): void {
  it('starts empty at revision 1', () => {
    assert.equal(store().revision(), 1);
    assert.equal(store().oldestRevision(), 1);
    assert.equal(store().get('a/b'), undefined);
    assert.deepEqual(store().range(''), { items: [], revision: 1, more: false, remaining: 0 });
  });

  it('counts one revision for every write and keeps when a key was created', () => {
    assert.deepEqual(store().put('k/a', 0, named('one')), { done: true, revision: 2 });
    assert.deepEqual(store().put('k/b', undefined, named('two')), { done: true, revision: 3 });
    assert.deepEqual(store().put('k/a', 2, named('three')), { done: true, revision: 4 });
    assert.deepEqual(store().get('k/a'), {
      key: 'k/a',
      value: { name: 'three', at: 4 },
      modRevision: 4,
      createRevision: 2,
    });
    assert.equal(store().revision(), 4);
  });

  it('refuses a write to a key that is not as expected, and says how it is', () => {
    store().put('k/a', 0, named('one'));
    const never = (): JsonObject => assert.fail('a refused write is not stamped');
    const current = store().get('k/a');
    assert.deepEqual(store().put('k/a', 0, never), { done: false, current });
    assert.deepEqual(store().put('k/a', 7, never), { done: false, current });
    assert.deepEqual(store().delete('k/a', 7, never), { done: false, current });
    assert.deepEqual(store().put('k/b', 2, never), { done: false, current: undefined });
    assert.deepEqual(store().delete('k/b', undefined, never), { done: false, current: undefined });
    assert.deepEqual(store().delete('k/b', 0, never), { done: false, current: undefined });
    assert.equal(store().revision(), 2);
  });

  it('removes a key, which may then be created anew', () => {
    store().put('k/a', 0, named('one'));
    assert.deepEqual(store().delete('k/a', 2), { done: true, revision: 3 });
    assert.equal(store().get('k/a'), undefined);
    assert.deepEqual(store().put('k/a', 0, named('again')), { done: true, revision: 4 });
    assert.equal(store().get('k/a')?.createRevision, 4);
  });

  it('uses up no revision when a stamp throws, and refuses writes from within a stamp', () => {
    const broken = (): JsonObject => {
      throw new Error('no value');
    };
    assert.throws(() => store().put('k/a', 0, broken), /no value/);
    assert.throws(() => store().put('k/a', 0, () => (store().put('k/b', 0, named('b')), {})), /a stamp does not write/);
    assert.deepEqual(store().put('k/a', 0, named('one')), { done: true, revision: 2 });
    assert.deepEqual(keysOf(store().range('')), ['k/a']);
  });
}

function describeRanges(store: () => Store): void {
  it('lists keys under a prefix in order, in pages that know what remains', () => {
    for (const key of ['p/d', 'p/a', 'q/a', 'p/c', 'o/z', 'p/b', 'p']) store().put(key, 0, named(key));
    assert.deepEqual(keysOf(store().range('p/')), ['p/a', 'p/b', 'p/c', 'p/d']);
    const first = store().range('p/', { limit: 2 });
    assert.deepEqual([keysOf(first), first.more, first.remaining], [['p/a', 'p/b'], true, 2]);
    const second = store().range('p/', { limit: 2, after: 'p/b' });
    assert.deepEqual([keysOf(second), second.more, second.remaining], [['p/c', 'p/d'], false, 0]);
    assert.deepEqual(keysOf(store().range('p/', { after: 'a' })), ['p/a', 'p/b', 'p/c', 'p/d']);
    assert.deepEqual(keysOf(store().range('p/', { after: 'p/d' })), []);
    assert.deepEqual(keysOf(store().range('p/', { limit: 0, after: 'p/b' })), ['p/c', 'p/d']);
    assert.equal(store().range('').items.length, 7);
  });

  it('orders by UTF-16 code unit', () => {
    for (const key of ['k/b', 'k/B', 'k/a/x', 'k/a-', 'k/é', 'k/\u{1f600}', 'k/\uffff'])
      store().put(key, 0, named(key));
    const keys = keysOf(store().range('k/'));
    assert.deepEqual(keys, [...keys].sort());
    assert.equal(keys.length, 7);
  });

  it('reads the past: changed, deleted and later keys, page after page', () => {
    for (const key of ['p/a', 'p/b', 'p/c', 'p/d']) store().put(key, 0, named(key));
    const then = store().revision();
    const before = store().range('p/', { atRevision: then });
    store().put('p/b', undefined, named('changed'));
    store().delete('p/c', undefined);
    store().put('p/aa', 0, named('new'));
    store().delete('p/a', undefined);
    store().put('p/a', 0, named('anew'));
    store().put('z/other', 0, named('other'));
    assert.deepEqual(store().range('p/', { atRevision: then }), before);
    const page = store().range('p/', { atRevision: then, limit: 2, after: 'p/a' });
    assert.deepEqual([keysOf(page), page.revision, page.more, page.remaining], [['p/b', 'p/c'], then, true, 1]);
    assert.deepEqual(page.items, before.items.slice(1, 3));
    assert.throws(() => store().range('p/', { atRevision: store().revision() + 1 }), RevisionGoneError);
  });
}

function describeWatches(store: () => Store): void {
  it('shows events behind a revision, then live ones, of its prefix only', async () => {
    store().put('p/a', 0, named('one'));
    const from = store().revision();
    store().put('p/a', undefined, named('two'));
    store().put('q/a', 0, named('other'));
    const watch = store().watch('p/', from);
    store().delete('p/a', undefined, (revision, last) => ({ ...last, deletedAt: revision }));
    store().put('q/a', undefined, named('other'));
    store().put('p/b', 0, named('three'));
    const events = await nextEvents(watch, 3);
    assert.deepEqual(events, [
      {
        type: 'put',
        key: 'p/a',
        revision: 3,
        value: { name: 'two', at: 3 },
        previous: { name: 'one', at: 2 },
        createRevision: 2,
      },
      {
        type: 'delete',
        key: 'p/a',
        revision: 5,
        value: { name: 'two', at: 3, deletedAt: 5 },
        previous: { name: 'two', at: 3 },
        createRevision: 2,
      },
      { type: 'put', key: 'p/b', revision: 7, value: { name: 'three', at: 7 }, createRevision: 7 },
    ]);
    watch.close();
  });

  it('matches prefixes of every depth, one key, and everything', async () => {
    const from = store().revision();
    const prefixes = ['', 'g/', 'g/r/', 'g/r/n/', 'g/r/n/a', 'g/r/n/ab', 'g/x', 'h/'];
    const watches = prefixes.map((prefix) => store().watch(prefix, from));
    for (const key of ['g/r/n/a', 'g/r/n/ab', 'g/x', 'g/r//a']) store().put(key, 0, named(key));
    const replayed = prefixes.map((prefix) => store().watch(prefix, from));
    await store().close();
    const expected = [4, 4, 3, 2, 2, 1, 1, 0];
    assert.deepEqual(
      (await Promise.all(watches.map(rest))).map((events) => events.length),
      expected,
    );
    assert.deepEqual(
      (await Promise.all(replayed.map(rest))).map((events) => events.length),
      expected,
    );
  });
}

function describeWatchEnds(store: () => Store): void {
  it('ends when closed, without what still waited', async () => {
    const watch = store().watch('', store().revision());
    store().put('p/a', 0, named('one'));
    await store().durable();
    watch.close();
    for await (const event of watch.events) assert.fail(`unexpected ${eventText(event)}`);
  });

  it('ends all watches when the store closes', async () => {
    const watch = store().watch('', store().revision());
    store().put('p/a', 0, named('one'));
    await store().close();
    assert.deepEqual(await rest(watch), ['2 put p/a']);
    assert.throws(() => store().put('p/b', 0, named('two')), { code: 'STORE_CLOSED' });
    assert.throws(() => store().get('p/a'), { code: 'STORE_CLOSED' });
  });

  it('cannot watch from the future', () => {
    assert.throws(() => store().watch('', 2), { name: 'RevisionGoneError', oldestRevision: 1 });
  });
}

/** What a watch still shows until the store that was closed ends it. */
async function rest(watch: StoreWatch): Promise<string[]> {
  const events: string[] = [];
  for await (const event of watch.events) events.push(eventText(event));
  return events;
}

function describeCompaction(store: () => Store): void {
  it('forgets history, never a newest value', async () => {
    store().put('p/a', 0, named('one'));
    store().put('p/a', undefined, named('two'));
    store().put('p/b', 0, named('three'));
    store().delete('p/b', undefined);
    await store().durable();
    store().compact(4);
    assert.equal(store().oldestRevision(), 4);
    assert.equal(store().get('p/a')?.modRevision, 3);
    assert.deepEqual(keysOf(store().range('', { atRevision: 4 })), ['p/a', 'p/b']);
    assert.throws(() => store().range('', { atRevision: 3 }), { name: 'RevisionGoneError', oldestRevision: 4 });
    assert.throws(() => store().watch('', 3), { name: 'RevisionGoneError', oldestRevision: 4 });
    const watch = store().watch('', 4);
    store().compact(2);
    assert.equal(store().oldestRevision(), 4);
    assert.throws(() => store().compact(6), RevisionGoneError);
    await store().close();
    assert.deepEqual(await rest(watch), ['5 delete p/b']);
  });

  it('goes on behind a full compaction', async () => {
    store().put('p/a', 0, named('one'));
    await store().durable();
    store().compact(store().revision());
    store().put('p/a', undefined, named('two'));
    const watch = store().watch('', 2);
    await store().close();
    assert.deepEqual(await rest(watch), ['3 put p/a']);
  });
}

function describeLimits(name: string, open: OpenEmptyStore): void {
  describe(`${name}: limits`, () => {
    it('cuts off a watcher that does not read, and no other', async () => {
      const store = open({ watchQueueEventsMax: 3 });
      const slow = store.watch('p/', 1);
      const other = store.watch('q/', 1);
      for (let count = 0; count < 5; count++) store.put('p/a', undefined, named('p'));
      store.put('q/a', 0, named('q'));
      await store.durable();
      await assert.rejects(nextEvents(slow, 5), RevisionGoneError);
      assert.deepEqual((await nextEvents(other, 1)).map(eventText), ['7 put q/a']);
      await store.close();
    });

    it('keeps the history within its limit by itself', async () => {
      const store = open({ historyRevisionsMax: 20 });
      for (let count = 0; count < 100; count++) {
        store.put(`p/${count % 7}`, undefined, named('p'));
        await store.durable();
      }
      const kept = store.revision() - store.oldestRevision();
      assert.ok(kept >= 20 && kept <= 22, `${kept} revisions are kept`);
      assert.equal(store.range('p/').items.length, 7);
      await store.close();
    });
  });
}
