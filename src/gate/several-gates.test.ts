import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { PipelineRun } from '../tekton/types.ts';
import { GateRig } from './gate-rig.ts';
import { stateOf } from './run-facts.ts';
import { type GateSpec, gates, priorityKey, queueKey, repositoryKey, sourceBranchKey } from './types.ts';

async function rigWith(specs: Readonly<Record<string, GateSpec>>): Promise<GateRig> {
  const rig = new GateRig(1);
  for (const [name, spec] of Object.entries(specs)) await rig.gate(name, spec);
  await rig.start(0);
  return rig;
}

async function change(rig: GateRig, name: string, spec: { paused?: boolean; maxRunning?: number }): Promise<void> {
  await rig.client.patch(gates, { namespace: '', name }, { spec }, { type: 'merge' });
}

async function namesOf(rig: GateRig, state: string): Promise<readonly string[]> {
  return (await rig.runs()).filter((run) => stateOf(run) === state).map(({ metadata: { name = '' } }) => name);
}

async function finish(rig: GateRig, name: string): Promise<void> {
  const run = (await rig.runs()).find(({ metadata }) => metadata.name === name);
  assert.ok(run, `there is a run ${name}`);
  await rig.finish(run);
  await rig.clock.advance(100);
}

const heavy: Partial<PipelineRun['metadata']> = { labels: { heavy: 'yes' } };
const ofHeavy: GateSpec = { selector: { matchLabels: { heavy: 'yes' } } };

describe('runs of several gates', () => {
  for (const [first, second] of [
    ['all', 'heavy'],
    ['z-all', 'heavy'],
  ] as const) {
    it(`start at once when the fuller of ${first} and ${second} gets a free slot`, async () => {
      const rig = await rigWith({ [first]: { maxRunning: 3 }, [second]: { ...ofHeavy, maxRunning: 1 } });
      await rig.create('h1', heavy);
      await rig.create('h2', heavy);
      await rig.clock.advance(60_000);
      assert.deepEqual(await namesOf(rig, 'running'), ['h1']);
      await finish(rig, 'h1');
      assert.deepEqual(await namesOf(rig, 'running'), ['h2']);
    });
  }

  it('take no slots of a gate that others could use while the next gate has none for them', async () => {
    const rig = await rigWith({
      all: { maxRunning: 3, paused: true },
      heavy: { ...ofHeavy, maxRunning: 1 },
    });
    for (const name of ['h1', 'h2', 'h3']) await rig.create(name, heavy);
    for (const name of ['l1', 'l2', 'l3']) await rig.create(name);
    await rig.clock.advance(1_000);
    await change(rig, 'all', { paused: false });
    await rig.clock.advance(1_000);
    assert.deepEqual(await namesOf(rig, 'running'), ['h1', 'l1', 'l2']);
  });

  it('nor while the next gate has none for their Repository or branch', async () => {
    const rig = await rigWith({
      all: { maxRunning: 4, paused: true },
      each: { maxRunningPerRepository: 2, maxRunningPerBranch: 1 },
    });
    const at = (repository: string, branch: string): Partial<PipelineRun['metadata']> => ({
      labels: { [repositoryKey]: repository },
      annotations: { [sourceBranchKey]: branch },
    });
    for (let index = 0; index < 4; index++) await rig.create(`a-main-${index}`, at('a', 'main'));
    for (let index = 0; index < 4; index++) await rig.create(`a-next-${index}`, at('a', 'next'));
    await rig.create('a-other', at('a', 'other'));
    for (let index = 0; index < 2; index++) await rig.create(`b-main-${index}`, at('b', 'main'));
    await rig.create('z');
    await rig.clock.advance(1_000);
    await change(rig, 'all', { paused: false });
    await rig.clock.advance(1_000);
    assert.deepEqual(await namesOf(rig, 'running'), ['a-main-0', 'a-next-0', 'b-main-0', 'z']);
  });

  for (const [narrow, wide] of [
    ['heavy', 'wide'],
    ['heavy', 'all'],
  ] as const) {
    it(`get their turn in both gates, whichever is first by name: ${narrow}, ${wide}`, async () => {
      const rig = await rigWith({ [narrow]: { ...ofHeavy, maxRunning: 5 }, [wide]: { maxRunning: 2 } });
      for (const name of ['l1', 'l2']) await rig.create(name);
      await rig.clock.advance(2_000);
      await rig.create('h1', heavy);
      await rig.clock.advance(2_000);
      for (const name of ['l3', 'l4', 'l5']) await rig.create(name);
      await rig.create('h2', { ...heavy, annotations: { [priorityKey]: '5' } });
      await rig.clock.advance(1_000);
      await finish(rig, 'l1');
      assert.deepEqual(await namesOf(rig, 'running'), ['h2', 'l2'], 'the important one comes first');
      await finish(rig, 'l2');
      assert.deepEqual(await namesOf(rig, 'running'), ['h1', 'h2'], 'then the oldest');
      await finish(rig, 'h1');
      assert.deepEqual(await namesOf(rig, 'running'), ['h2', 'l3']);
    });
  }

  it('leave a slot to others when an earlier gate does not let them through', async () => {
    const rig = await rigWith({ heavy: { ...ofHeavy, maxRunning: 1 }, wide: { maxRunning: 2 } });
    for (const name of ['h1', 'h2']) await rig.create(name, heavy);
    await rig.clock.advance(2_000);
    for (const name of ['l1', 'l2']) await rig.create(name);
    await rig.clock.advance(1_000);
    assert.deepEqual(await namesOf(rig, 'running'), ['h1', 'l1']);
    await finish(rig, 'l1');
    assert.deepEqual(await namesOf(rig, 'running'), ['h1', 'l2']);
  });

  it('start as soon as the window of a later gate opens', async () => {
    // The virtual clock starts at 00:00 UTC.
    const window = { from: '00:10', to: '12:00' };
    const rig = await rigWith({ all: { maxRunning: 3 }, heavy: { ...ofHeavy, maxRunning: 1, windows: [window] } });
    await rig.clock.advance(30_500);
    await rig.create('h1', heavy);
    await rig.clock.advance(9 * 60_000);
    assert.deepEqual(await namesOf(rig, 'running'), []);
    await rig.clock.advance(30_000);
    assert.deepEqual(await namesOf(rig, 'running'), ['h1']);
  });

  it('say what they wait for in each of them', async () => {
    const rig = await rigWith({ heavy: { ...ofHeavy, maxRunning: 5 }, wide: { maxRunning: 1 } });
    await rig.create('l1');
    await rig.create('h1', heavy);
    await rig.clock.advance(20_000);
    const note = (await rig.runs()).find(({ metadata }) => metadata.name === 'h1')?.metadata.annotations?.[queueKey];
    assert.equal(note, 'position 1 in gate "heavy" (1 of 1 slot taken in gate "wide")');
  });

  it('let every gate say whom it overlaps as long as it does', async () => {
    const rig = await rigWith({ heavy: { ...ofHeavy, maxRunning: 1 }, wide: { maxRunning: 2 } });
    await rig.create('l1');
    await rig.create('l2');
    await rig.clock.advance(2_000);
    await rig.create('l3');
    await rig.clock.advance(2_000);
    await rig.create('h1', heavy);
    await rig.clock.advance(20_000);
    const overlaps = async (name: string): Promise<string | undefined> =>
      (await rig.client.get(gates, { namespace: '', name })).status?.conditions?.[0]?.message;
    assert.equal(await overlaps('wide'), 'runs here are also governed by "heavy": the stricter holds');
    assert.equal(await overlaps('heavy'), 'runs here are also governed by "wide": the stricter holds');
  });
});
