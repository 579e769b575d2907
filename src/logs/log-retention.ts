import type { CancelTimer, Clock } from '../base/clock.ts';
import { errorText } from '../base/errors.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { BlobInfo, BlobStore } from './blob-store.ts';

/** So often old logs are looked for. */
export const sweepEveryMs = 3_600_000;

/** What is kept. */
export interface LogRetention {
  /** How long after the last was added to a log, in milliseconds. */
  readonly keepMs: number;
  /** The most bytes of all logs together. */
  readonly keepBytes: number;
}

/** Thirty days, and 50 GiB in all. */
export const keepLogsDefault: LogRetention = { keepMs: 30 * 24 * 3_600_000, keepBytes: 50 * 1024 ** 3 };

/** All of one log (or of one that was never finished). */
interface StoredFolder {
  readonly keys: string[];
  bytes: number;
  lastMs: number;
}

/**
 * Removes the logs that nothing was added to for `keepMs`, then the oldest ones until all fit in `keepBytes`. Answers how many
 * went. The end of a log goes first: what is half removed is not taken for whole.
 */
export async function sweepLogs(store: BlobStore, retention: LogRetention, nowMs: number): Promise<number> {
  const folders = new Map<string, StoredFolder>();
  for await (const blob of store.list('')) note(folders, blob);
  const oldestFirst = [...folders.values()].toSorted((a, b) => a.lastMs - b.lastMs);
  let bytes = oldestFirst.reduce((sum, folder) => sum + folder.bytes, 0);
  let removed = 0;
  for (const folder of oldestFirst) {
    if (nowMs - folder.lastMs <= retention.keepMs && bytes <= retention.keepBytes) break;
    for (const key of folder.keys.toSorted().toReversed()) await store.remove(key);
    bytes -= folder.bytes;
    removed++;
  }
  return removed;
}

/** Sweeps now and then, from now on. Returns how to end that. */
export function startRetention(
  store: BlobStore,
  retention: LogRetention,
  { clock, logger }: { readonly clock: Clock; readonly logger: Logger },
): () => void {
  let cancel: CancelTimer;
  let ended = false;
  const sweep = async (): Promise<void> => {
    try {
      const removed = await sweepLogs(store, retention, clock.now());
      if (removed > 0) logger.info('removed old logs of steps', { logs: removed });
    } catch (thrown) {
      logger.error('cannot remove old logs of steps', { error: errorText(thrown) });
    }
    if (!ended) cancel = clock.schedule(sweepEveryMs, () => void sweep());
  };
  cancel = clock.schedule(sweepEveryMs, () => void sweep());
  return () => {
    ended = true;
    cancel();
  };
}

function note(folders: Map<string, StoredFolder>, { key, bytes, storedMs }: BlobInfo): void {
  const name = key.slice(0, key.lastIndexOf('/'));
  const folder = folders.get(name) ?? { keys: [], bytes: 0, lastMs: 0 };
  folder.keys.push(key);
  folder.bytes += bytes;
  folder.lastMs = Math.max(folder.lastMs, storedMs);
  folders.set(name, folder);
}
