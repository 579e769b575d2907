import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { JsonObject } from '../../base/json.ts';
import { createMemoryStore } from '../../store/memory-store.ts';
import type { Store } from '../../store/store.ts';
import { configMap, configMapsPath, metadataOf, TestApi } from '../api-fixture.ts';

const path = `${configMapsPath}/a`;
const key = 'configmaps/default/a';

/** A store that somebody else writes to just before our next writes of `a`, as another process could. */
function contendedStore(): { store: Store; interfere: (times: number) => void } {
  const inner = createMemoryStore();
  let left = 0;
  const foreignWrite = (written: string): void => {
    if (written !== key || left === 0) return;
    left--;
    const { value } = inner.get(key) ?? assert.fail('the object is there');
    const foreign = { ...value, data: { ...(value['data'] as JsonObject), foreign: String(left) } };
    inner.put(key, undefined, (revision) => ({
      ...foreign,
      metadata: { ...metadataOf(value), resourceVersion: String(revision) },
    }));
  };
  const store: Store = {
    ...inner,
    put(written, expected, stamp) {
      foreignWrite(written);
      return inner.put(written, expected, stamp);
    },
    delete(written, expected, stamp) {
      foreignWrite(written);
      return inner.delete(written, expected, stamp);
    },
  };
  return { store, interfere: (times) => (left = times) };
}

async function contended(): Promise<{ api: TestApi; map: JsonObject; interfere: (times: number) => void }> {
  const { store, interfere } = contendedStore();
  const api = new TestApi({ store });
  const map = await api.json('POST', configMapsPath, { body: configMap('a') });
  return { api, map, interfere };
}

describe('a write that loses a race', () => {
  it('is made again from the newest object when it named no version', async () => {
    const { api, interfere } = await contended();
    interfere(2);
    const patched = await api.patch(path, { data: { mine: '1' } });
    assert.deepEqual(patched['data'], { foreign: '0', mine: '1' });
    interfere(1);
    await api.json('DELETE', path);
    assert.equal((await api.refusal('GET', path))['code'], 404);
  });

  it('is refused when it named a version', async () => {
    const { api, map, interfere } = await contended();
    interfere(1);
    assert.equal((await api.refusal('PUT', path, { body: { ...map, data: { mine: '1' } } }))['reason'], 'Conflict');
    const { resourceVersion = '' } = metadataOf(await api.json('GET', path));
    interfere(1);
    const refusal = await api.refusal('DELETE', path, { body: { preconditions: { resourceVersion } } });
    assert.equal(refusal['reason'], 'Conflict');
  });

  it('is given up when that goes on', async () => {
    const { api, interfere } = await contended();
    interfere(1_000);
    for (const refusal of [
      await api.refusal('PATCH', path, {
        body: { data: { mine: '1' } },
        headers: { 'content-type': 'application/merge-patch+json' },
      }),
      await api.refusal('DELETE', path),
    ]) {
      assert.equal(refusal['code'], 504);
      assert.equal(refusal['reason'], 'ServerTimeout');
    }
  });
});
