import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { context, ReportRig } from '../../test/support/report-rig.ts';

const minute = 60_000;

/** A rig with a Repository and the controllers running. */
async function running(options: ConstructorParameters<typeof ReportRig>[0] = {}): Promise<ReportRig> {
  const rig = new ReportRig(options);
  await rig.repository();
  await rig.start();
  return rig;
}

describe('statuses', () => {
  it('show queued, running and the end, once each', async () => {
    const rig = await running();
    await rig.run('build-1');
    await rig.settle();
    await rig.begin('build-1');
    await rig.settle();
    await rig.end('build-1');
    await rig.settle();
    assert.deepEqual(rig.host.states(context), ['queued', 'running', 'succeeded']);
    assert.deepEqual(rig.host.calls, [
      `post ${context} queued`,
      `post ${context} running`,
      `post ${context} succeeded`,
    ]);
    const status = await rig.only();
    assert.equal(status.status?.acknowledged?.state, 'succeeded');
    assert.deepEqual([rig.delivered(status)?.status, rig.delivered(status)?.reason], ['True', 'Accepted']);
    await rig.settle(24 * 60 * minute);
    assert.equal(rig.host.calls.length, 3, 'what is shown is left alone');
  });
});
