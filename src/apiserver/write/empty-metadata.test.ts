import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { configMap, configMapsPath, metadataOf, TestApi } from '../api-fixture.ts';

describe('empty parts of metadata', () => {
  it('are not kept, on create and on update', async () => {
    const api = new TestApi();
    const created = await api.json('POST', configMapsPath, {
      body: configMap('a', {}, { labels: {}, annotations: { n: '1' }, finalizers: [], ownerReferences: [] }),
    });
    assert.deepEqual(
      Object.keys(metadataOf(created)).filter((key) => /labels|finalizers|owner/.test(key)),
      [],
    );
    const patched = await api.patch(`${configMapsPath}/a`, {
      metadata: { labels: { x: '1' }, annotations: { n: null } },
    });
    assert.deepEqual(metadataOf(patched)['labels'], { x: '1' });
    assert.equal(metadataOf(patched)['annotations'], undefined);
  });
});
