import { assert } from './assert.ts';
import type { Random } from './random.ts';

/** Exponential backoff: the delay before retry n lies between half of and the whole of min(cap, base * 2^(n-1)). */
export interface BackoffPolicy {
  readonly baseMs: number;
  readonly capMs: number;
}

/** The ordinary backoff of every work queue: 5 ms first, doubling, 1000 s at most (controller-runtime's defaults). */
export const reconcileBackoff: BackoffPolicy = { baseMs: 5, capMs: 1_000_000 };

/**
 * Delay before retry number `attempt` (1 is the first retry), in milliseconds, with half jitter: equal failures
 * spread out, yet a retry never comes at once. Pure arithmetic, so a schedule replays exactly from a seed.
 */
export function backoffDelayMs(policy: BackoffPolicy, attempt: number, random: Random): number {
  assert(Number.isInteger(attempt) && attempt >= 1, 'attempt counts from 1');
  // Past 2^52 the product loses whole milliseconds and ends at Infinity; the cap has long applied.
  const exponent = Math.min(attempt - 1, 52);
  const ceilingMs = Math.min(policy.capMs, policy.baseMs * 2 ** exponent);
  return random.integer(Math.ceil(ceilingMs / 2), Math.ceil(ceilingMs));
}
