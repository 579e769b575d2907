import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { systemClock } from './system-clock.ts';

const after = (delayMs: number): Promise<number> =>
  new Promise((resolve) => {
    systemClock.schedule(delayMs, () => resolve(delayMs));
  });

describe('systemClock', () => {
  it('runs what is due at once in a later turn, in order, and before what is due later', async () => {
    const order: string[] = [];
    const last = after(5).then(() => order.push('5 ms'));
    systemClock.schedule(0, () => order.push('first'));
    systemClock.schedule(0, () => order.push('second'));
    order.push('this turn');
    await last;
    assert.deepEqual(order, ['this turn', 'first', 'second', '5 ms']);
  });

  it('does not run what was cancelled', async () => {
    for (const delayMs of [0, 1]) systemClock.schedule(delayMs, () => assert.fail('it was cancelled'))();
    await after(5);
  });
});
