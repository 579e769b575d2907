/** How many calls may be under way at once: additive increase, multiplicative decrease. Pure; see {@link CallWindow}. */

/** Calls under way at the start. */
export const windowFirst = 16;
/** However slow the server is, so many calls are always allowed. */
export const windowMin = 2;
/** However fast the server is, so many calls are the most. */
export const windowMax = 256;
/** What is left of the window when the server refuses a call as too many. */
export const refusedFactor = 0.7;
/** What is left of the window when calls take much longer than the fastest ones. */
export const slowFactor = 0.9;
/** Calls are slow when the recent mean is so many times the time they take when nothing is in the way ... */
export const slowRatio = 4;
/** ... and more than this, in milliseconds: below it there is nothing to win. */
export const slowMsMin = 250;
/** How much the newest call weighs in the mean. */
export const latencyWeight = 0.1;
/** The fastest time is forgotten at this pace a call, so that a server that became slower for good is not slow for ever. */
export const baselineDrift = 0.002;
/** A refusal counts as "lately" for so long, in milliseconds. */
export const refusedLatelyMs = 10_000;
/** Longest pause that a Retry-After can cause, in milliseconds. */
export const pauseMsMax = 30_000;
/** The pause when a refusal names none, in milliseconds. */
export const pauseMsDefault = 250;

/** What has been learned of the server. Times are monotonic readings in milliseconds. */
export interface CallWindow {
  /** Calls that may be under way; a fraction grows until it is a whole call. */
  readonly limit: number;
  /** Mean of the last calls, in milliseconds; 0 before the first. */
  readonly latencyMs: number;
  /** What a call takes when nothing is in the way, in milliseconds; 0 before the first. */
  readonly baselineMs: number;
  /** Nothing is sent before. */
  readonly pausedUntilMs: number;
  readonly refusedMs: number | undefined;
  /** Calls sent before the last decrease tell of the larger window: they do not shrink it again. */
  readonly decreasedMs: number;
}

/** How a call ended. */
export interface CallOutcome {
  readonly sentMs: number;
  readonly endedMs: number;
  /** Calls that were under way with it, itself included. */
  readonly underWay: number;
  /** Present when the server refused it as too many: what it asked to wait, in milliseconds; 0 when it did not say. */
  readonly refused?: { readonly retryAfterMs: number };
}

/** Where everybody starts. */
export const freshWindow: CallWindow = {
  limit: windowFirst,
  latencyMs: 0,
  baselineMs: 0,
  pausedUntilMs: Number.NEGATIVE_INFINITY,
  refusedMs: undefined,
  decreasedMs: Number.NEGATIVE_INFINITY,
};

/** The window after a call that was answered. A call that got no answer at all tells nothing of the load. */
export function afterCall(window: CallWindow, call: CallOutcome): CallWindow {
  return call.refused === undefined ? afterAnswer(window, call) : afterRefusal(window, call, call.refused.retryAfterMs);
}

/** Whether the server refused a call within the last {@link refusedLatelyMs}. */
export function refusedLately({ refusedMs }: CallWindow, nowMs: number): boolean {
  return refusedMs !== undefined && nowMs - refusedMs < refusedLatelyMs;
}

function afterRefusal(window: CallWindow, { sentMs, endedMs }: CallOutcome, retryAfterMs: number): CallWindow {
  const pauseMs = retryAfterMs > 0 ? Math.min(retryAfterMs, pauseMsMax) : pauseMsDefault;
  const pausedUntilMs = Math.max(window.pausedUntilMs, endedMs + pauseMs);
  const told = { ...window, pausedUntilMs, refusedMs: endedMs };
  return sentMs < window.decreasedMs ? told : decreased(told, refusedFactor, endedMs);
}

function afterAnswer(window: CallWindow, { sentMs, endedMs, underWay }: CallOutcome): CallWindow {
  const tookMs = endedMs - sentMs;
  const known = window.latencyMs > 0;
  const latencyMs = known ? window.latencyMs + (tookMs - window.latencyMs) * latencyWeight : tookMs;
  const drifted = window.baselineMs + (latencyMs - window.baselineMs) * baselineDrift;
  const baselineMs = known ? Math.min(tookMs, drifted) : tookMs;
  const measured = { ...window, latencyMs, baselineMs };
  const slow = latencyMs > slowMsMin && latencyMs > slowRatio * baselineMs;
  if (slow) return sentMs < window.decreasedMs ? measured : decreased(measured, slowFactor, endedMs);
  // A window that is not used up has not been tried: it must not grow by calls that would have fitted anyway.
  if (underWay < Math.floor(window.limit)) return measured;
  return { ...measured, limit: Math.min(windowMax, window.limit + 1 / window.limit) };
}

function decreased(window: CallWindow, factor: number, nowMs: number): CallWindow {
  return { ...window, limit: Math.max(windowMin, window.limit * factor), decreasedMs: nowMs };
}
