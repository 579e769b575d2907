/** Webhooks on HTTP: what comes in is read within limits and given to a {@link HookReceiver}. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '../base/clock.ts';
import { errorText } from '../base/errors.ts';
import type { HookAnswer, HookReceiver } from '../forge/hook-receiver.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { ApiMount } from './api-mount.ts';

/** Most bytes of a body: what GitHub documents as its largest, the most of any host. */
export const hookBytesMax: number = 25 * 1024 * 1024;
/** Most bytes of all bodies that are being read or worked on; beyond it hosts are asked to come again. */
export const hookBytesHeldMax: number = 128 * 1024 * 1024;
/** Longest time until a body is here, in milliseconds; hosts themselves give up after ten seconds. */
export const hookBodyMsMax = 15_000;
/** A process that was busy may find what came in time only after that: it reads on for so long, in milliseconds. */
export const hookBodyGraceMs = 2_000;
/** A sender that is refused is listened to for so long, in milliseconds, so that it hears why. */
export const refusedDrainMs = 2_000;
/** When who found no room is to come again, in seconds. */
const retryAfterSeconds = 10;

/** What {@link createHooksMount} needs. */
export interface HooksMountOptions {
  readonly receiver: HookReceiver;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Answers what is not the receiver's; without it that is 404. */
  readonly otherwise?: ApiMount;
}

/** Puts a receiver on HTTP. Paths it does not accept go to `otherwise`. */
export function createHooksMount(options: HooksMountOptions): ApiMount {
  const mount = new HooksMount(options);
  return async (request, response) => {
    const [path = '/'] = (request.url ?? '/').split('?', 1);
    if (options.receiver.accepts(path)) return mount.answer(path, request, response);
    if (options.otherwise) return options.otherwise(request, response);
    return mount.refuse(path, request, response, problem(404, 'not found: hooks are at /hooks/PROVIDER'));
  };
}

/** A body, or why it is not read. */
type ReadBody = { readonly body: Uint8Array } | { readonly refusal: HookAnswer };

class HooksMount {
  readonly #options: HooksMountOptions;
  #bytesHeld = 0;

  constructor(options: HooksMountOptions) {
    this.#options = options;
  }

  async answer(path: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const refusal = this.#refusalUnread(request);
      if (refusal !== undefined) return await this.refuse(path, request, response, refusal);
      const read = await this.#read(request, () => this.#giveUp(path, request, response));
      if ('refusal' in read) return await this.refuse(path, request, response, read.refusal);
      const { body } = read;
      try {
        const hasQuery = request.url?.includes('?') ?? false;
        const call = { path, headers: headersOf(request), body, hasQuery };
        send(response, await this.#options.receiver.receive(call));
      } finally {
        this.#bytesHeld -= body.length;
      }
    } catch (thrown) {
      // The connection broke: there is nobody to tell.
      if (response.destroyed || request.errored || response.headersSent) return;
      this.#options.logger.error('a webhook could not be answered', { path, error: errorText(thrown) });
      send(response, problem(500, 'internal error'));
    }
  }

  /** Answers at once; what else the sender has to say is thrown away for a while, and then the connection is closed. */
  async refuse(path: string, request: IncomingMessage, response: ServerResponse, answer: HookAnswer): Promise<void> {
    this.#options.receiver.refused(path, answer.status);
    if (request.complete) return send(response, answer);
    const text = textOf(answer);
    const length = { 'content-length': Buffer.byteLength(text), connection: 'close' };
    response.writeHead(answer.status, { ...headersFor(answer), ...length });
    response.write(text);
    await this.#drained(request);
    response.end();
    request.destroy();
  }

  /** Half a body is here and nothing more comes. */
  #giveUp(path: string, request: IncomingMessage, response: ServerResponse): void {
    const answer = problem(408, `the body did not come within ${hookBodyMsMax} ms`);
    this.#options.receiver.refused(path, answer.status);
    response.writeHead(answer.status, { ...headersFor(answer), connection: 'close' });
    response.end(textOf(answer), () => request.destroy());
  }

  #drained(request: IncomingMessage): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#options.clock.schedule(refusedDrainMs, resolve);
      const done = (): void => {
        cancel();
        resolve();
      };
      request.once('end', done).once('close', done).once('error', done);
      request.resume();
    });
  }

  #refusalUnread(request: IncomingMessage): HookAnswer | undefined {
    if (request.method !== 'POST') {
      return { ...problem(405, `webhooks are sent with POST, not ${request.method}`), headers: { allow: 'POST' } };
    }
    const encoding = request.headers['content-encoding'] ?? 'identity';
    if (encoding !== 'identity') return problem(415, `the body must not be compressed (content-encoding ${encoding})`);
    if (Number(request.headers['content-length'] ?? 0) > hookBytesMax) return tooLarge;
    return undefined;
  }

  /** What is read counts as held; the caller lets go of it, unless it is refused. */
  async #read(request: IncomingMessage, onLate: () => void): Promise<ReadBody> {
    const chunks: Buffer[] = [];
    let size = 0;
    const { clock } = this.#options;
    let cancel = clock.schedule(hookBodyMsMax, () => {
      cancel = clock.schedule(hookBodyGraceMs, onLate);
    });
    const letGo = (refusal: HookAnswer): ReadBody => {
      this.#bytesHeld -= size;
      return { refusal };
    };
    try {
      // The iterator must not destroy the socket when it is left early: the answer goes over it.
      for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
        size += chunk.length;
        this.#bytesHeld += chunk.length;
        if (size > hookBytesMax) return letGo(tooLarge);
        if (this.#bytesHeld > hookBytesHeldMax) return letGo(noRoom);
        chunks.push(chunk);
      }
      return { body: Buffer.concat(chunks, size) };
    } catch (thrown) {
      this.#bytesHeld -= size;
      throw thrown;
    } finally {
      cancel();
    }
  }
}

const tooLarge: HookAnswer = problem(413, `the body is larger than ${hookBytesMax} bytes`);
const noRoom: HookAnswer = {
  ...problem(503, 'too much is being received at the moment: send it again'),
  headers: { 'retry-after': String(retryAfterSeconds) },
};

function problem(status: number, message: string): HookAnswer {
  return { status, body: { status, message } };
}

function headersOf({ headers }: IncomingMessage): Readonly<Record<string, string>> {
  const entries = Object.entries(headers).map(([name, value]) => [
    name,
    Array.isArray(value) ? value.join(', ') : (value ?? ''),
  ]);
  return Object.fromEntries(entries) as Record<string, string>;
}

function send(response: ServerResponse, answer: HookAnswer): void {
  response.writeHead(answer.status, headersFor(answer));
  response.end(textOf(answer));
}

function headersFor({ headers }: HookAnswer): Readonly<Record<string, string>> {
  return { 'content-type': 'application/json', 'cache-control': 'no-store', ...headers };
}

function textOf({ body }: HookAnswer): string {
  return `${JSON.stringify(body)}\n`;
}
