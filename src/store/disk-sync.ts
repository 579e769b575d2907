import { closeSync, fdatasync, openSync } from 'node:fs';
import { deferred, type Deferred } from '../base/deferred.ts';

interface Waiter {
  readonly revision: number;
  readonly done: Deferred<void>;
}

/**
 * Brings a file to disk without holding up the program: syncs run in the background, one at a time, and one sync serves
 * everybody who waited for it to begin.
 */
export class DiskSync {
  readonly #handle: number;
  readonly #onFailure: (error: unknown) => void;
  #writtenRevision: number;
  #syncedRevision: number;
  #waiters: Waiter[] = [];
  #running: Promise<void> | undefined;
  #failure: Error | undefined;

  /** `revision` is on disk already. `onFailure` is called when a sync fails; it decides the error for {@link fail}. */
  constructor(options: { file: string; revision: number; onFailure: (error: unknown) => void }) {
    // 'r+' because some systems flush only files that are open for writing.
    this.#handle = openSync(options.file, 'r+');
    this.#writtenRevision = options.revision;
    this.#syncedRevision = options.revision;
    this.#onFailure = options.onFailure;
  }

  /** Notes that everything up to `revision` has been handed to the operating system. */
  written(revision: number): void {
    this.#writtenRevision = revision;
    if (this.#waiters.length > 0) this.start();
  }

  /** Resolves once `revision` is on disk; it may not be written yet. */
  until(revision: number): Promise<void> {
    if (this.#failure) return Promise.reject(this.#failure);
    if (revision <= this.#syncedRevision) return Promise.resolve();
    const waiter = { revision, done: deferred<void>() };
    this.#waiters.push(waiter);
    if (this.#writtenRevision >= revision) this.start();
    return waiter.done.promise;
  }

  /** Begins a sync unless one runs or nothing is to do. */
  start(): void {
    if (this.#running || this.#failure || this.#syncedRevision === this.#writtenRevision) return;
    this.#running = this.#run().finally(() => {
      this.#running = undefined;
    });
  }

  /** Rejects everybody who waits, now and later. */
  fail(error: Error): void {
    this.#failure ??= error;
    for (const waiter of this.#waiters.splice(0)) waiter.done.reject(this.#failure);
  }

  /** Resolves everybody who still waits: the file was brought to disk in another way. */
  finish(): void {
    this.#resolve(Number.POSITIVE_INFINITY);
  }

  /** Lets the file go, after the sync that runs. */
  async close(): Promise<void> {
    await this.#running;
    closeSync(this.#handle);
  }

  async #run(): Promise<void> {
    do {
      const target = this.#writtenRevision;
      try {
        await synced(this.#handle);
      } catch (error) {
        // Never tried again: after a failed sync the system may have dropped what was not written.
        this.#onFailure(error);
        return;
      }
      this.#syncedRevision = target;
      this.#resolve(target);
    } while (this.#waiters.some((waiter) => waiter.revision <= this.#writtenRevision));
  }

  #resolve(revision: number): void {
    const done = this.#waiters.filter((waiter) => waiter.revision <= revision);
    this.#waiters = this.#waiters.filter((waiter) => waiter.revision > revision);
    for (const waiter of done) waiter.done.resolve();
  }
}

function synced(handle: number): Promise<void> {
  return new Promise((resolve, reject) => fdatasync(handle, (error) => (error ? reject(error) : resolve())));
}
