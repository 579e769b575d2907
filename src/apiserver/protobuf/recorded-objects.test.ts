import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { isJsonObject } from '../../base/json.ts';
import type { Json, JsonObject } from '../../base/json.ts';
import { isApiError } from '../../kube/api-error.ts';
import { configMapsPath, metadataOf, TestApi } from '../api-fixture.ts';
import { decodeProtobufObject, protobufType } from './decode-object.ts';

/** Objects as Kubernetes' own Go library (1.32) writes them, in both forms. */
const recorded = JSON.parse(readFileSync(new URL('testdata/objects.json', import.meta.url), 'utf8')) as readonly {
  readonly protobuf: string;
  readonly json: JsonObject;
}[];

function bytesOf(base64: string): Uint8Array {
  return new Uint8Array(Buffer.from(base64, 'base64'));
}

/** Go writes instants that are not set as null. */
function withoutNulls(value: Json): Json {
  if (Array.isArray(value)) return (value as readonly Json[]).map(withoutNulls);
  if (!isJsonObject(value)) return value;
  const kept = Object.entries(value).filter(([, member]) => member !== null && member !== undefined);
  return Object.fromEntries(kept.map(([key, member]) => [key, withoutNulls(member ?? null)]));
}

describe('objects that Go wrote', () => {
  for (const { protobuf, json } of recorded)
    it(`reads a ${String(json['kind'])} as JSON has it`, () =>
      assert.deepEqual(decodeProtobufObject(bytesOf(protobuf)), withoutNulls(json)));

  it('reads or refuses any bytes, and never fails otherwise', () => {
    const [first] = recorded;
    const bytes = bytesOf(first?.protobuf ?? '');
    const change = fc.tuple(fc.nat(bytes.length - 1), fc.integer({ min: 0, max: 255 }));
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), (changes) => {
        const broken = bytes.slice();
        for (const [at, byte] of changes) broken[at] = byte;
        try {
          assert.ok(isJsonObject(decodeProtobufObject(broken)));
        } catch (thrown) {
          assert.ok(isApiError(thrown, 'BadRequest') || isApiError(thrown, 'UnsupportedMediaType'), String(thrown));
        }
      }),
      { numRuns: 500 },
    );
  });

  it('is what the server reads bodies with', async () => {
    const api = new TestApi();
    const sent = recorded.find(({ json }) => json['kind'] === 'ConfigMap');
    const headers = { 'content-type': protobufType };
    const body = Buffer.from(sent?.protobuf ?? '', 'base64').toString('latin1');
    const created = await api.json('POST', configMapsPath, { headers, body });
    assert.deepEqual([created['data'], created['binaryData']], [{ a: '1' }, { b: 'AQI=' }]);
    assert.equal(metadataOf(created)['name'], 'c');
    assert.equal((await api.refusal('POST', configMapsPath, { headers, body: body.slice(0, 9) }))['code'], 400);
  });
});
