/** The Kubernetes API over HTTP: an {@link ApiRequest} goes to a socket, what comes back becomes an {@link ApiResponse}. */
import type { IncomingMessage } from 'node:http';
import { once } from 'node:events';
import type { Clock } from '../base/clock.ts';
import { UserError } from '../base/errors.ts';
import { isJsonObject, type Json, type JsonObject } from '../base/json.ts';
import type { ApiRequest, ApiResponse, ApiResponseBody, RawWatchEvent, Transport } from '../kube/transport.ts';
import { CallLimit } from './call-limit.ts';
import { ConnectionError } from './connection-error.ts';
import { createHttpEndpoint, type HttpEndpoint, type HttpServerAddress } from './http-endpoint.ts';
import { linesOf } from './lines.ts';

/** Longest time until an answer is here (of a stream: until it begins), in milliseconds. */
export const callMsMax = 60_000;
/** Most bytes of an answer that is held as a whole. */
export const answerBytesMax: number = 256 * 1024 * 1024;
/** Most bytes of one event of a watch; objects have at most about 3 MiB. */
export const watchLineBytesMax: number = 16 * 1024 * 1024;
/** So often a read is sent anew that met a pooled connection which the server had just closed. */
const staleSocketRetriesMax = 3;
/** Characters of an error page that are shown. */
const errorTextMax = 500;

/** What {@link createHttpTransport} needs. */
export interface HttpTransportOptions extends HttpServerAddress {
  readonly clock: Clock;
  /** Bearer token, or who knows the current one. Never sent in the clear to another machine. */
  readonly token?: string | (() => Promise<string> | string);
  /** The requests bring an `authorization` of their own: they must not go in the clear to another machine either. */
  readonly authorized?: true;
  readonly userAgent?: string;
  /** Defaults: {@link callMsMax}, {@link answerBytesMax}, {@link watchLineBytesMax}. */
  readonly callMsMax?: number;
  readonly answerBytesMax?: number;
  readonly watchLineBytesMax?: number;
}

/** A transport that holds connections. */
export interface HttpTransport extends Transport, Disposable {
  /** Closes the connections; calls and streams that are under way fail. */
  close(): void;
}

/**
 * A transport to the API at `server`. Rejects with `ConnectionError` when no whole answer came, and with `AbortedError` when
 * the request's signal aborted; a stream that breaks throws to its reader, one that is aborted just ends. Streams must be read
 * to their end, left by `break`, or aborted, since each holds a connection.
 *
 * Throws `UserError` at once when the URL cannot be used, or a token would cross the network unencrypted.
 */
export function createHttpTransport(options: HttpTransportOptions): HttpTransport {
  const endpoint = createHttpEndpoint(options);
  if (endpoint.clear && (options.token !== undefined || options.authorized)) {
    throw new UserError('the token would be sent unencrypted', {
      code: 'NET_TOKEN_IN_CLEAR',
      remedy: 'use an https:// address',
    });
  }
  const close = (): void => endpoint.close();
  const send: Transport = (request) => exchange(endpoint, options, request);
  return Object.assign(send, { close, [Symbol.dispose]: close });
}

async function exchange(
  endpoint: HttpEndpoint,
  options: HttpTransportOptions,
  request: ApiRequest,
): Promise<ApiResponse> {
  const limit = new CallLimit({
    clock: options.clock,
    limitMs: options.callMsMax ?? callMsMax,
    signal: request.signal,
  });
  try {
    const message = await openMessage(endpoint, options, request, limit.signal);
    const status = message.statusCode ?? 0;
    if (status >= 300 && status < 400) throw badAnswer(endpoint, message, 'a redirect');
    const headers = headersOf(message);
    const stream = status < 300 ? streamBody(endpoint, options, request, message, limit) : undefined;
    if (stream !== undefined) return { status, headers, body: stream };
    const bytes = await readAll(message, options.answerBytesMax ?? answerBytesMax);
    limit.release();
    return { status, headers, body: plainBody(endpoint, message, bytes) };
  } catch (thrown) {
    limit.release();
    throw limit.explain(thrown, endpoint.origin);
  }
}

async function openMessage(
  endpoint: HttpEndpoint,
  options: HttpTransportOptions,
  request: ApiRequest,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  const search = new URLSearchParams(request.query).toString();
  const path = search === '' ? request.path : `${request.path}?${search}`;
  const body = request.body === undefined ? undefined : bodyText(request.body);
  const headers = { ...(await requestHeaders(options, request)), ...lengthHeader(body) };
  for (let retries = 0; ; retries++) {
    signal.throwIfAborted();
    const sent = endpoint.open({ method: request.method, headers, signal }, path);
    // Errors after the answer began reach whoever reads it; without a listener they would end the process as well.
    sent.on('error', () => undefined);
    sent.end(body);
    try {
      const [message] = (await once(sent, 'response')) as [IncomingMessage];
      return message;
    } catch (thrown) {
      // The server closed an idle connection at the moment we chose it. Only a read may be sent twice.
      const stale = sent.reusedSocket && request.method === 'GET' && isReset(thrown) && retries < staleSocketRetriesMax;
      if (!stale) throw thrown;
    }
  }
}

function isReset(thrown: unknown): boolean {
  const code = thrown instanceof Error && 'code' in thrown ? thrown.code : undefined;
  return code === 'ECONNRESET' || code === 'EPIPE';
}

function bodyText(body: string | Json): string {
  return typeof body === 'string' ? body : JSON.stringify(body);
}

function lengthHeader(body: string | undefined): Readonly<Record<string, string>> {
  return body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) };
}

async function requestHeaders(
  { token, userAgent = 'penstock' }: HttpTransportOptions,
  request: ApiRequest,
): Promise<Readonly<Record<string, string>>> {
  const bearer = typeof token === 'function' ? await token() : token;
  return {
    'user-agent': userAgent,
    ...request.headers,
    ...(bearer === undefined ? {} : { authorization: `Bearer ${bearer}` }),
  };
}

function headersOf(message: IncomingMessage): Readonly<Record<string, string>> {
  const entries = Object.entries(message.headers);
  return Object.fromEntries(
    entries.map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : (value ?? '')]),
  );
}

function streamBody(
  endpoint: HttpEndpoint,
  options: HttpTransportOptions,
  request: ApiRequest,
  message: IncomingMessage,
  limit: CallLimit,
): ApiResponseBody | undefined {
  const isWatch = request.query['watch'] === 'true' || request.query['watch'] === '1';
  const isLog = request.method === 'GET' && request.path.endsWith('/log');
  if (!isWatch && !isLog) return undefined;
  if (isWatch && !isJson(message)) throw badAnswer(endpoint, message, 'a watch that is not JSON');
  limit.lift();
  const chunks = chunksOf(endpoint, message, limit);
  if (isLog) return { kind: 'stream', chunks, contentType: message.headers['content-type'] ?? 'text/plain' };
  return { kind: 'watch', events: eventsOf(chunks, options.watchLineBytesMax ?? watchLineBytesMax, limit) };
}

async function* chunksOf(
  endpoint: HttpEndpoint,
  message: IncomingMessage,
  limit: CallLimit,
): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of message as AsyncIterable<Uint8Array>) yield chunk;
  } catch (thrown) {
    if (!limit.abortedByCaller) throw limit.explain(thrown, endpoint.origin);
  } finally {
    limit.release();
    message.destroy();
  }
}

async function* eventsOf(
  chunks: AsyncIterable<Uint8Array>,
  bytesMax: number,
  limit: CallLimit,
): AsyncGenerator<RawWatchEvent> {
  try {
    for await (const line of linesOf(chunks, bytesMax)) yield parseEvent(line);
  } catch (thrown) {
    // An abort may well cut a line.
    if (!limit.abortedByCaller) throw thrown;
  }
}

const eventTypes: readonly unknown[] = ['ADDED', 'MODIFIED', 'DELETED', 'BOOKMARK', 'ERROR'];

function parseEvent(line: string): RawWatchEvent {
  const value = parseJson(line);
  if (isJsonObject(value) && eventTypes.includes(value['type']) && isJsonObject(value['object'])) {
    return value as unknown as RawWatchEvent;
  }
  throw new ConnectionError('NET_BAD_ANSWER', 'a line of the watch is no event');
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

function plainBody(endpoint: HttpEndpoint, message: IncomingMessage, bytes: Buffer): ApiResponseBody {
  const contentType = message.headers['content-type'] ?? '';
  const status = message.statusCode ?? 0;
  if (isJson(message)) {
    const value = parseJson(bytes.toString('utf8'));
    if (isJsonObject(value)) return { kind: 'json', value };
    if (status < 400) throw badAnswer(endpoint, message, 'broken JSON');
  }
  // A proxy on the way answers as it likes: the caller is promised a Status.
  if (status >= 400) return { kind: 'json', value: statusOf(status, bytes.toString('utf8')) };
  if (contentType.startsWith('text/')) return { kind: 'text', text: bytes.toString('utf8'), contentType };
  return { kind: 'bytes', bytes, contentType };
}

function statusOf(code: number, page: string): JsonObject {
  const text = page.trim().slice(0, errorTextMax);
  const message = text === '' ? `HTTP status ${code}` : `HTTP status ${code}: ${text}`;
  return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, code };
}

function isJson(message: IncomingMessage): boolean {
  return /^application\/(json|[^;]*\+json)/.test(message.headers['content-type'] ?? '');
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function badAnswer(endpoint: HttpEndpoint, message: IncomingMessage, what: string): ConnectionError {
  message.destroy();
  return new ConnectionError('NET_BAD_ANSWER', `${endpoint.origin}: ${what} (HTTP status ${message.statusCode ?? 0})`);
}
