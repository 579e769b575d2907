import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createMemoryStore } from '../../store/memory-store.ts';
import { configMap, configMapsPath, metadataOf, take, TestApi } from '../api-fixture.ts';
import { eventLifetimeMs, eventSweepMs } from './event-expiry.ts';
import { eventually, exists, namesIn, settle } from './loops-fixture.ts';

const inTeam = '/api/v1/namespaces/team';

async function withTeam(): Promise<TestApi> {
  const api = new TestApi();
  await api.server.start();
  await api.json('POST', '/api/v1/namespaces', {
    body: { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'team' } },
  });
  return api;
}

describe('namespaces', () => {
  it('have a default service account, also when somebody deletes it', async () => {
    const api = await withTeam();
    for (const namespace of ['default', 'kube-system', 'team']) {
      const path = `/api/v1/namespaces/${namespace}/serviceaccounts/default`;
      await eventually(api, path, () => exists(api, path));
    }
    const first = await api.json('GET', `${inTeam}/serviceaccounts/default`);
    await api.json('DELETE', `${inTeam}/serviceaccounts/default`);
    await eventually(api, 'it is back', () => exists(api, `${inTeam}/serviceaccounts/default`));
    const second = await api.json('GET', `${inTeam}/serviceaccounts/default`);
    assert.notEqual(metadataOf(second)['uid'], metadataOf(first)['uid']);
  });

  it('are emptied before they go', async () => {
    const api = await withTeam();
    await api.json('POST', `${inTeam}/configmaps`, { body: configMap('a') });
    await api.json('POST', `${inTeam}/configmaps`, {
      body: configMap('held', {}, { finalizers: ['example.com/hold'] }),
    });
    await api.json('POST', configMapsPath, { body: configMap('elsewhere') });
    const marked = await api.json('DELETE', '/api/v1/namespaces/team');
    assert.deepEqual(marked['status'], { phase: 'Terminating' });
    await eventually(
      api,
      'only what is held is left',
      async () => (await namesIn(api, `${inTeam}/configmaps`)).join() === 'held',
    );
    await settle(api);
    assert.deepEqual(await namesIn(api, `${inTeam}/serviceaccounts`), []);
    assert.ok(await exists(api, '/api/v1/namespaces/team'));
    const refused = await api.refusal('POST', `${inTeam}/configmaps`, { body: configMap('late') });
    assert.equal(refused['reason'], 'Forbidden');
    await api.patch(`${inTeam}/configmaps/held`, { metadata: { finalizers: null } });
    await eventually(api, 'the namespace is gone', async () => !(await exists(api, '/api/v1/namespaces/team')));
    assert.deepEqual(await namesIn(api, configMapsPath), ['elsewhere']);
  });

  it('can be made again once they are gone', async () => {
    const api = await withTeam();
    await api.json('DELETE', '/api/v1/namespaces/team');
    await eventually(api, 'the namespace is gone', async () => !(await exists(api, '/api/v1/namespaces/team')));
    await api.json('POST', '/api/v1/namespaces', {
      body: { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'team' } },
    });
    await eventually(api, 'it is furnished', () => exists(api, `${inTeam}/serviceaccounts/default`));
  });

  it('go on to be emptied by the next server', async () => {
    const store = createMemoryStore();
    const first = new TestApi({ store });
    await first.json('POST', '/api/v1/namespaces', {
      body: { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'team' } },
    });
    await first.json('POST', `${inTeam}/configmaps`, { body: configMap('a') });
    await first.json('DELETE', '/api/v1/namespaces/team');
    const api = new TestApi({ store });
    await api.server.start();
    await eventually(api, 'the namespace is gone', async () => !(await exists(api, '/api/v1/namespaces/team')));
  });
});

describe('Events', () => {
  const path = '/api/v1/namespaces/default/events';
  const eventNamed = (name: string): { body: Parameters<typeof configMap>[2] & object } => ({
    body: {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name },
      involvedObject: { kind: 'Pod', name: 'p', namespace: 'default' },
      reason: 'Tested',
      type: 'Normal',
      count: 1,
    },
  });

  it('go an hour after they were last written', async () => {
    const api = new TestApi();
    await api.server.start();
    // The first one is written again: the second must not wait for it.
    await api.json('POST', path, eventNamed('again'));
    await api.json('POST', path, eventNamed('once'));
    await api.clock.advance(eventLifetimeMs / 2);
    await api.patch(`${path}/again`, { count: 2 });
    await api.clock.advance(eventLifetimeMs / 2 - eventSweepMs);
    assert.deepEqual(await namesIn(api, path), ['again', 'once']);
    await api.clock.advance(2 * eventSweepMs);
    assert.deepEqual(await namesIn(api, path), ['again']);
    await api.clock.advance(eventLifetimeMs / 2 + eventSweepMs);
    assert.deepEqual(await namesIn(api, path), []);
    await api.server.stop();
  });

  it('do not live longer because the server was restarted', async () => {
    const first = new TestApi();
    await first.server.start();
    await first.json('POST', path, eventNamed('old'));
    await first.clock.advance(eventLifetimeMs / 2);
    await first.json('POST', path, eventNamed('newer'));
    await first.server.stop();
    const api = new TestApi({ store: first.store, clock: first.clock });
    const { server } = api;
    await server.start();
    await first.clock.advance(eventLifetimeMs / 2 + eventSweepMs);
    assert.deepEqual(await namesIn(api, path), ['newer']);
    await server.stop();
  });

  it('tell watchers that they went', async () => {
    const api = new TestApi();
    await api.server.start();
    const created = await api.json('POST', path, eventNamed('once'));
    const resourceVersion = String(metadataOf(created)['resourceVersion']);
    const watch = await api.watch(path, { query: { resourceVersion } });
    await api.clock.advance(eventLifetimeMs + eventSweepMs);
    const [event] = await take(watch, 1);
    assert.equal(event?.type, 'DELETED');
    assert.ok(Number(metadataOf(event.object)['resourceVersion']) > Number(resourceVersion));
    await api.server.stop();
  });
});
