/** Keeps a process from writing when it may no longer be the one that should. */
import { AbortedError, type Clock } from '../base/clock.ts';
import type { ApiRequest, ApiResponse, Transport } from '../kube/transport.ts';

/** Thrown in place of sending a write that the fence holds back. The API has seen nothing of it. */
export class FencedError extends Error {
  override readonly name = 'FencedError';
  readonly code = 'CONTROLLER_FENCED';
  constructor({ method, path }: ApiRequest) {
    super(`${method} ${path} was not sent: this process may not be the leader any more`);
  }
}

/** Whether writes may be sent now. */
export interface WriteFence {
  isOpen(): boolean;
  /** Aborts when the fence closes for good. */
  readonly signal: AbortSignal;
}

/** When a request was sent, by both clocks. */
export interface SentTime {
  readonly monotonicMs: number;
  readonly nowMs: number;
}

/**
 * The fence of one term of leadership: open for a while after each renewal of the lease, and closed for good in the end.
 *
 * The while is measured twice, by the monotonic clock and by wall time, and the longer span counts: the monotonic clock of
 * a virtual machine stands still while the machine is suspended, and wall time may be set back. When wall time leaps
 * forward, the fence is closed until the next renewal, which costs a moment and is safe.
 */
export class TermFence implements WriteFence {
  readonly #clock: Clock;
  readonly #openMs: number;
  readonly #end = new AbortController();
  #renewal: SentTime = { monotonicMs: Number.NEGATIVE_INFINITY, nowMs: Number.NEGATIVE_INFINITY };

  /** `openMs`: how long the fence stays open after a renewal. */
  constructor(clock: Clock, openMs: number) {
    this.#clock = clock;
    this.#openMs = openMs;
  }

  get signal(): AbortSignal {
    return this.#end.signal;
  }

  isOpen(): boolean {
    const wallMs = this.#clock.now() - this.#renewal.nowMs;
    return !this.#end.signal.aborted && Math.max(this.spentMs(), wallMs) < this.#openMs;
  }

  /** Milliseconds since the request was sent that renewed the lease last, by the monotonic clock. */
  spentMs(): number {
    return this.#clock.monotonicMs() - this.#renewal.monotonicMs;
  }

  /** The lease was renewed by a request that was *sent* at this time: no other process counts from an earlier one. */
  renewed(sent: SentTime): void {
    if (sent.monotonicMs >= this.#renewal.monotonicMs) this.#renewal = sent;
  }

  /** Closes for good, and aborts what is under way through {@link fencedTransport}. */
  close(): void {
    this.#end.abort();
  }
}

/**
 * `transport`, but writes are sent only while `fence` is open; reads always. The question is asked in the same turn in which
 * `transport` gets the request. When the fence closes for good, calls that have no answer yet are aborted: what has not
 * reached a socket by then never will.
 */
export function fencedTransport(transport: Transport, fence: WriteFence): Transport {
  return async (request) => {
    if (request.method === 'GET') return transport(request);
    if (!fence.isOpen()) throw new FencedError(request);
    return sendFenced(transport, request, fence.signal);
  };
}

async function sendFenced(transport: Transport, request: ApiRequest, closed: AbortSignal): Promise<ApiResponse> {
  const own = new AbortController();
  const abort = (): void => own.abort();
  const signals = request.signal === undefined ? [closed] : [closed, request.signal];
  for (const signal of signals) signal.addEventListener('abort', abort, { once: true });
  try {
    if (request.signal?.aborted) throw new AbortedError(request.signal);
    return await transport({ ...request, signal: own.signal });
  } finally {
    for (const signal of signals) signal.removeEventListener('abort', abort);
  }
}
