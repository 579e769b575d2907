import { deferred, type Deferred } from './deferred.ts';

/** Thrown to the reader of a {@link BoundedChannel} that was filled faster than it was read. */
export class ChannelOverflowError extends Error {
  override readonly name = 'ChannelOverflowError';
  readonly code = 'CHANNEL_OVERFLOW';
}

/**
 * A queue between one writer that must not wait and one reader that iterates.
 *
 * When more than `limit` items wait, the reader gets {@link ChannelOverflowError} after what it has already been
 * promised is dropped: a slow watcher is cut off and must list again, as an API server does.
 */
export class BoundedChannel<T> implements AsyncIterable<T> {
  readonly #limit: number;
  #items: T[] = [];
  #head = 0;
  #ended = false;
  #failure: Error | undefined;
  #waiting: Deferred<void> | undefined;
  readonly #onClose: (() => void) | undefined;

  /** `limit` is the most items that may wait; `onClose` runs once when the reader stops. */
  constructor(options: { limit: number; onClose?: () => void }) {
    this.#limit = options.limit;
    this.#onClose = options.onClose;
  }

  /** Adds an item; returns false when the channel has ended or just overflowed. */
  push(item: T): boolean {
    if (this.#ended) return false;
    if (this.#items.length - this.#head >= this.#limit) {
      this.fail(new ChannelOverflowError(`more than ${this.#limit} items waited`));
      return false;
    }
    this.#items.push(item);
    this.#wake();
    return true;
  }

  /** Ends the channel after what waits has been read. */
  end(): void {
    this.#ended = true;
    this.#wake();
  }

  /** Ends the channel at once with an error; what waits is dropped. */
  fail(error: Error): void {
    this.#items = [];
    this.#head = 0;
    this.#failure = error;
    this.end();
  }

  async *[Symbol.asyncIterator](): AsyncIterator<T> {
    try {
      for (;;) {
        if (this.#head < this.#items.length) {
          yield this.#take();
          continue;
        }
        if (this.#failure) throw this.#failure;
        if (this.#ended) return;
        this.#waiting = deferred<void>();
        await this.#waiting.promise;
      }
    } finally {
      this.#ended = true;
      this.#onClose?.();
    }
  }

  #take(): T {
    const item = this.#items[this.#head] as T;
    this.#head++;
    // Compact now and then: shift() on every read would make a long backlog quadratic.
    if (this.#head > 1024 && this.#head * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return item;
  }

  #wake(): void {
    this.#waiting?.resolve();
    this.#waiting = undefined;
  }
}
