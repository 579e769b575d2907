import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { VirtualClock } from '../base/virtual-clock.ts';
import { startCompaction } from './compaction.ts';
import { createMemoryStore } from './memory-store.ts';
import { named } from './store-contract.ts';

describe('startCompaction', () => {
  it('keeps history for the age asked for and at most a tenth longer, until it is stopped', async () => {
    const clock = new VirtualClock();
    const store = createMemoryStore();
    const stop = startCompaction(store, { clock, historyAgeMsMax: 10_000 });
    // One write at the middle of each second: revision 2 + n at 500 + 1000 n ms.
    const write = async (seconds: number): Promise<void> => {
      for (let second = 0; second < seconds; second++) {
        await clock.advance(500);
        store.put('k/a', undefined, named('a'));
        await clock.advance(500);
      }
    };
    await write(9);
    assert.equal(store.oldestRevision(), 1);
    await write(11);
    // 20 s have passed; the change of 9.5 s (revision 11) and all before it are older than 10 s.
    assert.equal(store.revision(), 21);
    assert.equal(store.oldestRevision(), 11);
    stop();
    await write(30);
    assert.equal(store.oldestRevision(), 11);
  });
});
