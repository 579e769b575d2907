/** Clones on HTTP: git's requests to whoever answers them, and streams back. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import type { CloneAnswer, CloneRequest } from '../forge/git/clone-server.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { ApiMount } from './api-mount.ts';

/** What {@link createCloneMount} needs. */
export interface CloneMountOptions {
  /** Path below which it answers, without a final `/`. */
  readonly prefix: string;
  readonly handle: (request: CloneRequest) => Promise<CloneAnswer>;
  readonly logger: Logger;
}

/** Answers git's requests to clone and fetch below `prefix`. */
export function createCloneMount({ prefix, handle, logger }: CloneMountOptions): ApiMount {
  return async (request, response) => {
    if (!request.url?.startsWith(`${prefix}/`)) return void response.writeHead(404).end('not found\n');
    const abort = new AbortController();
    response.on('close', () => abort.abort());
    try {
      await send(response, await handle(cloneRequest(request, prefix, abort.signal)));
    } catch (error) {
      // A client that went away is no fault of ours; otherwise a cut connection is how git hears of one.
      if (!abort.signal.aborted) logger.warn('a clone could not be served', { error });
      if (response.headersSent) response.destroy();
      else response.writeHead(500).end('the clone could not be served\n');
    }
  };
}

function cloneRequest(request: IncomingMessage, prefix: string, signal: AbortSignal): CloneRequest {
  const url = request.url ?? '/';
  const at = url.indexOf('?');
  const path = (at < 0 ? url : url.slice(0, at)).slice(prefix.length);
  const headers = Object.fromEntries(
    Object.entries(request.headers).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.join(', ') : (value ?? ''),
    ]),
  );
  const query = Object.fromEntries(new URLSearchParams(at < 0 ? '' : url.slice(at + 1)));
  const packed = headers['content-encoding'] === 'gzip';
  const body = packed ? request.pipe(createGunzip()) : request;
  return { method: request.method ?? '', path, query, headers, body, signal };
}

async function send(response: ServerResponse, { status, headers, body }: CloneAnswer): Promise<void> {
  response.writeHead(status, headers);
  if (typeof body === 'string') response.end(body);
  else await pipeline(Readable.from(body), response);
}
