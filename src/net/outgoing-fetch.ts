/** `fetch` for servers that others name: Git hosts, catalogues, addresses in definitions. */
import { Agent as HttpAgent, type ClientRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import { once } from 'node:events';
import type { Clock } from '../base/clock.ts';
import { guardedLookup, isAddressAllowed, refusedAddress, systemResolve, type ResolveHost } from './address-guard.ts';
import { CallLimit } from './call-limit.ts';
import { ConnectionError } from './connection-error.ts';
import { createHttpEndpoint } from './http-endpoint.ts';

/** What libraries take as their `fetch`. */
export type FetchLike = (input: string | URL | Request, init?: RequestInit) => Promise<Response>;

/** A {@link FetchLike} that holds connections. */
export interface OutgoingFetch extends FetchLike, Disposable {
  /** Closes the connections; calls that are under way fail. */
  close(): void;
}

/** Proxies as the usual variables of the environment say them. */
export interface ProxySettings {
  readonly HTTP_PROXY?: string;
  readonly HTTPS_PROXY?: string;
  readonly NO_PROXY?: string;
}

/** What {@link createFetch} needs. */
export interface OutgoingFetchOptions {
  readonly clock: Clock;
  /**
   * Hosts, `name` or `name:port`, that may lie in a private network or on this machine, because somebody who may say so
   * configured them. All others must have public addresses. Default: none.
   */
  readonly allowedHosts?: readonly string[];
  /** Longest time until the whole answer is here, redirects included, in milliseconds. Default {@link fetchMsMax}. */
  readonly callMsMax?: number;
  /** Most bytes of an answer. Default {@link fetchBytesMax}. */
  readonly answerBytesMax?: number;
  /** Used when a request does not say. Default `penstock`. */
  readonly userAgent?: string;
  /** PEM certificates of the authorities to trust instead of the system's. */
  readonly certificateAuthority?: string;
  /** A proxy resolves names itself: behind one, only hosts given as addresses are checked here. */
  readonly proxy?: ProxySettings;
  /** Who knows addresses. Default: the system. */
  readonly resolve?: ResolveHost;
}

/** Longest time of one call, in milliseconds. */
export const fetchMsMax = 30_000;
/** Most bytes of one answer. */
export const fetchBytesMax: number = 32 * 1024 * 1024;
/** Redirects that one call follows. */
export const redirectsMax = 5;

/** So often a read is sent anew that met a pooled connection which the server had just closed. */
const staleSocketRetriesMax = 3;

/** Headers that prove who we are to one host, and must not reach another. */
const credentialHeaders: readonly string[] = [
  'authorization',
  'cookie',
  'private-token',
  'job-token',
  'proxy-authorization',
  'x-gitlab-token',
];
/** Answers without a body, for which `Response` refuses one. */
const bodilessStatuses: readonly number[] = [204, 205, 304];
const redirectStatuses: readonly number[] = [301, 302, 303, 307, 308];

/** One request of a call: redirects make another from it. */
interface Step {
  readonly url: URL;
  readonly method: string;
  readonly headers: Headers;
  readonly body: Buffer | undefined;
}

/**
 * A `fetch` with limits. Rejects with `ConnectionError` when no whole answer came, or when the host must not be asked, and
 * with `AbortedError` when the request's signal aborted. The answer is held as a whole, so reading it never fails.
 *
 * Redirects are followed up to {@link redirectsMax}, unless `redirect` says otherwise; another host gets no credentials,
 * and neither a body nor an unencrypted request.
 */
export function createFetch(options: OutgoingFetchOptions): OutgoingFetch {
  const proxyEnv = options.proxy === undefined ? {} : { proxyEnv: { ...options.proxy } };
  const agents = {
    'http:': new HttpAgent({ keepAlive: true, ...proxyEnv }),
    'https:': new HttpsAgent({ keepAlive: true, ...proxyEnv }),
  };
  const close = (): void => {
    agents['http:'].destroy();
    agents['https:'].destroy();
  };
  const call: FetchLike = async (input, init) => {
    const asked = plainCall(input, init) ?? callOf(new Request(input, init));
    const limit = new CallLimit({
      clock: options.clock,
      limitMs: options.callMsMax ?? fetchMsMax,
      signal: asked.signal,
    });
    try {
      return await follow(options, agents, asked, limit.signal);
    } catch (thrown) {
      throw limit.explain(thrown, asked.url.origin);
    } finally {
      limit.release();
    }
  };
  return Object.assign(call, { close, [Symbol.dispose]: close });
}

/** What is asked for. */
interface Call {
  readonly url: URL;
  readonly method: string;
  readonly headers: Headers;
  readonly redirect: Request['redirect'];
  readonly signal: AbortSignal | undefined;
  readonly readBody: () => Promise<Buffer | undefined>;
}

/** Methods that mean the same in every spelling of a `Request`. */
const plainMethods: readonly string[] = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'];

/** The call that a `Request` of these would be, where that is plain to see: making one costs more than sending it. */
function plainCall(input: string | URL | Request, init: RequestInit = {}): Call | undefined {
  const { method = 'GET', body, redirect = 'follow', signal } = init;
  if (input instanceof Request || !URL.canParse(String(input)) || !plainMethods.includes(method)) return undefined;
  const url = new URL(input);
  const isEmpty = body === undefined || body === null;
  if (url.username !== '' || url.password !== '' || !(isEmpty || (typeof body === 'string' && method !== 'GET')))
    return undefined;
  const headers = new Headers(init.headers);
  if (!isEmpty && !headers.has('content-type')) headers.set('content-type', 'text/plain;charset=UTF-8');
  const readBody = (): Promise<Buffer | undefined> => Promise.resolve(isEmpty ? undefined : Buffer.from(body));
  return { url, method, headers, redirect, signal: signal ?? undefined, readBody };
}

function callOf(request: Request): Call {
  const { method, headers, redirect, signal } = request;
  const readBody = async (): Promise<Buffer | undefined> =>
    request.body === null ? undefined : Buffer.from(await request.arrayBuffer());
  return { url: new URL(request.url), method, headers, redirect, signal, readBody };
}

type Agents = Readonly<Record<'http:' | 'https:', HttpAgent>>;

async function follow(
  options: OutgoingFetchOptions,
  agents: Agents,
  call: Call,
  signal: AbortSignal,
): Promise<Response> {
  let step: Step = { url: call.url, method: call.method, headers: call.headers, body: await call.readBody() };
  for (let redirects = 0; ; redirects++) {
    const response = await exchange(options, agents, step, signal);
    const location = redirectStatuses.includes(response.status) ? response.headers.get('location') : null;
    if (location === null || call.redirect === 'manual') return describeResponse(response, step.url, redirects > 0);
    if (call.redirect === 'error' || redirects >= redirectsMax) {
      throw new ConnectionError('NET_REDIRECT', `${step.url.origin}: more redirects than are followed`);
    }
    step = redirected(step, response.status, location);
  }
}

/** The request that a redirect asks for. Throws when it must not be followed. */
function redirected(step: Step, status: number, location: string): Step {
  if (!URL.canParse(location, step.url.href)) throw badRedirect(step.url, 'to no URL');
  const url = new URL(location, step.url.href);
  const becomesGet = status === 303 ? step.method !== 'HEAD' : status < 303 && step.method === 'POST';
  const method = becomesGet ? 'GET' : step.method;
  const body = becomesGet ? undefined : step.body;
  const headers = new Headers(step.headers);
  if (body === undefined) headers.delete('content-type');
  if (url.origin === step.url.origin) return { url, method, headers, body };
  if (step.url.protocol === 'https:' && url.protocol !== 'https:') throw badRedirect(step.url, 'to an unencrypted one');
  if (body !== undefined) throw badRedirect(step.url, 'of a request with content to another host');
  for (const name of credentialHeaders) headers.delete(name);
  return { url, method, headers, body };
}

function badRedirect(from: URL, what: string): ConnectionError {
  return new ConnectionError('NET_REDIRECT', `${from.origin}: a redirect ${what} is not followed`);
}

async function exchange(
  options: OutgoingFetchOptions,
  agents: Agents,
  step: Step,
  signal: AbortSignal,
): Promise<Response> {
  const { url } = step;
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw new ConnectionError('NET_ADDRESS_REFUSED', `${url.protocol} addresses are not asked`);
  }
  const trusted = isListed(url, options.allowedHosts ?? []);
  const literal = url.hostname.replace(/^\[|\]$/g, '');
  if (isIP(literal) !== 0 && !isAddressAllowed(literal, trusted)) throw refusedAddress(url.host);
  const endpoint = createHttpEndpoint({
    server: url.origin,
    agent: agents[url.protocol],
    ...(options.certificateAuthority === undefined ? {} : { certificateAuthority: options.certificateAuthority }),
  });
  const isTrusted = (name: string): boolean => trusted || proxyNames(options.proxy).includes(name);
  // Only a new connection asks.
  const lookup: LookupFunction = (name, wanted, found) =>
    guardedLookup(options.resolve ?? systemResolve, isTrusted)(name, wanted, found);
  const settings = { method: step.method, headers: headersToSend(options, step), signal, lookup };
  const open = (): ClientRequest => endpoint.open(settings, `${url.pathname}${url.search}`);
  const message = await messageOf(open, step, signal);
  return toResponse(message, await readAll(message, options.answerBytesMax ?? fetchBytesMax));
}

async function messageOf(open: () => ClientRequest, step: Step, signal: AbortSignal): Promise<IncomingMessage> {
  for (let retries = 0; ; retries++) {
    signal.throwIfAborted();
    const sent = open();
    // Errors after the answer began reach whoever reads it; without a listener they would end the process as well.
    sent.on('error', () => undefined);
    sent.end(step.body);
    try {
      const [message] = (await once(sent, 'response')) as [IncomingMessage];
      return message;
    } catch (thrown) {
      // The server closed an idle connection at the moment we chose it. Only a read may be sent twice.
      if (!(sent.reusedSocket && step.method === 'GET' && retries < staleSocketRetriesMax)) throw thrown;
    }
  }
}

function proxyNames(proxy: ProxySettings | undefined): readonly string[] {
  const urls = [proxy?.HTTP_PROXY, proxy?.HTTPS_PROXY].filter((url) => url !== undefined && URL.canParse(url));
  return urls.map((url) => new URL(url ?? '').hostname);
}

function isListed(url: URL, hosts: readonly string[]): boolean {
  return hosts.some((host) => host === url.hostname || host === url.host);
}

function headersToSend(options: OutgoingFetchOptions, step: Step): Readonly<Record<string, string>> {
  return {
    'user-agent': options.userAgent ?? 'penstock',
    ...Object.fromEntries(step.headers),
    'accept-encoding': 'identity',
    ...(step.body === undefined ? {} : { 'content-length': String(step.body.length) }),
  };
}

async function readAll(message: IncomingMessage, bytesMax: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of message as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > bytesMax) throw new ConnectionError('NET_TOO_LARGE', `the answer is larger than ${bytesMax} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, size);
}

function toResponse(message: IncomingMessage, bytes: Buffer): Response {
  const status = message.statusCode ?? 0;
  const encoding = message.headers['content-encoding'] ?? 'identity';
  if (status < 200 || status > 599 || encoding !== 'identity') {
    throw new ConnectionError('NET_BAD_ANSWER', `an answer that cannot be read: HTTP status ${status}, ${encoding}`);
  }
  const headers = new Headers();
  for (const [name, values] of Object.entries(message.headersDistinct)) {
    for (const value of values ?? []) headers.append(name, value);
  }
  const body = bodilessStatuses.includes(status) ? null : new Uint8Array(bytes);
  return new Response(body, { status, statusText: printable(message.statusMessage ?? ''), headers });
}

/** `Response` refuses reason phrases with control or non-Latin characters. */
function printable(text: string): string {
  return text.replace(/[^\t\x20-\x7e]/g, '?');
}

/** A response that was made, not fetched, does not know where it came from. */
function describeResponse(response: Response, url: URL, wasRedirected: boolean): Response {
  return Object.defineProperties(response, {
    url: { value: url.href },
    redirected: { value: wasRedirected },
  });
}
