import { backoffDelayMs, type BackoffPolicy } from '../../base/backoff.ts';
import { sleep, type Clock } from '../../base/clock.ts';
import type { Random } from '../../base/random.ts';
import { ConnectionError } from '../../net/connection-error.ts';
import type { FetchLike } from '../../net/outgoing-fetch.ts';
import type { Budget } from './budget.ts';
import { limitWaitMs, saidWaitMs, type HostAnswer } from './forge-problems.ts';

/** So often a read is sent again that failed on the way or was answered 5xx. */
const readRetriesMax = 2;
const readBackoff: BackoffPolicy = { baseMs: 400, capMs: 2_000 };
/** So often a request is sent again that the host refused for its limits. */
const limitRetriesMax = 2;

const readMethods: readonly string[] = ['GET', 'HEAD'];

/**
 * `fetch` within a {@link Budget}: the libraries of all hosts get this as theirs, and do not wait or repeat by themselves.
 *
 * A request that the host refuses for its limits was not carried out: it waits for as long as the host says, if the budget
 * lets it, and is sent again. Reads are sent again after 5xx and broken connections. A write is not: nobody knows whether
 * it was carried out, so the caller must look.
 */
export function budgetedFetch(options: {
  readonly fetch: FetchLike;
  readonly budget: Budget;
  readonly clock: Clock;
  readonly random: Random;
}): FetchLike {
  const { fetch: send, budget, clock, random } = options;
  return async (input, init) => {
    const request = repeatable(send, input, init);
    const isRead = readMethods.includes(request.method);
    for (let readRetries = 0, limitRetries = 0; ;) {
      const answer = await tried(() => budget.run(!isRead, request.send, request.signal));
      if (answer.ok) {
        const waitMs = await pauseAsked(answer.response, clock.now());
        if (waitMs.pause > 0) budget.pause(waitMs.pause);
        const again = waitMs.refused && waitMs.pause <= budget.waitMsMax && limitRetries < limitRetriesMax;
        if (again) {
          limitRetries++;
          continue;
        }
        if (answer.response.status < 500 || !isRead || readRetries >= readRetriesMax) return answer.response;
      } else if (!isRead || readRetries >= readRetriesMax) throw answer.thrown;
      readRetries++;
      await sleep(clock, backoffDelayMs(readBackoff, readRetries, random), request.signal);
    }
  };
}

/** A request that can be sent several times. */
interface Repeatable {
  readonly method: string;
  readonly signal: AbortSignal | undefined;
  readonly send: () => Promise<Response>;
}

/** Text can be sent as it is as often as need be; what is used up by sending is copied for each time. */
function repeatable(send: FetchLike, input: string | URL | Request, init: RequestInit | undefined): Repeatable {
  const { method = 'GET', body, signal } = init ?? {};
  if (!(input instanceof Request) && (body === undefined || body === null || typeof body === 'string')) {
    return { method: method.toUpperCase(), signal: signal ?? undefined, send: () => send(input, init) };
  }
  const request = new Request(input, init);
  return { method: request.method, signal: request.signal, send: () => send(request.clone()) };
}

type Tried =
  | { readonly ok: true; readonly response: Response }
  | { readonly ok: false; readonly thrown: ConnectionError };

/** Catches what a further try may mend. */
async function tried(call: () => Promise<Response>): Promise<Tried> {
  try {
    return { ok: true, response: await call() };
  } catch (thrown) {
    if (thrown instanceof ConnectionError && (thrown.code === 'NET_CONNECTION' || thrown.code === 'NET_TIMEOUT')) {
      return { ok: false, thrown };
    }
    throw thrown;
  }
}

/** What a response asks of those who come after it, and whether it is itself a refusal for limits. */
async function pauseAsked(
  response: Response,
  nowMs: number,
): Promise<{ readonly pause: number; readonly refused: boolean }> {
  const header = (name: string): string | undefined => response.headers.get(name) ?? undefined;
  const mayRefuse = response.status === 403 || response.status === 429;
  const answer: HostAnswer = { status: response.status, header, text: mayRefuse ? await response.clone().text() : '' };
  const refusedMs = limitWaitMs(answer, nowMs);
  return { pause: refusedMs ?? saidWaitMs(answer, nowMs) ?? 0, refused: refusedMs !== undefined };
}
