import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isJsonObject } from '../base/json.ts';
import type { Json, JsonObject } from '../base/json.ts';
import { applySchema } from './apply-schema.ts';
import { checkStructural } from './check-structural.ts';
import { builtinKinds } from './core/builtin-kinds.ts';
import { customResourceDefinitionSchema } from './core/custom-resource-definition.ts';
import { customResourceSchema } from './core/object-meta.ts';
import { crdManifest } from './crd-manifest.ts';
import { tektonKinds } from './tekton/tekton-kinds.ts';

function schemaIn(manifest: JsonObject): Json | undefined {
  const spec = manifest['spec'] as JsonObject;
  const [version] = spec['versions'] as readonly JsonObject[];
  return (version?.['schema'] as JsonObject | undefined)?.['openAPIV3Schema'];
}

describe('crdManifest', () => {
  for (const kind of tektonKinds) {
    it(`makes a structural definition of ${kind.type.kind}`, () => {
      const manifest = crdManifest(kind);
      const applied = applySchema(customResourceDefinitionSchema, manifest as Json);
      assert.deepEqual([applied.causes, applied.unknownFields], [[], []]);
      assert.deepEqual(checkStructural(schemaIn(manifest), 'schema'), []);
      assert.equal((manifest['metadata'] as JsonObject)['name'], `${kind.type.resource}.tekton.dev`);
    });
  }

  it('judges objects as the table it was made from does', () => {
    const kind = tektonKinds.find(({ type }) => type.kind === 'TaskRun');
    assert.ok(kind);
    const published = schemaIn(crdManifest(kind));
    assert.ok(isJsonObject(published));
    const schema = customResourceSchema(published);
    const run = {
      apiVersion: 'tekton.dev/v1',
      kind: 'TaskRun',
      metadata: { name: 'r', labels: { a: 5 } },
      spec: {
        status: 'Paused',
        taskSpec: { steps: [{ image: 1, computeResources: { limits: { cpu: 1.5 } } }], volumes: [{}] },
        extra: true,
      },
    };
    const [ours, theirs] = [applySchema(kind.schema, run as Json), applySchema(schema, run as Json)];
    assert.equal(ours.causes.length, 5);
    assert.deepEqual(theirs.causes, ours.causes);
    assert.deepEqual(theirs.unknownFields, ours.unknownFields);
  });

  it('refuses a kind whose columns are computed', () => {
    const pods = builtinKinds.find(({ type }) => type.kind === 'Pod');
    assert.ok(pods);
    assert.throws(() => crdManifest(pods), /column Ready is computed/);
  });
});
