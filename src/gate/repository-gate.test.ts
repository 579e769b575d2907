import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { runKeys } from '../forge/kinds/run-keys.ts';
import { GateRig } from './gate-rig.ts';
import { repositories } from './repository.ts';
import { repositoryGateName } from './repository-gate.ts';
import { gates } from './types.ts';

async function repository(rig: GateRig, name: string, concurrency_limit?: number): Promise<void> {
  await rig.client.create(repositories, {
    apiVersion: 'pipelinesascode.tekton.dev/v1alpha1',
    kind: 'Repository',
    metadata: { name, namespace: 'default' },
    spec: { url: `https://example.org/org/${name}`, ...(concurrency_limit === undefined ? {} : { concurrency_limit }) },
  });
  await rig.clock.advance(100);
  await rig.refreshGates();
}

async function gateNames(rig: GateRig): Promise<readonly (string | undefined)[]> {
  return (await rig.client.list(gates)).items.map(({ metadata }) => metadata.name);
}

describe('the limit of a Repository', () => {
  it('holds without a gate of anybody', async () => {
    const rig = new GateRig(1);
    await rig.start(0);
    await repository(rig, 'free');
    assert.deepEqual(await gateNames(rig), []);
    await repository(rig, 'app', 1);
    assert.deepEqual(await gateNames(rig), [repositoryGateName]);
    const state = { [runKeys.repository]: 'app', [runKeys.state]: 'started' };
    for (const name of ['a', 'b']) await rig.create(name, { labels: state, annotations: state });
    await rig.clock.advance(100);
    assert.deepEqual(await rig.counts(), { waiting: 1, running: 1, over: 0 });
    const states = (await rig.runs()).map(({ metadata }) => [
      metadata.labels?.[runKeys.state],
      metadata.annotations?.[runKeys.state],
    ]);
    assert.deepEqual(states, [
      ['started', 'started'],
      ['queued', 'queued'],
    ]);
  });

  it('is left to the gates that are there', async () => {
    const rig = new GateRig(1);
    await rig.gate('everything', { maxRunning: 5 });
    await rig.start(0);
    await repository(rig, 'app', 1);
    assert.deepEqual(await gateNames(rig), ['everything']);
    await rig.client.delete(gates, { namespace: '', name: 'everything' });
    await rig.clock.advance(1_000);
    assert.deepEqual(await gateNames(rig), [repositoryGateName]);
  });

  it('holds also when the gate that had it turns to other runs', async () => {
    const rig = new GateRig(1);
    await rig.gate('everything', { maxRunning: 5 });
    await rig.start(0);
    await repository(rig, 'app', 1);
    const spec = { repository: 'another' };
    await rig.client.patch(gates, { namespace: '', name: 'everything' }, { spec }, { type: 'merge' });
    await rig.clock.advance(1_000);
    assert.deepEqual(await gateNames(rig), ['everything', repositoryGateName]);
  });
});
