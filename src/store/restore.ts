import { isJsonObject, type JsonObject } from '../base/json.ts';
import { corrupt, type LogRow, type SqliteFile } from './sqlite-file.ts';
import { WorkingSet, type WorkingSetOptions } from './working-set.ts';

/**
 * Revisions that are skipped when the file was not closed in order. Somebody may have seen revisions whose writes did
 * not reach the disk; those must never be used for other writes. Far more than can be written between two syncs.
 */
export const revisionsSkippedAfterCrash = 1_000_000;

/** What the file held. */
export interface Restored {
  readonly set: WorkingSet;
  /** Revisions of rows that nothing needs any more. */
  readonly obsolete: readonly number[];
}

/**
 * Builds the working set from the rows of the log.
 *
 * After an orderly close the history continues. After a crash it starts anew at a revision that nobody has seen, so that
 * whoever watched before must list again. Throws `UserError` `STORE_CORRUPT`.
 */
export function restore(file: SqliteFile, options: WorkingSetOptions): Restored {
  const { oldestRevision, closedInOrder } = file.state();
  const newestRevision = Math.max(oldestRevision, file.newestRevision());
  const start = closedInOrder ? oldestRevision : newestRevision + revisionsSkippedAfterCrash;
  const set = new WorkingSet({ ...options, revision: start });
  const obsolete: number[] = [];
  for (const row of file.rows()) {
    if (row.revision > start) restoreChange(file.file, set, row);
    else obsolete.push(...restoreBase(file.file, set, row));
  }
  return { set, obsolete };
}

/** Takes a row whose history is forgotten; returns the revisions of rows that it makes useless. */
function restoreBase(file: string, set: WorkingSet, row: LogRow): number[] {
  const { key, revision, createRevision } = row;
  const older = set.get(key);
  if (row.deleted) set.restoreRemoval(key);
  else set.restoreValue({ key, value: parsed(file, row), modRevision: revision, createRevision });
  return [...(older ? [older.modRevision] : []), ...(row.deleted ? [revision] : [])];
}

function restoreChange(file: string, set: WorkingSet, row: LogRow): void {
  if (row.revision !== set.revision + 1) throw corrupt(file, `revision ${set.revision + 1} is missing`);
  set.restoreChange({ type: row.deleted ? 'delete' : 'put', key: row.key, value: parsed(file, row) });
}

function parsed(file: string, row: LogRow): JsonObject {
  try {
    const value: unknown = JSON.parse(row.value);
    if (isJsonObject(value)) return value;
  } catch (error) {
    throw corrupt(file, `the value of ${row.key} at revision ${row.revision} is not JSON`, error);
  }
  throw corrupt(file, `the value of ${row.key} at revision ${row.revision} is not an object`);
}
