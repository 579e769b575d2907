import type { BlobStore } from '../logs/blob-store.ts';
import { LogArchive } from '../logs/log-archive.ts';
import { LogKeeper, type LogKeeperOptions } from '../logs/log-keeper.ts';

/** Who keeps logs in `store`, and where they are read again. */
export function keepLogs(
  parts: Omit<LogKeeperOptions, 'store'>,
  store: BlobStore,
): { readonly keeper: LogKeeper; readonly archive: LogArchive } {
  const { client, clock, random, logger, metrics } = parts;
  const keeper = new LogKeeper({ client, clock, random, logger, store, ...(metrics === undefined ? {} : { metrics }) });
  return { keeper, archive: new LogArchive(store, keeper) };
}
