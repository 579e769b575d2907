import { assert } from '../base/assert.ts';

/** A rate: so many a second on average, `burst` at once after a pause. */
export interface Rate {
  readonly perSecond: number;
  readonly burst: number;
}

/** A token bucket that lends: each taker is told how long to wait for its turn. */
export class TokenBucket {
  readonly #rate: Rate;
  /** Negative when turns have been given away that are still to come. */
  #tokens: number;
  #countedMs: number;

  /** `nowMs` is a monotonic reading, as in {@link TokenBucket.takeMs}. */
  constructor(rate: Rate, nowMs: number) {
    assert(rate.perSecond > 0 && rate.burst >= 1, 'a rate lets something through');
    this.#rate = rate;
    this.#tokens = rate.burst;
    this.#countedMs = nowMs;
  }

  /** Takes one turn; returns the milliseconds until it has come, 0 when it is now. */
  takeMs(nowMs: number): number {
    const gained = (Math.max(0, nowMs - this.#countedMs) * this.#rate.perSecond) / 1000;
    this.#tokens = Math.min(this.#rate.burst, this.#tokens + gained) - 1;
    this.#countedMs = nowMs;
    return this.#tokens >= 0 ? 0 : (-this.#tokens * 1000) / this.#rate.perSecond;
  }
}
