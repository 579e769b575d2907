/** What the real kubectl makes of our OpenAPI documents; the rest of the API is a few fixed answers. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { JsonObject } from '../../src/base/json.ts';
import { systemClock } from '../../src/base/system-clock.ts';
import { apiVersionOf } from '../../src/kube/resource.ts';
import type { ApiRequest, ApiResponse } from '../../src/kube/transport.ts';
import { OpenApiEndpoint } from '../../src/apiserver/openapi.ts';
import { builtinKinds } from '../../src/schema/core/builtin-kinds.ts';
import { tektonKinds } from '../../src/schema/tekton/tekton-kinds.ts';
import { createApiMount } from '../../src/server/api-mount.ts';
import { createCertificate } from '../../src/server/certificate.ts';
import { startListener } from '../../src/server/listener.ts';
import type { Listener } from '../../src/server/listener.ts';
import { silentLogger } from '../../src/telemetry/logger.ts';
import { Kubectl, noKubectl } from '../support/kubectl.ts';

const kinds = [...builtinKinds, ...tektonKinds];
const openApi = new OpenApiEndpoint(() => kinds);

const verbs = ['create', 'delete', 'get', 'list', 'patch', 'update', 'watch'];

function resourceList(groupVersion: string): JsonObject {
  const resources = kinds
    .filter(({ type }) => apiVersionOf(type) === groupVersion)
    .map(({ type, singular, shortNames }) => ({
      name: type.resource,
      singularName: singular,
      namespaced: type.namespaced,
      kind: type.kind,
      shortNames,
      verbs,
    }));
  return { kind: 'APIResourceList', apiVersion: 'v1', groupVersion, resources };
}

const group = { groupVersion: 'tekton.dev/v1', version: 'v1' };

const answers: Readonly<Record<string, JsonObject>> = {
  '/version': { major: '1', minor: '34', gitVersion: 'v1.34.0' },
  '/api': { kind: 'APIVersions', versions: ['v1'] },
  '/apis': {
    kind: 'APIGroupList',
    apiVersion: 'v1',
    groups: [{ name: 'tekton.dev', versions: [group], preferredVersion: group }],
  },
  '/api/v1': resourceList('v1'),
  '/apis/tekton.dev/v1': resourceList('tekton.dev/v1'),
};

/** The pod that is there before an apply; it carries what was applied last, as kubectl leaves it. */
function storedPod(): JsonObject {
  const containers = [
    { name: 'a', image: 'x', env: [{ name: 'A', value: '1' }] },
    { name: 'b', image: 'y' },
  ];
  const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p', namespace: 'default' }, spec: { containers } };
  const annotations = { 'kubectl.kubernetes.io/last-applied-configuration': JSON.stringify(pod) };
  return { ...pod, metadata: { ...pod.metadata, annotations } };
}

describe('kubectl reads our OpenAPI', { skip: noKubectl }, () => {
  const patches: ApiRequest[] = [];
  let version3 = true;
  let listener: Listener;
  let kubectl: Kubectl;

  function answer(request: ApiRequest): ApiResponse {
    if (request.path === '/openapi/v3' && !version3) return json({ paths: {} });
    if (request.method === 'PATCH') patches.push(request);
    return openApi.respond(request) ?? json(answers[request.path] ?? storedPod());
  }

  function json(value: JsonObject): ApiResponse {
    return { status: 200, headers: {}, body: { kind: 'json', value } };
  }

  before(async () => {
    const nowMs = systemClock.now();
    const certificate = createCertificate({ hosts: ['127.0.0.1'], nowMs, serial: Uint8Array.of(1, 2, 3) });
    const transportFor = (token: string | undefined) =>
      token === 'secret' ? async (request: ApiRequest) => answer(request) : undefined;
    listener = await startListener({ mount: createApiMount({ transportFor, logger: silentLogger }), certificate });
    kubectl = new Kubectl(listener, { certificate: certificate.certificate, token: 'secret' });
  });

  after(async () => {
    kubectl?.[Symbol.dispose]();
    await listener?.close();
  });

  async function explained(...args: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await kubectl.run(['explain', ...args]);
    assert.equal(code, 0, stderr);
    return stdout;
  }

  it('explains fields of Tekton and core kinds, by short names too', async () => {
    const timeouts = await explained('pipelinerun.spec.timeouts');
    assert.match(timeouts, /GROUP: +tekton\.dev\nKIND: +PipelineRun\nVERSION: +v1/);
    assert.match(timeouts, /pipeline\t<string>\n +For the whole run; 1h by default\./);
    assert.match(await explained('pr.spec.pipelineSpec.tasks.taskSpec.steps.script'), /FIELD: script <string>/);
    assert.match(await explained('pods.spec.containers'), /name\t<string> -required-\n +Name, unique in the pod\./);
  });

  it('explains them to clients that read version 2 in protocol buffers', async () => {
    const text = await explained('--output', 'plaintext-openapiv2', 'pod.spec.containers.env.valueFrom');
    assert.match(text, /secretKeyRef\t<Object>\n +A key of a Secret\./);
  });

  const applied = JSON.stringify({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'p', namespace: 'default' },
    spec: {
      containers: [
        { name: 'b', image: 'z' },
        { name: 'a', image: 'x', env: [{ name: 'B', value: '2' }] },
      ],
    },
  });

  for (const version of [3, 2]) {
    it(`finds merge keys for apply in version ${version}, and asks for strict validation`, async () => {
      version3 = version === 3;
      patches.length = 0;
      const { code, stderr } = await kubectl.run(['apply', '-f', '-'], { stdin: applied });
      assert.equal(code, 0, stderr);
      const [patch] = patches;
      assert.equal(patch?.headers['content-type'], 'application/strategic-merge-patch+json');
      assert.equal(patch.query['fieldValidation'], 'Strict');
      const { spec } = JSON.parse(String(patch.body)) as { readonly spec: JsonObject };
      assert.deepEqual(spec, {
        '$setElementOrder/containers': [{ name: 'b' }, { name: 'a' }],
        containers: [
          { image: 'z', name: 'b' },
          {
            '$setElementOrder/env': [{ name: 'B' }],
            env: [
              { name: 'B', value: '2' },
              { $patch: 'delete', name: 'A' },
            ],
            name: 'a',
          },
        ],
      });
    });
  }

  it('is let in with its token only', async () => {
    using stranger = new Kubectl(listener, { certificate: '', token: 'wrong' });
    const { code, stderr } = await stranger.run(['--insecure-skip-tls-verify', 'get', '--raw', '/version']);
    assert.equal(code, 1);
    assert.match(stderr, /Unauthorized|must be logged in/);
  });
});
