/** The same calls, in process and over TLS, get the same answers and leave the same history. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { Json, JsonObject } from '../../src/base/json.ts';
import { seededRandom } from '../../src/base/random.ts';
import { systemClock } from '../../src/base/system-clock.ts';
import { VirtualClock } from '../../src/base/virtual-clock.ts';
import type { ApiRequest, ApiResponse, HttpMethod, Transport } from '../../src/kube/transport.ts';
import { createHttpTransport } from '../../src/net/http-transport.ts';
import { serveApi, type ServedApi } from '../support/served-api.ts';

/** One call, with what it takes from the calls before left open. */
interface Step {
  readonly method: HttpMethod;
  readonly kind: 'configmaps' | 'pods' | 'pipelineruns' | 'namespaces';
  readonly name: string;
  readonly subresource: '' | 'status';
  readonly query: Readonly<Record<string, string>>;
  readonly patchType: string;
  readonly accept: string;
  readonly content: Json;
  /** Which `resourceVersion` the body carries. */
  readonly version: 'none' | 'newest' | 'old';
}

const contents: readonly Json[] = [
  { data: { a: '1' }, metadata: { labels: { app: 'x' } } },
  { data: { a: '2', b: 'é\u2028"\\' }, metadata: { annotations: { n: '1' } } },
  { data: { a: 1 } },
  { spec: { containers: [{ name: 'main', image: 'busybox:1' }] } },
  { spec: { containers: [{ name: 'main', image: 'busybox:2' }], activeDeadlineSeconds: 5 } },
  { spec: { pipelineRef: { name: 'p' } }, unknown: 1 },
  { spec: { pipelineRef: { name: 'p' }, params: [{ name: 'x', value: ['1', '2'] }] } },
  { status: { phase: 'Running', conditions: [{ type: 'Succeeded', status: 'Unknown' }] } },
  { metadata: { finalizers: ['example.com/hold'] } },
  { metadata: { finalizers: null, labels: { app: null, bad: 'a b' } } },
  { metadata: { finalizers: [] } },
  [{ op: 'add', path: '/metadata/labels', value: { app: 'y' } }],
  [
    { op: 'test', path: '/data/a', value: '1' },
    { op: 'remove', path: '/data/a' },
  ],
  [{ op: 'remove', path: '/nothing' }],
  'text',
  { kind: 'DeleteOptions', apiVersion: 'v1', propagationPolicy: 'Foreground' },
  { kind: 'DeleteOptions', apiVersion: 'v1', preconditions: { uid: 'other' } },
];

/** What each kind accepts. */
const goodContents: Readonly<Record<Step['kind'], Json>> = {
  configmaps: { data: { a: '1', c: 'd' } },
  pods: { spec: { containers: [{ name: 'main', image: 'busybox:1' }] } },
  pipelineruns: { spec: { pipelineRef: { name: 'p' } } },
  namespaces: { metadata: { labels: { team: 'x' } } },
};

const anyStep: fc.Arbitrary<Step> = fc.record({
  method: fc.constantFrom('GET', 'POST', 'POST', 'PUT', 'PATCH', 'PATCH', 'DELETE'),
  kind: fc.constantFrom('configmaps', 'configmaps', 'pods', 'pipelineruns', 'namespaces'),
  name: fc.constantFrom('', '', 'a', 'a', 'b', 'c', 'Not_A_Name'),
  subresource: fc.constantFrom('', '', '', 'status'),
  query: fc.constantFrom(
    {},
    {},
    { dryRun: 'All' },
    { fieldValidation: 'Strict' },
    { labelSelector: 'app in (x,y)', limit: '1' },
    { labelSelector: 'a in (' },
    { fieldSelector: 'metadata.name=a' },
    { fieldSelector: 'spec.nothing=a' },
    { fieldManager: 'tester', force: 'true' },
    { gracePeriodSeconds: '0' },
  ),
  patchType: fc.constantFrom(
    'json-patch+json',
    'merge-patch+json',
    'strategic-merge-patch+json',
    'apply-patch+yaml',
    'nonsense',
  ),
  accept: fc.constantFrom('application/json', 'application/json;as=Table;g=meta.k8s.io;v=v1', 'text/plain'),
  content: fc.constantFrom(...contents),
  version: fc.constantFrom('none', 'newest', 'old'),
});

/** Calls of people who know what they do. */
const goodStep: fc.Arbitrary<Step> = anyStep.map((chosen) => ({
  ...chosen,
  name: chosen.name === 'Not_A_Name' ? 'a' : chosen.name || (chosen.method === 'POST' ? '' : 'a'),
  subresource: '',
  query: chosen.query['dryRun'] ? chosen.query : {},
  patchType: chosen.patchType === 'apply-patch+yaml' ? 'apply-patch+yaml' : 'merge-patch+json',
  ...(chosen.patchType === 'apply-patch+yaml' ? { query: { fieldManager: 'tester', force: 'true' } } : {}),
  accept: 'application/json',
  content: chosen.method === 'DELETE' ? {} : goodContents[chosen.kind],
  version: chosen.version === 'old' ? 'old' : 'newest',
}));

const someStep: fc.Arbitrary<Step> = fc.oneof({ weight: 1, arbitrary: anyStep }, { weight: 1, arbitrary: goodStep });

const apiVersions = { configmaps: 'v1', pods: 'v1', namespaces: 'v1', pipelineruns: 'tekton.dev/v1' } as const;
const kindNames = {
  configmaps: 'ConfigMap',
  pods: 'Pod',
  namespaces: 'Namespace',
  pipelineruns: 'PipelineRun',
} as const;

function pathOf({ kind, name, subresource, method }: Step): string {
  const root = kind === 'pipelineruns' ? '/apis/tekton.dev/v1' : '/api/v1';
  const collection = kind === 'namespaces' ? `${root}/${kind}` : `${root}/namespaces/default/${kind}`;
  if (name === '' || method === 'POST') return collection;
  return `${collection}/${name}${subresource === '' ? '' : `/${subresource}`}`;
}

/** Gives plain contents an identity where the verb needs one. */
function bodyOf(step: Step, versions: ReadonlyMap<string, string>): Json | undefined {
  const { method, kind, name, content, version } = step;
  if (method === 'GET') return undefined;
  if (typeof content !== 'object' || content === null || Array.isArray(content)) return content;
  const object = content as JsonObject;
  if (method === 'DELETE') return object['kind'] === 'DeleteOptions' ? object : undefined;
  if (method === 'PATCH' && step.patchType !== 'apply-patch+yaml') return object;
  const known = version === 'newest' ? versions.get(pathOf(step)) : version === 'old' ? '1' : undefined;
  const metadata = {
    ...(object['metadata'] as JsonObject | undefined),
    ...(name === '' ? { generateName: 'made-' } : { name }),
    ...(known !== undefined && method === 'PUT' ? { resourceVersion: known } : {}),
  };
  return { apiVersion: apiVersions[kind], kind: kindNames[kind], ...object, metadata };
}

function requestOf(step: Step, versions: ReadonlyMap<string, string>): ApiRequest {
  const body = bodyOf(step, versions);
  const type = step.method === 'PATCH' ? `application/${step.patchType}` : 'application/json';
  return {
    method: step.method,
    path: pathOf(step),
    query: step.query,
    headers: { accept: step.accept, 'user-agent': 'tester/1', ...(body === undefined ? {} : { 'content-type': type }) },
    ...(body === undefined ? {} : { body }),
  };
}

interface Answer {
  readonly status: number;
  readonly warning: string | undefined;
  readonly value: Json;
}

/** An answer as it looks on paper: members that are undefined are not there. */
function answerOf({ status, headers, body }: ApiResponse): Answer {
  assert.ok(body.kind === 'json', body.kind);
  return { status, warning: headers['warning'], value: JSON.parse(JSON.stringify(body.value)) as Json };
}

/** A server whose history follows from its calls alone. */
async function replayable(): Promise<ServedApi & { readonly clock: VirtualClock }> {
  const clock = new VirtualClock();
  return { ...(await serveApi({ clock, random: seededRandom(7) })), clock };
}

async function settle(clock: VirtualClock): Promise<void> {
  for (let round = 0; round < 4; round++) await clock.advance(250);
}

/** Everything a watch of ConfigMaps since the beginning is told. */
async function history(transport: Transport, clock: VirtualClock): Promise<readonly Json[]> {
  const response = await transport({
    method: 'GET',
    path: '/api/v1/configmaps',
    query: { watch: 'true', resourceVersion: '1', timeoutSeconds: '1' },
    headers: {},
  });
  assert.ok(response.body.kind === 'watch');
  const events: Json[] = [];
  const reading = (async () => {
    for await (const event of response.body.kind === 'watch' ? response.body.events : [])
      events.push(JSON.parse(JSON.stringify(event)) as Json);
  })();
  await settle(clock);
  await clock.advance(1000);
  await reading;
  return events;
}

describe('a call in process and over TLS', () => {
  it('gets the same answer', async () => {
    const seen = new Map<string, number>();
    await fc.assert(
      fc.asyncProperty(fc.array(someStep, { minLength: 20, maxLength: 60 }), async (steps) => {
        await using near = await replayable();
        await using far = await replayable();
        using socket = createHttpTransport({
          server: far.listener.url,
          certificateAuthority: far.certificate,
          token: far.token,
          clock: systemClock,
        });
        const direct = near.api.transportFor(near.token);
        assert.ok(direct);
        await Promise.all([settle(near.clock), settle(far.clock)]);
        const versions = new Map<string, string>();
        for (const one of steps) {
          const request = requestOf(one, versions);
          const expected = answerOf(await direct(request));
          assert.deepEqual(answerOf(await socket(request)), expected, `${request.method} ${request.path}`);
          seen.set(`${request.method} ${expected.status}`, (seen.get(`${request.method} ${expected.status}`) ?? 0) + 1);
          const { metadata } = expected.value as { readonly metadata?: { readonly resourceVersion?: string } };
          if (one.name !== '' && metadata?.resourceVersion) versions.set(pathOf(one), metadata.resourceVersion);
          await Promise.all([settle(near.clock), settle(far.clock)]);
          assert.equal(far.store.revision(), near.store.revision());
        }
        assert.deepEqual(await history(socket, far.clock), await history(direct, near.clock));
      }),
      { numRuns: 12, seed: 20_261_121 },
    );
    // The sequences must reach successes and refusals of every verb, or they prove little.
    const reached = [
      'GET 200',
      'GET 404',
      'POST 201',
      'POST 409',
      'POST 422',
      'PUT 200',
      'PUT 409',
      'PATCH 200',
      'PATCH 415',
      'DELETE 200',
      'DELETE 404',
    ];
    for (const outcome of reached)
      assert.ok(seen.has(outcome), `${outcome} among ${[...seen.keys()].sort().join(', ')}`);
  });
});
