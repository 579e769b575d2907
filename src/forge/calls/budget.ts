/** How much may be asked of a host under one credential, and when. */
import { AbortedError, type CancelTimer, type Clock } from '../../base/clock.ts';
import { ForgeError } from '../forge.ts';

/** What {@link Budget} needs. */
export interface BudgetOptions {
  readonly clock: Clock;
  /** For messages: the host's name. */
  readonly host: string;
  /** Calls at the same time. Default {@link concurrentCallsMax}. */
  readonly concurrencyMax?: number;
  /** Shortest time between the beginnings of two calls that change something, in milliseconds. Default 0. */
  readonly writeSpacingMs?: number;
  /** Longest a call waits before it fails as `rate-limited`, in milliseconds. Default {@link callWaitMsMax}. */
  readonly waitMsMax?: number;
}

/** Calls under one credential at the same time. Hosts count more as abuse. */
export const concurrentCallsMax = 8;
/** Longest wait of one call, in milliseconds: what takes longer is for the caller's queue, not for a waiting promise. */
export const callWaitMsMax = 30_000;
/** Calls that may wait at the same time. */
export const waitingCallsMax = 2_000;

interface Waiter {
  readonly write: boolean;
  readonly admit: () => void;
  readonly refuse: (error: Error) => void;
}

/**
 * The budget of one credential at one host, shared by all who use it. Calls start in the order in which they came, a few at
 * a time; none while the host has asked us to wait.
 */
export class Budget {
  readonly #options: BudgetOptions;
  readonly #waiting: Waiter[] = [];
  #active = 0;
  /** Monotonic instants. */
  #pausedUntilMs = -Infinity;
  #nextWriteMs = -Infinity;
  #cancelTimer: CancelTimer = () => undefined;

  constructor(options: BudgetOptions) {
    this.#options = options;
  }

  get waitMsMax(): number {
    return this.#options.waitMsMax ?? callWaitMsMax;
  }

  /** Milliseconds until the host may be asked again. */
  get pauseMs(): number {
    return Math.max(0, this.#pausedUntilMs - this.#options.clock.monotonicMs());
  }

  /** Nothing starts for `waitMs`. What would have to wait longer than the limit fails now. */
  pause(waitMs: number): void {
    this.#pausedUntilMs = Math.max(this.#pausedUntilMs, this.#options.clock.monotonicMs() + waitMs);
    if (this.pauseMs > this.waitMsMax) {
      for (const waiter of this.#waiting.splice(0)) waiter.refuse(this.#limited());
    }
    this.#pump();
  }

  /** Runs `call` when the budget allows. Rejects with `ForgeError` `rate-limited` when that is too far off. */
  async run<T>(write: boolean, call: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    await this.#enter(write, signal);
    try {
      return await call();
    } finally {
      this.#active--;
      this.#pump();
    }
  }

  #enter(write: boolean, signal: AbortSignal | undefined): Promise<void> {
    if (this.pauseMs > this.waitMsMax || this.#waiting.length >= waitingCallsMax)
      return Promise.reject(this.#limited());
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(new AbortedError(signal));
      const end = (): void => signal?.removeEventListener('abort', onAbort);
      const waiter: Waiter = {
        write,
        admit: () => (end(), resolve()),
        refuse: (error) => (end(), reject(error)),
      };
      const onAbort = (): void => {
        const index = this.#waiting.indexOf(waiter);
        if (index >= 0) this.#waiting.splice(index, 1);
        if (signal) reject(new AbortedError(signal));
      };
      signal?.addEventListener('abort', onAbort, { once: true });
      this.#waiting.push(waiter);
      this.#pump();
    });
  }

  /** Starts what may start, and sets the timer for what may start later. */
  #pump(): void {
    this.#cancelTimer();
    const max = this.#options.concurrencyMax ?? concurrentCallsMax;
    while (this.#active < max) {
      const index = this.#waiting.findIndex((waiter) => this.#delayMs(waiter) <= 0);
      const [waiter] = index < 0 ? [] : this.#waiting.splice(index, 1);
      if (waiter === undefined) break;
      this.#active++;
      if (waiter.write) this.#nextWriteMs = this.#nowMs() + (this.#options.writeSpacingMs ?? 0);
      waiter.admit();
    }
    const first = this.#waiting[0];
    if (this.#active >= max || first === undefined) return;
    const delayMs = Math.min(...this.#waiting.map((waiter) => this.#delayMs(waiter)));
    this.#cancelTimer = this.#options.clock.schedule(Math.max(0, delayMs), () => this.#pump());
  }

  #delayMs(waiter: Waiter): number {
    const until = waiter.write ? Math.max(this.#pausedUntilMs, this.#nextWriteMs) : this.#pausedUntilMs;
    return until - this.#nowMs();
  }

  #nowMs(): number {
    return this.#options.clock.monotonicMs();
  }

  #limited(): ForgeError {
    const retryAfterMs = Math.max(this.pauseMs, 1000);
    const seconds = Math.ceil(retryAfterMs / 1000);
    return new ForgeError(
      'rate-limited',
      `${this.#options.host}: not asked, as its limit is used up for ${seconds} s`,
      {
        retryAfterMs,
      },
    );
  }
}
