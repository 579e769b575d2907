import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { request } from 'node:https';
import { describe, it } from 'node:test';
import { systemClock } from '../../base/system-clock.ts';
import { isJsonObject, type Json, type JsonObject } from '../../base/json.ts';
import type { AdmissionPlugin } from '../../kube/admission.ts';
import { jsonPatch } from '../../kube/json-patch.ts';
import { penstockKinds } from '../../schema/penstock/penstock-kinds.ts';
import { tektonKinds } from '../../schema/tekton/tekton-kinds.ts';
import { tektonAdmission } from '../../tekton/admission.ts';
import { MemoryLogger } from '../../telemetry/memory-logger.ts';
import { silentLogger } from '../../telemetry/logger.ts';
import { createAuthority, createCertificate } from '../certificate.ts';
import { startListener, type Listener } from '../listener.ts';
import { createAdmissionWebhook, reviewBytesMax, type AdmissionWebhookOptions } from './admission-webhook.ts';
import type { WebhookName } from './judge-review.ts';

const validity = { nowMs: systemClock.now(), daysValid: 1 };
const authority = createAuthority({ ...validity, name: 'test', serial: randomBytes(16) });
const certificate = createCertificate({ ...validity, hosts: ['127.0.0.1'], serial: randomBytes(16), authority });

async function listen(options: Partial<AdmissionWebhookOptions> = {}): Promise<Listener> {
  const kinds = [...tektonKinds, ...penstockKinds];
  const plugins = [tektonAdmission()];
  const mount = createAdmissionWebhook({ kinds, plugins, logger: silentLogger, ...options });
  return startListener({ mount, certificate });
}

interface Answer {
  readonly status: number | undefined;
  readonly body: JsonObject;
}

/** As an API server does it: TLS, and the authority is all it trusts. */
function post(
  listener: Listener,
  path: string,
  body: string,
  { method = 'POST', contentType = 'application/json' } = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': contentType };
    const sent = request(`${listener.url}${path}`, { method, ca: authority.certificate, headers }, (answer) => {
      let text = '';
      answer.on('data', (chunk) => (text += String(chunk)));
      answer.on('end', () => resolve({ status: answer.statusCode, body: JSON.parse(text) as JsonObject }));
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

interface Question {
  readonly operation?: string;
  readonly resource?: string;
  readonly group?: string;
  readonly object?: Json;
  readonly oldObject?: Json;
  readonly dryRun?: boolean;
}

function review(question: Question): string {
  const { operation = 'CREATE', resource = 'pipelineruns', group = 'tekton.dev', ...rest } = question;
  const version = group === 'tekton.dev' ? 'v1' : 'v1alpha1';
  const request_ = {
    uid: 'u-1',
    kind: { group, version, kind: 'Any' },
    resource: { group, version, resource },
    namespace: 'default',
    operation,
    userInfo: { username: 'jane', groups: ['devs'] },
    ...rest,
  };
  return JSON.stringify({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', request: request_ });
}

async function ask(listener: Listener, webhook: WebhookName, question: Question): Promise<JsonObject> {
  const { status, body } = await post(listener, `/${webhook}?timeout=10s`, review(question));
  assert.equal(status, 200, JSON.stringify(body));
  assert.equal(body['kind'], 'AdmissionReview');
  assert.ok(isJsonObject(body['response']));
  assert.equal(body['response']['uid'], 'u-1');
  return body['response'];
}

function run(spec: JsonObject, metadata: JsonObject = {}): JsonObject {
  return {
    apiVersion: 'tekton.dev/v1',
    kind: 'PipelineRun',
    metadata: { name: 'r', namespace: 'default', ...metadata },
    spec: { pipelineRef: { name: 'p' }, ...spec },
  };
}

describe('the admission webhook', () => {
  it('answers with the smallest patch to what would be stored', async () => {
    await using listener = await listen();
    const object = run({ params: [{ name: 'a', value: 'b' }] }, { managedFields: [], labels: {} });
    const response = await ask(listener, 'mutate', { object });
    assert.deepEqual([response['allowed'], response['patchType']], [true, 'JSONPatch']);
    const patch = JSON.parse(Buffer.from(String(response['patch']), 'base64').toString()) as readonly JsonObject[];
    assert.deepEqual(patch, [
      { op: 'add', path: '/metadata/labels/tekton.dev~1pipeline', value: 'p' },
      { op: 'add', path: '/spec/timeouts', value: { pipeline: '1h0m0s' } },
      { op: 'add', path: '/spec/taskRunTemplate', value: { serviceAccountName: 'default' } },
    ]);
    const patched = jsonPatch(object, patch) as JsonObject;
    const again = await ask(listener, 'mutate', { object: patched });
    assert.deepEqual(again, { uid: 'u-1', allowed: true });
    assert.deepEqual(await ask(listener, 'validate', { object: patched }), { uid: 'u-1', allowed: true });
  });

  it('refuses with status and causes', async () => {
    await using listener = await listen();
    const spec = { timeouts: { pipeline: '1h0m0s' }, taskRunTemplate: { serviceAccountName: 'default' } };
    const before = run(spec);
    const object = run({ ...spec, status: 'PipelineRunPending' });
    const response = await ask(listener, 'validate', { operation: 'UPDATE', object, oldObject: before });
    assert.equal(response['allowed'], false);
    const status = response['status'] as JsonObject;
    assert.deepEqual([status['code'], status['reason'], status['status']], [422, 'Invalid', 'Failure']);
    const [cause] = (status['details'] as JsonObject)['causes'] as readonly JsonObject[];
    assert.equal(cause?.['field'], 'spec.status');
    const shape = await ask(listener, 'mutate', { object: run({ params: 'none', nonsense: 1 }) });
    assert.equal(shape['allowed'], false);
    assert.equal(shape['patch'], undefined);
  });

  it('lets metadata of an object change that today would be refused', async () => {
    await using listener = await listen();
    const old = run({ nonsense: 1 }, { finalizers: ['a/b'] });
    const object = run({ nonsense: 1 });
    for (const webhook of ['mutate', 'validate'] as const) {
      const response = await ask(listener, webhook, { operation: 'UPDATE', object, oldObject: old });
      assert.deepEqual(response, { uid: 'u-1', allowed: true });
    }
    const worse = run({ nonsense: 2 });
    const refused = await ask(listener, 'mutate', { operation: 'UPDATE', object: worse, oldObject: old });
    assert.equal(refused['allowed'], false);
  });

  it('tells the plugins who asks, and whether it counts', async () => {
    const seen: unknown[] = [];
    const plugin: AdmissionPlugin = {
      name: 'witness',
      validate: ({ user, dryRun, operation, key }) => void seen.push([user, dryRun, operation, key]),
    };
    await using listener = await listen({ plugins: [plugin] });
    await ask(listener, 'validate', { object: run({}), dryRun: true });
    const key = { namespace: 'default', name: 'r' };
    assert.deepEqual(seen, [[{ name: 'jane', groups: ['devs'] }, true, 'CREATE', key]]);
  });

  it('answers what is no question with an HTTP error and a Status', async () => {
    await using listener = await listen();
    const good = review({ object: run({}) });
    const cases: readonly (readonly [number, Promise<Answer>])[] = [
      [404, post(listener, '/', good)],
      [404, post(listener, '/mutate/x', good)],
      [405, post(listener, '/mutate', '', { method: 'GET' })],
      [415, post(listener, '/mutate', good, { contentType: 'text/plain' })],
      [400, post(listener, '/mutate', '{')],
      [400, post(listener, '/mutate', 'null')],
      [400, post(listener, '/mutate', good.replace('admission.k8s.io/v1', 'admission.k8s.io/v1beta1'))],
      [400, post(listener, '/mutate', review({}))],
      [400, post(listener, '/mutate', review({ object: { spec: {} } }))],
      [400, post(listener, '/mutate', review({ object: 'text' }))],
      [400, post(listener, '/validate', review({ operation: 'UPDATE', object: run({}) }))],
      [400, post(listener, '/validate', good.replace('CREATE', 'PATCH'))],
      [413, post(listener, '/mutate', ' '.repeat(reviewBytesMax + 1))],
    ];
    for (const [index, [status, answer]] of cases.entries()) {
      const got = await answer;
      assert.deepEqual([index, got.status, got.body['kind']], [index, status, 'Status']);
    }
    const foreign = await ask(listener, 'validate', { resource: 'pods', object: run({}) });
    assert.equal(foreign['allowed'], false);
  });

  it('leaves a fault of its own, and what it cannot know yet, to the failure policy', async () => {
    const logger = new MemoryLogger();
    const broken: AdmissionPlugin = {
      name: 'broken',
      mutate() {
        throw new Error('boom');
      },
    };
    await using listener = await listen({ plugins: [broken], logger });
    const failed = await post(listener, '/mutate', review({ object: run({}) }));
    assert.equal(failed.status, 500);
    assert.deepEqual(
      logger.lines.map(({ level }) => level),
      ['error'],
    );
    await using early = await listen({ isReady: () => false });
    assert.equal((await post(early, '/mutate', review({ object: run({}) }))).status, 503);
  });

  it('ends a request that does not come to its end', async () => {
    await using listener = await startListener({
      mount: createAdmissionWebhook({ kinds: [], plugins: [], logger: silentLogger }),
      certificate,
      requestMsMax: 50,
    });
    const ended = await new Promise<string>((resolve) => {
      const headers = { 'content-type': 'application/json', 'content-length': '100' };
      const sent = request(`${listener.url}/mutate`, { method: 'POST', ca: authority.certificate, headers }, (answer) =>
        resolve(String(answer.statusCode)),
      );
      sent.on('error', (error) => resolve(error.message));
      sent.write('{');
    });
    assert.match(ended, /^408$|hang up|ECONNRESET/);
  });

  it('shows a new certificate to new connections', async () => {
    await using listener = await listen();
    const other = createAuthority({ ...validity, name: 'other', serial: randomBytes(16) });
    const next = createCertificate({ ...validity, hosts: ['127.0.0.1'], serial: randomBytes(16), authority: other });
    listener.useCertificate(next);
    await assert.rejects(post(listener, '/mutate', review({ object: run({}) })), /certificate/);
  });
});
