import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Clock } from '../base/clock.ts';
import { deferred } from '../base/deferred.ts';
import { seededRandom } from '../base/random.ts';
import { VirtualClock } from '../base/virtual-clock.ts';
import { ApiStatusError } from '../kube/api-error.ts';
import type { ObjectKey } from '../kube/object.ts';
import { type ReconcileResult, TerminalError } from './contract.ts';
import { type ReconcileOutcome, retryAfterMsMax, startController } from './controller.ts';
import { silentLogger } from '../telemetry/logger.ts';
import { type LogLine, MemoryLogger } from '../telemetry/memory-logger.ts';
import { TurnBudget, turnMsMax } from './turn-budget.ts';
import { WorkQueue } from './work-queue.ts';

const key = (name: string): ObjectKey => ({ namespace: 'a', name });

function setup(
  context: { after(action: () => Promise<void>): void },
  reconcile: (name: string, signal: AbortSignal) => Promise<ReconcileResult>,
  workers = 2,
) {
  const clock = new VirtualClock();
  const queue = new WorkQueue({ clock, random: seededRandom(1) });
  const lines: LogLine[] = [];
  const outcomes: ReconcileOutcome[] = [];
  const abort = new AbortController();
  const controller = startController({
    name: 'test',
    reconciler: { reconcile: ({ name }, signal) => reconcile(name, signal) },
    queue,
    workers,
    clock,
    logger: new MemoryLogger(lines),
    signal: abort.signal,
    metrics: { reconciled: (_name, outcome) => void outcomes.push(outcome) },
  });
  context.after(() => controller.stop());
  return { clock, queue, lines, outcomes, abort, controller };
}

describe('startController', () => {
  it('reconciles different keys at once, one key never', async (context) => {
    const gates = new Map<string, ReturnType<typeof deferred<void>>[]>();
    let most = 0;
    let running = 0;
    const { clock, queue, controller } = setup(context, async (name) => {
      const gate = deferred<void>();
      gates.set(name, [...(gates.get(name) ?? []), gate]);
      most = Math.max(most, ++running);
      await gate.promise;
      running--;
      return {};
    });
    const open = async (name: string, index: number): Promise<void> => {
      gates.get(name)?.[index]?.resolve();
      await clock.advance(0);
    };
    queue.add(key('x'));
    queue.add(key('y'));
    await clock.advance(0);
    queue.add(key('x'));
    queue.add(key('z'));
    await clock.advance(0);
    assert.deepEqual(controller.running(), [key('x'), key('y')]);
    assert.equal(gates.get('x')?.length, 1, 'x waits until x has ended');
    await open('y', 0);
    assert.deepEqual([...gates.keys()], ['x', 'y', 'z']);
    await open('x', 0);
    assert.equal(gates.get('x')?.length, 2);
    await open('x', 1);
    await open('z', 0);
    assert.equal(most, 2);
    assert.deepEqual(controller.running(), []);
  });

  it('tries again what failed, with backoff, logging each failure once', async (context) => {
    const times: number[] = [];
    const { clock, queue, lines, outcomes } = setup(context, async () => {
      times.push(clock.monotonicMs());
      if (times.length < 4) throw new Error('no luck');
      return {};
    });
    queue.add(key('x'));
    await clock.advance(10_000);
    assert.equal(times.length, 4);
    const waits = times.slice(1).map((time, index) => time - (times[index] ?? 0));
    for (const [index, ceiling] of [5, 10, 20].entries()) {
      assert.ok((waits[index] ?? 0) >= ceiling / 2 && (waits[index] ?? 0) <= ceiling, waits.join());
    }
    assert.deepEqual(
      lines.map(({ level, message, fields: { controller, key: text, attempt, error } }) => [
        level,
        message,
        controller,
        text,
        attempt,
        error,
      ]),
      [1, 2, 3].map((attempt) => ['error', 'reconcile failed; trying again', 'test', 'a/x', attempt, 'no luck']),
    );
    assert.deepEqual(outcomes, ['retried', 'retried', 'retried', 'done']);
    queue.add(key('x'));
    await clock.advance(0);
    assert.equal(lines.length, 3);
  });

  it('begins anew with the backoff after a success', async (context) => {
    let fail = true;
    const { clock, queue, lines } = setup(context, async () => {
      if (fail) throw new Error('no luck');
      return {};
    });
    queue.add(key('x'));
    await clock.advance(100);
    fail = false;
    await clock.advance(1_000);
    fail = true;
    const before = lines.length;
    queue.add(key('x'));
    await clock.advance(0);
    assert.equal(lines[before]?.fields['attempt'], 1);
  });

  it('does not try again what cannot succeed', async (context) => {
    let count = 0;
    const { clock, queue, lines, outcomes } = setup(context, async () => {
      count++;
      throw new TerminalError('spec is nonsense');
    });
    queue.add(key('x'));
    await clock.advance(100_000);
    assert.equal(count, 1);
    assert.deepEqual(outcomes, ['terminal']);
    assert.deepEqual(
      lines.map(({ level, message, fields }) => [level, message, fields['error']]),
      [['error', 'reconcile failed for good', 'spec is nonsense']],
    );
    queue.add(key('x'));
    await clock.advance(0);
    assert.equal(count, 2, 'the object changed');
  });

  it('takes a conflict for an ordinary thing, and tries again', async (context) => {
    let count = 0;
    const { clock, queue, lines } = setup(context, async () => {
      if (count++ === 0) throw new ApiStatusError('Conflict', 'has been modified');
      return {};
    });
    queue.add(key('x'));
    await clock.advance(1_000);
    assert.equal(count, 2);
    assert.deepEqual(
      lines.map(({ level }) => level),
      ['info'],
    );
  });

  it('waits as long as an overloaded API asks, within reason', async (context) => {
    const times: number[] = [];
    const { clock, queue } = setup(context, async () => {
      times.push(clock.monotonicMs());
      const retryAfterSeconds = times.length === 1 ? 3 : 1e9;
      if (times.length <= 2) throw new ApiStatusError('TooManyRequests', 'busy', { details: { retryAfterSeconds } });
      return {};
    });
    queue.add(key('x'));
    await clock.advance(10 * retryAfterMsMax);
    assert.deepEqual(times, [0, 3_000, 3_000 + retryAfterMsMax]);
  });

  it('reconciles again when asked to', async (context) => {
    const times: number[] = [];
    const { clock, queue, outcomes } = setup(context, async () => {
      times.push(clock.monotonicMs());
      return times.length < 3 ? { requeueAfterMs: 250 } : {};
    });
    queue.add(key('x'));
    await clock.advance(10_000);
    assert.deepEqual(times, [0, 250, 500]);
    assert.deepEqual(outcomes, ['requeued', 'requeued', 'done']);
  });

  it('survives whatever a reconciler does', async (context) => {
    const thrown: readonly unknown[] = [undefined, null, 'text', new Error('e'), { requeueAfterMs: Number.NaN }];
    let count = 0;
    const { clock, queue, outcomes } = setup(
      context,
      (name) => {
        if (name === 'sync') throw new Error('not even a promise');
        const next = thrown[count++];
        // A result that is none, as only untyped code returns it.
        if (count === thrown.length) return Promise.resolve(next as ReconcileResult);
        // oxlint-disable-next-line typescript/prefer-promise-reject-errors -- the point of the test
        return count > thrown.length ? Promise.resolve({}) : Promise.reject(next);
      },
      1,
    );
    queue.add(key('x'));
    await clock.advance(10_000);
    assert.deepEqual(outcomes, [...thrown.map(() => 'retried'), 'done']);
    queue.add(key('sync'));
    await clock.advance(0);
    queue.add(key('y'));
    await clock.advance(0);
    assert.deepEqual(outcomes.slice(-2), ['retried', 'done']);
  });

  it('lets the rest of the process have its turn while there is much to do', async (context) => {
    let reconciled = 0;
    let nowMs = 0;
    const nextTurn: (() => void)[] = [];
    const clock: Clock = {
      now: () => nowMs,
      monotonicMs: () => nowMs,
      schedule: (_delayMs, action) => {
        nextTurn.push(action);
        return () => undefined;
      },
    };
    const queue = new WorkQueue({ clock, random: seededRandom(1) });
    const reconcile = async (): Promise<ReconcileResult> => {
      reconciled++;
      nowMs++;
      return {};
    };
    for (let n = 0; n < 1_000; n++) queue.add(key(`n${n}`));
    const { signal } = new AbortController();
    const options = { name: 'test', reconciler: { reconcile }, queue, workers: 4, clock, logger: silentLogger, signal };
    const controller = startController(options);
    context.after(() => controller.stop());
    let turns = 0;
    for (let before = 0; before < 1_000; before = reconciled) {
      for (const action of nextTurn.splice(0)) action();
      await new Promise((resolve) => setImmediate(resolve));
      turns++;
      assert.ok(reconciled > before && reconciled - before <= turnMsMax + 4, `${reconciled - before} in one turn`);
    }
    assert.ok(turns >= 1_000 / (turnMsMax + 4));
  });

  it('makes shorter turns while an urgent one has something under way', async (context) => {
    const { signal } = new AbortController();
    const clock = new VirtualClock();
    const turns = new TurnBudget(clock);
    const gate = deferred<void>();
    const under: boolean[] = [];
    const look = (): number => under.push(turns.isYielding);
    const common = { workers: 1, clock, logger: silentLogger, signal, turns };
    const queue = new WorkQueue({ clock, random: seededRandom(1) });
    const reconcile = async (): Promise<ReconcileResult> => {
      look();
      await gate.promise;
      throw new Error('it fails, and is over all the same');
    };
    queue.add(key('x'));
    const controller = startController({ ...common, name: 'urgent', reconciler: { reconcile }, queue, urgent: true });
    context.after(() => controller.stop());
    look();
    await clock.advance(0);
    gate.resolve();
    await clock.advance(0);
    look();
    assert.deepEqual(under, [false, true, false]);
  });

  it('stops after what runs has ended, and takes nothing more', async () => {
    const gate = deferred<void>();
    const seen: string[] = [];
    const { clock, queue, controller } = setup(
      { after: () => undefined },
      async (name) => {
        seen.push(name);
        await gate.promise;
        throw new Error('failed at the end');
      },
      1,
    );
    queue.add(key('x'));
    queue.add(key('y'));
    await clock.advance(0);
    let stopped = false;
    const stopping = controller.stop().then(() => (stopped = true));
    await clock.advance(0);
    assert.equal(stopped, false);
    gate.resolve();
    await stopping;
    await clock.advance(10_000);
    assert.deepEqual(seen, ['x']);
  });

  it('hands the abort to the reconcile that runs, and does not call that an error', async (context) => {
    const { clock, queue, abort, lines, outcomes, controller } = setup(
      context,
      (_name, signal) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => reject(new Error('aborted')));
        }),
    );
    queue.add(key('x'));
    await clock.advance(0);
    abort.abort();
    await controller.stop();
    assert.deepEqual([lines, outcomes], [[], ['aborted']]);
  });
});
