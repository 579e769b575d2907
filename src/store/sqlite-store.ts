import { join } from 'node:path';
import type { Clock } from '../base/clock.ts';
import { errorText } from '../base/errors.ts';
import type { JsonObject } from '../base/json.ts';
import { type Logger, silentLogger } from '../telemetry/logger.ts';
import { DiskSync, openSyncedFile, type SyncedFile } from './disk-sync.ts';
import { restore } from './restore.ts';
import { asOpenError, type LogRow, openSqliteFile, type SqliteFile } from './sqlite-file.ts';
import { StoreClosedError, StoreFailedError } from './store-errors.ts';
import type { RangePage, Store, StoreKey, StoreWatch, StoredValue, WriteOutcome } from './store.ts';
import type { DeleteStamp, WorkingSet, WorkingSetLimits } from './working-set.ts';

/** The name of the store's file in its directory. SQLite keeps `-wal` beside it. */
export const storeFileName = 'store.db';

/** What a store may grow to, unless told otherwise: 16 GiB. */
export const fileBytesMaxDefault: number = 16 * 1024 ** 3;

/** How long a commit may wait for its sync when nobody asked for durability, in milliseconds. */
export const syncDelayMs = 1_000;

/** Rows removed by one commit: history goes in steps that do not hold up the program. */
const obsoleteRowsPerCommit = 1_000;

/** Characters of values written before the write-ahead log is moved into the database file. */
const checkpointCharacters = 4 * 1024 ** 2;

/** Options of {@link openSqliteStore}. */
export interface SqliteStoreOptions extends WorkingSetLimits {
  /** Created when absent, readable by this user only. */
  readonly directory: string;
  readonly clock: Clock;
  readonly logger?: Logger;
  /** Default {@link fileBytesMaxDefault}. */
  readonly fileBytesMax?: number;
  /** Called once if the disk fails; the store then refuses writes until it is opened again. */
  readonly onFailure?: (error: StoreFailedError) => void;
  /** Calls back at the end of the event loop's turn (default `setImmediate`). */
  readonly afterTurn?: (action: () => void) => void;
  /** How the file of the write-ahead log is brought to disk (default `fdatasync`). */
  readonly openSyncedFile?: (file: string) => SyncedFile;
}

/**
 * Opens a {@link Store} that keeps its log in SQLite.
 *
 * Everything is read into memory; reads and guarded writes are synchronous, as in the memory store. The writes of one turn
 * of the event loop become one transaction at its end, and watchers see them after that; `durable` waits for the disk.
 * Throws `UserError` (`STORE_LOCKED`, `STORE_CORRUPT`, `STORE_VERSION`, `STORE_UNUSABLE`).
 */
export function openSqliteStore(options: SqliteStoreOptions): Store {
  const file = openSqliteFile({
    file: join(options.directory, storeFileName),
    fileBytesMax: options.fileBytesMax ?? fileBytesMaxDefault,
  });
  try {
    return new SqliteStore(file, options);
  } catch (error) {
    file.abandon();
    throw asOpenError(file.file, error);
  }
}

class SqliteStore implements Store {
  readonly #file: SqliteFile;
  readonly #set: WorkingSet;
  readonly #sync: DiskSync;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #onFailure: ((error: StoreFailedError) => void) | undefined;
  readonly #afterTurn: (action: () => void) => void;
  #added: LogRow[] = [];
  readonly #obsolete: number[];
  #commitPlanned = false;
  #cancelSync: (() => void) | undefined;
  #charactersSinceCheckpoint = 0;
  #failure: StoreFailedError | undefined;
  #closed = false;

  constructor(file: SqliteFile, options: SqliteStoreOptions) {
    this.#file = file;
    this.#clock = options.clock;
    this.#logger = options.logger ?? silentLogger;
    this.#onFailure = options.onFailure;
    this.#afterTurn = options.afterTurn ?? ((action) => void setImmediate(action));
    const restored = restore(file, {
      ...options,
      onForgotten: ({ event, replaced }) => {
        if (replaced) this.#obsolete.push(replaced.modRevision);
        if (event.type === 'delete') this.#obsolete.push(event.revision);
      },
    });
    this.#set = restored.set;
    this.#obsolete = [...restored.obsolete];
    file.markOpened(this.#set.oldestRevision);
    this.#sync = new DiskSync({
      file: (options.openSyncedFile ?? openSyncedFile)(`${file.file}-wal`),
      revision: this.#set.revision,
      onFailure: (error) => this.#fail(error),
    });
    if (this.#obsolete.length > 0) this.#planCommit();
  }

  revision(): number {
    return this.#open().revision;
  }

  get(key: StoreKey): StoredValue | undefined {
    return this.#open().get(key);
  }

  range(prefix: StoreKey, options?: Parameters<Store['range']>[1]): RangePage {
    return this.#open().range(prefix, options);
  }

  put(key: StoreKey, expected: number | undefined, stamp: (revision: number) => JsonObject): WriteOutcome {
    const set = this.#writable();
    let text = '';
    const outcome = set.put(key, expected, (revision) => {
      const value = stamp(revision);
      text = JSON.stringify(value);
      return value;
    });
    if (outcome.done) {
      const createRevision = set.get(key)?.createRevision ?? outcome.revision;
      this.#add({ revision: outcome.revision, key, createRevision, deleted: false, value: text });
    }
    return outcome;
  }

  delete(key: StoreKey, expected: number | undefined, stamp?: DeleteStamp): WriteOutcome {
    const set = this.#writable();
    const createRevision = set.get(key)?.createRevision ?? 0;
    let text = '';
    const outcome = set.delete(key, expected, (revision, last) => {
      const value = stamp ? stamp(revision, last) : last;
      text = JSON.stringify(value);
      return value;
    });
    if (outcome.done) this.#add({ revision: outcome.revision, key, createRevision, deleted: true, value: text });
    return outcome;
  }

  watch(prefix: StoreKey, fromRevision: number): StoreWatch {
    return this.#writable().watch(prefix, fromRevision);
  }

  durable(): Promise<void> {
    if (this.#closed) return Promise.reject(new StoreClosedError());
    return this.#sync.until(this.#set.revision);
  }

  compact(revision: number): void {
    this.#open().compact(revision);
    if (this.#obsolete.length > 0) this.#planCommit();
  }

  oldestRevision(): number {
    return this.#open().oldestRevision;
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#commit();
    this.#closed = true;
    this.#cancelSync?.();
    this.#set.endWatches();
    await this.#sync.close();
    this.#release();
  }

  #release(): void {
    try {
      if (this.#failure) this.#file.abandon();
      else this.#file.close();
    } catch (error) {
      const failure = this.#fail(error);
      this.#file.abandon();
      throw failure;
    }
  }

  #open(): WorkingSet {
    if (this.#closed) throw new StoreClosedError();
    return this.#set;
  }

  #writable(): WorkingSet {
    if (this.#failure) throw this.#failure;
    return this.#open();
  }

  #add(row: LogRow): void {
    this.#added.push(row);
    this.#planCommit();
  }

  #planCommit(): void {
    if (this.#commitPlanned) return;
    this.#commitPlanned = true;
    this.#afterTurn(() => this.#commit());
  }

  /** Writes what this turn changed in one transaction, then shows it to the watchers. */
  #commit(): void {
    this.#commitPlanned = false;
    if (this.#closed || this.#failure) return;
    if (this.#added.length === 0 && this.#obsolete.length === 0) return;
    const added = this.#added;
    this.#added = [];
    const obsolete = this.#obsolete.splice(0, obsoleteRowsPerCommit);
    try {
      this.#file.commit({ added, obsolete, oldestRevision: this.#set.oldestRevision });
    } catch (error) {
      this.#fail(error);
      return;
    }
    for (const row of added) this.#charactersSinceCheckpoint += row.value.length;
    this.#set.publish(this.#set.revision);
    this.#committed();
  }

  #committed(): void {
    this.#sync.written(this.#set.revision);
    // Nobody may ask for durability; a power cut should still cost a second at most.
    this.#cancelSync ??= this.#clock.schedule(syncDelayMs, () => {
      this.#cancelSync = undefined;
      this.#sync.start();
    });
    if (this.#charactersSinceCheckpoint >= checkpointCharacters) this.#checkpoint();
    if (this.#obsolete.length > 0) this.#planCommit();
  }

  #checkpoint(): void {
    this.#charactersSinceCheckpoint = 0;
    try {
      this.#file.checkpoint();
    } catch (error) {
      this.#fail(error);
    }
  }

  /** The disk cannot be trusted any more: takes back what was not committed, tells everybody, refuses writes. */
  #fail(cause: unknown): StoreFailedError {
    if (this.#failure) return this.#failure;
    const failure = new StoreFailedError(this.#file.file, errorText(cause), { cause });
    this.#failure = failure;
    this.#logger.error('the store cannot write any more', { file: this.#file.file, error: errorText(cause) });
    this.#added = [];
    this.#set.rollBack();
    this.#sync.fail(failure);
    this.#set.endWatches(failure);
    this.#onFailure?.(failure);
    return failure;
  }
}
