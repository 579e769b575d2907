import assert from 'node:assert/strict';
import { request } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { request as secureRequest } from 'node:https';
import { X509Certificate } from 'node:crypto';
import { describe, it } from 'node:test';
import { systemClock } from '../base/system-clock.ts';
import { ApiStatusError } from '../kube/api-error.ts';
import type { ApiRequest, ApiResponse, Transport } from '../kube/transport.ts';
import { silentLogger } from '../telemetry/logger.ts';
import { createPrometheusMetrics } from '../telemetry/prometheus-metrics.ts';
import { createApiMount, requestBytesMax } from './api-mount.ts';
import { createCertificate } from './certificate.ts';
import { startListener } from './listener.ts';
import type { Listener } from './listener.ts';
import { withMetrics } from './metrics-path.ts';

interface Sent {
  readonly method?: string;
  readonly path?: string;
  readonly token?: string;
  readonly body?: string;
}

function json(value: ApiResponse['body'] & { kind: 'json' }): ApiResponse {
  return { status: 200, headers: {}, body: value };
}

async function serve(transport: Transport): Promise<Listener> {
  const mount = createApiMount({
    transportFor: (token) => (token === 'secret' ? transport : undefined),
    logger: silentLogger,
  });
  return startListener({ mount });
}

function send(
  listener: Listener,
  { method = 'GET', path = '/', token = 'secret', body }: Sent,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const outgoing = request(
      `${listener.url}${path}`,
      { method, headers: { authorization: `Bearer ${token}` } },
      resolve,
    );
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

async function textOf(message: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of message) text += String(chunk);
  return text;
}

describe('withMetrics', () => {
  it('shows the measurements to those who may use the API, and to nobody else', async () => {
    const metrics = createPrometheusMetrics();
    metrics.counter({ name: 'things_total', help: 'Things.' }).add(3);
    const api: Transport = async ({ path }) => json({ kind: 'json', value: { path } });
    await using listener = await serve(withMetrics(api, metrics));
    const answer = await send(listener, { path: '/metrics' });
    assert.deepEqual([answer.statusCode, answer.headers['content-type']], [200, metrics.contentType]);
    assert.match(await textOf(answer), /^things_total 3$/m);
    assert.equal((await send(listener, { path: '/metrics', token: 'wrong' })).statusCode, 401);
    for (const [path, method] of [
      ['/metrics', 'POST'],
      ['/metrics/', 'GET'],
      ['/api', 'GET'],
    ] as const) {
      assert.deepEqual(JSON.parse(await textOf(await send(listener, { path, method }))), { path });
    }
  });
});

describe('createApiMount', () => {
  it('hands a request over undecoded, without its token', async () => {
    const seen: ApiRequest[] = [];
    await using listener = await serve(async (got) => {
      seen.push(got);
      return json({ kind: 'json', value: { kind: 'Thing' } });
    });
    const answer = await send(listener, {
      method: 'POST',
      path: '/api/v1/namespaces/a%2Fb/pods?labelSelector=a%3Db&x',
      body: '{"ü":1}',
    });
    assert.deepEqual(
      [answer.statusCode, answer.headers['content-type'], await textOf(answer)],
      [200, 'application/json', '{"kind":"Thing"}\n'],
    );
    const [got] = seen;
    assert.deepEqual(
      [got?.method, got?.path, got?.query, got?.body],
      ['POST', '/api/v1/namespaces/a%2Fb/pods', { labelSelector: 'a=b', x: '' }, '{"ü":1}'],
    );
    assert.equal(got?.headers['authorization'], undefined);
  });

  it('answers 401 to a stranger, 413 to a body that is too large, 405 to a foreign method, 500 to a fault', async () => {
    await using listener = await serve(async () => {
      throw new Error('boom');
    });
    const codes = async (sent: Sent): Promise<readonly unknown[]> => {
      const answer = await send(listener, sent);
      const status = JSON.parse(await textOf(answer)) as Record<string, unknown>;
      return [answer.statusCode, status['kind'], status['reason']];
    };
    assert.deepEqual(await codes({ token: 'wrong' }), [401, 'Status', 'Unauthorized']);
    assert.deepEqual(await codes({ method: 'POST', body: 'x'.repeat(requestBytesMax + 1) }), [
      413,
      'Status',
      'RequestEntityTooLarge',
    ]);
    assert.deepEqual(await codes({ method: 'OPTIONS' }), [405, 'Status', 'MethodNotAllowed']);
    assert.deepEqual(await codes({}), [500, 'Status', 'InternalError']);
  });

  it('passes on the statuses the API throws', async () => {
    await using listener = await serve(async () => {
      throw new ApiStatusError('NotFound', 'pods "x" not found');
    });
    const answer = await send(listener, {});
    assert.equal(answer.statusCode, 404);
    assert.match(await textOf(answer), /pods \\"x\\" not found/);
  });

  it('sends a watch line by line and ends it when the client goes', async () => {
    const ended = Promise.withResolvers<void>();
    await using listener = await serve(async ({ signal }) => {
      const events = (async function* () {
        yield { type: 'ADDED' as const, object: { n: 1 } };
        yield { type: 'BOOKMARK' as const, object: { n: 2 } };
        await new Promise<void>((resolve) => signal?.addEventListener('abort', () => resolve()));
        ended.resolve();
      })();
      return { status: 200, headers: {}, body: { kind: 'watch', events } };
    });
    const answer = await send(listener, {});
    let text = '';
    for await (const chunk of answer) {
      text += String(chunk);
      if (text.split('\n').length > 2) break;
    }
    assert.equal(text, '{"type":"ADDED","object":{"n":1}}\n{"type":"BOOKMARK","object":{"n":2}}\n');
    await ended.promise;
  });

  it('breaks the connection when an answer fails half-way, so that it is not taken for whole', async () => {
    await using listener = await serve(async () => {
      const chunks = (async function* () {
        yield new TextEncoder().encode('half');
        throw new Error('lost');
      })();
      return { status: 200, headers: {}, body: { kind: 'stream', chunks, contentType: 'text/plain' } };
    });
    const answer = await send(listener, {});
    await assert.rejects(textOf(answer), /aborted|socket hang up|ECONNRESET/);
  });
});

describe('createCertificate', () => {
  it('makes a certificate that clients trust for the hosts it names', async () => {
    const made = createCertificate({
      hosts: ['localhost', '127.0.0.1', '::1'],
      nowMs: systemClock.now(),
      serial: Buffer.alloc(16, 0xfe),
    });
    const read = new X509Certificate(made.certificate);
    assert.equal(read.subjectAltName, 'DNS:localhost, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1');
    assert.ok(read.verify(read.publicKey));
    assert.ok(read.ca);
    const mount = createApiMount({
      transportFor: () => async () => json({ kind: 'json', value: {} }),
      logger: silentLogger,
    });
    await using listener = await startListener({ mount, certificate: made });
    const status = await new Promise<number | undefined>((resolve, reject) => {
      secureRequest(listener.url, { ca: made.certificate }, (answer) => {
        answer.resume();
        resolve(answer.statusCode);
      })
        .on('error', reject)
        .end();
    });
    assert.equal(status, 200);
  });

  it('writes dates after 2049 in the longer form', () => {
    const made = createCertificate({ hosts: ['localhost'], nowMs: Date.UTC(2045, 0, 1), serial: Uint8Array.of(1) });
    assert.match(new X509Certificate(made.certificate).validTo, /2054/);
  });
});
