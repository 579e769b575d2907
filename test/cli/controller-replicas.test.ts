/** Two `penstock controller`s on one API server: one acts, whatever is paused, killed or stopped. */
import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { leases } from '../../src/kube/core-types.ts';
import { ControllerLoad } from '../support/controller-load.ts';
import { type PenstockProcess, Workplace } from '../support/penstock-process.ts';
import { waitUntil } from '../support/wait-until.ts';

const workplace = new Workplace();
after(() => workplace[Symbol.asyncDispose]());

/** Shorter times than a cluster wants, so that a pause outlasts them soon. */
const times = ['--lease-duration', '3s', '--renew-deadline', '2s', '--retry-period', '500ms'];
const leaseKey = { namespace: 'default', name: 'penstock-controller' };
const leads = /this process is the leader now/;

function termsOf({ stderr }: PenstockProcess): number {
  return stderr.split(leads).length - 1;
}

/** The name of the process that holds the lease. */
async function holderOf({ server }: ControllerLoad): Promise<string> {
  const lease = await server.client.get(leases, leaseKey);
  return lease.spec?.holderIdentity ?? '';
}

function identityOf({ stdout }: PenstockProcess): string {
  return /^Penstock controls .* as (\S+)$/m.exec(stdout)?.[1] ?? assert.fail(stdout);
}

async function untilHeldBy(load: ControllerLoad, replica: PenstockProcess): Promise<void> {
  const seen = (): Promise<string> => holderOf(load).catch(String);
  await waitUntil(`${identityOf(replica)} leads`, async () => (await seen()) === identityOf(replica), { seen });
}

/** The one that holds the lease: for a moment it may be nobody's. */
async function leaderOf(load: ControllerLoad, ...replicas: readonly PenstockProcess[]): Promise<PenstockProcess> {
  let holder = '';
  const leader = (): PenstockProcess | undefined => replicas.find((replica) => identityOf(replica) === holder);
  const isHeld = async (): Promise<boolean> => {
    holder = await holderOf(load);
    return leader() !== undefined;
  };
  await waitUntil('one of them leads', isHeld, { seen: () => holder });
  return leader() ?? assert.fail();
}

describe('two replicas of the controllers', () => {
  it('a leader that is paused in the middle of its work and woken later does no harm, nor one that is killed', async () => {
    await using load = await ControllerLoad.start(workplace, 'paused');
    const [one, two] = [load.controller(...times), load.controller(...times)];
    await Promise.all([one, two].map((replica) => replica.until(/^Penstock controls /m)));
    await Promise.race([one, two].map((replica) => replica.until(leads)));
    for (let round = 0; round < 3; round++) {
      const leader = await leaderOf(load, one, two);
      const other = leader === one ? two : one;
      await Promise.all([load.accept(), load.accept(), load.accept()]);
      await wait(60 + round * 110);
      leader.signal('SIGSTOP');
      await untilHeldBy(load, other);
      await load.accept();
      await wait(1_500);
      leader.signal('SIGCONT');
      await leader.until(/leadership is lost/);
      await load.accept();
      await wait(500);
    }
    const dying = await leaderOf(load, one, two);
    await load.accept();
    await wait(100);
    await dying.kill();
    assert.equal(await load.check(), 16);
    assert.ok(termsOf(one) + termsOf(two) >= 4, 'leadership went to and fro');
  });

  it('a leader that is stopped hands over at once', async () => {
    await using load = await ControllerLoad.start(workplace, 'stopped');
    const first = load.controller();
    await first.until(leads);
    const second = load.controller();
    await second.until(/^Penstock controls /m);
    await Promise.all([load.accept(), load.accept()]);
    first.signal('SIGTERM');
    assert.equal((await first.ended).code, 0);
    // With the ordinary times a lease that is not given back lasts 15 s; the hand-over needs one try of 2.4 s at most.
    await second.until(leads);
    const handed = await load.server.client.get(leases, leaseKey);
    assert.equal(handed.spec?.leaseTransitions, 1);
    assert.equal(await load.check(), 2);
  });
});
