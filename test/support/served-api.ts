/** An API server as clients meet it: on TLS, with a token, in memory, in real time. */
import { randomBytes } from 'node:crypto';
import { systemClock } from '../../src/base/system-clock.ts';
import { systemRandom } from '../../src/base/system-random.ts';
import { createApiServer, type ApiServer, type ApiServerOptions } from '../../src/apiserver/api-server.ts';
import { trustedUser } from '../../src/kube/user.ts';
import { createApiMount } from '../../src/server/api-mount.ts';
import { createCertificate } from '../../src/server/certificate.ts';
import { startListener, type Listener } from '../../src/server/listener.ts';
import { createMemoryStore } from '../../src/store/memory-store.ts';
import type { Store } from '../../src/store/store.ts';
import { silentLogger } from '../../src/telemetry/logger.ts';

/** What a {@link ServedApi} is made of; by default a memory store, the system's clock and no log. */
export type ServedApiOptions = Partial<ApiServerOptions>;

/** A running API server with its address and the secret to get in. */
export interface ServedApi extends AsyncDisposable {
  readonly api: ApiServer;
  readonly store: Store;
  readonly listener: Listener;
  /** PEM of the certificate it shows. */
  readonly certificate: string;
  readonly token: string;
}

/** Starts one. */
export async function serveApi(options: ServedApiOptions = {}): Promise<ServedApi> {
  const token = 'let-me-in';
  const store = options.store ?? createMemoryStore();
  const api = createApiServer({
    clock: systemClock,
    random: systemRandom,
    logger: silentLogger,
    authenticate: (given) => (given === token ? { ...trustedUser, name: 'tester' } : undefined),
    ...options,
    store,
  });
  await api.start();
  const mount = createApiMount({ transportFor: (given) => api.transportFor(given), logger: silentLogger });
  const certificate = createCertificate({
    hosts: ['127.0.0.1', 'localhost'],
    nowMs: systemClock.now(),
    serial: randomBytes(16),
  });
  const listener = await startListener({ mount, certificate });
  return {
    api,
    store,
    listener,
    certificate: certificate.certificate,
    token,
    async [Symbol.asyncDispose]() {
      await api.stop();
      await listener.close();
      await store.close();
    },
  };
}
