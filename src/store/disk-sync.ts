import { closeSync, fdatasync, openSync } from 'node:fs';
import { deferred, type Deferred } from '../base/deferred.ts';

/** A file that can be brought to disk. */
export interface SyncedFile {
  /** Resolves once all that was written to the file before the call is on disk. */
  sync(): Promise<void>;
  close(): void;
}

/** Opens `file`, which exists, for syncing. */
export function openSyncedFile(file: string): SyncedFile {
  // 'r+' because some systems flush only files that are open for writing.
  const handle = openSync(file, 'r+');
  return {
    sync: () => new Promise((resolve, reject) => fdatasync(handle, (error) => (error ? reject(error) : resolve()))),
    close: () => closeSync(handle),
  };
}

interface Waiter {
  readonly revision: number;
  readonly done: Deferred<void>;
}

/**
 * Brings a file to disk without holding up the program: syncs run in the background, one at a time, and one sync serves
 * everybody who waited for it to begin.
 */
export class DiskSync {
  readonly #file: SyncedFile;
  readonly #onFailure: (error: unknown) => void;
  #writtenRevision: number;
  #syncedRevision: number;
  /** The newest revision that somebody wants on disk; it may not be written yet. */
  #wantedRevision: number;
  #waiters: Waiter[] = [];
  #running: Promise<void> | undefined;
  #failure: Error | undefined;

  /** `revision` is on disk already. `onFailure` is called when a sync fails; it decides the error for {@link fail}. */
  constructor(options: { file: SyncedFile; revision: number; onFailure: (error: unknown) => void }) {
    this.#file = options.file;
    this.#writtenRevision = options.revision;
    this.#syncedRevision = options.revision;
    this.#wantedRevision = options.revision;
    this.#onFailure = options.onFailure;
  }

  /** Notes that everything up to `revision` has been handed to the operating system. */
  written(revision: number): void {
    this.#writtenRevision = revision;
    this.#start();
  }

  /** Resolves once `revision` is on disk; it may not be written yet. */
  until(revision: number): Promise<void> {
    if (this.#failure) return Promise.reject(this.#failure);
    if (revision <= this.#syncedRevision) return Promise.resolve();
    const waiter = { revision, done: deferred<void>() };
    this.#waiters.push(waiter);
    this.#want(revision);
    return waiter.done.promise;
  }

  /** Brings what was written so far to disk, in the background. */
  start(): void {
    this.#want(this.#writtenRevision);
  }

  /** Rejects everybody who waits, now and later. */
  fail(error: Error): void {
    this.#failure ??= error;
    for (const waiter of this.#waiters.splice(0)) waiter.done.reject(this.#failure);
  }

  /** Lets the file go, after the syncs that somebody wants. */
  async close(): Promise<void> {
    await this.#running;
    this.#file.close();
  }

  #want(revision: number): void {
    this.#wantedRevision = Math.max(this.#wantedRevision, revision);
    this.#start();
  }

  #start(): void {
    if (!this.#running && this.#isBehind()) this.#running = this.#run();
  }

  #isBehind(): boolean {
    return !this.#failure && this.#syncedRevision < Math.min(this.#wantedRevision, this.#writtenRevision);
  }

  async #run(): Promise<void> {
    while (this.#isBehind()) {
      const target = this.#writtenRevision;
      try {
        await this.#file.sync();
        this.#syncedRevision = target;
        this.#resolve(target);
      } catch (error) {
        // Never tried again: after a failed sync the system may have dropped what was not written.
        this.#onFailure(error);
        break;
      }
    }
    // Not in a later continuation: whoever asks from now on must find that nothing runs.
    this.#running = undefined;
  }

  #resolve(revision: number): void {
    const done = this.#waiters.filter((waiter) => waiter.revision <= revision);
    this.#waiters = this.#waiters.filter((waiter) => waiter.revision > revision);
    for (const waiter of done) waiter.done.resolve();
  }
}
