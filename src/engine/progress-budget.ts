import type { Clock } from '../base/clock.ts';
import type { Rate } from '../controller/token-bucket.ts';

/**
 * How often statuses may be written that show only progress. In a burst they would cost the API as much as the work itself,
 * and be old when they are read; who gets no turn asks again later, or has ended by then.
 */
export class ProgressBudget {
  readonly #clock: Clock;
  readonly #rate: Rate;
  #turns: number;
  #countedMs: number;

  constructor(clock: Clock, rate: Rate) {
    this.#clock = clock;
    this.#rate = rate;
    this.#turns = rate.burst;
    this.#countedMs = clock.monotonicMs();
  }

  /** Takes a turn if there is one. */
  take(): boolean {
    const nowMs = this.#clock.monotonicMs();
    const gained = (Math.max(0, nowMs - this.#countedMs) * this.#rate.perSecond) / 1000;
    this.#turns = Math.min(this.#rate.burst, this.#turns + gained);
    this.#countedMs = nowMs;
    if (this.#turns < 1) return false;
    this.#turns--;
    return true;
  }
}
