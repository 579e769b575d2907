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
/** Slowness alone does not make the window smaller: calls differ by nature, and only a refusal is certain. */
export const slowWindowMin: number = windowFirst;
/** A mean says nothing of the server any more when the last write is so old, in milliseconds. */
export const latencyAgeMsMax = 30_000;
/** How much the newest call weighs in the mean. */
export const latencyWeight = 0.1;
/** The fastest time is forgotten at this pace a call, so that a server that became slower for good is not slow for ever. */
export const baselineDrift = 0.002;
/** Within so much of the size at which the server refused last, the window grows slowly: it is near the edge. */
export const edgeFraction = 0.2;
/** How slowly, as a part of the ordinary growth. */
export const edgeGrowth = 0.05;
/** A refusal counts as "lately" for so long, in milliseconds. */
export const refusedLatelyMs = 10_000;

/** What has been learned of the server. Times are monotonic readings in milliseconds. */
export interface CallWindow {
  /** Calls that may be under way; a fraction grows until it is a whole call. */
  readonly limit: number;
  /** Mean of the last writes, in milliseconds; 0 before the first. */
  readonly latencyMs: number;
  /** When the last write was answered. */
  readonly measuredMs: number;
  /** What a write takes when nothing is in the way, in milliseconds; 0 before the first. */
  readonly baselineMs: number;
  /** When the server last refused a call, and how large the window was. */
  readonly refusal: { readonly atMs: number; readonly limit: number } | undefined;
  /** Calls sent before the last decrease tell of the larger window: they do not shrink it again. */
  readonly decreasedMs: number;
}

/** How a call ended. */
export interface CallOutcome {
  readonly sentMs: number;
  readonly endedMs: number;
  /** Calls that were under way with it, itself included. */
  readonly underWay: number;
  /** Only writes are measured: reads range from one small object to all there are. */
  readonly isWrite: boolean;
  /** Whether the server refused it as one too many. */
  readonly refused: boolean;
}

/** Where everybody starts. */
export const freshWindow: CallWindow = {
  limit: windowFirst,
  latencyMs: 0,
  measuredMs: Number.NEGATIVE_INFINITY,
  baselineMs: 0,
  refusal: undefined,
  decreasedMs: Number.NEGATIVE_INFINITY,
};

/** The window after a call that was answered. A call that got no answer at all tells nothing of the load. */
export function afterCall(window: CallWindow, call: CallOutcome): CallWindow {
  return call.refused ? afterRefusal(window, call) : afterAnswer(window, call);
}

/** Whether the server refused a call within the last {@link refusedLatelyMs}. */
export function refusedLately({ refusal }: CallWindow, nowMs: number): boolean {
  return refusal !== undefined && nowMs - refusal.atMs < refusedLatelyMs;
}

/** Mean of the last writes, in milliseconds; 0 when there were none for {@link latencyAgeMsMax}. */
export function latencyLately({ latencyMs, measuredMs }: CallWindow, nowMs: number): number {
  return nowMs - measuredMs < latencyAgeMsMax ? latencyMs : 0;
}

function afterRefusal(window: CallWindow, { sentMs, endedMs }: CallOutcome): CallWindow {
  // Of calls that were under way together, the first refusal has said it all.
  if (sentMs < window.decreasedMs)
    return { ...window, refusal: { limit: window.limit, ...window.refusal, atMs: endedMs } };
  const refusal = { atMs: endedMs, limit: window.limit };
  return decreased({ ...window, refusal }, refusedFactor, endedMs);
}

function afterAnswer(window: CallWindow, call: CallOutcome): CallWindow {
  const measured = call.isWrite ? withLatency(window, call) : window;
  if (call.isWrite && isSlow(measured)) {
    if (call.sentMs < window.decreasedMs || window.limit <= slowWindowMin) return measured;
    return decreased(measured, slowFactor, call.endedMs);
  }
  // A window that is not used up has not been tried: it must not grow by calls that would have fitted anyway.
  if (call.underWay < Math.floor(window.limit)) return measured;
  return { ...measured, limit: Math.min(windowMax, window.limit + growth(window)) };
}

function withLatency(window: CallWindow, { sentMs, endedMs }: CallOutcome): CallWindow {
  const tookMs = endedMs - sentMs;
  if (window.latencyMs === 0) return { ...window, latencyMs: tookMs, baselineMs: tookMs, measuredMs: endedMs };
  const latencyMs = window.latencyMs + (tookMs - window.latencyMs) * latencyWeight;
  const drifted = window.baselineMs + (latencyMs - window.baselineMs) * baselineDrift;
  return { ...window, latencyMs, baselineMs: Math.min(tookMs, drifted), measuredMs: endedMs };
}

function isSlow({ latencyMs, baselineMs }: CallWindow): boolean {
  return latencyMs > slowMsMin && latencyMs > slowRatio * baselineMs;
}

/** What one good answer adds: a whole window of them makes room for one more call. */
function growth({ limit, refusal }: CallWindow): number {
  const nearEdge = refusal !== undefined && Math.abs(limit - refusal.limit) < refusal.limit * edgeFraction;
  return (nearEdge ? edgeGrowth : 1) / limit;
}

function decreased(window: CallWindow, factor: number, nowMs: number): CallWindow {
  return { ...window, limit: Math.max(windowMin, window.limit * factor), decreasedMs: nowMs };
}
