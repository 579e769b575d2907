import { deferred } from '../../base/deferred.ts';
import type { ServerCertificate } from '../certificate.ts';
import { startListener, type Listener } from '../listener.ts';
import { createAdmissionWebhook, type AdmissionWebhookOptions } from './admission-webhook.ts';
import { type AggregatedApi, createAggregatedMount } from './aggregated-mount.ts';
import { CertificateKeeper, type CertificateKeeperOptions } from './certificate-keeper.ts';
import { type FrontProxy, followFrontProxy } from './front-proxy.ts';

/** What {@link startAdmissionServer} needs. */
export interface AdmissionServerOptions extends Omit<AdmissionWebhookOptions, 'otherwise'>, CertificateKeeperOptions {
  /** An API that the API server hands requests on for, at the same port; it is told of by the APIService `apiServiceName`. */
  readonly aggregated?: AggregatedApi;
  /** Address to listen on; API servers come from other machines, so all addresses (empty) by default. */
  readonly host?: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** Ends the wait for the first certificate, and everything else. */
  readonly signal?: AbortSignal;
}

/** A webhook that answers. */
export interface AdmissionServer extends AsyncDisposable {
  readonly port: number;
  /** Stops answering and looking after the certificates. */
  close(): Promise<void>;
}

/** Longest time a question takes to come, in milliseconds: API servers wait no longer for the answer. */
export const reviewMsMax = 30_000;

/**
 * Answers admission reviews over TLS, with certificates that are kept and replaced in the cluster. Resolves once it answers,
 * which waits for the API as long as it takes: nothing can be answered without a certificate. Rejects when `signal` aborts
 * before, or when the address cannot be listened on.
 */
export async function startAdmissionServer(options: AdmissionServerOptions): Promise<AdmissionServer> {
  const ended = new AbortController();
  const signal = options.signal ? AbortSignal.any([options.signal, ended.signal]) : ended.signal;
  signal.throwIfAborted();
  const first = deferred<ServerCertificate>();
  signal.addEventListener('abort', () => first.reject(signal.reason), { once: true });
  let listener: Listener | undefined;
  const kept = new CertificateKeeper(options).run((certificate) => {
    if (listener === undefined) first.resolve(certificate);
    else listener.useCertificate(certificate);
  }, signal);
  const { aggregated, logger } = options;
  let frontProxy: FrontProxy | undefined;
  let followed: Promise<void> = Promise.resolve();
  const trust = (proxy: FrontProxy | undefined): void => {
    listener?.trustClients(proxy?.authorities ?? '');
    frontProxy = proxy;
  };
  const otherwise = aggregated && createAggregatedMount(aggregated, () => frontProxy, logger);
  const close = async (): Promise<void> => {
    ended.abort();
    await listener?.close();
    await Promise.all([kept, followed]);
  };
  try {
    const certificate = await first.promise;
    const { host = '', port } = options;
    listener = await startListener({
      mount: createAdmissionWebhook({ ...options, ...(otherwise ? { otherwise } : {}) }),
      certificate,
      ...(aggregated ? { asksClients: true } : {}),
      host,
      port,
      requestMsMax: reviewMsMax,
    });
    if (aggregated) followed = followFrontProxy(options, trust, signal);
  } catch (thrown) {
    await close();
    throw thrown;
  }
  return { port: listener.port, close, [Symbol.asyncDispose]: close };
}
