import type { Clock } from '../base/clock.ts';
import { type Deferred, deferred } from '../base/deferred.ts';

/** How long workers may go on before everything else that waits (sockets, timers) gets its turn, in milliseconds. */
export const turnMsMax = 20;
/** The same for workers that are not urgent, while urgent work is under way, in milliseconds. */
export const yieldingTurnMsMax = 3;

/**
 * Keeps workers from starving the process. With an API in the same process a reconcile may never leave the current turn of
 * the event loop, and thousands of them in a row would let no request in and no timer fire.
 */
export class TurnBudget {
  readonly #clock: Clock;
  #urgent = 0;
  #turn: { readonly startMs: number; readonly over: Deferred<void> } | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Notes that urgent work is under way until the answer is called. What it waits for shall not wait for long turns. */
  urgent(): () => void {
    this.#urgent++;
    return () => {
      this.#urgent--;
    };
  }

  /** Whether something urgent is under way. */
  get isYielding(): boolean {
    return this.#urgent > 0;
  }

  /** What to wait for before going on: nothing while the turn is young, else the next turn. */
  pause(isUrgent: boolean = false): Promise<void> | undefined {
    const nowMs = this.#clock.monotonicMs();
    const turn = this.#turn ?? this.#begin(nowMs);
    const limitMs = isUrgent || !this.isYielding ? turnMsMax : yieldingTurnMsMax;
    return nowMs - turn.startMs < limitMs ? undefined : turn.over.promise;
  }

  #begin(startMs: number): { readonly startMs: number; readonly over: Deferred<void> } {
    const turn = { startMs, over: deferred<void>() };
    this.#turn = turn;
    this.#clock.schedule(0, () => {
      this.#turn = undefined;
      turn.over.resolve();
    });
    return turn;
  }
}
