/** Keeps our calls within what the API server can take, and learns what that is. */
import { AbortedError, type Clock, sleep } from '../base/clock.ts';
import { deferred, type Deferred } from '../base/deferred.ts';
import type { Random } from '../base/random.ts';
import type { ApiRequest, ApiResponse, Transport } from '../kube/transport.ts';
import {
  afterCall,
  type CallOutcome,
  type CallWindow,
  freshWindow,
  latencyLately,
  refusedLately,
} from './call-window.ts';

/** So often a call is sent again that the server refused as too many: it has not been carried out. */
export const refusalRetriesMax = 5;
/** Most calls that wait for their turn. Workers wait for their calls, so that this many means a bug. */
export const waitingCallsMax = 10_000;
/** Longest pause that a refused call makes because the server asks for it, in milliseconds. */
export const pauseMsMax = 30_000;
/** Its pause when the server names none, in milliseconds. */
export const pauseMsDefault = 250;
/** Pauses are made longer by up to so many parts of a hundred, so that not everybody comes back at once. */
const pauseJitterPercent = 20;

/** Thrown when more than {@link waitingCallsMax} calls wait. Nothing was sent. */
export class TooManyWaitingError extends Error {
  override readonly name = 'TooManyWaitingError';
  readonly code = 'CLIENT_TOO_MANY_WAITING';
  constructor() {
    super(`more than ${waitingCallsMax} calls wait for the API`);
  }
}

/** What {@link FlowControl} needs. */
export interface FlowControlOptions {
  readonly clock: Clock;
  readonly random: Random;
}

/** What can be seen of a {@link FlowControl}. */
export interface FlowControlStatus {
  /** Calls that may be under way. */
  readonly limit: number;
  readonly underWay: number;
  readonly waiting: number;
  /** Calls that the server refused as too many, since the start. */
  readonly refused: number;
}

interface Waiting {
  readonly turn: Deferred<void>;
  gone: boolean;
}

/**
 * One window for all calls of a process to one API server. Instead of a fixed rate, the number of calls under way grows
 * while answers come quickly and shrinks when the server refuses calls (429, as priority and fairness does) or becomes
 * slow; a refused call waits as long as the server asks (Retry-After) before it takes its place in the line again. Calls get their turn in the order they came, so none
 * starves. Watches and logs are not counted: they stay open and cost the server little.
 */
export class FlowControl {
  readonly #clock: Clock;
  readonly #random: Random;
  #window: CallWindow = freshWindow;
  #underWay = 0;
  #refused = 0;
  readonly #queue: Waiting[] = [];
  #waitingCount = 0;

  constructor(options: FlowControlOptions) {
    this.#clock = options.clock;
    this.#random = options.random;
  }

  /** A transport whose calls share the window. What is refused as too many is sent again, within limits. */
  wrap(transport: Transport): Transport {
    return (request) => (isLasting(request) ? transport(request) : this.#call(transport, request));
  }

  /**
   * A transport whose calls are measured but never wait: for the few on which leadership depends, since a lease that waits
   * behind a thousand other calls is lost, and for an API in the same process.
   */
  measured(transport: Transport): Transport {
    return async (request) => {
      const sentMs = this.#clock.monotonicMs();
      const answer = await transport(request);
      this.#learn({ sentMs, endedMs: this.#clock.monotonicMs(), underWay: 0, ...natureOf(request, answer) });
      return answer;
    };
  }

  /** Mean of the last writes, in milliseconds; 0 when there were none lately. */
  latencyMs(): number {
    return latencyLately(this.#window, this.#clock.monotonicMs());
  }

  /** Whether a call was refused with 429 lately. */
  throttled(): boolean {
    return refusedLately(this.#window, this.#clock.monotonicMs());
  }

  status(): FlowControlStatus {
    const { limit } = this.#window;
    return { limit, underWay: this.#underWay, waiting: this.#waitingCount, refused: this.#refused };
  }

  async #call(transport: Transport, request: ApiRequest): Promise<ApiResponse> {
    for (let retries = 0; ; retries++) {
      await this.#turn(request.signal);
      const answer = await this.#send(transport, request);
      if (!isRefusal(request, answer) || retries >= refusalRetriesMax) return answer;
      await sleep(this.#clock, this.#pauseMs(answer), request.signal);
    }
  }

  async #send(transport: Transport, request: ApiRequest): Promise<ApiResponse> {
    const sentMs = this.#clock.monotonicMs();
    const underWay = this.#underWay;
    try {
      const answer = await transport(request);
      this.#learn({ sentMs, endedMs: this.#clock.monotonicMs(), underWay, ...natureOf(request, answer) });
      return answer;
    } finally {
      this.#underWay--;
      this.#next();
    }
  }

  /** How long a refused call waits: what the server asked for, and a little longer. */
  #pauseMs({ headers }: ApiResponse): number {
    const seconds = Number(headers['retry-after']);
    const pauseMs = seconds > 0 ? Math.min(seconds * 1000, pauseMsMax) : pauseMsDefault;
    return pauseMs + this.#random.integer(0, Math.ceil((pauseMs * pauseJitterPercent) / 100));
  }

  #learn(call: CallOutcome): void {
    if (call.refused) this.#refused++;
    this.#window = afterCall(this.#window, call);
  }

  /** Resolves when the caller may send; it is counted as under way by then. */
  async #turn(signal: AbortSignal | undefined): Promise<void> {
    if (signal?.aborted) throw new AbortedError(signal);
    if (this.#waitingCount >= waitingCallsMax) throw new TooManyWaitingError();
    const waiting: Waiting = { turn: deferred<void>(), gone: false };
    const onAbort = (): void => {
      if (waiting.gone) return;
      waiting.gone = true;
      this.#waitingCount--;
      if (signal) waiting.turn.reject(new AbortedError(signal));
    };
    this.#queue.push(waiting);
    this.#waitingCount++;
    signal?.addEventListener('abort', onAbort, { once: true });
    this.#next();
    try {
      await waiting.turn.promise;
    } finally {
      signal?.removeEventListener('abort', onAbort);
    }
  }

  /** Lets go as many as fit, first come, first served. */
  #next(): void {
    while (this.#underWay < Math.floor(this.#window.limit)) {
      const waiting = this.#queue.shift();
      if (waiting === undefined) return;
      if (waiting.gone) continue;
      // From here on an abort is the transport's to heed.
      waiting.gone = true;
      this.#waitingCount--;
      this.#underWay++;
      waiting.turn.resolve();
    }
  }
}

/** Whether the answer is a stream that stays open. */
function isLasting({ method, path, query }: ApiRequest): boolean {
  return method === 'GET' && (query['watch'] === 'true' || path.endsWith('/log'));
}

function natureOf(request: ApiRequest, answer: ApiResponse): Pick<CallOutcome, 'isWrite' | 'refused'> {
  return { isWrite: request.method !== 'GET', refused: isRefusal(request, answer) };
}

/**
 * Whether the server refused the call because there are too many. A pod's eviction is refused with the same status when a
 * disruption budget forbids it, which says nothing of the load.
 */
function isRefusal({ path }: ApiRequest, { status }: ApiResponse): boolean {
  return status === 429 && !path.endsWith('/eviction');
}
