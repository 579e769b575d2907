import { backoffDelayMs, type BackoffPolicy } from '../../base/backoff.ts';
import { sleep, type Clock } from '../../base/clock.ts';
import { errorText } from '../../base/errors.ts';
import type { Random } from '../../base/random.ts';
import { RevisionGoneError } from '../../store/store.ts';
import type { Store, StoredValue, StoreEvent, StoreWatch } from '../../store/store.ts';
import type { Logger } from '../../telemetry/logger.ts';

/** Values read at once while following starts. */
const scanPageSize = 1_000;

/** Waits before following starts again after a failure. */
const restartBackoff: BackoffPolicy = { baseMs: 10, capMs: 10_000 };

/** Somebody who wants to know what is stored. All callbacks are short and do not throw. */
export interface StoreListener {
  /** Everything known is void; what there is will be told anew. Comes before the first scan too. */
  onReset(): void;
  /** A value that a scan found. */
  onValue(value: StoredValue): void;
  /** The scan is complete. */
  onScanned(): void;
  onEvent(event: StoreEvent): void;
}

/** What a {@link StoreFollower} needs. */
export interface StoreFollowerOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Told in this order. */
  readonly listeners: readonly StoreListener[];
}

/**
 * Tells its listeners what is in the store, then every change, without a gap; starts over when it fell behind. The server's
 * own loops share one follower, so that a write costs one event for all of them.
 */
export class StoreFollower {
  readonly #options: StoreFollowerOptions;
  readonly #abort = new AbortController();
  #watch: StoreWatch | undefined;
  #ended: Promise<void> = Promise.resolve();

  constructor(options: StoreFollowerOptions) {
    this.#options = options;
  }

  /** Scans before it returns, so that the caller knows what there is; then follows. */
  start(): void {
    const watch = this.#scan();
    this.#ended = this.#follow(watch);
  }

  /** Ends following; no callback is running once this has resolved. */
  async stop(): Promise<void> {
    this.#abort.abort();
    this.#watch?.close();
    await this.#ended;
  }

  #scan(): StoreWatch {
    const { store, listeners } = this.#options;
    for (const listener of listeners) listener.onReset();
    const revision = store.revision();
    let after: string | undefined;
    for (;;) {
      const page = store.range('', { limit: scanPageSize, ...(after === undefined ? {} : { after }) });
      for (const item of page.items) for (const listener of listeners) listener.onValue(item);
      after = page.items.at(-1)?.key;
      if (!page.more || after === undefined) break;
    }
    for (const listener of listeners) listener.onScanned();
    return store.watch('', revision);
  }

  async #follow(first: StoreWatch): Promise<void> {
    let watch: StoreWatch | undefined = first;
    for (let attempt = 1; !this.#abort.signal.aborted; attempt++) {
      try {
        watch ??= this.#scan();
        this.#watch = watch;
        for await (const event of watch.events) {
          if (this.#abort.signal.aborted) return;
          for (const listener of this.#options.listeners) listener.onEvent(event);
          attempt = 0;
        }
        // A store that is closed ends its watches quietly; there is nothing left to follow.
        return;
      } catch (thrown) {
        watch = undefined;
        await this.#pause(thrown, attempt);
      }
    }
  }

  async #pause(thrown: unknown, attempt: number): Promise<void> {
    const { logger, clock, random } = this.#options;
    if (thrown instanceof RevisionGoneError) logger.info('following the store fell behind; reading all again');
    else logger.error('following the store failed; reading all again', { error: errorText(thrown) });
    try {
      await sleep(clock, backoffDelayMs(restartBackoff, Math.max(attempt, 1), random), this.#abort.signal);
    } catch {
      // Stopped while waiting: the loop ends.
    }
  }
}
