import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { VirtualClock } from '../base/virtual-clock.ts';
import { TurnBudget, turnMsMax, yieldingTurnMsMax } from './turn-budget.ts';

/** A budget in a turn that has lasted `spentMs`: wall time moves while the timer of the turn's end waits. */
function turnOf(spentMs: number): { turns: TurnBudget; endTurn: () => void } {
  const clock = new VirtualClock();
  let nowMs = 0;
  let end: () => void = () => assert.fail('no turn');
  const turns = new TurnBudget({
    now: () => clock.now(),
    monotonicMs: () => nowMs,
    schedule: (_delayMs, action) => {
      end = action;
      return () => undefined;
    },
  });
  void turns.pause();
  nowMs = spentMs;
  return { turns, endTurn: () => end() };
}

describe('TurnBudget', () => {
  it('ends a turn after its time, for all', async () => {
    const { turns, endTurn } = turnOf(turnMsMax);
    const pause = turns.pause();
    assert.ok(pause && turns.pause(true));
    endTurn();
    await pause;
    assert.equal(turns.pause(), undefined, 'another turn');
    assert.equal(turnOf(turnMsMax - 1).turns.pause(), undefined);
  });

  it('ends it sooner for others while something urgent is under way', () => {
    const { turns } = turnOf(yieldingTurnMsMax);
    const [first, second] = [turns.urgent(), turns.urgent()];
    assert.ok(turns.pause());
    assert.equal(turns.pause(true), undefined, 'the urgent ones go on');
    first();
    assert.ok(turns.pause(), 'one is still under way');
    second();
    assert.equal(turns.pause(), undefined);
  });
});
