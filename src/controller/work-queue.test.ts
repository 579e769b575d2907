import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { seededRandom } from '../base/random.ts';
import { VirtualClock } from '../base/virtual-clock.ts';
import type { ObjectKey } from '../kube/object.ts';
import type { Rate } from './token-bucket.ts';
import { WorkQueue } from './work-queue.ts';

const key = (name: string): ObjectKey => ({ namespace: 'a', name });
const backoff = { baseMs: 10, capMs: 1_000 };

function setup(options: { rate?: Rate } = {}) {
  const clock = new VirtualClock();
  const queue = new WorkQueue({ clock, random: seededRandom(1), backoff, ...options });
  /** Names that can be taken now, in order; they are left taken. */
  const takeReady = async (): Promise<readonly string[]> => {
    const names: string[] = [];
    while (queue.readyCount > 0) names.push((await queue.take())?.key.name ?? 'nothing');
    return names;
  };
  return { clock, queue, takeReady };
}

describe('WorkQueue', () => {
  it('gives each key once, in the order in which they came', async () => {
    const { queue, takeReady } = setup();
    for (const name of ['x', 'y', 'x', 'z', 'y']) queue.add(key(name));
    assert.deepEqual(await takeReady(), ['x', 'y', 'z']);
  });

  it('gives a key again that was added while it was taken, but not before it is given back', async () => {
    const { queue, takeReady } = setup();
    queue.add(key('x'));
    await queue.take();
    queue.add(key('x'));
    queue.add(key('x'));
    assert.equal(queue.readyCount, 0);
    queue.done(key('x'));
    assert.deepEqual(await takeReady(), ['x']);
    queue.done(key('x'));
    assert.equal(queue.readyCount, 0);
  });

  it('lets takers wait, and serves them in turn', async () => {
    const { queue } = setup();
    const first = queue.take();
    const second = queue.take();
    queue.add(key('x'));
    queue.add(key('x'));
    queue.add(key('y'));
    assert.deepEqual([(await first)?.key.name, (await second)?.key.name], ['x', 'y']);
    assert.equal(queue.takenCount, 2);
  });

  it('adds after a delay; the earliest time counts, and an add before does not replace it', async () => {
    const { clock, queue, takeReady } = setup();
    queue.addAfter(key('x'), 500);
    queue.addAfter(key('x'), 100);
    queue.addAfter(key('x'), 300);
    queue.add(key('x'));
    assert.deepEqual(await takeReady(), ['x']);
    queue.done(key('x'));
    await clock.advance(99);
    assert.equal(queue.readyCount, 0);
    await clock.advance(1);
    assert.deepEqual(await takeReady(), ['x']);
    queue.done(key('x'));
    await clock.advance(10_000);
    assert.equal(queue.readyCount, 0, 'the later times were superseded');
    assert.equal(clock.nextTimerMs(), undefined);
  });

  it('adds at once when the delay is nothing or over', async () => {
    const { queue, takeReady } = setup();
    queue.addAfter(key('x'), 0);
    queue.addAfter(key('y'), -5);
    assert.deepEqual(await takeReady(), ['x', 'y']);
    assert.throws(() => queue.addAfter(key('x'), Number.NaN), /number of milliseconds/);
  });

  it('keeps one timer for all delays', async () => {
    const { clock, queue, takeReady } = setup();
    for (let n = 100; n > 0; n--) queue.addAfter(key(`n${n}`), n);
    let alarms = 0;
    while (clock.nextTimerMs() !== undefined) {
      alarms++;
      await clock.advance(clock.nextTimerMs() ?? 0);
    }
    assert.equal(alarms, 100);
    assert.deepEqual((await takeReady()).slice(0, 3), ['n1', 'n2', 'n3']);
  });

  it('backs off each key by itself, and forgets', async () => {
    const { queue } = setup();
    const waits = (name: string, count: number) => Array.from({ length: count }, () => queue.addRateLimited(key(name)));
    const within = (waited: readonly number[], ceilings: readonly number[]): void => {
      for (const [n, ceiling] of ceilings.entries()) {
        const ms = waited[n] ?? 0;
        assert.ok(ms >= ceiling / 2 && ms <= ceiling, `retry ${n + 1} waits ${ms} ms, at most ${ceiling}`);
      }
    };
    within(waits('x', 10), [10, 20, 40, 80, 160, 320, 640, 1_000, 1_000, 1_000]);
    within(waits('y', 2), [10, 20]);
    queue.forget(key('x'));
    within(waits('x', 2), [10, 20]);
  });

  it('tells the taker of failures and of the time waited', async () => {
    const { clock, queue } = setup();
    queue.addRateLimited(key('x'));
    queue.addRateLimited(key('x'));
    await clock.advance(20);
    await clock.advance(30);
    const taken = await queue.take();
    assert.equal(taken?.failures, 2);
    assert.ok(taken.waitedMs >= 30 && taken.waitedMs <= 50, String(taken.waitedMs));
  });

  it('limits the rate of all retries together', async () => {
    const { clock, queue, takeReady } = setup({ rate: { perSecond: 100, burst: 5 } });
    for (let n = 0; n < 25; n++) queue.addRateLimited(key(`n${n}`));
    await clock.advance(10);
    assert.equal((await takeReady()).length, 6);
    await clock.advance(100);
    assert.equal((await takeReady()).length, 10);
    await clock.advance(100);
    assert.equal((await takeReady()).length, 9);
  });

  it('does not limit ordinary adds', () => {
    const { queue } = setup({ rate: { perSecond: 1, burst: 1 } });
    for (let n = 0; n < 1_000; n++) queue.add(key(`n${n}`));
    assert.equal(queue.readyCount, 1_000);
  });

  it('ends: takers get nothing, what waits is dropped, nothing is taken in', async () => {
    const { clock, queue } = setup();
    const waiting = queue.take();
    queue.add(key('taken'));
    assert.equal((await waiting)?.key.name, 'taken');
    const later = queue.take();
    queue.addAfter(key('x'), 100);
    queue.shutDown();
    assert.equal(await later, undefined);
    queue.add(key('taken'));
    queue.add(key('y'));
    queue.addAfter(key('y'), 5);
    queue.addRateLimited(key('y'));
    queue.done(key('taken'));
    assert.equal(await queue.take(), undefined);
    assert.deepEqual([queue.readyCount, queue.takenCount, queue.delayedCount], [0, 0, 0]);
    assert.equal(clock.nextTimerMs(), undefined);
  });

  it('refuses to take back what it has not given', () => {
    const { queue } = setup();
    queue.add(key('x'));
    assert.throws(() => queue.done(key('x')), /only a taken key/);
  });

  it('does not pile up superseded timers', async () => {
    const { clock, queue, takeReady } = setup();
    let most = 0;
    for (let n = 10_000; n > 0; n--) {
      queue.addAfter(key('x'), n);
      most = Math.max(most, queue.heldTimers);
    }
    assert.equal(queue.delayedCount, 1);
    assert.ok(most < 100, `${most} timers for one key`);
    await clock.advance(1);
    assert.deepEqual(await takeReady(), ['x']);
    assert.equal(queue.delayedCount, 0);
  });

  it('agrees with a plain model of its contract, whatever is done to it', async () => {
    for (let seed = 1; seed <= 200; seed++) await runHistory(seed);
  });
});

/** A random history; after each step the queue must agree with sets and lists that say the contract outright. */
async function runHistory(seed: number): Promise<void> {
  const random = seededRandom(seed);
  const { clock, queue } = setup();
  const ready: string[] = [];
  const taken = new Set<string>();
  const again = new Set<string>();
  const due = new Map<string, number>();
  const makeReady = (name: string): void => {
    if (taken.has(name)) again.add(name);
    else if (!ready.includes(name)) ready.push(name);
  };
  for (let step = 0; step < 100; step++) {
    const name = `n${random.integer(0, 5)}`;
    switch (random.integer(0, 4)) {
      case 0:
        queue.add(key(name));
        makeReady(name);
        break;
      case 1: {
        const atMs = clock.monotonicMs() + random.integer(1, 50);
        queue.addAfter(key(name), atMs - clock.monotonicMs());
        due.set(name, Math.min(atMs, due.get(name) ?? Infinity));
        break;
      }
      case 2: {
        if (ready.length === 0) break;
        const expected = ready.shift() ?? '';
        assert.equal((await queue.take())?.key.name, expected, `seed ${seed}, step ${step}`);
        taken.add(expected);
        break;
      }
      case 3: {
        const [given] = taken;
        if (given === undefined) break;
        queue.done(key(given));
        taken.delete(given);
        if (again.delete(given)) makeReady(given);
        break;
      }
      default: {
        await clock.advance(random.integer(0, 30));
        const nowMs = clock.monotonicMs();
        const fallen = [...due].filter(([, atMs]) => atMs <= nowMs).toSorted(([, a], [, b]) => a - b);
        for (const [fallenName] of fallen) {
          due.delete(fallenName);
          makeReady(fallenName);
        }
        // Keys of one instant leave in no promised order: one at a time is compared only by what is ready.
        await adoptOrder(queue, ready, taken, again);
      }
    }
    const counts = [queue.readyCount, queue.takenCount, queue.delayedCount];
    assert.deepEqual(counts, [ready.length, taken.size, due.size], `seed ${seed}, step ${step}`);
  }
}

/** Takes all that is ready and gives it back, so that model and queue go on in the same order. */
async function adoptOrder(queue: WorkQueue, ready: string[], taken: Set<string>, again: Set<string>): Promise<void> {
  const order: ObjectKey[] = [];
  while (queue.readyCount > 0) order.push((await queue.take())?.key ?? key('nothing'));
  assert.deepEqual(order.map(({ name }) => name).toSorted(), ready.toSorted());
  ready.length = 0;
  for (const one of order) {
    assert.ok(!taken.has(one.name) && !again.has(one.name), 'a taken key is not given twice');
    queue.done(one);
    queue.add(one);
    ready.push(one.name);
  }
}
