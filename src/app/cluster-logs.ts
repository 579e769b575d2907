import { randomBytes } from 'node:crypto';
import { UserError } from '../base/errors.ts';
import { systemClock } from '../base/system-clock.ts';
import type { ControllerOptions } from '../cli/environment.ts';
import { createClient } from '../client/client.ts';
import type { Transport } from '../kube/transport.ts';
import type { BlobStore } from '../logs/blob-store.ts';
import { logsByReview } from '../logs/log-access.ts';
import { LogArchive, type RecordingLogs } from '../logs/log-archive.ts';
import { createApiMount } from '../server/api-mount.ts';
import { createCertificate, type ServerCertificate } from '../server/certificate.ts';
import type { Listener } from '../server/listener.ts';
import type { Logger } from '../telemetry/logger.ts';
import { listenOn, listenWithFolder } from './listen.ts';

const serialBytes = 16;

/** Serves the logs of `store` over TLS where `--logs-port` says; the cluster behind `transport` says who may read them. */
export async function serveLogs(
  { logsAt }: Pick<ControllerOptions, 'logsAt'>,
  store: BlobStore | undefined,
  recording: RecordingLogs,
  { transport, logger }: { readonly transport: Transport; readonly logger: Logger },
): Promise<Listener | undefined> {
  if (logsAt === undefined) return undefined;
  if (store === undefined) {
    throw new UserError('--logs-port has nothing to serve', {
      code: 'LOG_PLACE',
      remedy: 'say with --logs where logs are',
    });
  }
  const archive = new LogArchive(store, recording);
  const client = createClient(transport);
  const mount = createApiMount({ transportFor: logsByReview({ client, clock: systemClock, archive }), logger });
  const { host, port, tlsFolder } = logsAt;
  const [at, flag] = [{ mount, host, port }, '--logs-port'];
  if (tlsFolder === undefined) return listenOn({ ...at, certificate: ownCertificate(host) }, flag);
  return listenWithFolder(at, flag, { folder: tlsFolder, code: 'LOG_TLS', clock: systemClock, logger });
}

function ownCertificate(host: string): ServerCertificate {
  const hosts = [...new Set(['127.0.0.1', '::1', 'localhost', host])].filter((name) => name !== '');
  return createCertificate({ hosts, nowMs: systemClock.now(), serial: randomBytes(serialBytes) });
}
