/** What an answer, or the lack of one, means: a {@link ForgeError} from anything that a library threw. */
import { errorText } from '../../base/errors.ts';
import { ConnectionError, type ConnectionErrorCode } from '../../net/connection-error.ts';
import { redactText } from '../../telemetry/redact.ts';
import { ForgeError, type ForgeProblem } from '../forge.ts';

/** Which call failed, for its message. */
export interface CallName {
  /** Of the API: `api.github.com`. */
  readonly host: string;
  /** In words or as method and path: `create a check run`, `POST /repos/a/b/statuses/1`. */
  readonly call: string;
  /** Values that must not stand in a message. */
  readonly secrets?: readonly string[];
}

/** An answer as far as its meaning goes. */
export interface HostAnswer {
  readonly status: number;
  /** `undefined` for a header that is not there; names in lower case. */
  readonly header: (name: string) => string | undefined;
  /** Text, or the host's own message. */
  readonly text: string;
}

/** Wait that is assumed when a host refuses for its limit and does not say for how long, in milliseconds. */
export const unsaidWaitMs = 60_000;
/** Longest wait that a host is believed, in milliseconds: beyond it, its clock is wrong. */
const waitMsMax = 24 * 3_600_000;
/** Characters of the host's own words that are shown. */
const hostWordsMax = 600;
/** Instants above this are epoch seconds, below it they are spans. */
const epochSecondsMin = 1_000_000_000;

/** The error for an answer that is no success. */
export function errorOfAnswer(name: CallName, answer: HostAnswer, nowMs: number): ForgeError {
  const retryAfterMs = limitWaitMs(answer, nowMs);
  const problem = retryAfterMs === undefined ? problemOf(answer.status) : 'rate-limited';
  const message = messageOf(name, `HTTP status ${answer.status}: ${answer.text}`);
  return new ForgeError(problem, message, {
    status: answer.status,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  });
}

/** The error for a call without an answer. What is a {@link ForgeError} already, or was caused by one, stays that. */
export function errorOfThrown(name: CallName, thrown: unknown): ForgeError {
  const cause = causeOf(thrown);
  if (cause instanceof ForgeError) return cause;
  const problem = cause instanceof ConnectionError ? connectionProblems[cause.code] : 'unavailable';
  return new ForgeError(problem, messageOf(name, errorText(cause)), { cause: thrown });
}

const connectionProblems: Readonly<Record<ConnectionErrorCode, ForgeProblem>> = {
  NET_CONNECTION: 'unavailable',
  NET_TIMEOUT: 'unavailable',
  NET_TOO_LARGE: 'too-large',
  NET_BAD_ANSWER: 'bad-answer',
  NET_ADDRESS_REFUSED: 'refused',
  NET_REDIRECT: 'refused',
};

/** Causes that are looked through: libraries wrap what their `fetch` threw. */
const causeDepthMax = 5;

function causeOf(thrown: unknown): unknown {
  let found = thrown;
  for (let depth = 0; depth < causeDepthMax; depth++) {
    if (found instanceof ForgeError || found instanceof ConnectionError) return found;
    if (!(found instanceof Error) || found.cause === undefined) break;
    found = found.cause;
  }
  return found instanceof ForgeError || found instanceof ConnectionError ? found : thrown;
}

function problemOf(status: number): ForgeProblem {
  if (status === 401) return 'unauthorized';
  if (status === 403) return 'forbidden';
  // 408: the host gave up waiting for us. 501: it will never be able to.
  if (status === 408 || (status >= 500 && status !== 501)) return 'unavailable';
  if (status < 400) return 'bad-answer';
  return 'refused';
}

/** How long the host asks to wait, in milliseconds, if this answer is a refusal for its limits. */
export function limitWaitMs(answer: HostAnswer, nowMs: number): number | undefined {
  if (answer.status !== 429 && answer.status !== 403) return undefined;
  const said = saidWaitMs(answer, nowMs);
  if (answer.status === 429) return said ?? unsaidWaitMs;
  // GitHub refuses with 403: by header for the ordinary limit, by words for the secondary ones.
  if (said !== undefined) return said;
  return /\b(?:secondary rate limit|rate limit exceeded|abuse detection)\b/i.test(answer.text)
    ? unsaidWaitMs
    : undefined;
}

/** How long an answer of any status asks to wait before the next request, in milliseconds; undefined = it does not. */
export function saidWaitMs(answer: Pick<HostAnswer, 'header'>, nowMs: number): number | undefined {
  const asked = readRetryAfter(answer.header('retry-after'), nowMs);
  if (asked !== undefined) return asked;
  const remaining = answer.header('x-ratelimit-remaining') ?? answer.header('ratelimit-remaining');
  if (remaining === undefined || Number(remaining) > 0 || Number.isNaN(Number(remaining))) return undefined;
  const reset = Number(answer.header('x-ratelimit-reset') ?? answer.header('ratelimit-reset'));
  if (!Number.isFinite(reset)) return unsaidWaitMs;
  // A second more: the host's clock shows whole seconds.
  const waitMs = reset >= epochSecondsMin ? (reset + 1) * 1000 - nowMs : (reset + 1) * 1000;
  return clampWait(waitMs);
}

/** `Retry-After` is a number of seconds or a date (RFC 9110, 10.2.3). */
function readRetryAfter(value: string | undefined, nowMs: number): number | undefined {
  if (value === undefined || value.trim() === '') return undefined;
  if (/^\s*\d+\s*$/.test(value)) return clampWait(Number(value) * 1000);
  const at = Date.parse(value);
  return Number.isNaN(at) ? undefined : clampWait(at - nowMs);
}

function clampWait(waitMs: number): number {
  return Math.min(waitMsMax, Math.max(0, Math.ceil(waitMs)));
}

function messageOf({ host, call, secrets = [] }: CallName, words: string): string {
  const masked = secrets
    .filter((secret) => secret !== '')
    .reduce((text, secret) => text.replaceAll(secret, '***'), words.replaceAll(/\s+/g, ' ').trim());
  const shown = redactText(masked);
  return `${host}: ${call}: ${shown.length > hostWordsMax ? `${shown.slice(0, hostWordsMax)}…` : shown}`;
}
