import { backoffDelayMs, type BackoffPolicy } from '../base/backoff.ts';
import type { Random } from '../base/random.ts';
import { isTransientApiError, retryAfterMs } from '../kube/api-error.ts';

/** Waits between failed lists and watches: 50 ms first, 30 s at most. */
export const watchBackoff: BackoffPolicy = { baseMs: 50, capMs: 30_000 };

/** So many failures in a row to go on watching from a version make us doubt the version, and list. */
export const resumeFailuresMax = 5;

/** How to go on after a failure. */
export interface Recovery {
  /** Whether what is cached must be listed anew; else the watch goes on where it stopped. */
  readonly relist: boolean;
  readonly delayMs: number;
  /** Failures in a row, this one included. */
  readonly attempt: number;
}

/**
 * Decides how an informer goes on after a failure. A lost connection or an overloaded server lost us nothing: a watch is
 * ordered, so it goes on behind the last event. A version that is gone, or a server that refuses to go on, means a list.
 * Lists are dear, so they back off until a watch has been steady, whereas any event ends the backoff of resuming.
 */
export class WatchRecovery {
  readonly #random: Random;
  #failures = 0;
  #relists = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  /** An event came: the way to the server works. */
  progressed(): void {
    this.#failures = 0;
  }

  /** A watch has held long enough: what failed before is over. */
  steadied(): void {
    this.#failures = 0;
    this.#relists = 0;
  }

  /** `thrown` ended a list or a watch. */
  failed(thrown: unknown): Recovery {
    this.#failures++;
    const relist = !isTransientApiError(thrown) || this.#failures > resumeFailuresMax;
    if (relist) this.#relists++;
    const attempt = Math.max(this.#failures, this.#relists);
    const delayMs = Math.max(
      backoffDelayMs(watchBackoff, attempt, this.#random),
      retryAfterMs(thrown, watchBackoff.capMs),
    );
    return { relist, delayMs, attempt };
  }
}
