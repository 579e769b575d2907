import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Random } from '../base/random.ts';
import { ApiStatusError } from '../kube/api-error.ts';
import { resumeFailuresMax, watchBackoff, WatchRecovery } from './watch-recovery.ts';

const highest: Random = { integer: (_low, high) => high };
const lost = new Error('connection lost');
const expired = new ApiStatusError('Expired', 'too old');

describe('WatchRecovery', () => {
  it('goes on from where it was after a lost connection or an overload, and lists after a refusal', () => {
    const relistAfter = (thrown: unknown) => new WatchRecovery(highest).failed(thrown).relist;
    for (const reason of ['TooManyRequests', 'ServiceUnavailable', 'Timeout', 'InternalError'] as const) {
      assert.equal(relistAfter(new ApiStatusError(reason, 'busy')), false, reason);
    }
    assert.equal(relistAfter(lost), false);
    for (const reason of ['Expired', 'Gone', 'Forbidden', 'NotFound', 'BadRequest'] as const) {
      assert.equal(relistAfter(new ApiStatusError(reason, 'no')), true, reason);
    }
  });

  it('lists when going on keeps failing', () => {
    const recovery = new WatchRecovery(highest);
    const relists = Array.from({ length: resumeFailuresMax + 1 }, () => recovery.failed(lost).relist);
    assert.deepEqual(relists, [...Array.from({ length: resumeFailuresMax }, () => false), true]);
  });

  it('waits longer each time, up to the cap, until an event comes', () => {
    const recovery = new WatchRecovery(highest);
    const delays = Array.from({ length: 12 }, () => recovery.failed(lost).delayMs);
    assert.deepEqual(delays, [50, 100, 200, 400, 800, 1_600, 3_200, 6_400, 12_800, 25_600, 30_000, 30_000]);
    const other = new WatchRecovery(highest);
    other.failed(lost);
    other.failed(lost);
    other.progressed();
    assert.equal(other.failed(lost).delayMs, 50);
  });

  it('lets only a steady watch end the backoff of lists', () => {
    const recovery = new WatchRecovery(highest);
    recovery.failed(expired);
    recovery.progressed();
    recovery.failed(expired);
    recovery.progressed();
    assert.equal(recovery.failed(expired).delayMs, 200);
    recovery.steadied();
    assert.equal(recovery.failed(expired).delayMs, 50);
  });

  it('waits as long as the server asks, within reason', () => {
    const busy = (retryAfterSeconds: number) =>
      new ApiStatusError('TooManyRequests', '', { details: { retryAfterSeconds } });
    assert.equal(new WatchRecovery(highest).failed(busy(7)).delayMs, 7_000);
    assert.equal(new WatchRecovery(highest).failed(busy(1e9)).delayMs, watchBackoff.capMs);
  });
});
