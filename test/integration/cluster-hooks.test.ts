/** The way in for webhooks of a replica: from its start to its end, over HTTP. */
import assert from 'node:assert/strict';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, it } from 'node:test';
import { TestApi } from '../../src/apiserver/api-fixture.ts';
import { ClusterHooks, hooksDrainMs } from '../../src/app/cluster-hooks.ts';
import { GitEvents } from '../../src/app/git-events.ts';
import { seededRandom } from '../../src/base/random.ts';
import { VirtualClock } from '../../src/base/virtual-clock.ts';
import { servedKinds } from '../../src/schema/served-kinds.ts';
import { silentLogger } from '../../src/telemetry/logger.ts';
import { noMetrics } from '../../src/telemetry/metrics.ts';

describe('webhooks of a replica', () => {
  it('are taken from when the Repositories are known until a while after a stop', async () => {
    const clock = new VirtualClock();
    const { server } = new TestApi({ kinds: servedKinds });
    const parts = { clock, logger: silentLogger };
    using git = new GitEvents({ ...parts, random: seededRandom(1), metrics: noMetrics, systemNamespace: 'penstock' });
    const at = { hooks: { host: '127.0.0.1', port: 0 } };
    const hooks = (await ClusterHooks.listen(at, git, { ...parts, transport: server.handle })) ?? assert.fail();
    const body = JSON.stringify({ ref: 'refs/heads/main', repository: { html_url: 'https://git.test/a/b' } });
    const headers = { 'content-type': 'application/json', 'x-gitea-event': 'push', 'x-gitea-signature': 'ab' };
    const post = async (): Promise<number> =>
      (await fetch(`${hooks.url}/gitea`, { method: 'POST', headers, body })).status;
    assert.equal(await post(), 503, 'not before the cache is filled');
    assert.deepEqual(hooks.readiness(), [{ name: 'hooks', ok: false, detail: 'waiting for the Repositories' }]);
    await hooks.start();
    assert.deepEqual(hooks.readiness(), [{ name: 'hooks', ok: true, detail: 'webhooks are taken' }]);
    assert.equal(await post(), 401, 'judged');
    const stopped = hooks.stop();
    await clock.advance(hooksDrainMs - 1);
    assert.equal(await post(), 401, 'judged still');
    await clock.advance(1);
    const over = stopped.then(() => true);
    // What is left takes virtual time of its own.
    while (!(await Promise.race([over, nextTurn(false)]))) await clock.advance(1);
    await assert.rejects(post(), 'nobody listens');
  });
});
