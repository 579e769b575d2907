import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Random } from '../../base/random.ts';
import { seededRandom } from '../../base/random.ts';
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
import type { CallParts } from '../api-fixture.ts';

/** Draws the same suffix so many times before it becomes random. */
function stuckRandom(draws: number): Random {
  const random = seededRandom(2);
  let left = draws * 5;
  return {
    integer(low, high) {
      // Suffixes are drawn from 27 characters; uids from 16.
      if (high !== 26 || left === 0) return random.integer(low, high);
      left--;
      return low;
    },
  };
}

describe('create', () => {
  it('decides what the server decides, whatever the client writes', async () => {
    const api = new TestApi();
    const metadata: JsonObject = {
      uid: 'mine',
      generation: 7,
      creationTimestamp: '2001-01-01T00:00:00Z',
      deletionTimestamp: '2001-01-01T00:00:00Z',
      deletionGracePeriodSeconds: 3,
      labels: { a: 'b' },
    };
    const written = pipelineRun('r', {
      metadata: { ...metadata, name: 'r' },
      status: { startTime: '2001-01-01T00:00:00Z' },
    });
    const created = await api.json('POST', pipelineRunsPath, { body: written });
    const { uid, resourceVersion, managedFields, ...rest } = metadataOf(created);
    assert.notEqual(uid, 'mine');
    assert.equal(resourceVersion, String(api.store.revision()));
    assert.equal((managedFields as readonly JsonObject[])[0]?.['operation'], 'Update');
    assert.deepEqual(rest, {
      name: 'r',
      namespace: 'default',
      labels: { a: 'b' },
      generation: 1,
      creationTimestamp: '2026-01-01T00:00:00Z',
    });
    assert.equal(created['status'], undefined);
  });

  it('answers 201, and 409 when the name is taken', async () => {
    const api = new TestApi();
    assert.equal((await api.call('POST', configMapsPath, { body: configMap('a') })).status, 201);
    const refusal = await api.refusal('POST', configMapsPath, { body: configMap('a') });
    assert.equal(refusal['code'], 409);
    assert.equal(refusal['reason'], 'AlreadyExists');
    assert.equal(refusal['message'], 'configmaps "a" already exists');
    const run = { body: pipelineRun('a') };
    await api.json('POST', pipelineRunsPath, run);
    const other = await api.refusal('POST', pipelineRunsPath, run);
    assert.equal(other['message'], 'pipelineruns.tekton.dev "a" already exists');
    assert.deepEqual(other['details'], { name: 'a', group: 'tekton.dev', kind: 'pipelineruns' });
  });

  it('completes generateName, and tries other names when one is taken', async () => {
    const api = new TestApi({ random: stuckRandom(4) });
    const names: unknown[] = [];
    for (let count = 0; count < 2; count++) {
      const created = await api.json('POST', configMapsPath, {
        body: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { generateName: 'run-' } },
      });
      names.push(metadataOf(created)['name']);
    }
    assert.equal(names[0], 'run-bbbbb');
    assert.match(String(names[1]), /^run-[a-z0-9]{5}$/);
    assert.notEqual(names[1], names[0]);
  });

  it('says so when no free name is found', async () => {
    const api = new TestApi({ random: stuckRandom(1_000) });
    const body = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { generateName: 'run-' } };
    await api.json('POST', configMapsPath, { body });
    const refusal = await api.refusal('POST', configMapsPath, { body });
    assert.equal(refusal['reason'], 'AlreadyExists');
    const message =
      'configmaps "run-bbbbb" already exists, the server was not able to generate a unique name for the object';
    assert.equal(refusal['message'], message);
  });

  it('cuts a long generateName so that the name fits', async () => {
    const api = new TestApi();
    const body = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { generateName: 'n'.repeat(100) } };
    const created = await api.json('POST', configMapsPath, { body });
    assert.equal(String(metadataOf(created)['name']).length, 63);
  });

  for (const [title, metadata, field] of [
    ['no name', {}, 'metadata.name'],
    ['a name in capitals', { name: 'Build' }, 'metadata.name'],
    ['a name with a slash', { name: 'a/b' }, 'metadata.name'],
    ['a name that is too long', { name: 'a'.repeat(254) }, 'metadata.name'],
    ['a prefix that cannot start a name', { generateName: '-a' }, 'metadata.generateName'],
    ['a label value with a space', { name: 'a', labels: { key: 'a b' } }, 'metadata.labels'],
    ['a label key with two slashes', { name: 'a', labels: { 'a/b/c': '' } }, 'metadata.labels'],
    ['an annotation key with a space', { name: 'a', annotations: { 'a b': '' } }, 'metadata.annotations'],
    ['too many annotations', { name: 'a', annotations: { big: 'x'.repeat(262_144) } }, 'metadata.annotations'],
    ['a finalizer that is no name', { name: 'a', finalizers: ['a.b/c d'] }, 'metadata.finalizers'],
    ['a finalizer that does not say whose it is', { name: 'a', finalizers: ['mine'] }, 'metadata.finalizers[0]'],
    [
      'finalizers that contradict each other',
      { name: 'a', finalizers: ['orphan', 'foregroundDeletion'] },
      'metadata.finalizers',
    ],
    ['a prefix that ends with a dot', { generateName: 'a.' }, 'metadata.generateName'],
    ['a prefix that is too long', { generateName: 'a'.repeat(300) }, 'metadata.generateName'],
    [
      'an owner that is an event',
      { name: 'a', ownerReferences: [{ apiVersion: 'v1', kind: 'Event', name: 'e', uid: 'u' }] },
      'metadata.ownerReferences',
    ],
    [
      'an owner of no version',
      { name: 'a', ownerReferences: [{ apiVersion: 'a/b/c', kind: 'X', name: 'e', uid: 'u' }] },
      'metadata.ownerReferences.apiVersion',
    ],
    [
      'two controllers',
      {
        name: 'a',
        ownerReferences: ['x', 'y'].map((name) => ({
          apiVersion: 'v1',
          kind: 'Pod',
          name,
          uid: name,
          controller: true,
        })),
      },
      'metadata.ownerReferences',
    ],
    [
      'an owner without a uid',
      { name: 'a', ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: 'x' }] },
      'metadata.ownerReferences[0].uid',
    ],
  ] as const) {
    it(`refuses ${title}`, async () => {
      const api = new TestApi();
      const before = api.store.revision();
      const refusal = await api.refusal('POST', configMapsPath, {
        body: { apiVersion: 'v1', kind: 'ConfigMap', metadata },
      });
      assert.equal(refusal['reason'], 'Invalid');
      const { causes } = refusal['details'] as { causes: readonly { field: string }[] };
      assert.deepEqual([...new Set(causes.map((cause) => cause.field))], [field]);
      assert.equal(api.store.revision(), before);
    });
  }

  for (const [title, path, body, reason, message] of [
    ['another kind', configMapsPath, pod('p'), 'BadRequest', /the kind in the data \(Pod\) does not match/],
    [
      'another version',
      configMapsPath,
      { ...configMap('a'), apiVersion: 'v2' },
      'BadRequest',
      /the API version in the data \(v2\)/,
    ],
    [
      'another namespace',
      configMapsPath,
      configMap('a', {}, { namespace: 'x' }),
      'BadRequest',
      /namespace of the provided object/,
    ],
    [
      'a revision',
      configMapsPath,
      configMap('a', {}, { resourceVersion: '3' }),
      'BadRequest',
      /resourceVersion should not be set/,
    ],
    ['a list', configMapsPath, [configMap('a')], 'BadRequest', /must be an object/],
    ['odd metadata', configMapsPath, { ...configMap('a'), metadata: 'x' }, 'BadRequest', /metadata in the body/],
    [
      'a name that is a number',
      configMapsPath,
      configMap('a', {}, { name: 3 }),
      'BadRequest',
      /metadata.name in the body must be a string/,
    ],
    ['no body', configMapsPath, undefined, 'BadRequest', /must be an object/],
    [
      'a namespace that does not exist',
      '/api/v1/namespaces/none/configmaps',
      configMap('a'),
      'NotFound',
      /^namespaces "none" not found$/,
    ],
    ['a name in the path', `${configMapsPath}/a`, configMap('a'), 'MethodNotAllowed', /does not allow this method/],
    [
      'no namespace in the path',
      '/api/v1/configmaps',
      configMap('a'),
      'MethodNotAllowed',
      /does not allow this method/,
    ],
    [
      'a kind that is not served',
      '/apis/tekton.dev/v1/namespaces/default/gates',
      configMap('a'),
      'NotFound',
      /could not find the requested resource/,
    ],
  ] as const) {
    it(`refuses ${title}`, async () => {
      const refusal = await new TestApi().refusal('POST', path, body === undefined ? {} : { body });
      assert.equal(refusal['reason'], reason);
      assert.match(String(refusal['message']), message);
    });
  }

  it('refuses new content in a namespace that is going', async () => {
    const api = new TestApi();
    await api.json('POST', '/api/v1/namespaces', {
      body: { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'n' } },
    });
    await api.json('DELETE', '/api/v1/namespaces/n');
    const refusal = await api.refusal('POST', '/api/v1/namespaces/n/configmaps', { body: configMap('a') });
    assert.equal(refusal['code'], 403);
    const { causes } = refusal['details'] as { causes: readonly { reason: string }[] };
    assert.equal(causes[0]?.reason, 'NamespaceTerminating');
  });

  it('owns its fields in the name of the manager, the program or the user', async () => {
    const api = new TestApi();
    const managerOf = async (name: string, parts: CallParts): Promise<Json | undefined> => {
      const created = await api.json('POST', configMapsPath, { body: configMap(name, { k: 'v' }), ...parts });
      return (metadataOf(created)['managedFields'] as readonly JsonObject[])[0]?.['manager'];
    };
    const headers = { 'user-agent': 'kubectl/v1.34 (linux)' };
    assert.equal(await managerOf('a', { query: { fieldManager: 'mine' }, headers }), 'mine');
    assert.equal(await managerOf('b', { headers }), 'kubectl');
    assert.equal(await managerOf('c', {}), 'penstock');
    const long = { body: configMap('d'), query: { fieldManager: 'm'.repeat(129) } };
    assert.equal((await api.refusal('POST', configMapsPath, long))['code'], 400);
  });

  it('takes the kind from the path when a core object names none', async () => {
    const api = new TestApi();
    const created = await api.json('POST', configMapsPath, { body: { metadata: { name: 'a' } } });
    assert.deepEqual([created['kind'], created['apiVersion']], ['ConfigMap', 'v1']);
  });

  it('fills defaults and first statuses', async () => {
    const api = new TestApi();
    const created = await api.json('POST', podsPath, { body: { ...pod('p'), status: { phase: 'Succeeded' } } });
    assert.equal((created['status'] as JsonObject)['phase'], 'Pending');
    assert.equal((created['spec'] as JsonObject)['restartPolicy'], 'Always');
  });

  it('does everything but store on a dry run', async () => {
    const api = new TestApi();
    const before = api.store.revision();
    const response = await api.call('POST', configMapsPath, { body: configMap('a'), query: { dryRun: 'All' } });
    assert.equal(response.status, 201);
    assert.ok(response.body.kind === 'json' && metadataOf(response.body.value)['uid']);
    assert.equal(api.store.revision(), before);
    assert.equal((await api.refusal('GET', `${configMapsPath}/a`))['code'], 404);
    assert.equal(
      (await api.refusal('POST', configMapsPath, { body: configMap('a'), query: { dryRun: 'Some' } }))['code'],
      400,
    );
  });

  it('refuses an object that is larger than the store takes', async () => {
    const api = new TestApi();
    const withParam = (characters: number): JsonObject =>
      pipelineRun('a', {
        spec: { pipelineRef: { name: 'build' }, params: [{ name: 'big', value: 'x'.repeat(characters) }] },
      });
    const refusal = await api.refusal('POST', pipelineRunsPath, { body: withParam(1_600_000) });
    assert.equal(refusal['code'], 413);
    await api.json('POST', pipelineRunsPath, { body: withParam(1_500_000) });
  });

  it('keeps each owner once and says so', async () => {
    const owner = { apiVersion: 'v1', kind: 'ConfigMap', name: 'o', uid: 'u' };
    const metadata = { ownerReferences: [owner, { uid: 'u', name: 'o', kind: 'ConfigMap', apiVersion: 'v1' }] };
    const response = await new TestApi().call('POST', configMapsPath, { body: configMap('a', {}, metadata) });
    assert.equal(response.status, 201);
    assert.match(response.headers['warning'] ?? '', /duplicate UID\(s\) observed: u/);
    assert.ok(response.body.kind === 'json');
    assert.deepEqual(metadataOf(response.body.value)['ownerReferences'], [owner]);
  });

  it('warns of finalizers of custom kinds that do not say whose they are', async () => {
    const body = pipelineRun('a', { metadata: { name: 'a', finalizers: ['mine'] } });
    const response = await new TestApi().call('POST', pipelineRunsPath, { body });
    assert.equal(response.status, 201);
    assert.match(response.headers['warning'] ?? '', /prefer a domain-qualified finalizer name/);
  });

  it('names a namespace of a generated name in its label', async () => {
    const body = { apiVersion: 'v1', kind: 'Namespace', metadata: { generateName: 'n-' } };
    const { name, labels } = metadataOf(await new TestApi().json('POST', '/api/v1/namespaces', { body }));
    assert.deepEqual(labels, { 'kubernetes.io/metadata.name': name });
  });

  it('lets the name of an event start with a name and a dot', async () => {
    const involvedObject = { kind: 'Pod', namespace: 'default', name: 'p' };
    const body = { apiVersion: 'v1', kind: 'Event', metadata: { generateName: 'p.' }, involvedObject };
    const event = await new TestApi().json('POST', '/api/v1/namespaces/default/events', { body });
    assert.match(String(metadataOf(event)['name']), /^p\.\w{5}$/);
  });

  it('asks custom resources for their kind and version', async () => {
    const { apiVersion: _version, kind: _kind, ...body } = pipelineRun('a');
    assert.equal((await new TestApi().refusal('POST', pipelineRunsPath, { body }))['code'], 400);
  });
});

describe('fields that are there twice', () => {
  const body = '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},"data":{"k":"1","k":"2"}}';

  it('are warned of, the last one counting', async () => {
    const response = await new TestApi().call('POST', configMapsPath, { body });
    assert.equal(response.headers['warning'], '299 - "duplicate field \\"data.k\\""');
    assert.ok(response.body.kind === 'json');
    assert.deepEqual(response.body.value['data'], { k: '2' });
  });

  it('are refused where the request is strict, in patches too', async () => {
    const api = new TestApi();
    const query = { fieldValidation: 'Strict' };
    const refusal = await api.refusal('POST', configMapsPath, { body, query });
    assert.equal(refusal['code'], 400);
    assert.match(String(refusal['message']), /strict decoding error: duplicate field "data.k"/);
    await api.json('POST', configMapsPath, { body, query: { fieldValidation: 'Ignore' } });
    const headers = { 'content-type': 'application/merge-patch+json' };
    const patch = { body: '{"data":{"k":"3","k":"4"}}', headers, query };
    assert.equal((await api.refusal('PATCH', `${configMapsPath}/a`, patch))['code'], 400);
  });
});

describe('unknown fields', () => {
  const written = { ...configMap('a'), size: 3, extra: { deep: true } };

  it('are dropped with a warning by default', async () => {
    const response = await new TestApi().call('POST', configMapsPath, { body: written });
    assert.equal(response.headers['warning'], '299 - "unknown field \\"size\\"", 299 - "unknown field \\"extra\\""');
    assert.ok(response.body.kind === 'json' && response.body.value['size'] === undefined);
  });

  it('are dropped silently with Ignore', async () => {
    const query = { fieldValidation: 'Ignore' };
    assert.deepEqual((await new TestApi().call('POST', configMapsPath, { body: written, query })).headers, {});
  });

  it('are refused with Strict, all of them named', async () => {
    const query = { fieldValidation: 'Strict' };
    const refusal = await new TestApi().refusal('POST', configMapsPath, { body: written, query });
    assert.equal(
      refusal['message'],
      'ConfigMap in version "v1" cannot be handled as a ConfigMap: strict decoding error: unknown field "size", unknown field "extra"',
    );
  });

  it('are always refused in Tekton kinds', async () => {
    const api = new TestApi();
    const body = pipelineRun('r', { spec: { pipelineRef: { name: 'b' }, timeout: '1h' } });
    assert.match(
      String((await api.refusal('POST', pipelineRunsPath, { body }))['message']),
      /unknown field "spec.timeout"/,
    );
    await api.json('POST', pipelineRunsPath, { body: pipelineRun('r') });
    const headers = { 'content-type': 'application/merge-patch+json' };
    const patch = { body: { spec: { timeout: '1h' } }, headers };
    assert.match(
      String((await api.refusal('PATCH', `${pipelineRunsPath}/r`, patch))['message']),
      /unknown field "spec.timeout"/,
    );
  });

  it('are refused with a mode that is not known', async () => {
    const query = { fieldValidation: 'Lax' };
    assert.equal((await new TestApi().refusal('POST', configMapsPath, { body: written, query }))['code'], 400);
  });
});

/** A sound ConfigMap but for its data. */
function wrapped(data: string): string {
  return `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},"data":${data}}`;
}

describe('bodies as text', () => {
  const post = (body: string, type = 'application/json'): Promise<JsonObject> =>
    new TestApi().refusal('POST', configMapsPath, { body, headers: { 'content-type': type } });

  it('are read as JSON or YAML', async () => {
    const api = new TestApi();
    await api.json('POST', configMapsPath, { body: JSON.stringify(configMap('a')) });
    const body = 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: b\n';
    await api.json('POST', configMapsPath, { body, headers: { 'content-type': 'application/yaml' } });
  });

  for (const [title, body, type, code] of [
    ['half a document', '{"kind":', 'application/json', 400],
    ['nothing', '', 'application/json', 400],
    ['binary garbage', '\u0000\u0001\ufffd', 'application/json', 400],
    ['broken YAML', 'a: [', 'application/yaml', 400],
    ['two documents', 'a: 1\n---\nb: 2\n', 'application/yaml', 400],
    ['another type', 'a=b', 'application/x-www-form-urlencoded', 415],
    ['a protocol buffer', 'k8s\u0000', 'application/vnd.kubernetes.protobuf', 415],
    ['more than the limit', `"${'x'.repeat(3 * 1024 * 1024)}"`, 'application/json', 413],
    ['lists in lists without end', wrapped('['.repeat(200_000) + ']'.repeat(200_000)), 'application/json', 400],
    [
      'objects in objects without end',
      wrapped('{"a":'.repeat(150_000) + '1' + '}'.repeat(150_000)),
      'application/json',
      400,
    ],
  ] as const) {
    it(`refuses ${title}`, async () => {
      assert.equal((await post(body, type))['code'], code);
    });
  }

  it('may hold keys that are special in JavaScript', async () => {
    const api = new TestApi();
    const body =
      '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},"data":{"__proto__":"x","constructor":"y"}}';
    const created = await api.json('POST', configMapsPath, { body });
    assert.equal(JSON.stringify(created['data']), '{"__proto__":"x","constructor":"y"}');
  });
});
