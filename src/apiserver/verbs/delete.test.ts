import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { JsonObject } from '../../base/json.ts';
import { configMap, configMapsPath, eventNames, metadataOf, pod, podsPath, take, TestApi } from '../api-fixture.ts';

const mapPath = `${configMapsPath}/a`;

async function withMap(metadata: JsonObject = {}): Promise<{ api: TestApi; map: JsonObject }> {
  const api = new TestApi();
  return { api, map: await api.json('POST', configMapsPath, { body: configMap('a', {}, metadata) }) };
}

describe('delete', () => {
  it('answers with what is gone', async () => {
    const { api, map } = await withMap();
    const uid = String(metadataOf(map)['uid']);
    const answer = await api.json('DELETE', mapPath);
    assert.deepEqual(answer, {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Success',
      details: { name: 'a', kind: 'configmaps', uid },
    });
    assert.equal((await api.refusal('DELETE', mapPath))['code'], 404);
  });

  const unreadable: readonly JsonObject[] = [
    { preconditions: { uid: 5 } },
    { preconditions: { resourceVersion: 1 } },
    { preconditions: [] },
    { preconditions: 'x' },
    { dryRun: 'All' },
    { dryRun: ['Some'] },
    { orphanDependents: 'true' },
    { propagationPolicy: 5 },
  ];
  for (const options of unreadable) {
    it(`deletes nothing under ${JSON.stringify(options)}, which it cannot read`, async () => {
      const { api } = await withMap();
      const body = { apiVersion: 'v1', kind: 'DeleteOptions', ...options };
      assert.equal((await api.refusal('DELETE', mapPath, { body }))['code'], 400);
      await api.json('GET', mapPath);
    });
  }

  it('deletes nothing in a dry run of no name', async () => {
    const { api } = await withMap();
    assert.equal((await api.refusal('DELETE', mapPath, { query: { dryRun: '' } }))['code'], 400);
    await api.json('GET', mapPath);
  });

  it('empties one namespace at a time', async () => {
    const { api } = await withMap();
    assert.equal((await api.refusal('DELETE', '/api/v1/configmaps'))['code'], 405);
    await api.json('GET', mapPath);
  });

  it('tells watchers the last content at the revision of the delete', async () => {
    const { api } = await withMap();
    const watch = await api.watch(configMapsPath, { query: { resourceVersion: String(api.store.revision()) } });
    await api.json('DELETE', mapPath);
    const [event] = await take(watch, 1);
    assert.equal(event?.type, 'DELETED');
    assert.equal(metadataOf(event.object)['resourceVersion'], String(api.store.revision()));
  });

  it('waits for finalizers, and goes with the last of them', async () => {
    const { api } = await withMap({ finalizers: ['x.dev/a', 'x.dev/b'] });
    const watch = await api.watch(configMapsPath, { query: { resourceVersion: String(api.store.revision()) } });
    const marked = await api.json('DELETE', mapPath);
    assert.equal(metadataOf(marked)['deletionTimestamp'], '2026-01-01T00:00:00Z');
    assert.equal(metadataOf(marked)['deletionGracePeriodSeconds'], 0);
    const before = api.store.revision();
    assert.equal(await api.json('DELETE', mapPath), marked);
    assert.equal(api.store.revision(), before);
    await api.patch(mapPath, { metadata: { finalizers: ['x.dev/b'] } });
    const last = await api.patch(mapPath, { metadata: { finalizers: null } });
    assert.equal(metadataOf(last)['name'], 'a');
    assert.equal((await api.refusal('GET', mapPath))['code'], 404);
    assert.deepEqual(eventNames(await take(watch, 3)), ['MODIFIED a', 'MODIFIED a', 'DELETED a']);
  });

  it('lets nobody add a finalizer to what is going', async () => {
    const { api } = await withMap({ finalizers: ['x.dev/a'] });
    await api.json('DELETE', mapPath);
    const body = { metadata: { finalizers: ['x.dev/a', 'x.dev/late'] } };
    const refusal = await api.refusal('PATCH', mapPath, {
      body,
      headers: { 'content-type': 'application/merge-patch+json' },
    });
    assert.equal(refusal['code'], 422);
    assert.match(String(refusal['message']), /no new finalizers can be added if the object is being deleted/);
  });

  it('holds the preconditions', async () => {
    const { api, map } = await withMap();
    const { uid, resourceVersion } = metadataOf(map);
    for (const preconditions of [{ uid: 'another' }, { resourceVersion: '1' }]) {
      const refusal = await api.refusal('DELETE', mapPath, { body: { preconditions } });
      assert.equal(refusal['code'], 409);
      assert.match(String(refusal['message']), /Precondition failed/);
    }
    await api.json('DELETE', mapPath, {
      body: { preconditions: { uid: uid ?? '', resourceVersion: resourceVersion ?? '' } },
    });
  });

  for (const [policy, before, finalizers] of [
    ['Foreground', [], ['foregroundDeletion']],
    ['Orphan', ['foregroundDeletion'], ['orphan']],
    ['Foreground', ['x.dev/a', 'orphan'], ['x.dev/a', 'foregroundDeletion']],
    ['Background', ['x.dev/a', 'orphan'], ['x.dev/a']],
  ] as const) {
    it(`leaves the finalizers ${finalizers.join(', ')} with ${policy} and [${before.join(', ')}]`, async () => {
      const { api } = await withMap({ finalizers: before });
      const marked = await api.json('DELETE', mapPath, { body: { kind: 'DeleteOptions', propagationPolicy: policy } });
      assert.deepEqual(metadataOf(marked)['finalizers'], finalizers);
    });
  }

  it('reads the policy from the query, too', async () => {
    const { api } = await withMap();
    const marked = await api.json('DELETE', mapPath, { query: { propagationPolicy: 'Foreground' } });
    assert.deepEqual(metadataOf(marked)['finalizers'], ['foregroundDeletion']);
    const other = await withMap();
    const orphaned = await other.api.json('DELETE', mapPath, { query: { orphanDependents: 'true' } });
    assert.deepEqual(metadataOf(orphaned)['finalizers'], ['orphan']);
  });

  for (const [title, body] of [
    ['a policy nobody knows', { propagationPolicy: 'Sideways' }],
    ['two policies', { propagationPolicy: 'Orphan', orphanDependents: true }],
    ['a grace that is no number', { gracePeriodSeconds: 'soon' }],
    ['another body', configMap('a')],
    ['a list', []],
    ['a dry run nobody knows', { dryRun: ['Some'] }],
  ] as const) {
    it(`refuses ${title}`, async () => {
      const { api, map } = await withMap();
      assert.equal((await api.refusal('DELETE', mapPath, { body: body as JsonObject }))['code'], 400);
      assert.equal(await api.json('GET', mapPath), map);
    });
  }

  it('leaves the namespaces that are always there', async () => {
    const refusal = await new TestApi().refusal('DELETE', '/api/v1/namespaces/default');
    assert.equal(refusal['code'], 403);
    assert.equal(refusal['message'], 'namespaces "default" is forbidden: this namespace may not be deleted');
  });

  it('does not delete on a dry run', async () => {
    const { api, map } = await withMap();
    await api.json('DELETE', mapPath, { query: { dryRun: 'All' } });
    await api.json('DELETE', mapPath, { body: { dryRun: ['All'] } });
    assert.equal(await api.json('GET', mapPath), map);
  });
});

describe('deleting pods', () => {
  const podPath = `${podsPath}/p`;
  async function withPod(spec: JsonObject, metadata: JsonObject = {}): Promise<TestApi> {
    const api = new TestApi();
    const written = pod('p', spec);
    await api.json('POST', podsPath, { body: { ...written, metadata: { ...metadataOf(written), ...metadata } } });
    return api;
  }
  const ends = async (api: TestApi, options: JsonObject = {}): Promise<readonly unknown[]> => {
    const { metadata } = await api.json('DELETE', podPath, { body: options });
    const { deletionTimestamp, deletionGracePeriodSeconds } = metadata as JsonObject;
    return [deletionTimestamp, deletionGracePeriodSeconds];
  };

  it('is at once while no node has them', async () => {
    const api = await withPod({ terminationGracePeriodSeconds: 60 });
    await api.json('DELETE', podPath);
    assert.equal((await api.refusal('GET', podPath))['code'], 404);
  });

  it('waits for the node, which confirms with a grace of 0', async () => {
    const api = await withPod({ nodeName: 'here', terminationGracePeriodSeconds: 60 });
    assert.deepEqual(await ends(api), ['2026-01-01T00:01:00Z', 60]);
    await api.clock.advance(90_000);
    assert.deepEqual(metadataOf(await api.json('GET', podPath))['deletionGracePeriodSeconds'], 60);
    await api.json('DELETE', podPath, { body: { gracePeriodSeconds: 0 } });
    assert.equal((await api.refusal('GET', podPath))['code'], 404);
  });

  it('has a grace of 30 seconds unless the pod or the request has one', async () => {
    assert.deepEqual(await ends(await withPod({ nodeName: 'here' })), ['2026-01-01T00:00:30Z', 30]);
    assert.deepEqual(await ends(await withPod({ nodeName: 'here' }), { gracePeriodSeconds: 5 }), [
      '2026-01-01T00:00:05Z',
      5,
    ]);
    assert.deepEqual(await ends(await withPod({ nodeName: 'here' }), { gracePeriodSeconds: -1 }), [
      '2026-01-01T00:00:01Z',
      1,
    ]);
  });

  it('may be hurried, never slowed down', async () => {
    const api = await withPod({ nodeName: 'here' });
    assert.deepEqual(await ends(api), ['2026-01-01T00:00:30Z', 30]);
    await api.clock.advance(3_000);
    assert.deepEqual(await ends(api, { gracePeriodSeconds: 60 }), ['2026-01-01T00:00:30Z', 30]);
    assert.deepEqual(await ends(api, { gracePeriodSeconds: 10 }), ['2026-01-01T00:00:10Z', 10]);
  });

  it('keeps a confirmed pod while it has finalizers, its deletion now', async () => {
    const api = await withPod({ nodeName: 'here' }, { finalizers: ['penstock.dev/verdict'] });
    await ends(api);
    await api.clock.advance(3_000);
    assert.deepEqual(await ends(api, { gracePeriodSeconds: 0 }), ['2026-01-01T00:00:03Z', 0]);
    await api.patch(podPath, { metadata: { finalizers: null } });
    assert.equal((await api.refusal('GET', podPath))['code'], 404);
  });

  it('does not let a pod go whose node has not confirmed, though its finalizers are gone', async () => {
    const api = await withPod({ nodeName: 'here' }, { finalizers: ['penstock.dev/verdict'] });
    await ends(api);
    await api.patch(podPath, { metadata: { finalizers: null } });
    await api.json('GET', podPath);
    await api.json('DELETE', podPath, { body: { gracePeriodSeconds: 0 } });
    assert.equal((await api.refusal('GET', podPath))['code'], 404);
  });

  it('is at once when they have ended', async () => {
    const api = await withPod({ nodeName: 'here' });
    await api.patch(`${podPath}/status`, { status: { phase: 'Succeeded' } });
    await api.json('DELETE', podPath);
    assert.equal((await api.refusal('GET', podPath))['code'], 404);
  });
});

describe('deletecollection', () => {
  it('deletes what is selected, and says what that was', async () => {
    const api = new TestApi();
    for (const [name, app] of [
      ['a', 'x'],
      ['b', 'y'],
      ['c', 'x'],
    ] as const) {
      await api.json('POST', configMapsPath, { body: configMap(name, {}, { labels: { app } }) });
    }
    const names = (list: JsonObject): readonly unknown[] =>
      (list['items'] as readonly JsonObject[]).map((item) => metadataOf(item)['name']);
    assert.deepEqual(
      names(await api.json('DELETE', configMapsPath, { query: { labelSelector: 'app=x', dryRun: 'All' } })),
      ['a', 'c'],
    );
    assert.deepEqual(names(await api.json('DELETE', configMapsPath, { query: { labelSelector: 'app=x' } })), [
      'a',
      'c',
    ]);
    assert.deepEqual(names(await api.json('GET', configMapsPath)), ['b']);
  });

  it('marks what has finalizers', async () => {
    const { api } = await withMap({ finalizers: ['x.dev/a'] });
    await api.json('DELETE', configMapsPath);
    assert.ok(metadataOf(await api.json('GET', mapPath))['deletionTimestamp']);
  });
});
