/** Our own API mount and our own HTTP transport, back to back over TLS. */
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { deferred } from '../../src/base/deferred.ts';
import { systemClock } from '../../src/base/system-clock.ts';
import { systemRandom } from '../../src/base/system-random.ts';
import { createClient } from '../../src/client/client.ts';
import { readKubeconfig } from '../../src/client/kubeconfig.ts';
import { Informer } from '../../src/controller/informer.ts';
import { MemoryTransport } from '../../src/controller/memory-transport.ts';
import { type ConfigMap, configMaps } from '../../src/kube/core-types.ts';
import { createHttpTransport } from '../../src/net/http-transport.ts';
import { createApiMount } from '../../src/server/api-mount.ts';
import { createCertificate } from '../../src/server/certificate.ts';
import { kubeconfigFor } from '../../src/server/kubeconfig.ts';
import { startListener } from '../../src/server/listener.ts';
import { silentLogger } from '../../src/telemetry/logger.ts';

async function setup(context: TestContext) {
  const api = new MemoryTransport<ConfigMap>(configMaps);
  const certificate = createCertificate({
    hosts: ['127.0.0.1'],
    nowMs: systemClock.now(),
    serial: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16),
  });
  const transportFor = (token: string | undefined) => (token === 'right' ? api.handle : undefined);
  const mount = createApiMount({ transportFor, logger: silentLogger });
  const listener = await startListener({ mount, certificate });
  context.after(() => listener.close());
  const clientWith = (options: { token: string; certificateAuthority?: string }) => {
    const transport = createHttpTransport({ server: listener.url, clock: systemClock, ...options });
    context.after(() => transport.close());
    return createClient(transport);
  };
  return { api, clientWith, certificateAuthority: certificate.certificate, url: listener.url };
}

describe('the client over HTTP, against our own server', () => {
  it('lists and watches as the bearer of a token', async (context) => {
    const { api, clientWith, certificateAuthority } = await setup(context);
    const client = clientWith({ token: 'right', certificateAuthority });
    api.put({ namespace: 'a', name: 'one' }, { data: { text: 'süß' } });
    const list = await client.list(configMaps);
    assert.deepEqual(
      list.items.map(({ data }) => data),
      [{ text: 'süß' }],
    );
    const stop = new AbortController();
    const seen: string[] = [];
    const { resourceVersion } = list.metadata;
    for await (const event of client.watch(configMaps, { resourceVersion: '1', signal: stop.signal })) {
      seen.push(event.type);
      if (event.type === 'ADDED') api.remove({ namespace: 'a', name: 'one' });
      if (event.type === 'DELETED') api.bookmark();
      if (event.type === 'BOOKMARK') stop.abort();
    }
    assert.deepEqual([seen, resourceVersion], [['ADDED', 'DELETED', 'BOOKMARK'], '2']);
  });

  it('finds its way in by the kubeconfig that our server writes', async (context) => {
    const { url, certificateAuthority } = await setup(context);
    const text = JSON.stringify(kubeconfigFor({ url, certificateAuthority, token: 'right' }));
    const readFile = () => assert.fail('it names no files');
    const access = readKubeconfig({ text, file: 'kubeconfig', readFile });
    const transport = createHttpTransport({ ...access, clock: systemClock });
    context.after(() => transport.close());
    assert.deepEqual((await createClient(transport).list(configMaps)).items, []);
    assert.equal(access.namespace, 'default');
  });

  it('keeps a cache true over a restart of the server', async (context) => {
    const api = new MemoryTransport<ConfigMap>(configMaps);
    const mount = createApiMount({ transportFor: () => api.handle, logger: silentLogger });
    const first = await startListener({ mount });
    const transport = createHttpTransport({ server: first.url, clock: systemClock });
    const client = createClient(transport);
    const informer = new Informer({
      client,
      type: configMaps,
      clock: systemClock,
      random: systemRandom,
      logger: silentLogger,
    });
    const told: string[] = [];
    let arrived = deferred<void>();
    const tell = (text: string): void => {
      told.push(text);
      arrived.resolve();
    };
    informer.addHandler({
      added: ({ metadata }) => tell(`added ${metadata.name ?? ''}`),
      deleted: ({ metadata }) => tell(`deleted ${metadata.name ?? ''}`),
    });
    const stop = new AbortController();
    const ended = informer.run(stop.signal);
    api.put({ namespace: 'a', name: 'one' });
    await arrived.promise;
    await first.close();
    arrived = deferred<void>();
    api.remove({ namespace: 'a', name: 'one' });
    const second = await startListener({ mount, port: first.port });
    await arrived.promise;
    assert.deepEqual([told, informer.size], [['added one', 'deleted one'], 0]);
    stop.abort();
    await ended;
    transport.close();
    await second.close();
    // The server learns of the closed connections a moment later.
    while (api.openWatches > 0) await new Promise((resolve) => setImmediate(resolve));
    context.diagnostic(`requests: ${api.requests.join(', ')}`);
  });

  it('is refused with a wrong token, and refuses a server it does not trust', async (context) => {
    const { clientWith, certificateAuthority } = await setup(context);
    await assert.rejects(clientWith({ token: 'wrong', certificateAuthority }).list(configMaps), {
      reason: 'Unauthorized',
      status: 401,
    });
    await assert.rejects(clientWith({ token: 'right' }).list(configMaps), { code: 'NET_CONNECTION' });
  });
});
