import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { JsonObject } from '../../base/json.ts';
import { metadataOf, pod, podsPath, TestApi } from '../api-fixture.ts';

const status = (object: JsonObject): JsonObject => object['status'] as JsonObject;

async function withPod(spec: JsonObject = {}): Promise<TestApi> {
  const api = new TestApi();
  await api.json('POST', podsPath, { body: pod('p', spec) });
  return api;
}

function binding(node: string, more: JsonObject = {}): { body: JsonObject } {
  return {
    body: { apiVersion: 'v1', kind: 'Binding', metadata: { name: 'p', ...more }, target: { kind: 'Node', name: node } },
  };
}

describe('pods/binding', () => {
  it('assigns a pod to a node, once', async () => {
    const api = await withPod();
    const done = await api.json('POST', `${podsPath}/p/binding`, binding('one', { annotations: { why: 'first' } }));
    assert.equal(done['status'], 'Success');
    const bound = await api.json('GET', `${podsPath}/p`);
    assert.equal((bound['spec'] as JsonObject)['nodeName'], 'one');
    assert.deepEqual(metadataOf(bound)['annotations'], { why: 'first' });
    const conditions = status(bound)['conditions'] as readonly JsonObject[];
    assert.deepEqual(
      conditions.map(({ type, status: state }) => [type, state]),
      [['PodScheduled', 'True']],
    );
    const again = await api.refusal('POST', `${podsPath}/p/binding`, binding('two'));
    assert.equal(again['reason'], 'Conflict');
    assert.match(String(again['message']), /pod p is already assigned to node "one"/);
  });

  it('cannot be done with an update', async () => {
    const api = await withPod();
    const headers = { 'content-type': 'application/merge-patch+json' };
    const refused = await api.refusal('PATCH', `${podsPath}/p`, { body: { spec: { nodeName: 'one' } }, headers });
    assert.equal(refused['reason'], 'Invalid');
  });

  it('refuses another pod, a pod that goes, no node, and other verbs', async () => {
    const api = await withPod();
    const path = `${podsPath}/p/binding`;
    assert.equal((await api.refusal('POST', path, binding('one', { uid: 'other' })))['reason'], 'Conflict');
    assert.equal((await api.refusal('POST', path, binding('one', { name: 'q' })))['reason'], 'BadRequest');
    assert.equal((await api.refusal('POST', path, binding('')))['reason'], 'Invalid');
    assert.equal((await api.refusal('GET', path))['code'], 405);
    assert.equal(
      (await api.refusal('POST', `${podsPath}/none/binding`, binding('one', { name: 'none' })))['code'],
      404,
    );
    await api.patch(`${podsPath}/p`, { metadata: { finalizers: ['example.com/hold'] } });
    await api.json('DELETE', `${podsPath}/p`);
    assert.match(String((await api.refusal('POST', path, binding('one')))['message']), /is being deleted/);
  });

  it('stores nothing in a dry run', async () => {
    const api = await withPod();
    await api.json('POST', `${podsPath}/p/binding`, { ...binding('one'), query: { dryRun: 'All' } });
    assert.equal(((await api.json('GET', `${podsPath}/p`))['spec'] as JsonObject)['nodeName'], undefined);
  });
});

function eviction(deleteOptions?: JsonObject): { body: JsonObject } {
  const object = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: 'p' } };
  return { body: deleteOptions ? { ...object, deleteOptions } : object };
}

describe('pods/eviction', () => {
  it('says why, and deletes gracefully', async () => {
    const api = await withPod({ nodeName: 'one', terminationGracePeriodSeconds: 7 });
    assert.equal((await api.call('POST', `${podsPath}/p/eviction`, eviction())).status, 201);
    const evicted = await api.json('GET', `${podsPath}/p`);
    assert.equal(metadataOf(evicted)['deletionGracePeriodSeconds'], 7);
    const conditions = status(evicted)['conditions'] as readonly JsonObject[];
    assert.deepEqual(conditions, [
      {
        type: 'DisruptionTarget',
        status: 'True',
        reason: 'EvictionByEvictionAPI',
        message: 'Eviction API: evicting',
        lastTransitionTime: '2026-01-01T00:00:00Z',
      },
    ]);
    await api.json('POST', `${podsPath}/p/eviction`, eviction({ gracePeriodSeconds: 0 }));
    assert.equal((await api.call('GET', `${podsPath}/p`)).status, 404);
  });

  it('does not call a pod disrupted that has ended', async () => {
    const api = await withPod();
    await api.patch(`${podsPath}/p`, { metadata: { finalizers: ['example.com/hold'] } });
    await api.patch(`${podsPath}/p/status`, { status: { phase: 'Succeeded' } });
    await api.json('POST', `${podsPath}/p/eviction`, eviction());
    const ended = await api.json('GET', `${podsPath}/p`);
    assert.notEqual(metadataOf(ended)['deletionTimestamp'], undefined);
    assert.equal(status(ended)['conditions'], undefined);
  });

  it('honours preconditions and dry runs, and refuses another name', async () => {
    const api = await withPod();
    const path = `${podsPath}/p/eviction`;
    await api.json('POST', path, eviction({ dryRun: ['All'] }));
    assert.equal(metadataOf(await api.json('GET', `${podsPath}/p`))['deletionTimestamp'], undefined);
    assert.equal(
      (await api.refusal('POST', path, eviction({ preconditions: { uid: 'other' } })))['reason'],
      'Conflict',
    );
    const other = { body: { ...eviction().body, metadata: { name: 'q' } } };
    assert.equal((await api.refusal('POST', path, other))['reason'], 'BadRequest');
    assert.equal(
      (await api.refusal('POST', `${podsPath}/none/eviction`, { body: { ...eviction().body, metadata: {} } }))['code'],
      404,
    );
  });

  it('holds for the version it names', async () => {
    const api = await withPod();
    const resourceVersion = String(metadataOf(await api.json('GET', `${podsPath}/p`))['resourceVersion']);
    await api.json('POST', `${podsPath}/p/eviction`, eviction({ preconditions: { resourceVersion } }));
    assert.equal((await api.call('GET', `${podsPath}/p`)).status, 404);
  });

  it('leaves no condition behind when its precondition fails', async () => {
    const api = await withPod();
    await api.refusal('POST', `${podsPath}/p/eviction`, eviction({ preconditions: { uid: 'other' } }));
    assert.equal(status(await api.json('GET', `${podsPath}/p`))['conditions'], undefined);
  });
});
