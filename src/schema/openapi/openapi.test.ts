import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isJsonObject } from '../../base/json.ts';
import type { Json, JsonObject } from '../../base/json.ts';
import { builtinKinds } from '../core/builtin-kinds.ts';
import { tektonKinds } from '../tekton/tekton-kinds.ts';
import { openApiV2Protobuf } from './openapi-v2-protobuf.ts';
import { openApiV2Document } from './openapi-v2.ts';
import { openApiV3Document } from './openapi-v3.ts';
import { MessageWriter } from './protobuf.ts';

const kinds = [...builtinKinds, ...tektonKinds];

/** Every `$ref` in a document. */
function referencesIn(value: Json | undefined, found: Set<string> = new Set()): ReadonlySet<string> {
  if (isJsonObject(value)) {
    for (const [key, member] of Object.entries(value)) {
      if (key === '$ref' && typeof member === 'string') found.add(member);
      else referencesIn(member, found);
    }
  } else if (Array.isArray(value)) {
    for (const item of value as readonly Json[]) referencesIn(item, found);
  }
  return found;
}

function at(value: Json | undefined, ...path: readonly string[]): Json | undefined {
  return path.reduce<Json | undefined>((inner, key) => (isJsonObject(inner) ? inner[key] : undefined), value);
}

describe('OpenAPI v3', () => {
  const document = openApiV3Document(tektonKinds);

  it('resolves every reference it makes', () => {
    for (const group of [tektonKinds, builtinKinds]) {
      const made = openApiV3Document(group);
      for (const ref of referencesIn(made)) assert.ok(at(made, ...ref.slice(2).split('/')) !== undefined, ref);
    }
  });

  it('marks kinds, actions and query parameters as kubectl looks for them', () => {
    const patch = at(document, 'paths', '/apis/tekton.dev/v1/namespaces/{namespace}/pipelineruns/{name}', 'patch');
    assert.deepEqual(at(patch, 'x-kubernetes-group-version-kind'), {
      group: 'tekton.dev',
      version: 'v1',
      kind: 'PipelineRun',
    });
    assert.equal(at(patch, 'x-kubernetes-action'), 'patch');
    const names = (at(patch, 'parameters') as readonly JsonObject[]).map((parameter) => parameter['name']);
    assert.deepEqual(names, ['dryRun', 'fieldManager', 'fieldValidation', 'force']);
    assert.equal(at(patch, 'requestBody', 'content', 'application/strategic-merge-patch+json'), undefined);
    const pod = at(openApiV3Document(builtinKinds), 'paths', '/api/v1/namespaces/{namespace}/pods/{name}', 'patch');
    assert.ok(at(pod, 'requestBody', 'content', 'application/strategic-merge-patch+json'));
  });

  it('keeps our own remarks to itself', () => {
    assert.doesNotMatch(JSON.stringify(openApiV3Document(builtinKinds)), /x-penstock/);
  });
});

describe('OpenAPI v2', () => {
  const document = openApiV2Document(kinds);

  it('resolves every reference, and knows nothing of version 3', () => {
    for (const ref of referencesIn(document)) assert.ok(at(document, ...ref.slice(2).split('/')) !== undefined, ref);
    assert.doesNotMatch(JSON.stringify(at(document, 'definitions')), /"(nullable|oneOf|anyOf|allOf)"/);
  });

  it('can be written as protocol buffers', () => {
    const bytes = openApiV2Protobuf(document);
    assert.deepEqual([...bytes.slice(0, 5)], [0x0a, 3, 0x32, 0x2e, 0x30]);
    assert.ok(bytes.length > 100_000);
  });
});

describe('MessageWriter', () => {
  it('writes the bytes of the specification', () => {
    // 150 as field 1, "testing" as field 2: the examples of the encoding's description.
    assert.deepEqual([...new MessageWriter().integer(1, 150).bytes()], [0x08, 0x96, 0x01]);
    assert.deepEqual(
      [...new MessageWriter().text(2, 'testing').bytes()],
      [0x12, 0x07, 0x74, 0x65, 0x73, 0x74, 0x69, 0x6e, 0x67],
    );
    assert.deepEqual(
      [...new MessageWriter().message(3, new MessageWriter().integer(1, 150)).bytes()],
      [0x1a, 0x03, 0x08, 0x96, 0x01],
    );
    assert.deepEqual([...new MessageWriter().double(1, 1).bytes()], [0x09, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f]);
    assert.deepEqual([...new MessageWriter().flag(1, false).integer(2, undefined).bytes()], []);
  });
});
