import assert from 'node:assert/strict';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { deferred } from '../base/deferred.ts';
import { systemClock } from '../base/system-clock.ts';
import { VirtualClock } from '../base/virtual-clock.ts';
import { isAddressAllowed } from './address-guard.ts';
import { createFetch, type OutgoingFetch, type OutgoingFetchOptions } from './outgoing-fetch.ts';

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

async function serve(context: TestContext, handler: Handler): Promise<string> {
  const server = createServer(handler);
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  context.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function fetchFor(context: TestContext, options: Partial<OutgoingFetchOptions> = {}): OutgoingFetch {
  const made = createFetch({ clock: systemClock, allowedHosts: ['127.0.0.1'], ...options });
  context.after(() => made.close());
  return made;
}

async function textOf(message: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of message as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}

const refused = { code: 'NET_ADDRESS_REFUSED' };
const notFollowed = { code: 'NET_REDIRECT' };

describe('createFetch', () => {
  it('sends method, headers and content, and gives a response that knows its address', async (context) => {
    const url = await serve(context, (request, response) => {
      void textOf(request).then((text) => {
        response.setHeader('x-seen', `${request.method} ${request.url} ${String(request.headers['x-a'])} ${text}`);
        response.writeHead(201, { 'content-type': 'application/json' }).end('{"a":1}');
      });
    });
    const answer = await fetchFor(context)(`${url}/p?q=1`, { method: 'POST', headers: { 'x-a': 'b' }, body: 'body' });
    assert.equal(answer.status, 201);
    assert.equal(answer.headers.get('x-seen'), 'POST /p?q=1 b body');
    assert.equal(answer.url, `${url}/p?q=1`);
    assert.deepEqual(await answer.json(), { a: 1 });
  });

  it('sends what a Request of the same would', async (context) => {
    const url = await serve(context, (request, response) => {
      void textOf(request).then((text) => {
        const { 'content-type': type, 'content-length': length, 'x-a': header } = request.headers;
        response.end(JSON.stringify([request.method, request.url, type, length, header, text]));
      });
    });
    const calls: readonly RequestInit[] = [
      {},
      { method: 'get', headers: { 'X-A': 'b' } },
      { method: 'POST', body: 'grüße' },
      { method: 'PUT', body: '{}', headers: [['content-type', 'application/json']] },
      { method: 'DELETE', body: null },
      { method: 'POST', body: new URLSearchParams({ a: 'b' }) },
    ];
    for (const init of calls) {
      const send = fetchFor(context);
      const [plain, request] = [
        await send(`${url}/p?q=%20#f`, init),
        await send(new Request(`${url}/p?q=%20#f`, init)),
      ];
      assert.equal(plain.url, request.url);
      assert.deepEqual(await plain.json(), await request.json());
    }
  });

  it('refuses what a Request would refuse', async (context) => {
    const send = fetchFor(context);
    await assert.rejects(send('http://user:password@127.0.0.1:1'), TypeError);
    await assert.rejects(send('http://127.0.0.1:1', { body: 'of a read' }), TypeError);
    await assert.rejects(send('no address'), TypeError);
    await assert.rejects(send('http://127.0.0.1:1', { headers: { 'x-a': 'b\r\nx-c: d' } }), TypeError);
  });

  it('gives statuses that have no body', async (context) => {
    const url = await serve(context, (_request, response) => void response.writeHead(204).end());
    assert.equal((await fetchFor(context)(url)).status, 204);
  });

  it('ends an answer that is larger than the limit', async (context) => {
    const url = await serve(context, (_request, response) => void response.end('x'.repeat(1001)));
    const limited = fetchFor(context, { answerBytesMax: 1000 });
    await assert.rejects(limited(url), { code: 'NET_TOO_LARGE' });
  });

  it('ends a call whose time is over', async (context) => {
    const asked = deferred<void>();
    const url = await serve(context, () => asked.resolve());
    const clock = new VirtualClock();
    const call = fetchFor(context, { clock, callMsMax: 5000 })(url);
    const failed = assert.rejects(call, { code: 'NET_TIMEOUT' });
    await asked.promise;
    await clock.advance(5000);
    await failed;
  });

  it('ends a call that its caller aborts', async (context) => {
    const asked = deferred<void>();
    const url = await serve(context, () => asked.resolve());
    const controller = new AbortController();
    const failed = assert.rejects(fetchFor(context)(url, { signal: controller.signal }), { name: 'AbortError' });
    await asked.promise;
    controller.abort();
    await failed;
  });
});

describe('addresses', () => {
  it('are public unless the host is listed; link-local ones are never asked', () => {
    const internal = [
      '127.0.0.1',
      '10.1.2.3',
      '192.168.0.1',
      '172.20.0.1',
      '100.64.0.1',
      '0.0.0.0',
      '::1',
      '::',
      'fd12::1',
    ];
    for (const address of [...internal, '::ffff:10.0.0.1', '64:ff9b::a00:1', '2002:a00:1::']) {
      assert.equal(isAddressAllowed(address, false), false, address);
      assert.equal(isAddressAllowed(address, true), true, address);
    }
    for (const address of ['169.254.169.254', '::ffff:169.254.169.254', 'fe80::1', 'fd00:ec2::254', 'nonsense']) {
      assert.equal(isAddressAllowed(address, true), false, address);
    }
    for (const address of ['140.82.121.4', '2606:50c0:8000::154']) assert.equal(isAddressAllowed(address, false), true);
  });

  it('are refused in every spelling', async (context) => {
    const open = fetchFor(context, { allowedHosts: [] });
    for (const host of ['127.0.0.1', '127.1', '0x7f000001', '2130706433', '[::1]', '[::ffff:127.0.0.1]', '10.0.0.8']) {
      await assert.rejects(open(`http://${host}:9/`), refused, host);
    }
    await assert.rejects(open('file:///etc/passwd'), refused);
  });

  it('are checked where the socket connects: a name that resolves to a private one is refused', async (context) => {
    const url = await serve(context, (_request, response) => void response.end('secret'));
    const asked: string[] = [];
    const resolve = (name: string): Promise<readonly { address: string; family: 4 }[]> => {
      asked.push(name);
      return Promise.resolve([{ address: '127.0.0.1', family: 4 }]);
    };
    const named = url.replace('127.0.0.1', 'rebound.example');
    await assert.rejects(fetchFor(context, { resolve })(named), refused);
    assert.deepEqual(asked, ['rebound.example']);
    const listed = fetchFor(context, { resolve, allowedHosts: ['rebound.example'] });
    assert.equal(await (await listed(named)).text(), 'secret');
  });
});

describe('redirects', () => {
  it('are followed, and drop credentials on another host', async (context) => {
    const other = await serve(context, (request, response) => {
      response.end(JSON.stringify([request.headers.authorization, request.headers['private-token'], request.url]));
    });
    const url = await serve(
      context,
      (_request, response) => void response.writeHead(302, { location: `${other}/to` }).end(),
    );
    const headers = { authorization: 'Bearer abc', 'private-token': 'def' };
    const answer = await fetchFor(context)(url, { headers });
    assert.deepEqual(await answer.json(), [null, null, '/to']);
    assert.equal(answer.redirected, true);
  });

  it('keep credentials, method and content on the same host', async (context) => {
    const url = await serve(context, (request, response) => {
      if (request.url === '/from') return void response.writeHead(307, { location: '/to' }).end();
      return void textOf(request).then((text) =>
        response.end(`${request.method} ${request.headers.authorization} ${text}`),
      );
    });
    const init = { method: 'POST', body: 'x', headers: { authorization: 'a' } };
    assert.equal(await (await fetchFor(context)(`${url}/from`, init)).text(), 'POST a x');
  });

  it('are not followed to private addresses, nor more than five times, nor with content to another host', async (context) => {
    const inner = await serve(context, (_request, response) => void response.end('secret'));
    const url = await serve(context, (request, response) => {
      const location = request.url === '/loop' ? '/loop' : inner;
      response.writeHead(request.url === '/keep' ? 308 : 302, { location }).end();
    });
    const own = fetchFor(context, { allowedHosts: [new URL(url).host] });
    await assert.rejects(own(url), refused);
    await assert.rejects(own(`${url}/loop`), notFollowed);
    await assert.rejects(fetchFor(context)(`${url}/keep`, { method: 'POST', body: 'x' }), notFollowed);
  });

  it('are given as they are when asked so', async (context) => {
    const url = await serve(context, (_request, response) => void response.writeHead(302, { location: '/x' }).end());
    assert.equal((await fetchFor(context)(url, { redirect: 'manual' })).status, 302);
    await assert.rejects(fetchFor(context)(url, { redirect: 'error' }), notFollowed);
  });
});

describe('proxies', () => {
  it('are asked for everything but the hosts excepted', async (context) => {
    const proxy = await serve(context, (request, response) => void response.end(`proxy saw ${request.url}`));
    const direct = await serve(context, (_request, response) => void response.end('direct'));
    const settings = { HTTP_PROXY: proxy, NO_PROXY: '127.0.0.1' };
    const proxied = fetchFor(context, { proxy: settings });
    assert.equal(await (await proxied('http://example.org/a')).text(), 'proxy saw http://example.org/a');
    assert.equal(await (await proxied(direct)).text(), 'direct');
  });
});
