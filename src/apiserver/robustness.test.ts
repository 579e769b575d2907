/** Whatever is asked, the answer is an answer: no request makes the server stumble. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { isJsonObject } from '../base/json.ts';
import type { Json, JsonObject } from '../base/json.ts';
import type { HttpMethod } from '../kube/transport.ts';
import { configMap, configMapsPath, pipelineRun, pipelineRunsPath, pod, podsPath, TestApi } from './api-fixture.ts';

const samples: readonly JsonObject[] = [configMap('a', { k: 'v' }), pipelineRun('a'), pod('a')];

/** Values that are rarely right. */
const oddValues = fc.oneof(
  fc.constantFrom<Json>(null, true, 0, -1, 1e308, '', 'a', '__proto__', [], {}, [null], { metadata: null }),
  fc.jsonValue({ maxDepth: 3 }).map((value) => value as Json),
);

/** Somewhere in an object, as indexes of members. */
const places = fc.array(fc.nat(9), { maxLength: 5 });

/** The object with `odd` at some place in it. */
function spoiled(value: Json, place: readonly number[], odd: Json): Json {
  const [index, ...rest] = place;
  if (index === undefined || typeof value !== 'object' || value === null) return odd;
  const keys = Object.keys(value);
  const key = keys[index % Math.max(1, keys.length)] ?? 'extra';
  if (!isJsonObject(value)) return value.map((item, at) => (String(at) === key ? spoiled(item, rest, odd) : item));
  return Object.fromEntries([...Object.entries(value), [key, spoiled(value[key] ?? null, rest, odd)]]);
}

const bodies: fc.Arbitrary<string | Json | undefined> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc
      .tuple(fc.constantFrom(...samples), places, oddValues)
      .map(([sample, place, odd]) => spoiled(sample, place, odd)),
  },
  { weight: 2, arbitrary: oddValues },
  { weight: 1, arbitrary: fc.string() },
  { weight: 1, arbitrary: fc.constant(undefined) },
);

interface ArbitraryRequest {
  readonly method: HttpMethod;
  readonly collection: string;
  readonly rest: string;
  readonly query: Readonly<Record<string, string>>;
  readonly type: string;
  readonly accept: string;
  readonly body?: string | Json | undefined;
}

const anything: fc.Arbitrary<ArbitraryRequest> = fc.record({
  method: fc.constantFrom<HttpMethod>('GET', 'POST', 'PUT', 'PATCH', 'DELETE'),
  collection: fc.constantFrom(
    configMapsPath,
    pipelineRunsPath,
    podsPath,
    '/api/v1/namespaces',
    '/api/v1/pods',
    '/apis',
    '',
  ),
  rest: fc.constantFrom(
    '',
    '/a',
    '/a/status',
    '/a/log',
    '/a/binding',
    '/a/eviction',
    '/a/finalize',
    '/%00',
    '/__proto__',
    '//',
  ),
  query: fc.dictionary(
    fc.constantFrom(
      'watch',
      'limit',
      'continue',
      'labelSelector',
      'fieldSelector',
      'dryRun',
      'fieldManager',
      'force',
      'resourceVersion',
      'propagationPolicy',
      'fieldValidation',
    ),
    fc.constantFrom('', 'true', '1', '0', 'All', 'a=b', 'metadata.name=a', 'Foreground', 'Exact', '__proto__'),
    { maxKeys: 2 },
  ),
  type: fc.constantFrom(
    'application/json',
    'application/json-patch+json',
    'application/merge-patch+json',
    'application/strategic-merge-patch+json',
    'application/apply-patch+yaml',
    'application/vnd.kubernetes.protobuf',
  ),
  accept: fc.constantFrom(
    '',
    'application/json;as=Table;g=meta.k8s.io;v=v1',
    'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1',
    'text/html',
  ),
  body: bodies,
});

/** Requests that are right but for one place in their body. */
const nearlyRight: fc.Arbitrary<ArbitraryRequest> = fc
  .record({
    target: fc.constantFrom(
      [configMapsPath, samples[0]] as const,
      [pipelineRunsPath, samples[1]] as const,
      [podsPath, samples[2]] as const,
    ),
    verb: fc.constantFrom('create', 'replace', 'status', 'json', 'merge', 'strategic', 'apply'),
    place: places,
    odd: oddValues,
  })
  .map(({ target: [collection, sample], verb, place, odd }) => {
    const body = spoiled(sample ?? {}, place, odd);
    const base = { collection, rest: '/a', query: {}, accept: '', type: 'application/json' };
    switch (verb) {
      case 'create':
        return { ...base, method: 'POST', rest: '', body };
      case 'replace':
        return { ...base, method: 'PUT', body };
      case 'status':
        return { ...base, method: 'PUT', rest: '/a/status', body: { ...sample, status: odd } };
      case 'json': {
        const path = `/${Object.keys(sample ?? {})[place.length % 4] ?? 'data'}`;
        return {
          ...base,
          method: 'PATCH',
          type: 'application/json-patch+json',
          body: [{ op: 'add', path, value: odd }],
        };
      }
      case 'apply':
        return {
          ...base,
          method: 'PATCH',
          query: { fieldManager: 'me', force: 'true' },
          type: 'application/apply-patch+yaml',
          body,
        };
      default:
        return {
          ...base,
          method: 'PATCH',
          type: `application/${verb === 'merge' ? '' : 'strategic-'}merge-patch+json`,
          body,
        };
    }
  });

describe('the API server', () => {
  it('answers anything without an internal error', async () => {
    const property = fc.asyncProperty(
      fc.array(fc.oneof(nearlyRight, anything), { minLength: 1, maxLength: 8 }),
      async (sequence) => {
        const api = new TestApi();
        for (const [path, sample] of [
          [configMapsPath, samples[0]],
          [pipelineRunsPath, samples[1]],
          [podsPath, samples[2]],
        ] as const) {
          await api.json('POST', path, { body: sample as JsonObject });
        }
        for (const { method, collection, rest, query, type, accept, body } of sequence) {
          const headers = { 'content-type': type, accept };
          const response = await api.call(method, collection + rest, {
            query,
            headers,
            ...(body === undefined ? {} : { body }),
          });
          const said = response.body.kind === 'json' ? JSON.stringify(response.body.value) : '';
          assert.notEqual(response.status, 500, said);
        }
        await api.server.stop();
      },
    );
    await fc.assert(property, { numRuns: 400 });
  });
});
