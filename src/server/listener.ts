import { createServer as createHttpServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { Server as TlsServer } from 'node:tls';
import type { ApiMount } from './api-mount.ts';
import type { ServerCertificate } from './certificate.ts';

/** What {@link startListener} needs. */
export interface ListenerOptions {
  readonly mount: ApiMount;
  /** Address to listen on; only this machine by default. */
  readonly host?: string;
  /** 0 (the default) takes a free port. */
  readonly port?: number;
  /** With it the server speaks TLS; without it plain HTTP, over which kubectl sends no token. */
  readonly certificate?: ServerCertificate;
  /**
   * Clients are asked for a certificate, and served without one too. Whom to believe is said with `trustClients`: nobody before
   * that. Needs a server that speaks TLS.
   */
  readonly asksClients?: true;
  /** Longest time until a request is here with its whole body, in milliseconds; {@link requestMsMax} by default. */
  readonly requestMsMax?: number;
}

/** A server that listens. */
export interface Listener extends AsyncDisposable {
  /** `https://127.0.0.1:41234`. */
  readonly url: string;
  readonly port: number;
  /** Shows another certificate to those who connect from now on. Needs a server that speaks TLS. */
  useCertificate(certificate: ServerCertificate): void;
  /** Whose certificates of clients are believed from now on: PEM; empty = nobody's. Needs a server that `asksClients`. */
  trustClients(authorities: string): void;
  /** Ends open connections (watches, followed logs) and stops listening. */
  close(): Promise<void>;
}

/** Longest silence of a connection between requests, in milliseconds: above what clients keep them for. */
export const keepAliveMs = 65_000;

/** Longest time a request may take to come, in milliseconds. */
export const requestMsMax = 300_000;
/** How often late requests are looked for, in milliseconds. */
const latenessCheckMsMax = 30_000;

/** Starts to listen; rejects when the address is taken or not ours. */
export async function startListener(options: ListenerOptions): Promise<Listener> {
  const { host = '127.0.0.1', port = 0, certificate } = options;
  const server = createServer(options);
  server.keepAliveTimeout = keepAliveMs;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  const address = server.address() as AddressInfo;
  const name = address.family === 'IPv6' ? `[${address.address}]` : address.address;
  const close = (): Promise<void> => closeServer(server);
  let context: SecureContext = { certificate, authorities: '' };
  const use = (next: SecureContext): void => {
    useContext(server, next, options);
    context = next;
  };
  return {
    url: `${certificate ? 'https' : 'http'}://${name}:${address.port}`,
    port: address.port,
    useCertificate: (next) => use({ ...context, certificate: next }),
    trustClients: (authorities) => use({ ...context, authorities }),
    close,
    [Symbol.asyncDispose]: close,
  };
}

function createServer(options: ListenerOptions): Server {
  const { mount, certificate, requestMsMax: requestTimeout = requestMsMax } = options;
  const answer = (request: IncomingMessage, response: ServerResponse): void => void mount(request, response);
  // Late requests are looked for at intervals: they may take that much longer.
  const limits = { requestTimeout, connectionsCheckingInterval: Math.min(requestTimeout, latenessCheckMsMax) };
  if (certificate === undefined) return createHttpServer(limits, answer);
  // Who shows no certificate that is believed is told by the mount what that means.
  const clients = options.asksClients ? { requestCert: true, rejectUnauthorized: false, ca: [] } : {};
  return createHttpsServer({ ...limits, ...clients, key: certificate.key, cert: certificate.certificate }, answer);
}

interface SecureContext {
  readonly certificate: ServerCertificate | undefined;
  readonly authorities: string;
}

function useContext(
  server: Server,
  { certificate, authorities }: SecureContext,
  { asksClients }: ListenerOptions,
): void {
  if (!(server instanceof TlsServer) || certificate === undefined) {
    throw new TypeError('a server without TLS has no certificate to replace');
  }
  // Without a list the authorities of the system would be believed.
  const clients = asksClients ? { ca: authorities === '' ? [] : [authorities] } : {};
  server.setSecureContext({ ...clients, key: certificate.key, cert: certificate.certificate });
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
