import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { pipelineRuns } from '../tekton/types.ts';
import { GateRig } from './gate-rig.ts';
import { stateOf } from './run-facts.ts';
import { type GateSpec, gates, managedGateKey, queueKey } from './types.ts';

async function rigWith(spec: GateSpec): Promise<GateRig> {
  const rig = new GateRig(1);
  await rig.gate('default', spec);
  await rig.start(0);
  for (const name of ['a', 'b', 'c']) await rig.create(name);
  await rig.clock.advance(6_000);
  return rig;
}

async function waitingIn(rig: GateRig): Promise<readonly string[]> {
  return (await rig.runs()).filter((run) => stateOf(run) === 'waiting').map(({ metadata: { name = '' } }) => name);
}

/** Takes a gate away without letting its finalizer do its work. */
async function remove(rig: GateRig, name: string): Promise<void> {
  const key = { namespace: '', name };
  await rig.client.delete(gates, key);
  await rig.client.patch(gates, key, { metadata: { finalizers: null } }, { type: 'merge' });
  await rig.refreshGates();
}

describe('a gate that is taken away by force', () => {
  for (const [onDelete, left] of [
    ['Release', []],
    ['Hold', ['b', 'c']],
  ] as const) {
    it(`has its runs treated by ${onDelete}, while somebody watches`, async () => {
      const rig = await rigWith({ maxRunning: 1, onDelete });
      rig.crash(0);
      await remove(rig, 'default');
      await rig.start(0);
      await rig.clock.advance(5_000);
      assert.deepEqual(await waitingIn(rig), left);
    });
  }

  it('leaves its runs to the gate that governs them', async () => {
    const rig = await rigWith({ maxRunning: 1 });
    rig.crash(0);
    await rig.gate('other', { maxRunning: 2 });
    await remove(rig, 'default');
    await rig.start(0);
    await rig.clock.advance(5_000);
    assert.deepEqual(await waitingIn(rig), ['c']);
  });

  it('is not taken for gone while only the cache does not know it', async () => {
    const rig = new GateRig(1);
    rig.delayGates = true;
    await rig.start(0);
    await rig.gate('default', { maxRunning: 1 });
    for (const name of ['a', 'b', 'c']) await rig.create(name);
    await rig.clock.advance(5_000);
    assert.deepEqual(await waitingIn(rig), ['a', 'b', 'c'], 'the cache knows no gate yet');
    rig.delayGates = false;
    await rig.clock.advance(10_000);
    assert.deepEqual(await waitingIn(rig), ['b', 'c']);
  });

  it('is not what another scheduler calls itself', async () => {
    const rig = new GateRig(1);
    await rig.start(0);
    await rig.client.create(pipelineRuns, {
      apiVersion: 'tekton.dev/v1',
      kind: 'PipelineRun',
      metadata: { namespace: 'default', name: 'own', annotations: { [managedGateKey]: 'my-scheduler' } },
      spec: { pipelineRef: { name: 'p' }, status: 'PipelineRunPending' },
    });
    await rig.clock.advance(5_000);
    assert.deepEqual(await waitingIn(rig), ['own']);
  });

  it('has a run released that admission held for it afterwards', async () => {
    const rig = await rigWith({ maxRunning: 1 });
    await rig.client.delete(gates, { namespace: '', name: 'default' });
    await rig.clock.advance(5_000);
    // Admission has not heard of the end of the gate.
    await rig.create('late');
    await rig.clock.advance(5_000);
    assert.deepEqual(await waitingIn(rig), []);
  });
});

describe('the end of a gate', () => {
  it('holds runs that came while it would have released them, also over a restart', async () => {
    const rig = await rigWith({ maxRunning: 1 });
    await rig.client.patch(
      gates,
      { namespace: '', name: 'default' },
      { spec: { onDelete: 'Hold' } },
      { type: 'merge' },
    );
    await rig.client.delete(gates, { namespace: '', name: 'default' });
    await rig.clock.advance(5_000);
    assert.deepEqual((await rig.client.list(gates)).items, []);
    assert.deepEqual(await waitingIn(rig), ['b', 'c']);
    rig.crash(0);
    await rig.start(0);
    await rig.clock.advance(5_000);
    assert.deepEqual(await waitingIn(rig), ['b', 'c']);
    const notes = (await rig.runs()).map(({ metadata }) => metadata.annotations?.[queueKey]);
    const held = 'held: no gate governs it any more, and its gate was to hold it';
    assert.deepEqual(notes, [undefined, held, held]);
  });

  it('of two at once releases what both govern', async () => {
    const rig = new GateRig(1);
    await rig.gate('first', { maxRunning: 1 });
    await rig.gate('second', { maxRunning: 1 });
    await rig.start(0);
    for (const name of ['a', 'b', 'c']) await rig.create(name);
    rig.faults = { lostPercent: 0, watchDelayMsMax: 500 };
    await rig.clock.advance(5_000);
    for (const name of ['first', 'second']) await rig.client.delete(gates, { namespace: '', name });
    await rig.clock.advance(10_000);
    assert.deepEqual((await rig.client.list(gates)).items, []);
    assert.deepEqual(await waitingIn(rig), []);
  });

  it('leaves its runs to a gate that has just taken its place', async () => {
    const rig = await rigWith({ maxRunning: 1 });
    rig.delayGates = true;
    await rig.client.delete(gates, { namespace: '', name: 'default' });
    await rig.gate('renamed', { maxRunning: 1 });
    rig.delayGates = false;
    await rig.clock.advance(10_000);
    assert.deepEqual(await waitingIn(rig), ['b', 'c']);
  });

  it('does not start what its creator made pending before there was a gate', async () => {
    const rig = new GateRig(1);
    await rig.client.create(pipelineRuns, {
      apiVersion: 'tekton.dev/v1',
      kind: 'PipelineRun',
      metadata: { namespace: 'default', name: 'own' },
      spec: { pipelineRef: { name: 'p' }, status: 'PipelineRunPending' },
    });
    await rig.gate('default', { maxRunning: 1, paused: true });
    await rig.start(0);
    await rig.create('held');
    await rig.clock.advance(1_000);
    await rig.client.delete(gates, { namespace: '', name: 'default' });
    await rig.clock.advance(5_000);
    assert.deepEqual(await waitingIn(rig), ['own']);
  });
});
