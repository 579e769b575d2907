import { Agent as HttpAgent, request as httpRequest, type ClientRequest, type RequestOptions } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { isIPv6 } from 'node:net';
import { UserError } from '../base/errors.ts';

/** Where an HTTP server is, and who it must prove to be. */
export interface HttpServerAddress {
  /** `https://10.0.0.1:6443`, or with a path under which the API lies. */
  readonly server: string;
  /** PEM certificates of the authorities to trust instead of the system's. */
  readonly certificateAuthority?: string;
  /** PEM certificate and key by which we prove who we are. */
  readonly clientCertificate?: { readonly certificate: string; readonly key: string };
  /** The name the server's certificate must bear, if not that of the URL. */
  readonly serverName?: string;
  /** Trusts whoever answers: for experiments only. */
  readonly insecureSkipTlsVerify?: boolean;
  /** Sockets to use instead of our own pool, for proxies; the caller closes it. */
  readonly agent?: HttpAgent;
}

/** A server to which requests can be sent. */
export interface HttpEndpoint {
  /** For messages: scheme, host and port. */
  readonly origin: string;
  /** Whether what is sent can be read on the way. */
  readonly clear: boolean;
  /** A request that has not been sent. `path` includes the query. */
  open(options: RequestOptions, path: string): ClientRequest;
  /** Closes the sockets; what is under way fails. */
  close(): void;
}

/** Idle time after which a connection is probed, so that a peer that vanished is noticed, in milliseconds. */
const keepAliveProbeMs = 30_000;
const schemes = ['http:', 'https:'];
const loopbackNames = ['localhost', '::1'];

/** Prepares a pool of connections to a server; nothing is sent yet. Throws `UserError` when the URL is none. */
export function createHttpEndpoint(address: HttpServerAddress): HttpEndpoint {
  const url = parseServer(address.server);
  const secure = url.protocol === 'https:';
  const ownAgent = address.agent ?? createAgent(secure);
  const host = url.hostname.startsWith('[') ? url.hostname.slice(1, -1) : url.hostname;
  const target: RequestOptions = {
    host,
    agent: ownAgent,
    ...(url.port === '' ? {} : { port: url.port }),
    ...(secure ? tlsOptions(address) : {}),
  };
  const prefix = url.pathname.replace(/\/+$/, '');
  const send = secure ? httpsRequest : httpRequest;
  return {
    origin: url.origin,
    clear: !secure && !isLoopback(host),
    open: (options, path) => send({ ...target, ...options, path: `${prefix}${path}` }),
    close: () => {
      if (address.agent === undefined) ownAgent.destroy();
    },
  };
}

function parseServer(server: string): URL {
  const url = URL.canParse(server) ? new URL(server) : undefined;
  const usable = url && schemes.includes(url.protocol) && url.username === '' && url.search === '' && url.hash === '';
  if (usable) return url;
  throw new UserError('the address of the server is not a URL that can be used', {
    code: 'NET_SERVER_URL',
    remedy: 'write it as https://HOST:PORT, without user name and query',
  });
}

function createAgent(secure: boolean): HttpAgent {
  const options = { keepAlive: true, keepAliveMsecs: keepAliveProbeMs };
  return secure ? new HttpsAgent(options) : new HttpAgent(options);
}

function tlsOptions(address: HttpServerAddress): Readonly<Record<string, unknown>> {
  const { certificateAuthority, clientCertificate, serverName, insecureSkipTlsVerify } = address;
  return {
    ...(certificateAuthority === undefined ? {} : { ca: certificateAuthority }),
    ...(clientCertificate === undefined ? {} : { cert: clientCertificate.certificate, key: clientCertificate.key }),
    ...(serverName === undefined ? {} : { servername: serverName }),
    ...(insecureSkipTlsVerify ? { rejectUnauthorized: false } : {}),
  };
}

function isLoopback(host: string): boolean {
  if (loopbackNames.includes(host) || host.endsWith('.localhost')) return true;
  return !isIPv6(host) && /^127\.\d+\.\d+\.\d+$/.test(host);
}
