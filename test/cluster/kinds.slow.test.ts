/** A real API server takes the definitions that we generate of our kinds, and holds our objects to them. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { JsonObject } from '../../src/base/json.ts';
import type { KubeObject } from '../../src/kube/object.ts';
import { customResourceDefinitions } from '../../src/schema/core/custom-resource-definition.ts';
import { crdManifest } from '../../src/schema/crd-manifest.ts';
import { pipelineRuns, taskRuns } from '../../src/tekton/types.ts';
import { type InstalledKind, installKinds, ownKinds } from '../support/installed-kinds.ts';
import { type RealApi, startRealApi } from '../support/real-api.ts';
import { whyNoRealApi } from '../support/real-api-binaries.ts';

const namespace = 'default';

describe('our kinds on a real API server', { skip: whyNoRealApi() }, () => {
  let api: RealApi;
  let installed: readonly InstalledKind[];

  before(async () => {
    api = await startRealApi();
    installed = await installKinds(api.client);
  });
  after(() => api[Symbol.asyncDispose]());

  it('are established, and structural', () => {
    for (const { metadata, status } of installed) {
      const conditions = (status?.conditions ?? []).map(({ type, status: value }) => `${type}=${value}`);
      assert.deepEqual(conditions.toSorted(), ['Established=True', 'NamesAccepted=True'], metadata.name);
    }
    assert.equal(installed.length, ownKinds.length);
  });

  it('are stored as they were made: nothing of a definition is unknown to the server', () => {
    for (const [index, kind] of ownKinds.entries()) {
      const [sent] = schemasOf(crdManifest(kind));
      const [stored] = schemasOf(installed[index] as unknown as JsonObject);
      assert.deepEqual(stored, sent, kind.type.kind);
    }
  });

  it('are applied again without a change', async () => {
    for (const [index, kind] of ownKinds.entries()) {
      const { apiVersion, kind: kindName, metadata, spec } = crdManifest(kind);
      const name = (metadata as JsonObject)['name'] as string;
      const body = { apiVersion, kind: kindName, metadata: { name }, spec } as JsonObject;
      const options = { type: 'apply', fieldManager: 'penstock', force: true } as const;
      const apply = (): Promise<KubeObject> =>
        api.client.patch(customResourceDefinitions, { namespace: '', name }, body, options);
      const first = await apply();
      assert.equal((await apply()).metadata.resourceVersion, first.metadata.resourceVersion);
      assert.equal(first.metadata.generation, installed[index]?.metadata.generation, 'the spec was as it is');
    }
  });

  it('refuse what has the wrong shape, and name the field', async () => {
    const run = (spec: JsonObject): Promise<unknown> =>
      api.client.create(pipelineRuns, {
        apiVersion: 'tekton.dev/v1',
        kind: 'PipelineRun',
        metadata: { generateName: 'wrong-', namespace },
        spec,
      });
    await assert.rejects(run({ pipelineSpec: { tasks: 'none' } }), {
      reason: 'Invalid',
      message: /spec\.pipelineSpec\.tasks: Invalid value/,
    });
    await assert.rejects(run({ params: [{ name: 5 }] }), { reason: 'Invalid', message: /spec\.params\[0\]\.name/ });
  });

  it('keep status apart from spec', async () => {
    const metadata = { name: 'apart', namespace };
    const made = await api.client.create(taskRuns, {
      apiVersion: 'tekton.dev/v1',
      kind: 'TaskRun',
      metadata,
      spec: { taskSpec: { steps: [{ name: 'a', image: 'x' }] } },
      status: { podName: 'forged' },
    });
    assert.equal(made.status, undefined);
    const withStatus = await api.client.updateStatus(taskRuns, {
      ...made,
      spec: { status: 'TaskRunCancelled' },
      status: { podName: 'p', steps: [{ name: 'a', container: 'step-a' }] },
    });
    assert.deepEqual(withStatus.spec, made.spec);
    assert.equal(withStatus.status?.podName, 'p');
  });
});

function schemasOf(definition: JsonObject): readonly unknown[] {
  const { versions } = definition['spec'] as { readonly versions: readonly { readonly schema: unknown }[] };
  return versions.map(({ schema }) => schema);
}
