import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { JsonObject } from '../../base/json.ts';
import { createMemoryStore } from '../../store/memory-store.ts';
import type { Store } from '../../store/store.ts';
import { configMap, configMapsPath, metadataOf, take, TestApi } from '../api-fixture.ts';
import { eventually, exists, namesIn, ownedBy, settle } from '../background/loops-fixture.ts';

const definitions = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
const widgets = '/apis/example.com/v1/namespaces/default/widgets';

const widgetSchema: JsonObject = {
  type: 'object',
  properties: {
    spec: {
      type: 'object',
      required: ['size'],
      properties: { size: { type: 'integer', minimum: 1 }, color: { type: 'string', default: 'red' } },
    },
    status: { type: 'object', properties: { ready: { type: 'boolean' } } },
  },
};

const version = (name: string, more: JsonObject = {}): JsonObject => ({
  name,
  served: true,
  storage: true,
  schema: { openAPIV3Schema: widgetSchema },
  subresources: { status: {} },
  ...more,
});

function definition(more: JsonObject = {}, names: JsonObject = {}): JsonObject {
  const plural = typeof names['plural'] === 'string' ? names['plural'] : 'widgets';
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.example.com` },
    spec: {
      group: 'example.com',
      scope: 'Namespaced',
      names: { plural, kind: 'Widget', shortNames: ['wd'], ...names },
      versions: [version('v1')],
      ...more,
    },
  };
}

const widget = (name: string, spec: JsonObject = { size: 1 }, more: JsonObject = {}): JsonObject => ({
  apiVersion: 'example.com/v1',
  kind: 'Widget',
  metadata: { name, ...more },
  spec,
});

async function started(store?: Store): Promise<TestApi> {
  const api = new TestApi(store ? { store } : {});
  await api.server.start();
  return api;
}

/** `status` of a condition of a definition; undefined while it has none. */
async function condition(api: TestApi, name: string, type: string): Promise<string> {
  const crd = await api.json('GET', `${definitions}/${name}`);
  const { conditions = [] } = (crd['status'] ?? {}) as { conditions?: readonly JsonObject[] };
  const found = conditions.find((item) => item['type'] === type);
  return found ? `${String(found['status'])} ${String(found['reason'])}` : 'absent';
}

async function established(api: TestApi, crd: JsonObject): Promise<void> {
  const name = String(metadataOf(await api.json('POST', definitions, { body: crd }))['name']);
  await eventually(api, `${name} is established`, async () =>
    (await condition(api, name, 'Established')).startsWith('True'),
  );
}

describe('a CustomResourceDefinition', () => {
  it('adds a kind that defaults, prunes and validates', async () => {
    const api = await started();
    await established(api, definition());
    const created = await api.json('POST', widgets, { body: widget('a', { size: 2, unknown: 1 }) });
    assert.deepEqual(created['spec'], { size: 2, color: 'red' });
    const refused = await api.refusal('POST', widgets, { body: widget('b', { size: 0 }) });
    assert.equal(refused['reason'], 'Invalid');
    assert.match(String(refused['message']), /^Widget.example.com "b" is invalid: spec.size: /);
    const strict = { query: { fieldValidation: 'Strict' } };
    const unknown = await api.refusal('POST', widgets, { ...strict, body: widget('c', { size: 1, extra: 1 }) });
    assert.match(String(unknown['message']), /strict decoding error: unknown field "spec.extra"/);
  });

  it('has a status of its own, generations, tables and patches', async () => {
    const api = await started();
    const columns = [{ name: 'Size', type: 'integer', jsonPath: '.spec.size' }];
    await established(api, definition({ versions: [version('v1', { additionalPrinterColumns: columns })] }));
    await api.json('POST', widgets, { body: { ...widget('a'), status: { ready: true } } });
    const read = await api.json('GET', `${widgets}/a`);
    assert.equal(read['status'], undefined);
    assert.equal(metadataOf(read)['generation'], 1);
    const ready = await api.patch(`${widgets}/a/status`, { status: { ready: true }, spec: { size: 9 } });
    assert.deepEqual([ready['status'], ready['spec']], [{ ready: true }, { size: 1, color: 'red' }]);
    assert.equal(metadataOf(ready)['generation'], 1);
    const larger = await api.patch(`${widgets}/a`, { spec: { size: 9 }, status: { ready: false } });
    assert.deepEqual([larger['status'], metadataOf(larger)['generation']], [{ ready: true }, 2]);
    const accept = { headers: { accept: 'application/json;as=Table;g=meta.k8s.io;v=v1' } };
    const table = await api.json('GET', widgets, accept);
    assert.deepEqual((table['rows'] as readonly JsonObject[])[0]?.['cells'], ['a', 9]);
    const strategic = {
      headers: { 'content-type': 'application/strategic-merge-patch+json' },
      body: { spec: { size: 3 } },
    };
    assert.equal((await api.refusal('PATCH', `${widgets}/a`, strategic))['code'], 415);
  });

  it('is in discovery and OpenAPI from the moment it is established until it is gone', async () => {
    const api = await started();
    assert.equal((await api.call('GET', '/apis/example.com/v1')).status, 404);
    await established(api, definition());
    const found = await api.json('GET', '/apis/example.com/v1');
    const names = (found['resources'] as readonly JsonObject[]).map(({ name }) => name);
    assert.deepEqual(names, ['widgets', 'widgets/status']);
    assert.ok(Object.hasOwn((await api.json('GET', '/openapi/v3'))['paths'] as JsonObject, 'apis/example.com/v1'));
    await api.json('DELETE', `${definitions}/widgets.example.com`);
    await eventually(
      api,
      'the kind is gone',
      async () => (await api.call('GET', '/apis/example.com/v1')).status === 404,
    );
    assert.ok(!Object.hasOwn((await api.json('GET', '/openapi/v3'))['paths'] as JsonObject, 'apis/example.com/v1'));
    assert.equal((await api.call('GET', widgets)).status, 404);
  });

  it('takes its objects with it, and waits for those that are held', async () => {
    const api = await started();
    await established(api, definition());
    await api.json('POST', widgets, { body: widget('free') });
    await api.json('POST', widgets, { body: widget('held', { size: 1 }, { finalizers: ['example.com/hold'] }) });
    await api.json('DELETE', `${definitions}/widgets.example.com`);
    await eventually(api, 'only what is held is left', async () => (await namesIn(api, widgets)).join() === 'held');
    await settle(api);
    assert.equal(await condition(api, 'widgets.example.com', 'Terminating'), 'True InstanceDeletionInProgress');
    const refused = await api.refusal('POST', widgets, { body: widget('late') });
    assert.equal(refused['code'], 405);
    await api.patch(`${widgets}/held`, { metadata: { finalizers: null } });
    await eventually(api, 'it is gone', async () => !(await exists(api, `${definitions}/widgets.example.com`)));
    assert.equal(api.store.range('example.com/').items.length, 0);
    await established(api, definition());
    assert.deepEqual(await namesIn(api, widgets), []);
  });

  it('takes along what its objects own, though their kind is gone by then', async () => {
    const api = await started();
    await established(api, definition());
    const owner = await api.json('POST', widgets, { body: widget('owner') });
    await api.json('POST', configMapsPath, { body: configMap('owned', {}, { ownerReferences: [ownedBy(owner)] }) });
    await api.json('DELETE', `${definitions}/widgets.example.com`);
    await eventually(api, 'it is gone', async () => !(await exists(api, `${configMapsPath}/owned`)));
  });

  it('shows the same objects in every served version, stores them in one', async () => {
    const api = await started();
    const versions = [
      version('v1beta1', { storage: false }),
      version('v1'),
      version('v1alpha1', { storage: false, served: false }),
    ];
    await established(api, definition({ versions }));
    const group = await api.json('GET', '/apis/example.com');
    assert.deepEqual((group['preferredVersion'] as JsonObject)['version'], 'v1');
    const beta = widgets.replace('/v1/', '/v1beta1/');
    const written = await api.json('POST', beta, { body: { ...widget('a'), apiVersion: 'example.com/v1beta1' } });
    assert.equal(written['apiVersion'], 'example.com/v1beta1');
    assert.equal((await api.json('GET', `${widgets}/a`))['apiVersion'], 'example.com/v1');
    assert.equal(api.store.get('example.com/widgets/default/a')?.value['apiVersion'], 'example.com/v1');
    const watch = await api.watch(beta);
    assert.equal((await take(watch, 1))[0]?.object['apiVersion'], 'example.com/v1beta1');
    assert.equal((await api.call('GET', widgets.replace('/v1/', '/v1alpha1/'))).status, 404);
    const crd = await api.json('GET', `${definitions}/widgets.example.com`);
    assert.deepEqual((crd['status'] as JsonObject)['storedVersions'], ['v1']);
    const dropped = { spec: { versions: [version('v2')] } };
    const headers = { 'content-type': 'application/merge-patch+json' };
    const refused = await api.refusal('PATCH', `${definitions}/widgets.example.com`, { body: dropped, headers });
    assert.match(
      String(refused['message']),
      /status.storedVersions\[0\]: Invalid value: "v1": must appear in spec.versions/,
    );
  });

  it('changes what is served when it changes', async () => {
    const api = await started();
    await established(api, definition());
    const looser = {
      ...widgetSchema,
      properties: { spec: { type: 'object', properties: { size: { type: 'string' } } } },
    };
    const versions = [version('v1', { schema: { openAPIV3Schema: looser } }), version('v2', { storage: false })];
    await api.patch(`${definitions}/widgets.example.com`, { spec: { versions } });
    await eventually(api, 'v2 is served', async () => (await api.call('GET', '/apis/example.com/v2')).status === 200);
    const created = await api.json('POST', widgets, { body: widget('a', { size: 'large' }) });
    assert.deepEqual(created['spec'], { size: 'large' });
  });

  it('does not get names that are taken, until they are free', async () => {
    const api = await started();
    await established(api, definition());
    const second = definition({}, { plural: 'gadgets', kind: 'Gadget', shortNames: ['wd'] });
    await api.json('POST', definitions, { body: second });
    await eventually(
      api,
      'the conflict is told',
      async () => (await condition(api, 'gadgets.example.com', 'NamesAccepted')) === 'False ShortNamesConflict',
    );
    assert.equal(await condition(api, 'gadgets.example.com', 'Established'), 'False NotAccepted');
    const gadgets = widgets.replace('widgets', 'gadgets');
    assert.equal((await api.call('GET', gadgets)).status, 404);
    await api.json('DELETE', `${definitions}/widgets.example.com`);
    await eventually(api, 'the name is free', async () => (await api.call('GET', gadgets)).status === 200);
    await eventually(api, 'and it is told', async () =>
      (await condition(api, 'gadgets.example.com', 'Established')).startsWith('True'),
    );
  });

  it('never replaces a kind of the server itself', async () => {
    const api = await started();
    const before = await api.json('GET', '/apis/tekton.dev/v1');
    const tekton = definition({ group: 'tekton.dev' }, { plural: 'tasks', kind: 'Task', shortNames: [] });
    await api.json('POST', definitions, { body: { ...tekton, metadata: { name: 'tasks.tekton.dev' } } });
    await eventually(
      api,
      'it is refused',
      async () => (await condition(api, 'tasks.tekton.dev', 'NamesAccepted')) === 'False PluralConflict',
    );
    assert.deepEqual(await api.json('GET', '/apis/tekton.dev/v1'), before);
    await api.patch(`${definitions}/tasks.tekton.dev`, { metadata: { finalizers: ['example.com/hold'] } });
    await api.json('DELETE', `${definitions}/tasks.tekton.dev`);
    await settle(api);
    const steps = [{ name: 's', image: 'busybox:1', script: 'true' }];
    const task = { apiVersion: 'tekton.dev/v1', kind: 'Task', metadata: { name: 't' }, spec: { steps } };
    await api.json('POST', '/apis/tekton.dev/v1/namespaces/default/tasks', { body: task });
    await api.patch(`${definitions}/tasks.tekton.dev`, { metadata: { finalizers: null } });
    await eventually(api, 'it is gone', async () => !(await exists(api, `${definitions}/tasks.tekton.dev`)));
    assert.deepEqual(await api.json('GET', '/apis/tekton.dev/v1'), before);
  });

  it('is served by the next server from its start, whatever the order of names', async () => {
    const store = createMemoryStore();
    const first = await started(store);
    await established(first, definition({}, { plural: 'zwidgets', kind: 'Widget', shortNames: ['wd'] }));
    const rival = definition({}, { plural: 'awidgets', kind: 'Widget', shortNames: [] });
    await first.json('POST', definitions, { body: rival });
    await settle(first);
    await first.server.stop();
    const api = await started(store);
    assert.equal((await api.call('GET', widgets.replace('widgets', 'zwidgets'))).status, 200);
    assert.equal((await api.call('GET', widgets.replace('widgets', 'awidgets'))).status, 404);
    await settle(api);
    assert.equal(await condition(api, 'awidgets.example.com', 'NamesAccepted'), 'False SingularConflict');
  });

  it('can be cluster-scoped, and selected by its own fields', async () => {
    const api = await started();
    const versions = [version('v1', { selectableFields: [{ jsonPath: '.spec.color' }] })];
    await established(api, definition({ scope: 'Cluster', versions }));
    const path = '/apis/example.com/v1/widgets';
    await api.json('POST', path, { body: widget('a') });
    await api.json('POST', path, { body: widget('b', { size: 1, color: 'blue' }) });
    assert.equal((await api.call('GET', widgets)).status, 404);
    const selected = await api.json('GET', path, { query: { fieldSelector: 'spec.color=blue' } });
    assert.deepEqual(
      (selected['items'] as readonly JsonObject[]).map(metadataOf).map(({ name }) => name),
      ['b'],
    );
  });

  const refused: readonly (readonly [string, JsonObject, RegExp])[] = [
    [
      'another name',
      { ...definition(), metadata: { name: 'x.example.com' } },
      /metadata.name: .*must be spec.names.plural/,
    ],
    [
      'a group without a dot',
      { ...definition({ group: 'example' }), metadata: { name: 'widgets.example' } },
      /spec.group: .*at least one dot/,
    ],
    [
      'a group of Kubernetes',
      { ...definition({ group: 'x.k8s.io' }), metadata: { name: 'widgets.x.k8s.io' } },
      /api-approved.kubernetes.io/,
    ],
    ['an odd plural', definition({}, { plural: '9widgets' }), /spec.names.plural/],
    ['kind and listKind alike', definition({}, { listKind: 'Widget' }), /kind and listKind may not be the same/],
    ['no version', definition({ versions: [] }), /spec.versions: Required value/],
    [
      'two storage versions',
      definition({ versions: [version('v1'), version('v2')] }),
      /exactly one version marked as storage version/,
    ],
    [
      'a version twice',
      definition({ versions: [version('v1'), version('v1', { storage: false })] }),
      /spec.versions\[1\].name: Duplicate value: "v1"/,
    ],
    ['no schema', definition({ versions: [version('v1', { schema: {} })] }), /schemas are required/],
    [
      'a schema that is not structural',
      definition({
        versions: [version('v1', { schema: { openAPIV3Schema: { type: 'object', properties: { a: {} } } } })],
      }),
      /openAPIV3Schema.properties\[a\].type: Required value/,
    ],
    [
      'a path nobody understands',
      definition({
        versions: [version('v1', { additionalPrinterColumns: [{ name: 'A', type: 'string', jsonPath: 'spec' }] })],
      }),
      /additionalPrinterColumns\[0\].jsonPath: .*must be a simple json path starting with \./,
    ],
    ['conversion by webhook', definition({ conversion: { strategy: 'Webhook' } }), /it calls no webhooks/],
    ['preserved unknown fields', definition({ preserveUnknownFields: true }), /spec.preserveUnknownFields/],
  ];
  for (const [what, body, message] of refused) {
    it(`is refused with ${what}`, async () => {
      const answer = await new TestApi().refusal('POST', definitions, { body });
      assert.equal(answer['reason'], 'Invalid');
      assert.match(String(answer['message']), message);
    });
  }

  it('may not change what its objects rely on', async () => {
    const api = await started();
    await established(api, definition());
    const headers = { 'content-type': 'application/merge-patch+json' };
    for (const spec of [{ scope: 'Cluster' }, { names: { kind: 'Gadget' } }, { group: 'other.com' }]) {
      const answer = await api.refusal('PATCH', `${definitions}/widgets.example.com`, { body: { spec }, headers });
      assert.match(String(answer['message']), /field is immutable/);
    }
  });
});
