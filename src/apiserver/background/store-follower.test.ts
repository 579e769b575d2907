import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { seededRandom } from '../../base/random.ts';
import { VirtualClock } from '../../base/virtual-clock.ts';
import { createMemoryStore } from '../../store/memory-store.ts';
import { RevisionGoneError } from '../../store/store.ts';
import type { Store, StoreWatch } from '../../store/store.ts';
import { silentLogger } from '../../telemetry/logger.ts';
import { StoreFollower, type StoreListener } from './store-follower.ts';

/** Keeps the keys it was told, as a mirror of the store. */
class Mirror implements StoreListener {
  readonly keys = new Set<string>();
  scans = 0;

  onReset(): void {
    this.keys.clear();
  }
  onValue({ key }: { readonly key: string }): void {
    this.keys.add(key);
  }
  onScanned(): void {
    this.scans += 1;
  }
  onEvent({ type, key }: { readonly type: 'put' | 'delete'; readonly key: string }): void {
    if (type === 'put') this.keys.add(key);
    else this.keys.delete(key);
  }
}

function followed(store: Store): { mirrors: readonly Mirror[]; follower: StoreFollower; clock: VirtualClock } {
  const clock = new VirtualClock();
  const mirrors = [new Mirror(), new Mirror()];
  const follower = new StoreFollower({
    store,
    clock,
    random: seededRandom(1),
    logger: silentLogger,
    listeners: mirrors,
  });
  return { mirrors, follower, clock };
}

describe('StoreFollower', () => {
  it('tells every listener what there is, then what changes', async () => {
    const store = createMemoryStore();
    for (let index = 0; index < 1_500; index++) store.put(`k/${index}`, 0, () => ({}));
    const { mirrors, follower, clock } = followed(store);
    follower.start();
    for (const mirror of mirrors) assert.deepEqual([mirror.keys.size, mirror.scans], [1_500, 1]);
    store.put('k/new', 0, () => ({}));
    store.delete('k/0', undefined);
    await clock.advance(0);
    for (const mirror of mirrors) {
      assert.ok(mirror.keys.has('k/new') && !mirror.keys.has('k/0'));
      assert.equal(mirror.scans, 1);
    }
    await follower.stop();
    store.put('k/late', 0, () => ({}));
    await clock.advance(1_000);
    assert.ok(!mirrors[0]?.keys.has('k/late'));
  });

  it('starts over when its watch is cut off, and misses nothing', async () => {
    const inner = createMemoryStore();
    const cut: ((error: Error) => void)[] = [];
    const store: Store = {
      ...inner,
      watch(prefix, from): StoreWatch {
        const watch = inner.watch(prefix, from);
        const broken = new Promise<never>((_resolve, reject) => cut.push(reject));
        const iterator = watch.events[Symbol.asyncIterator]();
        const next = (): ReturnType<typeof iterator.next> => Promise.race([iterator.next(), broken]);
        return { events: { [Symbol.asyncIterator]: () => ({ next }) }, close: () => watch.close() };
      },
    };
    const { mirrors, follower, clock } = followed(store);
    follower.start();
    store.put('k/a', 0, () => ({}));
    await clock.advance(0);
    cut[0]?.(new RevisionGoneError(1, 2));
    store.put('k/b', 0, () => ({}));
    store.delete('k/a', undefined);
    await clock.advance(1_000);
    assert.deepEqual(mirrors[0]?.scans, 2);
    assert.deepEqual([...(mirrors[0]?.keys ?? [])], ['k/b']);
    cut[1]?.(new Error('something else'));
    store.put('k/c', 0, () => ({}));
    await clock.advance(20_000);
    assert.deepEqual([...(mirrors[1]?.keys ?? [])], ['k/b', 'k/c']);
    await follower.stop();
  });

  it('ends with the store', async () => {
    const store = createMemoryStore();
    const { follower, clock } = followed(store);
    follower.start();
    await store.close();
    await clock.advance(0);
    await follower.stop();
  });
});
