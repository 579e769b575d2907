/** `penstock controller` as a process on a real API server: with its roles alone, killed, paused for a minute. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { seededRandom } from '../../src/base/random.ts';
import { gates } from '../../src/gate/types.ts';
import { leases } from '../../src/kube/core-types.ts';
import { ControlledCluster, ownNamespace } from '../support/controlled-cluster.ts';
import { type PenstockProcess, Workplace } from '../support/penstock-process.ts';
import { whyNoRealApi } from '../support/real-api-binaries.ts';
import { waitUntil } from '../support/wait-until.ts';

const kills = 200;
/** A controller is killed within so many milliseconds after it began to work. */
const lifeMsMax = 900;
/** Longer than any lease. */
const pauseMs = 60_000;
const leads = /this process is the leader now/;

describe('penstock controller on a real API server', { skip: whyNoRealApi() }, () => {
  const workplace = new Workplace();
  let cluster: ControlledCluster;

  before(async () => {
    cluster = await ControlledCluster.start(workplace);
    await cluster.api.client.create(gates, {
      apiVersion: 'penstock.dev/v1alpha1',
      kind: 'Gate',
      metadata: { name: 'few' },
      spec: { maxRunning: 4 },
    });
  });
  after(async () => {
    await cluster[Symbol.asyncDispose]();
    await workplace[Symbol.asyncDispose]();
  });

  const holder = async (): Promise<string> => {
    const lease = await cluster.api.client.get(leases, { namespace: ownNamespace, name: 'penstock-controller' });
    return lease.spec?.holderIdentity ?? '';
  };
  const identityOf = ({ stdout }: PenstockProcess): string =>
    /^Penstock controls .* as (\S+)$/m.exec(stdout)?.[1] ?? assert.fail(stdout);

  it('does its work with the roles of an installation and no others', async () => {
    const controller = cluster.controller();
    await controller.until(leads);
    for (let run = 0; run < 6; run++) await cluster.accept();
    await cluster.check();
    controller.signal('SIGTERM');
    const { code, stderr } = await controller.ended;
    assert.equal(code, 0, stderr);
    assert.doesNotMatch(stderr, /forbidden|"level":"error"/i);
    assert.equal(await holder(), '', 'the lease was given back');
  });

  it('a leader that is paused for a minute in the middle of its work and then woken does no harm', async () => {
    const replicas = [cluster.controller(), cluster.controller()];
    await Promise.all(replicas.map((replica) => replica.until(/^Penstock controls /m)));
    await Promise.race(replicas.map((replica) => replica.until(leads)));
    const leader = replicas.find((replica) => replica.stderr.match(leads)) ?? assert.fail();
    const other = replicas.find((replica) => replica !== leader) ?? assert.fail();
    for (let run = 0; run < 6; run++) await cluster.accept();
    await wait(150);
    leader.signal('SIGSTOP');
    await cluster.accept();
    await wait(pauseMs);
    assert.equal(await holder(), identityOf(other));
    for (let run = 0; run < 3; run++) await cluster.accept();
    leader.signal('SIGCONT');
    await leader.until(/leadership is lost/);
    await cluster.accept();
    await cluster.check();
    other.signal('SIGTERM');
    await other.ended;
    await waitUntil('the one that was paused leads', async () => (await holder()) === identityOf(leader), {
      seen: () => leader.stderr,
    });
    await cluster.accept();
    await cluster.check();
    leader.signal('SIGTERM');
    assert.equal((await leader.ended).code, 0);
  });

  it(`a controller that is killed at ${kills} random moments ends every run with the right verdict`, async () => {
    const random = seededRandom(3);
    for (let kill = 0; kill < kills; kill++) {
      const controller = cluster.controller('--leader-elect', 'false');
      await cluster.accept();
      await controller.until(/^Penstock controls /m);
      await wait(random.integer(0, lifeMsMax));
      await controller.kill();
    }
    const last = cluster.controller('--leader-elect', 'false');
    assert.ok((await cluster.check()) >= kills);
    await last.kill();
  });
});
