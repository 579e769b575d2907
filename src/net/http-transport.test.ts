import assert from 'node:assert/strict';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { systemClock } from '../base/system-clock.ts';
import { VirtualClock } from '../base/virtual-clock.ts';
import { deferred } from '../base/deferred.ts';
import type { ApiRequest, RawWatchEvent } from '../kube/transport.ts';
import { ConnectionError } from './connection-error.ts';
import { createHttpTransport, type HttpTransportOptions } from './http-transport.ts';

type Handler = (request: IncomingMessage, response: ServerResponse) => Promise<void> | void;

const read: ApiRequest = { method: 'GET', path: '/api/v1/pods', query: {}, headers: {} };
const watch: ApiRequest = { ...read, query: { watch: 'true' } };

async function listen(context: TestContext, server: Server): Promise<number> {
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  context.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

async function setup(context: TestContext, handler: Handler, options: Partial<HttpTransportOptions> = {}) {
  const server = createServer((request, response) => void handler(request, response));
  const port = await listen(context, server);
  const transport = createHttpTransport({ server: `http://127.0.0.1:${port}`, clock: systemClock, ...options });
  context.after(() => transport.close());
  return { server, transport, port };
}

function json(response: ServerResponse, value: unknown, status = 200): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(value));
}

async function textOf(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request as AsyncIterable<Buffer>) text += chunk.toString('utf8');
  return text;
}

async function eventsOf(
  transport: ReturnType<typeof createHttpTransport>,
  request: ApiRequest,
): Promise<RawWatchEvent[]> {
  const { body } = await transport(request);
  assert.equal(body.kind, 'watch');
  const events: RawWatchEvent[] = [];
  for await (const event of body.events) events.push(event);
  return events;
}

const code = (expected: string) => (thrown: unknown) => thrown instanceof ConnectionError && thrown.code === expected;

describe('createHttpTransport', () => {
  it('sends method, path, query, headers, body and token, and reads JSON', async (context) => {
    const seen: unknown[] = [];
    const { transport } = await setup(
      context,
      async (request, response) => {
        const { 'content-type': type, authorization, 'content-length': length } = request.headers;
        seen.push(request.method, request.url, type, authorization, length, await textOf(request));
        json(response, { kind: 'Pod', name: 'ünï' }, 201);
      },
      { token: () => Promise.resolve('secret') },
    );
    const answer = await transport({
      method: 'PATCH',
      path: '/api/v1/namespaces/a%2Fb/pods/x',
      query: { dryRun: 'All', labelSelector: 'a=b,c in (d)' },
      headers: { 'content-type': 'application/merge-patch+json' },
      body: { data: { ü: 'ñ' } },
    });
    assert.equal(answer.status, 201);
    assert.deepEqual(answer.body, { kind: 'json', value: { kind: 'Pod', name: 'ünï' } });
    assert.deepEqual(seen, [
      'PATCH',
      '/api/v1/namespaces/a%2Fb/pods/x?dryRun=All&labelSelector=a%3Db%2Cc+in+%28d%29',
      'application/merge-patch+json',
      'Bearer secret',
      '20',
      '{"data":{"ü":"ñ"}}',
    ]);
  });

  it('lies under the path of the server address', async (context) => {
    const { port } = await setup(context, (request, response) => json(response, { url: request.url }));
    const transport = createHttpTransport({ server: `http://127.0.0.1:${port}/k8s/c-1/`, clock: systemClock });
    context.after(() => transport.close());
    const { body } = await transport(read);
    assert.deepEqual(body, { kind: 'json', value: { url: '/k8s/c-1/api/v1/pods' } });
  });

  it('gives every error status a Status', async (context) => {
    const { transport } = await setup(context, (request, response) => {
      if (request.url === '/page') response.writeHead(502, { 'content-type': 'text/html' }).end('<h1>Bad Gateway</h1>');
      else if (request.url === '/empty') response.writeHead(503).end();
      else json(response, { kind: 'Status', reason: 'NotFound' }, 404);
    });
    const valueOf = async (path: string) => {
      const { status, body } = await transport({ ...read, path });
      assert.equal(body.kind, 'json');
      return [status, body.value['kind'], body.value['reason'] ?? body.value['message']];
    };
    assert.deepEqual(await valueOf('/status'), [404, 'Status', 'NotFound']);
    assert.deepEqual(await valueOf('/page'), [502, 'Status', 'HTTP status 502: <h1>Bad Gateway</h1>']);
    assert.deepEqual(await valueOf('/empty'), [503, 'Status', 'HTTP status 503']);
  });

  it('reads text and bytes as they are', async (context) => {
    const { transport } = await setup(context, (request, response) => {
      const type = request.url === '/healthz' ? 'text/plain; charset=utf-8' : 'application/octet-stream';
      response.writeHead(200, { 'content-type': type }).end('ok');
    });
    const text = await transport({ ...read, path: '/healthz' });
    assert.deepEqual(text.body, { kind: 'text', text: 'ok', contentType: 'text/plain; charset=utf-8' });
    const bytes = await transport({ ...read, path: '/raw' });
    assert.deepEqual(bytes.body, { kind: 'bytes', bytes: Buffer.from('ok'), contentType: 'application/octet-stream' });
  });

  it('refuses broken JSON, pages instead of watches, and redirects', async (context) => {
    const { transport } = await setup(context, (request, response) => {
      if (request.url === '/moved') response.writeHead(302, { location: 'http://elsewhere/' }).end();
      else if (request.url === '/login?watch=true') response.writeHead(200, { 'content-type': 'text/html' }).end('hi');
      else response.writeHead(200, { 'content-type': 'application/json' }).end('{"kind":');
    });
    await assert.rejects(transport(read), code('NET_BAD_ANSWER'));
    await assert.rejects(transport({ ...read, path: '/moved' }), code('NET_BAD_ANSWER'));
    await assert.rejects(transport({ ...watch, path: '/login' }), code('NET_BAD_ANSWER'));
  });

  it('reads events that are cut anywhere, within a character too', async (context) => {
    const text = ['ADDED', 'MODIFIED', 'DELETED']
      .map((type) => `${JSON.stringify({ type, object: { name: 'süß €𝄞' } })}\n`)
      .join('');
    const bytes = Buffer.from(text);
    const { transport } = await setup(context, async (_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      for (let start = 0; start < bytes.length; start += 3) {
        response.write(bytes.subarray(start, start + 3));
        await new Promise((resolve) => setImmediate(resolve));
      }
      response.end();
    });
    const events = await eventsOf(transport, watch);
    assert.deepEqual(
      events.map(({ type, object }) => [type, object['name']]),
      ['ADDED', 'MODIFIED', 'DELETED'].map((type) => [type, 'süß €𝄞']),
    );
  });

  it('throws to the reader when a stream breaks, ends within a line, or holds no event', async (context) => {
    const { transport } = await setup(context, (request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.write('{"type":"ADDED","object":{}}\n');
      if (request.url?.startsWith('/broken')) setImmediate(() => response.destroy());
      else if (request.url?.startsWith('/cut')) response.end('{"type":"ADDED","object":{}}');
      else response.end('{"type":"OTHER","object":{}}\n');
    });
    await assert.rejects(eventsOf(transport, { ...watch, path: '/broken' }), code('NET_CONNECTION'));
    await assert.rejects(eventsOf(transport, { ...watch, path: '/cut' }), code('NET_CONNECTION'));
    await assert.rejects(eventsOf(transport, { ...watch, path: '/other' }), code('NET_BAD_ANSWER'));
  });

  it('lets no log that broke off pass for whole', async (context) => {
    const { transport } = await setup(context, (request, response) => {
      response.writeHead(200, {
        'content-type': 'text/plain',
        ...(request.url === '/short/log' && { 'content-length': 99 }),
      });
      response.write('first\n');
      if (request.url === '/whole/log') response.end('last');
      else setImmediate(() => response.destroy());
    });
    const readLog = async (path: string): Promise<string> => {
      const { body } = await transport({ ...watch, query: {}, path });
      assert.equal(body.kind, 'stream');
      let text = '';
      for await (const chunk of body.chunks) text += Buffer.from(chunk).toString('utf8');
      return text;
    };
    assert.equal(await readLog('/whole/log'), 'first\nlast');
    await assert.rejects(readLog('/broken/log'), code('NET_CONNECTION'));
    await assert.rejects(readLog('/short/log'), code('NET_CONNECTION'));
  });

  it('refuses answers and lines beyond its limits', async (context) => {
    const { transport } = await setup(
      context,
      (request, response) => {
        if (request.url?.includes('watch')) response.writeHead(200, { 'content-type': 'application/json' });
        if (request.url?.includes('watch')) response.write('x'.repeat(2_000));
        else json(response, { text: 'x'.repeat(2_000) });
      },
      { answerBytesMax: 1_000, watchLineBytesMax: 1_000 },
    );
    await assert.rejects(transport(read), code('NET_TOO_LARGE'));
    await assert.rejects(eventsOf(transport, watch), code('NET_TOO_LARGE'));
  });

  it('rejects when nobody listens, and when the server goes away before it answers', async (context) => {
    const { transport, server } = await setup(context, (request) => void request.socket.destroy());
    await assert.rejects(transport(read), code('NET_CONNECTION'));
    await new Promise((resolve) => {
      server.close(resolve);
    });
    await assert.rejects(transport(read), (thrown) => thrown instanceof Error && /ECONNREFUSED/.test(thrown.message));
  });

  it('gives up on a server that does not answer in time, but not on a watch that is silent', async (context) => {
    const arrived = deferred<ServerResponse>();
    const clock = new VirtualClock();
    const { transport } = await setup(
      context,
      (request, response) => {
        if (!request.url?.includes('watch')) {
          arrived.resolve(response);
          return;
        }
        response.writeHead(200, { 'content-type': 'application/json' });
        response.flushHeaders();
        arrived.promise.then(() => response.end('{"type":"ADDED","object":{}}\n'), assert.ifError);
      },
      { clock, callMsMax: 5_000 },
    );
    const answer = await transport(watch);
    await clock.advance(60_000);
    const late = assert.rejects(transport(read), code('NET_TIMEOUT'));
    await arrived.promise;
    await clock.advance(5_000);
    await late;
    assert.equal(answer.body.kind, 'watch');
    for await (const event of answer.body.events) assert.equal(event.type, 'ADDED');
    assert.equal(clock.nextTimerMs(), undefined);
  });

  it('aborts a call, and ends a stream that is aborted', async (context) => {
    const closed = deferred<void>();
    const { transport } = await setup(context, (request, response) => {
      if (!request.url?.includes('watch')) return;
      response.on('close', () => closed.resolve());
      response.writeHead(200, { 'content-type': 'application/json' });
      response.write('{"type":"ADDED","object":{}}\n{"type":');
    });
    const abort = new AbortController();
    const call = assert.rejects(transport({ ...read, signal: abort.signal }), { code: 'ABORTED' });
    const answer = await transport({ ...watch, signal: abort.signal });
    assert.equal(answer.body.kind, 'watch');
    let count = 0;
    for await (const event of answer.body.events) {
      assert.equal(event.type, 'ADDED');
      count++;
      abort.abort();
    }
    assert.equal(count, 1);
    await call;
    await assert.rejects(transport({ ...read, signal: abort.signal }), { code: 'ABORTED' });
    await closed.promise;
  });

  it('closes the connection of a stream that is left', async (context) => {
    const closed = deferred<void>();
    const { transport } = await setup(context, (_request, response) => {
      response.on('close', () => closed.resolve());
      response.writeHead(200, { 'content-type': 'text/plain' });
      response.write('line\n');
    });
    const { body } = await transport({ ...read, path: '/api/v1/namespaces/a/pods/x/log' });
    assert.equal(body.kind, 'stream');
    for await (const chunk of body.chunks) {
      assert.equal(Buffer.from(chunk).toString('utf8'), 'line\n');
      break;
    }
    await closed.promise;
  });

  it('sends a read again, and nothing else, when its pooled connection was closed', async (context) => {
    const methods: string[] = [];
    const { transport } = await setup(context, (request, response) => {
      methods.push(request.method ?? '');
      // The second request on a connection finds it closed.
      const socket = request.socket as typeof request.socket & { used?: boolean };
      if (socket.used) socket.resetAndDestroy();
      else json(response, {});
      socket.used = true;
    });
    await transport(read);
    await transport(read);
    assert.deepEqual(methods, ['GET', 'GET', 'GET']);
    await assert.rejects(transport({ ...read, method: 'POST', body: {} }), code('NET_CONNECTION'));
    assert.deepEqual(methods, ['GET', 'GET', 'GET', 'POST']);
  });

  it('refuses addresses that cannot be used, and to send a token in the clear', () => {
    const create = (server: string, token?: string) => () =>
      createHttpTransport({ server, clock: systemClock, ...(token === undefined ? {} : { token }) });
    for (const server of ['', 'localhost:80', 'ftp://a', 'https://user:pw@a', 'https://a/?x=1']) {
      assert.throws(create(server), { code: 'NET_SERVER_URL' }, server);
    }
    assert.throws(create('http://example.com', 'secret'), { code: 'NET_TOKEN_IN_CLEAR' });
    for (const server of ['http://example.com', 'http://localhost:1', 'http://127.0.0.1:1', 'http://[::1]:1']) {
      assert.doesNotThrow(create(server, server.includes('example') ? undefined : 'secret'), server);
    }
  });
});
