import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { JsonObject } from '../../base/json.ts';
import type { RawWatchEvent } from '../../kube/transport.ts';
import { configMap, configMapsPath, eventNames, metadataOf, pod, podsPath, take, TestApi } from '../api-fixture.ts';
import { bookmarkIntervalMs, watchBacklogMax, watchesMax } from './watch-objects.ts';

const now = { resourceVersionMatch: 'NotOlderThan', sendInitialEvents: 'false' };

async function create(api: TestApi, name: string, labels: JsonObject = {}): Promise<JsonObject> {
  return api.json('POST', configMapsPath, { body: configMap(name, {}, { labels }) });
}

describe('watch', () => {
  it('starts with what there is when no revision is given', async () => {
    const api = new TestApi();
    await create(api, 'a');
    for (const query of [{}, { resourceVersion: '0' }]) {
      const watch = await api.watch(configMapsPath, { query });
      const [event] = await take(watch, 1);
      assert.deepEqual(eventNames([event as RawWatchEvent]), ['ADDED a']);
      assert.equal(event?.object, await api.json('GET', `${configMapsPath}/a`));
    }
  });

  it('sees its own namespace and kind only', async () => {
    const api = new TestApi();
    const watch = await api.watch(configMapsPath, { query: now });
    await api.json('POST', '/api/v1/namespaces/kube-system/configmaps', { body: configMap('elsewhere') });
    await api.json('POST', podsPath, { body: pod('p') });
    await create(api, 'here');
    assert.deepEqual(eventNames(await take(watch, 1)), ['ADDED here']);
  });

  it('shows what comes to match as ADDED and what ceases to as DELETED', async () => {
    const api = new TestApi();
    const watch = await api.watch(configMapsPath, { query: { ...now, labelSelector: 'app=x' } });
    await create(api, 'a', { app: 'x' });
    await api.patch(`${configMapsPath}/a`, { data: { k: '1' } });
    await api.patch(`${configMapsPath}/a`, { metadata: { labels: { app: 'y' } } });
    const leftAt = String(api.store.revision());
    await api.patch(`${configMapsPath}/a`, { data: { k: '2' } });
    await api.patch(`${configMapsPath}/a`, { metadata: { labels: { app: 'x' } } });
    await create(api, 'other', { app: 'y' });
    await api.json('DELETE', `${configMapsPath}/other`);
    await api.json('DELETE', `${configMapsPath}/a`);
    const events = await take(watch, 5);
    assert.deepEqual(
      events.map((event) => event.type),
      ['ADDED', 'MODIFIED', 'DELETED', 'ADDED', 'DELETED'],
    );
    const left = events[2]?.object as JsonObject;
    assert.deepEqual(metadataOf(left)['labels'], { app: 'x' });
    assert.deepEqual(left['data'], { k: '1' });
    assert.equal(metadataOf(left)['resourceVersion'], leftAt);
  });

  it('follows fields of pods, as a node does', async () => {
    const api = new TestApi();
    const watch = await api.watch('/api/v1/pods', {
      query: { ...now, fieldSelector: 'spec.nodeName=one,status.phase!=Failed' },
    });
    await api.json('POST', podsPath, { body: pod('theirs', { nodeName: 'two' }) });
    await api.json('POST', podsPath, { body: pod('ours', { nodeName: 'one' }) });
    await api.patch(`${podsPath}/ours/status`, { status: { phase: 'Failed' } });
    assert.deepEqual(eventNames(await take(watch, 2)), ['ADDED ours', 'DELETED ours']);
  });

  it('watches one object by its path', async () => {
    const api = new TestApi();
    const watch = await api.watch('/api/v1/watch/namespaces/default/configmaps/b', { query: now });
    await create(api, 'a');
    await create(api, 'b');
    assert.deepEqual(eventNames(await take(watch, 1)), ['ADDED b']);
  });

  it('understands the old paths', async () => {
    const api = new TestApi();
    const response = await api.call('GET', '/api/v1/watch/namespaces/default/configmaps');
    assert.equal(response.body.kind, 'watch');
  });

  it('answers 410 as an event when the revision is forgotten or never was', async () => {
    const api = new TestApi();
    await create(api, 'a');
    await create(api, 'b');
    api.store.compact(api.store.revision());
    for (const resourceVersion of ['1', '9999']) {
      const watch = await api.watch(configMapsPath, { query: { resourceVersion } });
      const [event] = await take(watch, 1);
      assert.equal(event?.type, 'ERROR');
      assert.equal(event?.object['code'], 410);
      assert.equal(event?.object['reason'], 'Expired');
      assert.equal((await watch.next()).done, true);
    }
  });

  it('ends after timeoutSeconds, with its signal, and with the server', async () => {
    const api = new TestApi();
    const timed = await api.watch(configMapsPath, { query: { ...now, timeoutSeconds: '5' } });
    const abort = new AbortController();
    const aborted = await api.watch(configMapsPath, { query: now, signal: abort.signal });
    const lasting = await api.watch(configMapsPath, { query: now });
    await create(api, 'a');
    for (const watch of [timed, aborted, lasting]) await take(watch, 1);
    await api.clock.advance(5_000);
    assert.equal((await timed.next()).done, true);
    abort.abort();
    assert.equal((await aborted.next()).done, true);
    await api.server.stop();
    assert.equal((await lasting.next()).done, true);
  });

  it('ends when its kind is not served any more, or in another way', async () => {
    const api = new TestApi();
    const { registry } = api.server;
    const kind = registry.find('', 'v1', 'configmaps');
    assert.ok(kind);
    const other = await api.watch(podsPath, { query: now });
    const changed = await api.watch(configMapsPath, { query: now });
    registry.add({ ...kind, shortNames: [] });
    assert.equal((await changed.next()).done, true);
    const removed = await api.watch(configMapsPath, { query: now });
    registry.remove('', 'configmaps');
    assert.equal((await removed.next()).done, true);
    await api.json('POST', podsPath, { body: pod('p') });
    assert.deepEqual(eventNames(await take(other, 1)), ['ADDED p']);
  });

  it('delivers what happened before it was told to end', async () => {
    const api = new TestApi();
    const watch = await api.watch(configMapsPath, { query: now });
    await create(api, 'a');
    await api.clock.advance(0);
    await api.server.stop();
    assert.deepEqual(eventNames(await take(watch, 1)), ['ADDED a']);
    assert.equal((await watch.next()).done, true);
  });

  it('starts at once for one whose signal has already fired', async () => {
    const api = new TestApi();
    const watch = await api.watch(configMapsPath, { query: now, signal: AbortSignal.abort() });
    assert.equal((await watch.next()).done, true);
  });

  it('shows tables to those who print', async () => {
    const api = new TestApi();
    const headers = { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' };
    const watch = await api.watch(configMapsPath, { query: { ...now, allowWatchBookmarks: 'true' }, headers });
    await create(api, 'a');
    const [event] = await take(watch, 1);
    assert.equal(event?.object['kind'], 'Table');
    assert.equal((event.object['rows'] as readonly unknown[]).length, 1);
    await api.clock.advance(bookmarkIntervalMs);
    const [mark] = await take(watch, 1);
    assert.equal(mark?.type, 'BOOKMARK');
    assert.deepEqual(mark?.object['rows'], []);
  });

  it('answers 429 to one watch too many, and lets others in again', async () => {
    const api = new TestApi();
    const abort = new AbortController();
    await api.watch(configMapsPath, { query: now, signal: abort.signal });
    for (let count = 1; count < watchesMax; count++) await api.watch(configMapsPath, { query: now });
    const refusal = await api.refusal('GET', configMapsPath, { query: { ...now, watch: 'true' } });
    assert.equal(refusal['reason'], 'TooManyRequests');
    const response = await api.call('GET', configMapsPath, { query: { ...now, watch: 'true' } });
    assert.equal(response.headers['retry-after'], '1');
    abort.abort();
    await api.watch(configMapsPath, { query: now });
  });

  it('cuts off a watcher that does not read, and tells it to list', async () => {
    const api = new TestApi();
    const watch = await api.watch(configMapsPath, { query: now });
    const first = await create(api, 'a');
    await take(watch, 1);
    const key = 'configmaps/default/a';
    for (let count = 0; count <= watchBacklogMax; count++) {
      api.store.put(key, undefined, () => first);
      if (count % 10 === 0) await api.clock.advance(0);
    }
    await api.clock.advance(0);
    const [event] = await take(watch, 1);
    assert.equal(event?.type, 'ERROR');
    assert.equal(event?.object['code'], 410);
  });
});

describe('bookmarks', () => {
  it('say how far a quiet watch has come', async () => {
    const api = new TestApi();
    const watch = await api.watch(configMapsPath, { query: { ...now, allowWatchBookmarks: 'true' } });
    for (let count = 0; count < 3; count++) await api.json('POST', podsPath, { body: pod(`p${count}`) });
    const revision = String(api.store.revision());
    await api.clock.advance(2 * bookmarkIntervalMs);
    const [first, second] = await take(watch, 2);
    assert.equal(first?.type, 'BOOKMARK');
    assert.equal(first?.object['kind'], 'ConfigMap');
    assert.equal(metadataOf(second?.object as JsonObject)['resourceVersion'], revision);
  });

  it('come only when they are asked for', async () => {
    const api = new TestApi();
    const watch = await api.watch(configMapsPath, { query: now });
    await api.clock.advance(3 * bookmarkIntervalMs);
    await create(api, 'a');
    assert.deepEqual(eventNames(await take(watch, 1)), ['ADDED a']);
  });

  it('end the initial events of a streaming list', async () => {
    const api = new TestApi();
    await create(api, 'a');
    const query = { sendInitialEvents: 'true', resourceVersionMatch: 'NotOlderThan', allowWatchBookmarks: 'true' };
    const watch = await api.watch(configMapsPath, { query });
    const [added, mark] = await take(watch, 2);
    assert.equal(added?.type, 'ADDED');
    const metadata = metadataOf(mark?.object as JsonObject);
    assert.deepEqual(metadata['annotations'], { 'k8s.io/initial-events-end': 'true' });
    assert.equal(metadata['resourceVersion'], String(api.store.revision()));
    await create(api, 'b');
    assert.deepEqual(eventNames(await take(watch, 1)), ['ADDED b']);
    assert.equal(
      (await api.refusal('GET', configMapsPath, { query: { watch: 'true', sendInitialEvents: 'true' } }))['code'],
      400,
    );
  });
});
