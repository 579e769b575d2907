/** The Kubernetes API on HTTP: sockets to {@link ApiRequest}s, {@link ApiResponse}s to sockets. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { errorText } from '../base/errors.ts';
import { ApiStatusError } from '../kube/api-error.ts';
import type {
  ApiRequest,
  ApiResponse,
  ApiResponseBody,
  HttpMethod,
  RawWatchEvent,
  Transport,
} from '../kube/transport.ts';
import type { Logger } from '../telemetry/logger.ts';

/** Most bytes of a request body, as in Kubernetes. */
export const requestBytesMax: number = 3 * 1024 * 1024;

/** What {@link createApiMount} needs. */
export interface ApiMountOptions {
  /**
   * The API as the bearer of `token` may use it; undefined when nobody bears it, which is answered with 401. Called for
   * each request; `token` is undefined when the request carries none.
   */
  readonly transportFor: (token: string | undefined) => Promise<Transport | undefined> | Transport | undefined;
  readonly logger: Logger;
}

/** Answers one HTTP request. Never rejects. */
export type ApiMount = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

const methods: readonly string[] = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'];

/** Puts the API on HTTP: give the result to `http.createServer`, or call it from a catch-all route. */
export function createApiMount(options: ApiMountOptions): ApiMount {
  return async (request, response) => {
    const abort = new AbortController();
    response.on('close', () => abort.abort());
    try {
      const answer = await answerTo(request, options, abort.signal);
      await send(response, answer, abort.signal);
    } catch (thrown) {
      if (abort.signal.aborted) return;
      await refuse(response, thrown, options.logger);
    }
  };
}

async function answerTo(request: IncomingMessage, options: ApiMountOptions, signal: AbortSignal): Promise<ApiResponse> {
  const transport = await options.transportFor(bearerToken(request));
  if (!transport) throw new ApiStatusError('Unauthorized', 'Unauthorized');
  return transport(await apiRequest(request, signal));
}

function bearerToken(request: IncomingMessage): string | undefined {
  return /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? '')?.[1];
}

async function apiRequest(request: IncomingMessage, signal: AbortSignal): Promise<ApiRequest> {
  const method = request.method === 'HEAD' ? 'GET' : (request.method ?? '');
  if (!methods.includes(method))
    throw new ApiStatusError('MethodNotAllowed', `the method ${method} is not used by this API`);
  // Not `new URL`: it would resolve dots and decode what must reach the server as it was sent.
  const [path, search] = splitOnce(request.url ?? '/', '?');
  const body = await readBody(request);
  return {
    method: method as HttpMethod,
    path,
    query: Object.fromEntries(new URLSearchParams(search)),
    headers: headersOf(request),
    ...(body === '' ? {} : { body }),
    signal,
  };
}

function splitOnce(text: string, separator: string): readonly [string, string] {
  const index = text.indexOf(separator);
  return index < 0 ? [text, ''] : [text.slice(0, index), text.slice(index + 1)];
}

function headersOf(request: IncomingMessage): Readonly<Record<string, string>> {
  const entries = Object.entries(request.headers).filter(([name]) => name !== 'authorization');
  return Object.fromEntries(
    entries.map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : (value ?? '')]),
  );
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > requestBytesMax) {
      throw new ApiStatusError('RequestEntityTooLarge', `Request entity too large: limit is ${requestBytesMax}`);
    }
    chunks.push(chunk);
  }
  const isBinary = request.headers['content-type']?.includes('protobuf') ?? false;
  return Buffer.concat(chunks).toString(isBinary ? 'latin1' : 'utf8');
}

async function send(response: ServerResponse, answer: ApiResponse, signal: AbortSignal): Promise<void> {
  response.writeHead(answer.status, { ...answer.headers, ...contentHeaders(answer.body) });
  if (response.req.method === 'HEAD') response.end();
  else await sendBody(response, answer.body, signal);
}

function contentHeaders(body: ApiResponseBody): Readonly<Record<string, string>> {
  if (body.kind === 'json' || body.kind === 'watch') return { 'content-type': 'application/json' };
  return { 'content-type': body.contentType };
}

async function sendBody(response: ServerResponse, body: ApiResponseBody, signal: AbortSignal): Promise<void> {
  switch (body.kind) {
    case 'json':
      response.end(`${JSON.stringify(body.value)}\n`);
      return;
    case 'text':
      response.end(body.text);
      return;
    case 'bytes':
      response.end(body.bytes);
      return;
    case 'stream':
      return sendChunks(response, body.chunks, signal);
    case 'watch':
      return sendChunks(response, linesOf(body.events), signal);
  }
}

async function* linesOf(events: AsyncIterable<RawWatchEvent>): AsyncIterable<string> {
  for await (const event of events) yield `${JSON.stringify(event)}\n`;
}

/** Sends chunks as they come, no faster than the client reads them. */
async function sendChunks(
  response: ServerResponse,
  chunks: AsyncIterable<Uint8Array | string>,
  signal: AbortSignal,
): Promise<void> {
  response.flushHeaders();
  for await (const chunk of chunks) {
    if (signal.aborted) return;
    if (!response.write(chunk)) await drained(response, signal);
  }
  response.end();
}

function drained(response: ServerResponse, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      response.off('drain', done);
      signal.removeEventListener('abort', done);
      resolve();
    };
    response.once('drain', done);
    signal.addEventListener('abort', done, { once: true });
    if (signal.aborted) done();
  });
}

async function refuse(response: ServerResponse, thrown: unknown, logger: Logger): Promise<void> {
  const known = thrown instanceof ApiStatusError;
  if (!known) logger.error('an API request failed', { url: response.req.url, error: errorText(thrown) });
  if (response.headersSent) {
    // Half an answer is out: only a broken connection tells the client that it is not whole.
    response.destroy();
    return;
  }
  const error = known ? thrown : new ApiStatusError('InternalError', `Internal error occurred: ${errorText(thrown)}`);
  // What is left of a body nobody reads must not be taken for the next request.
  const headers = response.req.complete ? {} : { connection: 'close' };
  await send(
    response,
    { status: error.status, headers, body: { kind: 'json', value: error.toStatus() } },
    new AbortController().signal,
  );
}
