import { createServer as createHttpServer } from 'node:http';
import type { Server } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
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
}

/** A server that listens. */
export interface Listener extends AsyncDisposable {
  /** `https://127.0.0.1:41234`. */
  readonly url: string;
  readonly port: number;
  /** Ends open connections (watches, followed logs) and stops listening. */
  close(): Promise<void>;
}

/** Longest silence of a connection between requests, in milliseconds: above what clients keep them for. */
export const keepAliveMs = 65_000;

/** Starts to listen; rejects when the address is taken or not ours. */
export async function startListener(options: ListenerOptions): Promise<Listener> {
  const { mount, host = '127.0.0.1', port = 0, certificate } = options;
  const server: Server = certificate
    ? createHttpsServer(
        { key: certificate.key, cert: certificate.certificate },
        (request, response) => void mount(request, response),
      )
    : createHttpServer((request, response) => void mount(request, response));
  server.keepAliveTimeout = keepAliveMs;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  const address = server.address() as AddressInfo;
  const name = address.family === 'IPv6' ? `[${address.address}]` : address.address;
  const close = (): Promise<void> => closeServer(server);
  return {
    url: `${certificate ? 'https' : 'http'}://${name}:${address.port}`,
    port: address.port,
    close,
    [Symbol.asyncDispose]: close,
  };
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
