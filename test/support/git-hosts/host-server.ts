/** The HTTP server of a simulated Git host: requests are logged, faults happen, the host's own code answers. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { sleep, type Clock } from '../../../src/base/clock.ts';
import { errorText } from '../../../src/base/errors.ts';
import type { FaultPlan, HostFault } from './simulated-host.ts';

/** A request as the host's code sees it. */
export interface HostRequest {
  readonly method: string;
  /** Without the query, not decoded. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  /** The body as JSON; undefined when it is empty or none. */
  readonly json: unknown;
}

export interface HostAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  readonly json?: unknown;
  /** Sent as it is, when there is no `json`. */
  readonly text?: string;
}

export interface HostServerOptions {
  /** For `slow`. */
  readonly clock: Clock;
  /** Whether a request is granted, and what comes of it. Called once for each request that is carried out. */
  readonly answer: (request: HostRequest) => HostAnswer | Promise<HostAnswer>;
  /** The host's own form of an error: of faults, and of exceptions in `answer`. */
  readonly error: (status: number, message: string) => HostAnswer;
  /** Headers of every answer: limits, request ids. */
  readonly commonHeaders?: () => Readonly<Record<string, string>>;
}

/** A running server. */
export interface HostServer extends AsyncDisposable {
  /** `http://127.0.0.1:PORT`. */
  readonly url: string;
  readonly faults: FaultPlan;
  /** `METHOD /path?query` of every request, in order, also of those that faults swallowed. */
  readonly requests: readonly string[];
}

interface PlannedFault {
  readonly request: RegExp;
  readonly fault: HostFault;
  left: number;
}

/** Faults on demand, for one server. */
class Faults implements FaultPlan {
  readonly #planned: PlannedFault[] = [];
  #outages = 0;

  next(request: RegExp, fault: HostFault, times = 1): void {
    this.#planned.push({ request, fault, left: times });
  }

  outage(): { end(): void } {
    this.#outages++;
    let ended = false;
    return {
      end: () => {
        if (!ended) this.#outages--;
        ended = true;
      },
    };
  }

  clear(): void {
    this.#planned.length = 0;
    this.#outages = 0;
  }

  /** The fault that this request meets. */
  take(request: string): HostFault | undefined {
    if (this.#outages > 0) return { kind: 'status', code: 503 };
    const planned = this.#planned.find((fault) => fault.left > 0 && fault.request.test(request));
    if (planned === undefined) return undefined;
    planned.left--;
    return planned.fault;
  }
}

export async function startHostServer(options: HostServerOptions): Promise<HostServer> {
  const faults = new Faults();
  const requests: string[] = [];
  const server = createServer((message, response) => {
    const line = `${message.method ?? ''} ${message.url ?? ''}`;
    requests.push(line);
    respond(options, message, response, faults.take(line)).catch(() => message.socket.destroy());
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    faults,
    requests,
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function respond(
  options: HostServerOptions,
  message: IncomingMessage,
  response: ServerResponse,
  fault: HostFault | undefined,
): Promise<void> {
  const request = await readRequest(message);
  if (fault?.kind === 'cut') return void message.socket.destroy();
  if (fault?.kind === 'slow') await sleep(options.clock, fault.milliseconds);
  const refused = refusalOf(options, fault);
  const answer = refused ?? (await carriedOut(options, request));
  if (fault?.kind === 'accepted-but-cut') return void message.socket.destroy();
  send(response, options, fault?.kind === 'accepted-but-500' ? options.error(500, 'Server Error') : answer);
}

/** The answer of a fault that keeps the request from being carried out. */
function refusalOf(options: HostServerOptions, fault: HostFault | undefined): HostAnswer | undefined {
  if (fault?.kind === 'expired-token') return options.error(401, 'Bad credentials');
  if (fault?.kind !== 'status') return undefined;
  const answer = options.error(fault.code, `fault ${fault.code}`);
  if (fault.retryAfterSeconds === undefined) return answer;
  return { ...answer, headers: { ...answer.headers, 'retry-after': String(fault.retryAfterSeconds) } };
}

async function carriedOut(options: HostServerOptions, request: HostRequest): Promise<HostAnswer> {
  try {
    return await options.answer(request);
  } catch (thrown) {
    return options.error(500, `the simulation failed: ${errorText(thrown)}`);
  }
}

async function readRequest(message: IncomingMessage): Promise<HostRequest> {
  const chunks: Buffer[] = [];
  for await (const chunk of message as AsyncIterable<Buffer>) chunks.push(chunk);
  const body = Buffer.concat(chunks);
  const [path = '', search = ''] = (message.url ?? '').split(/\?(.*)/s);
  const headers = Object.entries(message.headers).map(([name, value]) => [name, String(value)]);
  return {
    method: message.method ?? '',
    path,
    query: new URLSearchParams(search),
    headers: Object.fromEntries(headers) as Record<string, string>,
    body,
    json: parseJson(body.toString('utf8')),
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function send(response: ServerResponse, options: HostServerOptions, answer: HostAnswer): void {
  const type = answer.json === undefined ? 'text/plain; charset=utf-8' : 'application/json; charset=utf-8';
  const text = answer.json === undefined ? (answer.text ?? '') : JSON.stringify(answer.json);
  const headers = { 'content-type': type, ...options.commonHeaders?.(), ...answer.headers };
  if (answer.status === 204 || answer.status === 304)
    response.writeHead(answer.status, options.commonHeaders?.()).end();
  else response.writeHead(answer.status, headers).end(text);
}
