import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { JsonObject } from '../../base/json.ts';
import { configMap, configMapsPath, metadataOf, pod, podsPath, TestApi } from '../api-fixture.ts';

function namesOf(list: JsonObject): string {
  return (list['items'] as readonly JsonObject[]).map((item) => String(metadataOf(item)['name'])).join('');
}

async function withMaps(names: string): Promise<TestApi> {
  const api = new TestApi();
  for (const name of names) {
    const labels = { vowel: String('aeiou'.includes(name)) };
    await api.json('POST', configMapsPath, { body: configMap(name, {}, { labels }) });
  }
  return api;
}

describe('list', () => {
  it('shows a kind in a namespace, or in all', async () => {
    const api = await withMaps('ab');
    await api.json('POST', '/api/v1/namespaces/kube-system/configmaps', { body: configMap('c') });
    const list = await api.json('GET', configMapsPath);
    assert.equal(list['kind'], 'ConfigMapList');
    assert.equal(list['apiVersion'], 'v1');
    assert.deepEqual(metadataOf(list), { resourceVersion: String(api.store.revision()) });
    assert.equal(namesOf(list), 'ab');
    assert.equal(namesOf(await api.json('GET', '/api/v1/configmaps')), 'abc');
    assert.equal(namesOf(await api.json('GET', '/api/v1/namespaces/none/configmaps')), '');
  });

  it('does not take a namespace for another that starts alike', async () => {
    const api = new TestApi();
    for (const name of ['a', 'ab']) {
      await api.json('POST', '/api/v1/namespaces', {
        body: { apiVersion: 'v1', kind: 'Namespace', metadata: { name } },
      });
      await api.json('POST', `/api/v1/namespaces/${name}/configmaps`, { body: configMap(name) });
    }
    assert.equal(namesOf(await api.json('GET', '/api/v1/namespaces/a/configmaps')), 'a');
  });

  for (const [title, query, names] of [
    ['a label', { labelSelector: 'vowel=true' }, 'aei'],
    ['several conditions', { labelSelector: 'vowel!=true', fieldSelector: 'metadata.name!=b' }, 'cdfg'],
    ['a name', { fieldSelector: 'metadata.name=c' }, 'c'],
    [
      'a name and a label that do not go together',
      { fieldSelector: 'metadata.name=c', labelSelector: 'vowel=true' },
      '',
    ],
    ['a namespace', { fieldSelector: 'metadata.namespace=default' }, 'abcdefgi'],
    ['another namespace', { fieldSelector: 'metadata.namespace=kube-system' }, ''],
    ['nothing in particular', { labelSelector: '', fieldSelector: '' }, 'abcdefgi'],
  ] as const) {
    it(`selects by ${title}`, async () => {
      const api = await withMaps('abcdefgi');
      assert.equal(namesOf(await api.json('GET', configMapsPath, { query })), names);
      assert.equal(namesOf(await api.json('GET', '/api/v1/configmaps', { query })), names);
    });
  }

  it('selects pods by their fields', async () => {
    const api = new TestApi();
    await api.json('POST', podsPath, { body: pod('a', { nodeName: 'one' }) });
    await api.json('POST', podsPath, { body: pod('b', { nodeName: 'two' }) });
    assert.equal(
      namesOf(await api.json('GET', podsPath, { query: { fieldSelector: 'spec.nodeName=two,status.phase=Pending' } })),
      'b',
    );
  });

  it('pages through one state, whatever is written meanwhile', async () => {
    const api = await withMaps('abcde');
    const first = await api.json('GET', configMapsPath, { query: { limit: '2' } });
    assert.equal(namesOf(first), 'ab');
    assert.equal(metadataOf(first)['remainingItemCount'], 3);
    await api.json('DELETE', `${configMapsPath}/d`);
    await api.json('POST', configMapsPath, { body: configMap('bb') });
    const second = await api.json('GET', configMapsPath, {
      query: { limit: '2', continue: String(metadataOf(first)['continue']) },
    });
    assert.equal(namesOf(second), 'cd');
    assert.equal(metadataOf(second)['resourceVersion'], metadataOf(first)['resourceVersion']);
    const third = await api.json('GET', configMapsPath, {
      query: { limit: '2', continue: String(metadataOf(second)['continue']) },
    });
    assert.equal(namesOf(third), 'e');
    assert.deepEqual(Object.keys(metadataOf(third)), ['resourceVersion']);
  });

  it('fills pages of what is selected', async () => {
    const api = await withMaps('abcdefgio');
    const query = { labelSelector: 'vowel=true', limit: '2' };
    const first = await api.json('GET', configMapsPath, { query });
    assert.equal(namesOf(first), 'ae');
    assert.equal(metadataOf(first)['remainingItemCount'], undefined);
    const second = await api.json('GET', configMapsPath, {
      query: { ...query, continue: String(metadataOf(first)['continue']) },
    });
    assert.equal(namesOf(second), 'io');
    assert.equal(metadataOf(second)['continue'], undefined);
  });

  it('answers 410 when the state of a continued list is forgotten', async () => {
    const api = await withMaps('abc');
    const first = await api.json('GET', configMapsPath, { query: { limit: '1' } });
    await api.json('POST', configMapsPath, { body: configMap('d') });
    api.store.compact(api.store.revision());
    const refusal = await api.refusal('GET', configMapsPath, {
      query: { limit: '1', continue: String(metadataOf(first)['continue']) },
    });
    assert.equal(refusal['code'], 410);
    assert.equal(refusal['reason'], 'Expired');
  });

  it('refuses what is said of watches, and of pages that are fixed', async () => {
    const api = await withMaps('abc');
    const first = await api.json('GET', configMapsPath, { query: { limit: '1' } });
    const next = String(metadataOf(first)['continue']);
    const wrong: readonly Readonly<Record<string, string>>[] = [
      { sendInitialEvents: 'true' },
      { continue: next, resourceVersionMatch: 'NotOlderThan', resourceVersion: '0' },
      { watch: 'true', resourceVersionMatch: 'Exact', resourceVersion: '1' },
      { watch: 'true', continue: next },
    ];
    for (const query of wrong)
      assert.equal((await api.refusal('GET', configMapsPath, { query }))['code'], 400, JSON.stringify(query));
  });

  it('reads one object no earlier than asked, and does not watch it', async () => {
    const api = await withMaps('a');
    const path = `${configMapsPath}/a`;
    assert.equal((await api.refusal('GET', path, { query: { resourceVersion: '999' } }))['code'], 504);
    assert.equal((await api.json('GET', path, { query: { watch: 'true' } }))['kind'], 'ConfigMap');
  });

  it('answers from the state that was asked for', async () => {
    const api = await withMaps('a');
    const before = String(api.store.revision());
    await api.json('POST', configMapsPath, { body: configMap('b') });
    const names = async (query: Readonly<Record<string, string>>): Promise<string> =>
      namesOf(await api.json('GET', configMapsPath, { query }));
    assert.equal(await names({ resourceVersion: before, resourceVersionMatch: 'Exact' }), 'a');
    assert.equal(await names({ resourceVersion: before, limit: '5' }), 'a');
    assert.equal(await names({ resourceVersion: before }), 'ab');
    assert.equal(await names({ resourceVersion: before, resourceVersionMatch: 'NotOlderThan', limit: '5' }), 'ab');
    assert.equal(await names({ resourceVersion: '0' }), 'ab');
    assert.equal(await names({ resourceVersion: '' }), 'ab');
  });

  it('answers 504 for a state that is not there yet, and 410 for one that is forgotten', async () => {
    const api = await withMaps('ab');
    const future = await api.refusal('GET', configMapsPath, { query: { resourceVersion: '9999' } });
    assert.equal(future['code'], 504);
    assert.match(String(future['message']), /Too large resource version: 9999/);
    api.store.compact(api.store.revision());
    const old = await api.refusal('GET', configMapsPath, {
      query: { resourceVersion: '2', resourceVersionMatch: 'Exact' },
    });
    assert.equal(old['code'], 410);
  });

  for (const [title, query] of [
    ['a limit that is no number', { limit: 'many' }],
    ['a negative limit', { limit: '-1' }],
    ['a revision that is no number', { resourceVersion: 'new' }],
    ['a match without a revision', { resourceVersionMatch: 'Exact' }],
    ['an exact revision 0', { resourceVersion: '0', resourceVersionMatch: 'Exact' }],
    ['a match nobody knows', { resourceVersion: '1', resourceVersionMatch: 'About' }],
    ['a continue that is no token', { continue: 'x' }],
    [
      'a continue of another list',
      { continue: Buffer.from('{"v":1,"rv":1,"after":"pods/default/a"}').toString('base64url') },
    ],
    [
      'a continue of another version',
      { continue: Buffer.from('{"v":2,"rv":1,"after":"configmaps/default/a"}').toString('base64url') },
    ],
    ['a label selector', { labelSelector: 'a in' }],
    ['a field selector of unknown fields', { fieldSelector: 'data.k=v' }],
    ['a watch that is neither', { watch: 'perhaps' }],
  ] as const) {
    it(`refuses ${title}`, async () => {
      const api = new TestApi();
      assert.equal((await api.refusal('GET', configMapsPath, { query }))['code'], 400);
    });
  }
});

describe('forms of objects', () => {
  const accept = (as: string): { readonly headers: { readonly accept: string } } => ({
    headers: { accept: `application/json;as=${as};g=meta.k8s.io;v=v1,application/json` },
  });

  it('are tables for those who print', async () => {
    const api = await withMaps('ab');
    const table = await api.json('GET', configMapsPath, accept('Table'));
    assert.equal(table['kind'], 'Table');
    assert.equal((table['rows'] as readonly unknown[]).length, 2);
    assert.equal(metadataOf(table)['resourceVersion'], String(api.store.revision()));
    const one = await api.json('GET', `${configMapsPath}/a`, { ...accept('Table'), query: { includeObject: 'None' } });
    assert.equal((one['rows'] as readonly JsonObject[])[0]?.['object'], undefined);
    assert.equal(
      (await api.refusal('GET', configMapsPath, { ...accept('Table'), query: { includeObject: 'All' } }))['code'],
      400,
    );
  });

  it('are metadata for those who collect', async () => {
    const api = await withMaps('a');
    const list = await api.json('GET', configMapsPath, accept('PartialObjectMetadataList'));
    assert.equal(list['kind'], 'PartialObjectMetadataList');
    const one = await api.json('GET', `${configMapsPath}/a`, accept('PartialObjectMetadata'));
    assert.deepEqual(Object.keys(one), ['kind', 'apiVersion', 'metadata']);
  });

  it('are what the client can read, or 406', async () => {
    const api = await withMaps('a');
    const get = (header: string): Promise<JsonObject> =>
      api.json('GET', `${configMapsPath}/a`, { headers: { accept: header } });
    assert.equal((await get('application/vnd.kubernetes.protobuf, application/json'))['kind'], 'ConfigMap');
    assert.equal((await get('*/*'))['kind'], 'ConfigMap');
    assert.equal(
      (await get('application/json;as=Table;v=v1beta1;g=meta.k8s.io, application/json'))['kind'],
      'ConfigMap',
    );
    const refusal = await api.refusal('GET', configMapsPath, {
      headers: { accept: 'application/vnd.kubernetes.protobuf' },
    });
    assert.equal(refusal['code'], 406);
  });
});
