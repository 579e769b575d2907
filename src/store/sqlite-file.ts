import { closeSync, fsyncSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { errorText, UserError } from '../base/errors.ts';

/** Marks the file as ours (SQLite's application_id): "pnst". */
const applicationId = 0x706e7374;

/** The layout that this version reads and writes (SQLite's user_version). */
const layoutVersion = 1;

/** Bytes of a database page: several values of a few kilobytes fit, so more is appended and less overflows. */
const pageBytes = 16_384;

/** Pages in the write-ahead log at which SQLite moves them by itself, should nobody have called `checkpoint`. */
const walPagesMax = 4_096;

/** Primary result codes of SQLite that we tell apart (sqlite.org/rescode.html). */
const resultCode = { busy: 5, corrupt: 11, notADatabase: 26 } as const;

/** One change on disk. `value` is JSON text; for a delete the last value. */
export interface LogRow {
  readonly revision: number;
  readonly key: string;
  readonly createRevision: number;
  readonly deleted: boolean;
  readonly value: string;
}

/** What one transaction does: rows to add, revisions whose rows go, the revision up to which history is forgotten. */
export interface LogCommit {
  readonly added: readonly LogRow[];
  readonly obsolete: readonly number[];
  readonly oldestRevision: number;
}

/** Where the log stood when the file was opened. */
export interface LogState {
  readonly oldestRevision: number;
  /** Whether the last program to hold the file closed it in order. */
  readonly closedInOrder: boolean;
}

/** Options of {@link openSqliteFile}. */
export interface SqliteFileOptions {
  readonly file: string;
  /** The file may grow to this size, in bytes; then writes fail as on a full disk. */
  readonly fileBytesMax: number;
}

/**
 * The log of changes in one SQLite file, which this process alone may open: the only code that knows SQLite.
 *
 * A row is written once. The newest row of a key is its value; older rows are history, until a commit names them obsolete.
 */
export class SqliteFile {
  readonly file: string;
  readonly #database: DatabaseSync;
  readonly #insert: StatementSync;
  readonly #remove: StatementSync;
  readonly #setNumber: StatementSync;

  constructor(database: DatabaseSync, file: string) {
    this.file = file;
    this.#database = database;
    this.#insert = database.prepare(
      'INSERT INTO log (revision, key, create_revision, deleted, value) VALUES (?, ?, ?, ?, ?)',
    );
    this.#remove = database.prepare('DELETE FROM log WHERE revision = ?');
    this.#setNumber = database.prepare(
      'INSERT INTO number (name, value) VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value',
    );
  }

  /** The revision of the newest row; 0 when there is none. */
  newestRevision(): number {
    return (this.#database.prepare('SELECT max(revision) AS newest FROM log').get()?.['newest'] ?? 0) as number;
  }

  /** Every row, oldest first. */
  *rows(): Generator<LogRow, void, undefined> {
    const select = this.#database.prepare(
      'SELECT revision, key, create_revision, deleted, value FROM log ORDER BY revision',
    );
    for (const row of select.iterate()) {
      yield {
        revision: row['revision'] as number,
        key: row['key'] as string,
        createRevision: row['create_revision'] as number,
        deleted: row['deleted'] === 1,
        value: row['value'] as string,
      };
    }
  }

  state(): LogState {
    const select = this.#database.prepare('SELECT value FROM number WHERE name = ?');
    const number = (name: string): number | undefined => select.get(name)?.['value'] as number | undefined;
    return { oldestRevision: number('oldest_revision') ?? 1, closedInOrder: number('closed') !== 0 };
  }

  /** Writes all of `commit` or nothing. In the hands of the operating system afterwards; on disk after a sync. */
  commit(commit: LogCommit): void {
    this.#transaction(() => {
      for (const row of commit.added) {
        this.#insert.run(row.revision, row.key, row.createRevision, row.deleted ? 1 : 0, row.value);
      }
      if (commit.obsolete.length === 0) return;
      this.#setNumber.run('oldest_revision', commit.oldestRevision);
      for (const revision of commit.obsolete) this.#remove.run(revision);
    });
  }

  /** Notes, on disk, that the file is in use and from which revision its history counts. */
  markOpened(oldestRevision: number): void {
    this.#onDisk(() => {
      this.#setNumber.run('oldest_revision', oldestRevision);
      this.#setNumber.run('closed', 0);
    });
    syncDirectory(dirname(this.file));
  }

  /** Moves what the write-ahead log holds into the database file, on disk. */
  checkpoint(): void {
    this.#database.exec('PRAGMA wal_checkpoint(PASSIVE)');
  }

  /** Notes, on disk, that the file was closed in order, and lets it go. */
  close(): void {
    this.#onDisk(() => this.#setNumber.run('closed', 1));
    this.abandon();
  }

  /** Lets the file go as it is. */
  abandon(): void {
    this.#database.close();
  }

  #onDisk(action: () => void): void {
    this.#database.exec('PRAGMA synchronous = FULL');
    this.#transaction(action);
    this.#database.exec('PRAGMA synchronous = NORMAL');
  }

  #transaction(action: () => void): void {
    this.#database.exec('BEGIN IMMEDIATE');
    try {
      action();
      this.#database.exec('COMMIT');
    } catch (error) {
      // Some errors (a full disk among them) have already ended the transaction.
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
      throw error;
    }
  }
}

/**
 * Opens the file, and creates it (and its directory) when absent, readable by this user only.
 *
 * Throws `UserError`: `STORE_LOCKED` when another process has it open, `STORE_CORRUPT` when it is damaged or not ours,
 * `STORE_VERSION` when a newer program wrote it, `STORE_UNUSABLE` when the directory cannot be used.
 */
export function openSqliteFile(options: SqliteFileOptions): SqliteFile {
  const { file } = options;
  createPrivately(file);
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(file, { timeout: 0 });
    configure(database, options);
    return new SqliteFile(database, file);
  } catch (error) {
    database?.close();
    throw asOpenError(file, error);
  }
}

function configure(database: DatabaseSync, options: SqliteFileOptions): void {
  // The lock is the operating system's, held from the first read until the file is closed: it cannot outlive us.
  database.exec('PRAGMA locking_mode = EXCLUSIVE');
  database.exec(`PRAGMA page_size = ${pageBytes}`);
  database.exec('PRAGMA journal_mode = WAL');
  database.exec('PRAGMA synchronous = NORMAL');
  database.exec(`PRAGMA wal_autocheckpoint = ${walPagesMax}`);
  database.exec(`PRAGMA max_page_count = ${Math.floor(options.fileBytesMax / pageBytes)}`);
  database.exec('BEGIN IMMEDIATE');
  prepareLayout(database, options.file);
  database.exec('COMMIT');
}

function prepareLayout(database: DatabaseSync, file: string): void {
  const owner = pragma(database, 'application_id');
  const version = pragma(database, 'user_version');
  const tables = database.prepare('SELECT count(*) AS count FROM sqlite_schema').get()?.['count'];
  if (owner === 0 && tables === 0) return createLayout(database);
  if (owner !== applicationId) throw corrupt(file, 'it is a database of another program');
  if (version > layoutVersion) throw newerVersion(file, version);
}

function createLayout(database: DatabaseSync): void {
  database.exec(`
    CREATE TABLE log (
      revision INTEGER PRIMARY KEY,
      key TEXT NOT NULL,
      create_revision INTEGER NOT NULL,
      deleted INTEGER NOT NULL,
      value TEXT NOT NULL
    ) STRICT;
    CREATE TABLE number (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
    PRAGMA application_id = ${applicationId};
    PRAGMA user_version = ${layoutVersion};
  `);
}

function pragma(database: DatabaseSync, name: string): number {
  return database.prepare(`PRAGMA ${name}`).get()?.[name] as number;
}

function createPrivately(file: string): void {
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    // Never opens a file that is there: closing it would drop the lock that this process may hold on it.
    closeSync(openSync(file, 'wx', 0o600));
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return;
    throw unusable(file, error);
  }
}

/** Makes new names in the directory survive a power cut. */
function syncDirectory(directory: string): void {
  const handle = openSync(directory, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

/** The `UserError` for what SQLite said while the file was opened or read; other errors as they are. */
export function asOpenError(file: string, error: unknown): unknown {
  if (!(error instanceof Error) || !('errcode' in error)) return error;
  switch (Number(error.errcode) & 0xff) {
    case resultCode.busy:
      return new UserError(`the store ${file} is already open`, {
        code: 'STORE_LOCKED',
        remedy: 'Stop the other Penstock that uses this data directory, or use another directory.',
        cause: error,
      });
    case resultCode.corrupt:
    case resultCode.notADatabase:
      return corrupt(file, errorText(error), error);
    default:
      return unusable(file, error);
  }
}

function unusable(file: string, cause: unknown): UserError {
  return new UserError(`the store ${file} cannot be opened: ${errorText(cause)}`, {
    code: 'STORE_UNUSABLE',
    remedy: 'Check that the data directory exists, is writable by this user and has free space.',
    cause,
  });
}

/** The error for a file that does not hold what a store wrote. */
export function corrupt(file: string, what: string, cause?: unknown): UserError {
  return new UserError(`the store ${file} is damaged or not a store: ${what}`, {
    code: 'STORE_CORRUPT',
    remedy: 'Restore the data directory from a backup, or move the file away to start with an empty store.',
    cause,
  });
}

function newerVersion(file: string, version: number): UserError {
  return new UserError(`the store ${file} has layout ${version}; this program knows layouts up to ${layoutVersion}`, {
    code: 'STORE_VERSION',
    remedy: 'Use the newer version of Penstock that wrote it.',
  });
}
