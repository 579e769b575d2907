import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { JsonObject } from '../../base/json.ts';
import type { AdmissionPlugin, AdmissionRequest } from '../../kube/admission.ts';
import { ApiStatusError } from '../../kube/api-error.ts';
import { configMap, configMapsPath, metadataOf, pipelineRun, pipelineRunsPath, TestApi } from '../api-fixture.ts';

/** Adds its letter to a label of ConfigMaps. */
function letter(name: string): AdmissionPlugin {
  return {
    name,
    mutate({ object, type }) {
      if (!object || type.resource !== 'configmaps') return undefined;
      const labels = (metadataOf(object)['labels'] ?? {}) as JsonObject;
      const word = `${(labels['word'] as string | undefined) ?? ''}${name}`;
      return { ...object, metadata: { ...metadataOf(object), labels: { ...labels, word } } };
    },
  };
}

/** Remembers what it is asked about ConfigMaps and PipelineRuns. */
function recorder(): { plugin: AdmissionPlugin; mutated: AdmissionRequest[]; validated: AdmissionRequest[] } {
  const mutated: AdmissionRequest[] = [];
  const validated: AdmissionRequest[] = [];
  const concerns = ({ type }: AdmissionRequest): boolean => ['configmaps', 'pipelineruns'].includes(type.resource);
  const plugin: AdmissionPlugin = {
    name: 'recorder',
    mutate: (request) => void (concerns(request) && mutated.push(request)),
    validate: (request) => void (concerns(request) && validated.push(request)),
  };
  return { plugin, mutated, validated };
}

describe('admission', () => {
  it('mutates in order, then validates what will be stored', async () => {
    const { plugin, mutated, validated } = recorder();
    const api = new TestApi({ admission: [letter('a'), plugin, letter('b')] });
    const created = await api.json('POST', configMapsPath, { body: configMap('m') });
    assert.deepEqual(metadataOf(created)['labels'], { word: 'ab' });
    assert.deepEqual(metadataOf(mutated[0]?.object as JsonObject)['labels'], { word: 'a' });
    assert.deepEqual(metadataOf(validated[0]?.object as JsonObject)['labels'], { word: 'ab' });
  });

  it('is told who does what to which object', async () => {
    const { plugin, validated } = recorder();
    const api = new TestApi({ admission: [plugin] });
    const body = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { generateName: 'm-' } };
    const created = await api.json('POST', configMapsPath, { body, query: { dryRun: 'All' } });
    const [create] = validated;
    assert.equal(create?.operation, 'CREATE');
    assert.equal(create.key.name, metadataOf(created)['name']);
    assert.equal(create.user.name, 'system:penstock');
    assert.equal(create.dryRun, true);
    assert.equal(create.oldObject, undefined);
    const run = await api.json('POST', pipelineRunsPath, { body: pipelineRun('r') });
    await api.patch(`${pipelineRunsPath}/r/status`, { status: { startTime: '2026-01-01T00:00:00Z' } });
    const update = validated.at(-1);
    assert.deepEqual([update?.operation, update?.subresource, update?.oldObject], ['UPDATE', 'status', run]);
    await api.json('DELETE', `${pipelineRunsPath}/r`);
    const remove = validated.at(-1);
    assert.deepEqual(
      [remove?.operation, remove?.object, remove?.key],
      ['DELETE', undefined, { namespace: 'default', name: 'r' }],
    );
  });

  it('refuses with causes, or as a plugin says', async () => {
    const cause = { reason: 'FieldValueInvalid', message: 'Invalid value: "m": no', field: 'metadata.name' };
    const causes: AdmissionPlugin = {
      name: 'c',
      validate: ({ type }) => (type.resource === 'configmaps' ? [cause] : []),
    };
    const invalid = await new TestApi({ admission: [causes] }).refusal('POST', configMapsPath, {
      body: configMap('m'),
    });
    assert.equal(invalid['message'], 'ConfigMap "m" is invalid: metadata.name: Invalid value: "m": no');
    assert.deepEqual((invalid['details'] as JsonObject)['causes'], [cause]);
    const quota: AdmissionPlugin = {
      name: 'q',
      validate: ({ type }) =>
        type.resource === 'configmaps' ? new ApiStatusError('Forbidden', 'exceeded quota') : undefined,
    };
    const api = new TestApi({ admission: [quota] });
    assert.equal((await api.refusal('POST', configMapsPath, { body: configMap('m') }))['message'], 'exceeded quota');
    assert.equal((await api.refusal('GET', `${configMapsPath}/m`))['code'], 404);
  });

  it('may refuse a delete', async () => {
    const keep: AdmissionPlugin = {
      name: 'keep',
      validate: ({ operation }) => (operation === 'DELETE' ? new ApiStatusError('Forbidden', 'it stays') : undefined),
    };
    const api = new TestApi({ admission: [keep] });
    const created = await api.json('POST', configMapsPath, { body: configMap('m') });
    assert.equal((await api.refusal('DELETE', `${configMapsPath}/m`))['code'], 403);
    assert.equal(await api.json('GET', `${configMapsPath}/m`), created);
  });

  it('cannot make an object that its schema refuses', async () => {
    const broken: AdmissionPlugin = {
      name: 'broken',
      mutate: ({ object, type }) =>
        type.resource === 'configmaps' && object ? { ...object, data: { k: 1 } } : undefined,
    };
    const refusal = await new TestApi({ admission: [broken] }).refusal('POST', configMapsPath, {
      body: configMap('m'),
    });
    assert.equal(refusal['code'], 422);
  });

  it('sees only objects that their schema accepts', async () => {
    const { plugin, mutated } = recorder();
    const api = new TestApi({ admission: [plugin] });
    await api.refusal('POST', configMapsPath, { body: { ...configMap('m'), data: { k: 1 } } });
    assert.equal(mutated.length, 0);
  });
});
