import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { secrets } from '../../kube/core-types.ts';
import { definition, onPush, PlannerRig } from '../../../test/support/planner-rig.ts';

const value = 'hunter2-and-more';
const settings = { params: [{ name: 'password', secret_ref: { name: 'shared', key: 'password' } }] };

async function toldAfterPush(text: string): Promise<string> {
  const rig = await PlannerRig.create({ '.tekton/build.yaml': text }, { repository: settings });
  await rig.client.create(secrets, {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'shared', namespace: 'ci' },
    stringData: { password: value },
  });
  const name = await rig.deliver(rig.push());
  await rig.pass(10_000);
  const { runs, notices } = await rig.status(name);
  assert.deepEqual(
    runs?.map(({ outcome }) => outcome),
    ['failed'],
  );
  return JSON.stringify([runs, notices]);
}

describe('params that come out of Secrets', () => {
  it('are not told when a definition that holds them cannot be resolved', async () => {
    const told = await toldAfterPush(definition('build', { ...onPush, task: 'lib/{{ password }}' }));
    assert.match(told, /lib\/\*\*\*.* does not exist in the repository/);
    assert.ok(!told.includes(value));
  });

  it('are not told when the API server refuses a run that holds them', async () => {
    const told = await toldAfterPush(
      definition('build', onPush).replace('"name":"task"', '"name":"task","timeout":"{{ password }}"'),
    );
    assert.match(told, /timeout.*\*\*\*/);
    assert.ok(!told.includes(value));
  });
});
