import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isJsonObject } from '../../base/json.ts';
import type { Json, JsonObject } from '../../base/json.ts';
import {
  configMap,
  configMapsPath,
  metadataOf,
  pipelineRun,
  pipelineRunsPath,
  pod,
  podsPath,
  TestApi,
} from '../api-fixture.ts';

const runPath = `${pipelineRunsPath}/r`;
const mapPath = `${configMapsPath}/a`;

async function withRun(): Promise<{ api: TestApi; run: JsonObject }> {
  const api = new TestApi();
  return { api, run: await api.json('POST', pipelineRunsPath, { body: pipelineRun('r') }) };
}

async function withMap(data: Readonly<Record<string, string>> = {}): Promise<{ api: TestApi; map: JsonObject }> {
  const api = new TestApi();
  return { api, map: await api.json('POST', configMapsPath, { body: configMap('a', data) }) };
}

function generationOf(object: JsonObject): Json | undefined {
  return metadataOf(object)['generation'];
}

describe('update', () => {
  it('counts changes of the spec, not of metadata or status', async () => {
    const { api, run } = await withRun();
    const labelled = await api.json('PUT', runPath, {
      body: { ...run, metadata: { ...metadataOf(run), labels: { a: 'b' } } },
    });
    assert.equal(generationOf(labelled), 1);
    const changed = await api.json('PUT', runPath, { body: { ...labelled, spec: { pipelineRef: { name: 'other' } } } });
    assert.equal(generationOf(changed), 2);
    const told = await api.json('PUT', `${runPath}/status`, {
      body: { ...changed, status: { startTime: '2026-01-01T00:00:00Z' } },
    });
    assert.equal(generationOf(told), 2);
    assert.equal((told['status'] as JsonObject)['startTime'], '2026-01-01T00:00:00Z');
  });

  it('keeps status and the rest apart', async () => {
    const { api, run } = await withRun();
    const status = { startTime: '2026-01-01T00:00:00Z' };
    const viaObject = await api.json('PUT', runPath, {
      body: { ...run, metadata: { ...metadataOf(run), labels: { a: 'b' } }, status },
    });
    assert.equal(viaObject['status'], undefined);
    const viaStatus = await api.json('PUT', `${runPath}/status`, {
      body: {
        ...viaObject,
        metadata: { ...metadataOf(viaObject), labels: { c: 'd' }, finalizers: ['x.dev/y'] },
        spec: { pipelineRef: { name: 'other' } },
        status,
      },
    });
    assert.deepEqual(viaStatus['status'], status);
    assert.deepEqual(viaStatus['spec'], run['spec']);
    assert.deepEqual(metadataOf(viaStatus)['labels'], { a: 'b' });
    assert.equal(metadataOf(viaStatus)['finalizers'], undefined);
  });

  it('keeps one copy of what did not change, however it was sent', async () => {
    const { api, run } = await withRun();
    const status = { startTime: '2026-01-01T00:00:00Z' };
    const body = JSON.stringify({ ...run, status });
    const told = await api.json('PUT', `${runPath}/status`, { body });
    assert.equal(told['spec'], run['spec']);
    const labelled = await api.json('PUT', runPath, {
      body: JSON.stringify({ ...told, metadata: { ...metadataOf(told), labels: { a: 'b' } } }),
    });
    assert.equal(labelled['spec'], run['spec']);
    assert.equal(labelled['status'], told['status']);
  });

  it('keeps what the server decided', async () => {
    const { api, map } = await withMap();
    const metadata = { ...metadataOf(map), creationTimestamp: '2001-01-01T00:00:00Z', selfLink: '/x' };
    const updated = await api.json('PUT', mapPath, { body: { ...map, metadata, data: { k: 'v' } } });
    assert.equal(metadataOf(updated)['creationTimestamp'], metadataOf(map)['creationTimestamp']);
    assert.equal(metadataOf(updated)['selfLink'], undefined);
    assert.equal(metadataOf(updated)['uid'], metadataOf(map)['uid']);
  });

  it('refuses to say when an object is deleted', async () => {
    const { api, map } = await withMap();
    const metadata = { ...metadataOf(map), deletionTimestamp: '2001-01-01T00:00:00Z', deletionGracePeriodSeconds: 5 };
    const { details } = await api.refusal('PUT', mapPath, { body: { ...map, metadata } });
    const fields = ((details as JsonObject)['causes'] as readonly JsonObject[]).map(({ field }) => field);
    assert.deepEqual(fields, ['metadata.deletionTimestamp', 'metadata.deletionGracePeriodSeconds']);
  });

  it('may change the prefix of the name, which means nothing any more', async () => {
    const { api, map } = await withMap();
    const metadata = { ...metadataOf(map), generateName: 'b-' };
    const updated = await api.json('PUT', mapPath, { body: { ...map, metadata } });
    assert.equal(metadataOf(updated)['generateName'], 'b-');
  });

  it('resets field ownership with an empty list, and takes no list it cannot understand', async () => {
    const { api, map } = await withMap();
    const before = metadataOf(map)['managedFields'];
    const put = async (managedFields: Json): Promise<Json | undefined> => {
      const metadata = { ...metadataOf(map), resourceVersion: '', managedFields };
      return metadataOf(await api.json('PUT', mapPath, { body: { ...map, metadata } }))['managedFields'];
    };
    assert.deepEqual(await put([{ operation: 'Guess', fieldsV1: {} }]), before);
    assert.equal(await put([]), undefined);
  });

  it('stores nothing when nothing changes', async () => {
    const { api, run } = await withRun();
    const before = api.store.revision();
    assert.equal(await api.json('PUT', runPath, { body: run }), await api.json('GET', runPath));
    await api.json('PUT', `${runPath}/status`, { body: run });
    await api.patch(runPath, { metadata: { labels: null } });
    await api.json('PATCH', runPath, { body: [], headers: { 'content-type': 'application/json-patch+json' } });
    assert.equal(api.store.revision(), before);
  });

  it('refuses a stale version in the words of Kubernetes', async () => {
    const { api, map } = await withMap();
    await api.json('PUT', mapPath, { body: { ...map, data: { k: '1' } } });
    const refusal = await api.refusal('PUT', mapPath, { body: { ...map, data: { k: '2' } } });
    assert.equal(refusal['code'], 409);
    assert.equal(refusal['reason'], 'Conflict');
    assert.equal(
      refusal['message'],
      'Operation cannot be fulfilled on configmaps "a": the object has been modified; please apply your changes to the latest version and try again',
    );
    assert.deepEqual(refusal['details'], { name: 'a', kind: 'configmaps' });
  });

  it('needs no version for core kinds, and one for others', async () => {
    const { api } = await withMap();
    const updated = await api.json('PUT', mapPath, { body: configMap('a', { k: 'v' }) });
    assert.deepEqual(updated['data'], { k: 'v' });
    await api.json('POST', pipelineRunsPath, { body: pipelineRun('r') });
    const refusal = await api.refusal('PUT', runPath, { body: pipelineRun('r') });
    assert.equal(refusal['code'], 422);
    assert.match(String(refusal['message']), /metadata.resourceVersion: .*must be specified for an update/);
  });

  for (const [title, change, code] of [
    ['another uid', { uid: 'another' }, 409],
    ['another name', { name: 'b' }, 400],
    ['no name', { name: undefined }, 400],
    ['another namespace', { namespace: 'kube-system' }, 400],
  ] as const) {
    it(`refuses ${title}`, async () => {
      const { api, map } = await withMap();
      const body = { ...map, metadata: { ...metadataOf(map), ...change } } as JsonObject;
      assert.equal((await api.refusal('PUT', mapPath, { body }))['code'], code);
    });
  }

  it('does not create what is not there', async () => {
    const { api, run } = await withRun();
    await api.json('DELETE', runPath);
    assert.equal((await api.refusal('PUT', runPath, { body: run }))['code'], 404);
    assert.equal((await api.refusal('PUT', `${runPath}/status`, { body: run }))['code'], 404);
  });

  it('has no status where the kind has none', async () => {
    const { api, map } = await withMap();
    assert.equal((await api.refusal('PUT', `${mapPath}/status`, { body: map }))['code'], 404);
    assert.equal((await api.refusal('DELETE', `${podsPath}/p/status`))['code'], 405);
  });

  it('does not store on a dry run', async () => {
    const { api, map } = await withMap();
    const dry = await api.json('PUT', mapPath, { body: { ...map, data: { k: 'v' } }, query: { dryRun: 'All' } });
    assert.deepEqual(dry['data'], { k: 'v' });
    assert.equal(await api.json('GET', mapPath), map);
  });
});

describe('fields that cannot change', () => {
  const frozen: JsonObject = { ...configMap('a', { k: '1' }), immutable: true };
  const secret: JsonObject = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'a' }, type: 'Opaque' };
  const claim: JsonObject = {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name: 'a' },
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
  };
  const base = '/api/v1/namespaces/default';
  for (const [title, resource, object, patch, field] of [
    ['data of an immutable ConfigMap', 'configmaps', frozen, { data: { k: '2' } }, 'data'],
    ['immutability itself', 'configmaps', frozen, { immutable: null }, 'immutable'],
    ['the type of a Secret', 'secrets', secret, { type: 'other/type' }, 'type'],
    ['access modes of a claim', 'persistentvolumeclaims', claim, { spec: { accessModes: ['ReadWriteMany'] } }, 'spec'],
    ['the restart policy of a pod', 'pods', pod('a'), { spec: { restartPolicy: 'Never' } }, 'spec'],
    ['the grace of a pod', 'pods', pod('a'), { spec: { terminationGracePeriodSeconds: 1 } }, 'spec'],
    [
      'a later deadline of a pod',
      'pods',
      pod('a', { activeDeadlineSeconds: 5 }),
      { spec: { activeDeadlineSeconds: 6 } },
      'spec.activeDeadlineSeconds',
    ],
    [
      'no deadline of a pod',
      'pods',
      pod('a', { activeDeadlineSeconds: 5 }),
      { spec: { activeDeadlineSeconds: null } },
      'spec.activeDeadlineSeconds',
    ],
    [
      'a toleration of a pod',
      'pods',
      pod('a', { tolerations: [{ key: 'a', operator: 'Exists' }] }),
      { spec: { tolerations: [{ key: 'b', operator: 'Exists' }] } },
      'spec.tolerations',
    ],
    ['the node of a pod', 'pods', pod('a'), { spec: { nodeName: 'here' } }, 'spec'],
  ] as const) {
    it(`include ${title}`, async () => {
      const api = new TestApi();
      await api.json('POST', `${base}/${resource}`, { body: object });
      const headers = { 'content-type': 'application/merge-patch+json' };
      const refusal = await api.refusal('PATCH', `${base}/${resource}/a`, { body: patch as JsonObject, headers });
      assert.equal(refusal['reason'], 'Invalid');
      const { causes } = refusal['details'] as { causes: readonly { field: string }[] };
      assert.deepEqual(
        causes.map((cause) => cause.field),
        [field],
      );
    });
  }

  it('do not include the image and the deadline of a pod, labels, and the size of a claim', async () => {
    const api = new TestApi();
    await api.json('POST', `${base}/pods`, { body: pod('a') });
    const tolerations = [{ key: 'a', operator: 'Exists' }];
    await api.patch(`${base}/pods/a`, {
      spec: { activeDeadlineSeconds: 5, tolerations },
      metadata: { labels: { a: 'b' } },
    });
    await api.patch(`${base}/pods/a`, { spec: { activeDeadlineSeconds: 4 } });
    const patch = [{ op: 'replace', path: '/spec/containers/0/image', value: 'busybox:2' }];
    await api.json('PATCH', `${base}/pods/a`, {
      body: patch,
      headers: { 'content-type': 'application/json-patch+json' },
    });
    await api.json('POST', `${base}/persistentvolumeclaims`, { body: claim });
    await api.patch(`${base}/persistentvolumeclaims/a`, { spec: { resources: { requests: { storage: '2Gi' } } } });
    await api.json('POST', `${base}/configmaps`, { body: frozen });
    await api.patch(`${base}/configmaps/a`, { metadata: { labels: { a: 'b' } } });
  });
});

describe('patch', () => {
  const patchWith = (api: TestApi, path: string, type: string, body: Json): Promise<JsonObject> =>
    api.json('PATCH', path, { body, headers: { 'content-type': `application/${type}` } });

  it('merges, also in the status', async () => {
    const { api } = await withRun();
    await api.patch(runPath, { metadata: { labels: { a: '1', b: '2' } } });
    const patched = await api.patch(runPath, { metadata: { labels: { a: null } } });
    assert.deepEqual(metadataOf(patched)['labels'], { b: '2' });
    const status = await api.patch(`${runPath}/status`, {
      status: { startTime: '2026-01-01T00:00:00Z' },
      metadata: { labels: null },
    });
    assert.deepEqual(metadataOf(status)['labels'], { b: '2' });
    assert.ok(isJsonObject(status['status']));
  });

  it('applies JSON patches, whole or not at all', async () => {
    const { api, map } = await withMap({ k: '1' });
    const patched = await patchWith(api, mapPath, 'json-patch+json', [
      { op: 'test', path: '/data/k', value: '1' },
      { op: 'add', path: '/data/l', value: '2' },
    ]);
    assert.deepEqual(patched['data'], { k: '1', l: '2' });
    const headers = { 'content-type': 'application/json-patch+json' };
    const body = [
      { op: 'remove', path: '/data/k' },
      { op: 'test', path: '/data/l', value: 'x' },
    ];
    assert.equal((await api.refusal('PATCH', mapPath, { body, headers }))['code'], 422);
    assert.equal(await api.json('GET', mapPath), patched);
    assert.notEqual(patched, map);
  });

  it('merges lists of core kinds by their keys', async () => {
    const api = new TestApi();
    await api.json('POST', podsPath, { body: pod('p') });
    const body = { spec: { containers: [{ name: 'main', image: 'busybox:2' }] } };
    const patched = await patchWith(api, `${podsPath}/p`, 'strategic-merge-patch+json', body);
    const [container] = (patched['spec'] as JsonObject)['containers'] as readonly JsonObject[];
    assert.equal(container?.['image'], 'busybox:2');
    assert.equal(container?.['terminationMessagePath'], '/dev/termination-log');
  });

  it('refuses strategic merges of custom kinds and types nobody knows', async () => {
    const { api } = await withRun();
    for (const type of ['application/strategic-merge-patch+json', 'application/json', 'text/plain']) {
      const refusal = await api.refusal('PATCH', runPath, { body: {}, headers: { 'content-type': type } });
      assert.equal(refusal['code'], 415);
      assert.match(String(refusal['message']), /application\/json-patch\+json, application\/merge-patch\+json/);
    }
  });

  it('is refused when it names a version that is not the newest', async () => {
    const { api, map } = await withMap();
    await api.patch(mapPath, { data: { k: '1' } });
    const { resourceVersion } = metadataOf(map);
    const headers = { 'content-type': 'application/merge-patch+json' };
    const body = { metadata: { resourceVersion: resourceVersion ?? '' }, data: { k: '2' } };
    assert.equal((await api.refusal('PATCH', mapPath, { body, headers }))['code'], 409);
  });

  for (const [title, body] of [
    ['a list', []],
    ['a text', 'x'],
    ['nothing', undefined],
    ['metadata that is no object', { metadata: null }],
    ['another kind', { kind: 'Secret' }],
  ] as const) {
    it(`refuses to merge ${title}`, async () => {
      const { api } = await withMap();
      const headers = { 'content-type': 'application/merge-patch+json' };
      const refusal = await api.refusal('PATCH', mapPath, {
        headers,
        ...(body === undefined ? {} : { body: body as Json }),
      });
      assert.equal(refusal['code'], 400);
    });
  }

  it('is validated like any other write', async () => {
    const { api } = await withMap();
    const headers = { 'content-type': 'application/merge-patch+json' };
    const refusal = await api.refusal('PATCH', mapPath, { body: { data: { k: 3 } }, headers });
    assert.equal(refusal['code'], 422);
    assert.match(String(refusal['message']), /^ConfigMap "a" is invalid: data\.k: Invalid value/);
  });
});

describe('server-side apply', () => {
  const applyType = { 'content-type': 'application/apply-patch+yaml' };
  const apply = (
    api: TestApi,
    body: JsonObject,
    manager: string,
    more: Readonly<Record<string, string>> = {},
  ): Promise<JsonObject> =>
    api.json('PATCH', mapPath, { body, headers: applyType, query: { fieldManager: manager, ...more } });

  it('creates, changes what is its own, and leaves the rest', async () => {
    const api = new TestApi();
    const first = await api.call('PATCH', mapPath, {
      body: configMap('a', { x: '1' }),
      headers: applyType,
      query: { fieldManager: 'one' },
    });
    assert.equal(first.status, 201);
    await apply(api, configMap('a', { y: '2' }), 'two');
    const object = await apply(api, configMap('a', {}), 'one');
    assert.deepEqual(object['data'], { y: '2' });
  });

  it('conflicts with other owners unless forced', async () => {
    const api = new TestApi();
    await apply(api, configMap('a', { x: '1' }), 'one');
    const refusal = await api.refusal('PATCH', mapPath, {
      body: configMap('a', { x: '2' }),
      headers: applyType,
      query: { fieldManager: 'two' },
    });
    assert.equal(refusal['code'], 409);
    assert.equal(refusal['message'], 'Apply failed with 1 conflict: conflict with "one": .data.x');
    const forced = await apply(api, configMap('a', { x: '2' }), 'two', { force: 'true' });
    assert.deepEqual(forced['data'], { x: '2' });
  });

  it('stores nothing when repeated, however late', async () => {
    const api = new TestApi();
    await apply(api, configMap('a', { x: '1' }), 'one');
    const before = api.store.revision();
    await api.clock.advance(60_000);
    await apply(api, configMap('a', { x: '1' }), 'one');
    assert.equal(api.store.revision(), before);
  });

  it('reads YAML', async () => {
    const api = new TestApi();
    const body = 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\ndata:\n  x: "1"\n';
    const query = { fieldManager: 'one' };
    assert.deepEqual((await api.json('PATCH', mapPath, { body, headers: applyType, query }))['data'], { x: '1' });
  });

  for (const [title, body, query, code] of [
    ['without a manager', configMap('a'), {}, 422],
    ['with managed fields', configMap('a', {}, { managedFields: [] }), { fieldManager: 'one' }, 400],
    ['of another name', configMap('b'), { fieldManager: 'one' }, 400],
    ['of another kind', pod('a'), { fieldManager: 'one' }, 400],
    [
      'of unknown fields when strict',
      { ...configMap('a'), size: 1 },
      { fieldManager: 'one', fieldValidation: 'Strict' },
      400,
    ],
    ['of an invalid object', { ...configMap('a'), data: { x: 1 } }, { fieldManager: 'one' }, 422],
  ] as const) {
    it(`is refused ${title}`, async () => {
      const refusal = await new TestApi().refusal('PATCH', mapPath, {
        body,
        headers: applyType,
        query,
      });
      assert.equal(refusal['code'], code);
    });
  }

  it('does not create through a subresource', async () => {
    const refusal = await new TestApi().refusal('PATCH', `${runPath}/status`, {
      body: pipelineRun('r'),
      headers: applyType,
      query: { fieldManager: 'one' },
    });
    assert.equal(refusal['code'], 404);
  });
});
