import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Json, JsonObject } from '../base/json.ts';
import type { ApiRequest } from '../kube/transport.ts';
import type { UserInfo } from '../kube/user.ts';
import { createMemoryStore } from '../store/memory-store.ts';
import { StoreFailedError } from '../store/store-errors.ts';
import type { LogFields, Logger } from '../telemetry/logger.ts';
import { silentLogger } from '../telemetry/logger.ts';
import { configMap, configMapsPath, TestApi } from './api-fixture.ts';
import { tokenAuthenticator } from './authentication.ts';

const aggregatedType = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';

function namesOf(list: Json | undefined, member = 'name'): readonly unknown[] {
  return (list as readonly JsonObject[]).map((item) => item[member]);
}

describe('discovery', () => {
  it('lists versions, groups and resources', async () => {
    const api = new TestApi();
    assert.deepEqual((await api.json('GET', '/api'))['versions'], ['v1']);
    const groups = namesOf((await api.json('GET', '/apis'))['groups']);
    for (const group of ['tekton.dev', 'apiextensions.k8s.io', 'authorization.k8s.io'])
      assert.ok(groups.includes(group));
    const group = await api.json('GET', '/apis/tekton.dev');
    assert.deepEqual(group['preferredVersion'], { groupVersion: 'tekton.dev/v1', version: 'v1' });
    const tekton = await api.json('GET', '/apis/tekton.dev/v1');
    assert.equal(tekton['groupVersion'], 'tekton.dev/v1');
    assert.ok(namesOf(tekton['resources']).includes('pipelineruns/status'));
    const core = (await api.json('GET', '/api/v1'))['resources'] as readonly JsonObject[];
    const pods = core.find((resource) => resource['name'] === 'pods');
    assert.deepEqual(pods, {
      name: 'pods',
      singularName: 'pod',
      namespaced: true,
      kind: 'Pod',
      verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
      shortNames: ['po'],
      categories: ['all'],
    });
    const eviction = core.find((resource) => resource['name'] === 'pods/eviction');
    assert.deepEqual([eviction?.['group'], eviction?.['version'], eviction?.['kind']], ['policy', 'v1', 'Eviction']);
    assert.equal((await api.refusal('GET', '/apis/nobody.dev'))['code'], 404);
    assert.equal((await api.refusal('GET', '/api/v2'))['code'], 404);
  });

  it('says it all at once to those who ask so', async () => {
    const api = new TestApi();
    for (const path of ['/api', '/apis']) {
      const response = await api.call('GET', path, { headers: { accept: `${aggregatedType},application/json` } });
      assert.ok(response.body.kind === 'text');
      assert.equal(response.body.contentType, aggregatedType);
      const { kind, items } = JSON.parse(response.body.text) as { kind: string; items: readonly JsonObject[] };
      assert.equal(kind, 'APIGroupDiscoveryList');
      const [version] = items.flatMap((item) => item['versions'] as readonly JsonObject[]);
      const resources = version?.['resources'] as readonly JsonObject[];
      assert.ok(resources.every((resource) => !String(resource['resource']).includes('/')));
    }
    const response = await api.call('GET', '/api', { headers: { accept: aggregatedType } });
    assert.ok(response.body.kind === 'text' && response.body.text.includes('"subresource":"status"'));
  });

  it('says it in the older form to older clients', async () => {
    const type = aggregatedType.replace('v=v2', 'v=v2beta1');
    const response = await new TestApi().call('GET', '/apis', { headers: { accept: type } });
    assert.ok(response.body.kind === 'text' && response.body.text.includes('"apidiscovery.k8s.io/v2beta1"'));
    assert.equal(response.body.contentType, type);
    const plain = { headers: { accept: `application/json,${type}` } };
    assert.equal((await new TestApi().json('GET', '/apis', plain))['kind'], 'APIGroupList');
  });

  it('follows the kinds that are served', async () => {
    const api = new TestApi();
    const kind = api.server.registry.find('tekton.dev', 'v1', 'tasks');
    assert.ok(kind);
    api.server.registry.add({ ...kind, type: { ...kind.type, group: 'other.dev', version: 'v1beta1' } });
    assert.ok(namesOf((await api.json('GET', '/apis'))['groups']).includes('other.dev'));
    assert.equal((await api.json('GET', '/apis/other.dev/v1beta1/namespaces/default/tasks'))['kind'], 'TaskList');
    api.server.registry.remove('other.dev', 'tasks');
    assert.equal((await api.refusal('GET', '/apis/other.dev/v1beta1/namespaces/default/tasks'))['code'], 404);
    assert.equal((await api.refusal('GET', '/apis/other.dev'))['code'], 404);
  });
});

describe('paths', () => {
  for (const path of [
    '/',
    '/nothing',
    '/api/v1/namespaces/default/',
    '/api/v1/gates',
    '/api/v1/namespaces/default/configmaps/a/b',
    '/api/v1/namespaces/default/configmaps/a/b/c/d/e/f/g/h/i/j/k',
    '/api/v1/configmaps/a',
    '/api/v1/namespaces/default/nodes/n',
    '/apis/tekton.dev/v1/namespaces//pipelineruns',
  ]) {
    it(`answers 404 to ${path}`, async () => {
      const response = await new TestApi().call('GET', path);
      if (path.endsWith('default/')) assert.equal(response.status, 200);
      else assert.equal(response.status, 404);
    });
  }

  it('may have escapes, but no broken ones', async () => {
    const api = new TestApi();
    await api.json('POST', configMapsPath, { body: configMap('a.b') });
    await api.json('GET', `${configMapsPath}/a%2Eb`);
    assert.equal((await api.refusal('GET', `${configMapsPath}/a%2`))['code'], 400);
    assert.equal((await api.refusal('GET', `${configMapsPath}/..%2Fsecrets`))['code'], 404);
  });

  it('have methods', async () => {
    const api = new TestApi();
    for (const [method, path] of [
      ['PUT', configMapsPath],
      ['PATCH', configMapsPath],
      ['POST', '/version'],
      ['DELETE', '/apis'],
      ['GET', '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews'],
    ] as const) {
      assert.equal((await api.refusal(method, path, { body: {} }))['code'], 405, `${method} ${path}`);
    }
  });
});

describe('information about the server', () => {
  it('says its version and its health', async () => {
    const api = new TestApi();
    assert.equal((await api.json('GET', '/version'))['major'], '1');
    assert.equal((await api.call('GET', '/healthz')).status, 200);
    assert.equal((await api.call('GET', '/readyz')).status, 500);
    await api.server.start();
    assert.deepEqual((await api.call('GET', '/readyz')).body, {
      kind: 'text',
      text: 'ok',
      contentType: 'text/plain; charset=utf-8',
    });
    await api.server.stop();
    assert.equal((await api.call('GET', '/readyz')).status, 500);
  });

  it('answers questions about oneself', async () => {
    const api = new TestApi();
    const spec = { resourceAttributes: { verb: 'create', resource: 'pods' } };
    const body = { apiVersion: 'authorization.k8s.io/v1', kind: 'SelfSubjectAccessReview', spec };
    const access = await api.json('POST', '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', { body });
    assert.deepEqual(
      [access['kind'], access['spec'], access['status']],
      ['SelfSubjectAccessReview', spec, { allowed: true }],
    );
    const self = await api.json('POST', '/apis/authentication.k8s.io/v1/selfsubjectreviews', {
      body: { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' },
    });
    assert.equal(((self['status'] as JsonObject)['userInfo'] as JsonObject)['username'], 'system:penstock');
  });
});

describe('who asks', () => {
  const user: UserInfo = { name: 'ann', groups: ['team'] };
  const authenticate = tokenAuthenticator([
    { token: 'another-secret-token', user: { name: 'bob', groups: [] } },
    { token: 'a-long-secret-token', user },
  ]);
  const review: ApiRequest = {
    method: 'POST',
    path: '/apis/authentication.k8s.io/v1/selfsubjectreviews',
    query: {},
    headers: {},
    body: { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' },
  };

  it('is found by the token', async () => {
    const { server } = new TestApi({ authenticate });
    assert.equal(server.authenticate('a-long-secret-token'), user);
    const response = await server.transportFor('a-long-secret-token')?.(review);
    assert.ok(response?.body.kind === 'json');
    assert.deepEqual(response.body.value['status'], { userInfo: { username: 'ann', groups: ['team'] } });
  });

  it('is nobody without a token or with a wrong one', () => {
    const { server } = new TestApi({ authenticate });
    for (const token of [undefined, '', 'a-long-secret-toke', 'a-long-secret-token2']) {
      assert.equal(server.authenticate(token), undefined);
      assert.equal(server.transportFor(token), undefined);
    }
    assert.equal(new TestApi().server.authenticate('a-long-secret-token'), undefined);
  });

  it('cannot be changed by a header', async () => {
    const refusal = await new TestApi().refusal('GET', configMapsPath, { headers: { 'impersonate-user': 'root' } });
    assert.equal(refusal['code'], 403);
  });

  it('needs a token that cannot be guessed', () => {
    assert.throws(() => tokenAuthenticator([{ token: 'short', user }]), RangeError);
  });
});

describe('durability', () => {
  /** A store whose disk is done when told so. */
  function slowStore(): { store: ReturnType<typeof createMemoryStore>; syncs: (() => void)[] } {
    const syncs: (() => void)[] = [];
    const store = createMemoryStore();
    return { syncs, store: { ...store, durable: () => new Promise((resolve) => syncs.push(resolve)) } };
  }

  const create = (name: string): ApiRequest => ({
    method: 'POST',
    path: configMapsPath,
    query: {},
    headers: {},
    body: configMap(name),
  });

  it('is awaited for others, not for the process itself', async () => {
    const { store, syncs } = slowStore();
    const { server } = new TestApi({ store });
    assert.equal((await server.handle(create('a'))).status, 201);
    assert.equal(
      (await server.handleAs({ name: 'ann', groups: [] }, create('b'), { durableWrites: false })).status,
      201,
    );
    assert.equal(syncs.length, 0);
    let answered = false;
    const answer = server.handleAs({ name: 'ann', groups: [] }, create('c')).then((response) => {
      answered = true;
      return response;
    });
    await new Promise(setImmediate);
    assert.equal(answered, false);
    syncs[0]?.();
    assert.equal((await answer).status, 201);
  });

  it('is awaited by who is told that the object exists', async () => {
    const { store, syncs } = slowStore();
    const { server } = new TestApi({ store });
    const user = { name: 'ann', groups: [] };
    const answers: number[] = [];
    const first = server.handleAs(user, create('a')).then(({ status }) => answers.push(status));
    const second = server.handleAs(user, create('a')).then(({ status }) => answers.push(status));
    await new Promise(setImmediate);
    assert.deepEqual(answers, []);
    assert.equal(syncs.length, 2);
    for (const sync of syncs) sync();
    await Promise.all([first, second]);
    assert.deepEqual(answers, [201, 409]);
  });

  it('is not awaited by reads and refused writes', async () => {
    const { store, syncs } = slowStore();
    const { server } = new TestApi({ store });
    const user = { name: 'ann', groups: [] };
    await server.handleAs(user, { ...create('a'), method: 'GET' });
    await server.handleAs(user, { ...create('a'), path: '/nothing' });
    assert.equal(syncs.length, 0);
  });

  it('that cannot be had any more is said so', async () => {
    const api = new TestApi();
    await api.store.close();
    const refusal = await api.refusal('POST', configMapsPath, { body: configMap('a') });
    assert.equal(refusal['code'], 503);
    const failing = {
      ...createMemoryStore(),
      durable: () => Promise.reject(new StoreFailedError('db', 'full', { cause: undefined })),
    };
    const { server } = new TestApi({ store: failing });
    assert.equal((await server.handleAs({ name: 'ann', groups: [] }, create('a'))).status, 503);
  });

  it('that fails is an error, not an answer', async () => {
    const store = { ...createMemoryStore(), durable: () => Promise.reject(new Error('no space left')) };
    const lines: (LogFields | undefined)[] = [];
    const logger: Logger = { ...silentLogger, error: (_message, fields) => lines.push(fields) };
    const { server } = new TestApi({ store, logger });
    const response = await server.handleAs({ name: 'ann', groups: [] }, create('a'));
    assert.equal(response.status, 500);
    assert.equal(lines[0]?.['error'], 'no space left');
  });
});
