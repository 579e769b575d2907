/** Law 10: once a Git host is back, everything it missed is shown, within its limits and in bounded time. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ReportRig } from '../support/report-rig.ts';

const minute = 60_000;
const contexts = 1_000;
const postsAMinute = 100;

describe('law 10: statuses converge', () => {
  it(`${contexts} statuses are shown after an outage, within the limits of the host`, async () => {
    const rig = new ReportRig({ postsAMinute });
    await rig.repository();
    await rig.start();
    rig.host.down = true;
    const names = Array.from({ length: contexts }, (_, index) => `run-${index}`);
    for (const name of names) {
      await rig.run(name, { target: { context: name } });
      await rig.end(name, 'Failed');
    }
    await rig.settle(minute);
    rig.host.down = false;
    const before = rig.host.calls.length;
    // Ten minutes at the host's own pace, and the longest wait of a retry.
    await rig.settle(16 * minute);
    for (const name of names) assert.deepEqual(rig.host.states(name), ['failed'], name);
    assert.ok(rig.host.concurrentMax <= 4, `${rig.host.concurrentMax} calls at a time`);
    const posts = rig.host.calls.slice(before).filter((call) => call.startsWith('post')).length;
    assert.ok(posts <= contexts + 100, `${posts} posts`);
    assert.ok((await rig.statuses()).every((status) => rig.delivered(status)?.status === 'True'));
    const calls = rig.host.calls.length;
    await rig.settle(60 * minute);
    assert.equal(rig.host.calls.length, calls, 'then it is quiet');
  });
});
