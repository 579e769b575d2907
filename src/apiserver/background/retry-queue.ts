import { backoffDelayMs, type BackoffPolicy } from '../../base/backoff.ts';
import type { CancelTimer, Clock } from '../../base/clock.ts';
import { errorText } from '../../base/errors.ts';
import type { Random } from '../../base/random.ts';
import type { Logger } from '../../telemetry/logger.ts';

/** Waits between tries of a key that failed. */
const retryBackoff: BackoffPolicy = { baseMs: 10, capMs: 60_000 };

/** From this try on, each failure of a key is logged as a warning. */
const warnFromAttempt = 5;

/** What a {@link RetryQueue} needs. */
export interface RetryQueueOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Brings one key to where it should be; called again later when it throws. Never runs twice at once for a key. */
  readonly process: (key: string) => Promise<void>;
  /** How many keys are worked on at once. */
  readonly workers: number;
}

/** Keys that wait for work, each once. A key that is added while it is worked on is worked on again. */
export class RetryQueue {
  readonly #options: RetryQueueOptions;
  readonly #waiting = new Set<string>();
  readonly #working = new Set<string>();
  readonly #attempts = new Map<string, number>();
  readonly #retries = new Map<string, CancelTimer>();
  #started = false;
  #onQuiet: (() => void)[] = [];

  constructor(options: RetryQueueOptions) {
    this.#options = options;
  }

  add(key: string): void {
    this.#retries.get(key)?.();
    this.#retries.delete(key);
    this.#waiting.add(key);
    this.#fill();
  }

  start(): void {
    this.#started = true;
    this.#fill();
  }

  /** Takes up nothing more; resolves when what is being worked on has ended. */
  async stop(): Promise<void> {
    this.#started = false;
    for (const cancel of this.#retries.values()) cancel();
    this.#retries.clear();
    this.#waiting.clear();
    await this.quiet();
  }

  /** Resolves when nothing waits and nothing is worked on. Keys that wait for a retry do not count. */
  async quiet(): Promise<void> {
    while (this.#working.size > 0 || (this.#started && this.#waiting.size > 0)) {
      await new Promise<void>((resolve) => this.#onQuiet.push(resolve));
    }
  }

  #fill(): void {
    if (!this.#started) return;
    for (const key of this.#waiting) {
      if (this.#working.size >= this.#options.workers) return;
      if (this.#working.has(key)) continue;
      this.#waiting.delete(key);
      this.#working.add(key);
      void this.#work(key);
    }
  }

  async #work(key: string): Promise<void> {
    try {
      await this.#options.process(key);
      this.#attempts.delete(key);
    } catch (thrown) {
      this.#retryLater(key, thrown);
    } finally {
      this.#working.delete(key);
      this.#fill();
      this.#tellQuiet();
    }
  }

  #retryLater(key: string, thrown: unknown): void {
    const { clock, random, logger } = this.#options;
    const attempt = (this.#attempts.get(key) ?? 0) + 1;
    this.#attempts.set(key, attempt);
    if (attempt >= warnFromAttempt)
      logger.warn('work failed and is tried again', { key, attempt, error: errorText(thrown) });
    else logger.debug('work failed and is tried again', { key, attempt, error: errorText(thrown) });
    if (!this.#started || this.#waiting.has(key)) return;
    const cancel = clock.schedule(backoffDelayMs(retryBackoff, attempt, random), () => this.add(key));
    this.#retries.set(key, cancel);
  }

  #tellQuiet(): void {
    if (this.#working.size > 0 || (this.#started && this.#waiting.size > 0)) return;
    const listeners = this.#onQuiet;
    this.#onQuiet = [];
    for (const listener of listeners) listener();
  }
}
