import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  configMap,
  configMapsPath,
  eventNames,
  metadataOf,
  pipelineRun,
  pipelineRunsPath,
  take,
  TestApi,
} from './api-fixture.ts';

describe('the API server', () => {
  it('creates, reads, updates, lists and deletes', async () => {
    const api = new TestApi();
    const created = await api.json('POST', configMapsPath, { body: configMap('a', { k: '1' }) });
    assert.match(String(metadataOf(created)['uid']), /^[0-9a-f-]{36}$/);
    assert.equal(metadataOf(created)['creationTimestamp'], '2026-01-01T00:00:00Z');
    assert.deepEqual(await api.json('GET', `${configMapsPath}/a`), created);
    const updated = await api.json('PUT', `${configMapsPath}/a`, { body: { ...created, data: { k: '2' } } });
    assert.notEqual(metadataOf(updated)['resourceVersion'], metadataOf(created)['resourceVersion']);
    const list = await api.json('GET', configMapsPath);
    assert.deepEqual(list['items'], [updated]);
    const status = await api.json('DELETE', `${configMapsPath}/a`);
    assert.equal(status['status'], 'Success');
    const gone = await api.refusal('GET', `${configMapsPath}/a`);
    assert.equal(gone['message'], 'configmaps "a" not found');
    assert.equal(gone['reason'], 'NotFound');
    assert.deepEqual(gone['details'], { name: 'a', kind: 'configmaps' });
  });

  it('tells watchers, from any revision', async () => {
    const api = new TestApi();
    const start = metadataOf(await api.json('GET', pipelineRunsPath))['resourceVersion'] as string;
    await api.json('POST', pipelineRunsPath, { body: pipelineRun('one') });
    const watch = await api.watch(pipelineRunsPath, { query: { resourceVersion: start } });
    await api.patch(`${pipelineRunsPath}/one/status`, { status: { startTime: '2026-01-01T00:00:00Z' } });
    await api.json('DELETE', `${pipelineRunsPath}/one`);
    assert.deepEqual(eventNames(await take(watch, 3)), ['ADDED one', 'MODIFIED one', 'DELETED one']);
    await api.server.stop();
    assert.equal((await watch.next()).done, true);
  });
});
