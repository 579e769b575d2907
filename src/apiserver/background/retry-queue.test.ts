import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { deferred, type Deferred } from '../../base/deferred.ts';
import { seededRandom } from '../../base/random.ts';
import { VirtualClock } from '../../base/virtual-clock.ts';
import { silentLogger } from '../../telemetry/logger.ts';
import { RetryQueue } from './retry-queue.ts';

function queueOf(process: (key: string) => Promise<void>, workers = 2): { queue: RetryQueue; clock: VirtualClock } {
  const clock = new VirtualClock();
  const queue = new RetryQueue({ clock, random: seededRandom(1), logger: silentLogger, workers, process });
  return { queue, clock };
}

describe('RetryQueue', () => {
  it('works on each key once, however often it was added', async () => {
    const done: string[] = [];
    const { queue } = queueOf(async (key) => void done.push(key));
    for (const key of ['a', 'b', 'a', 'a']) queue.add(key);
    assert.deepEqual(done, []);
    queue.start();
    await queue.quiet();
    assert.deepEqual(done, ['a', 'b']);
  });

  it('never works on a key twice at once, nor on more keys than it has workers', async () => {
    const running = new Map<string, Deferred<void>>();
    const order: string[] = [];
    const { queue, clock } = queueOf((key) => {
      assert.ok(!running.has(key));
      assert.ok(running.size < 2);
      order.push(key);
      const work = deferred<void>();
      running.set(key, work);
      return work.promise;
    });
    queue.start();
    for (const key of ['a', 'b', 'c', 'a']) queue.add(key);
    const finish = async (key: string): Promise<void> => {
      running.get(key)?.resolve();
      running.delete(key);
      await clock.advance(0);
    };
    assert.deepEqual(order, ['a', 'b']);
    await finish('b');
    assert.deepEqual(order, ['a', 'b', 'c']);
    await finish('a');
    assert.deepEqual(order, ['a', 'b', 'c', 'a']);
    await finish('a');
    await finish('c');
    await queue.quiet();
  });

  it('tries a key that failed again, later and later, and at once when it is added', async () => {
    let failures = 3;
    const triesAtMs: number[] = [];
    const { queue, clock } = queueOf(async () => {
      triesAtMs.push(clock.monotonicMs());
      if (failures-- > 0) throw new Error('not yet');
    });
    queue.start();
    queue.add('a');
    for (let round = 0; round < 100; round++) await clock.advance(1);
    const gaps = triesAtMs.slice(1).map((at, index) => at - (triesAtMs[index] ?? 0));
    assert.equal(gaps.length, 3);
    assert.ok(
      gaps.every((gap, index) => gap >= 5 * 2 ** index && gap <= 10 * 2 ** index),
      gaps.join(),
    );
    failures = 1;
    queue.add('a');
    await clock.advance(0);
    queue.add('a');
    await clock.advance(0);
    assert.equal(triesAtMs.length, 6);
    assert.equal(clock.nextTimerMs(), undefined);
  });

  it('takes up nothing more once it is stopped', async () => {
    const work = deferred<void>();
    const done: string[] = [];
    const { queue, clock } = queueOf(async (key) => {
      await work.promise;
      done.push(key);
      if (key === 'a') throw new Error('and is not tried again');
    }, 1);
    queue.start();
    queue.add('a');
    queue.add('b');
    const stopping = queue.stop();
    work.resolve();
    await stopping;
    await clock.advance(100_000);
    assert.deepEqual(done, ['a']);
  });
});
