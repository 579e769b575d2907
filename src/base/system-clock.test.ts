import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { systemClock } from './system-clock.ts';

const after = (delayMs: number): Promise<number> =>
  new Promise((resolve) => {
    systemClock.schedule(delayMs, () => resolve(delayMs));
  });

describe('systemClock', () => {
  it('runs what is due at once in a later turn, in order', async () => {
    const order: string[] = [];
    systemClock.schedule(0, () => order.push('first'));
    const second = after(0).then(() => order.push('second'));
    order.push('this turn');
    await second;
    assert.deepEqual(order, ['this turn', 'first', 'second']);
  });

  it('does not run what was cancelled', async () => {
    for (const delayMs of [0, 1]) systemClock.schedule(delayMs, () => assert.fail('it was cancelled'))();
    await after(5);
  });
});
