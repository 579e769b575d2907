import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { VirtualClock } from '../base/virtual-clock.ts';
import { ProgressBudget } from './progress-budget.ts';

describe('ProgressBudget', () => {
  it('gives a burst of turns, then so many a second, and never saves up more than a burst', async () => {
    const clock = new VirtualClock();
    const budget = new ProgressBudget(clock, { perSecond: 2, burst: 3 });
    const taken = (): number => Array.from({ length: 10 }, () => budget.take()).filter(Boolean).length;
    assert.equal(taken(), 3);
    await clock.advance(400);
    assert.equal(taken(), 0);
    await clock.advance(100);
    assert.equal(taken(), 1, 'what was not yet a whole turn is not lost');
    await clock.advance(60_000);
    assert.equal(taken(), 3);
  });
});
