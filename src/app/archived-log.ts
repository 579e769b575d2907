import type { ApiClient } from '../client/api-client.ts';
import type { LogArchive } from '../logs/log-archive.ts';
import { podLogs } from '../reports/api-reads.ts';
import type { ReadLog } from '../reports/excerpts.ts';

/** How logs are read where there may be an archive: from it first, else from pods. Without one nothing is said. */
export function keptOrLive(archive: LogArchive | undefined, client: ApiClient): { readonly readLog?: ReadLog } {
  return archive === undefined ? {} : { readLog: firstOf(archivedLog(archive), podLogs(client)) };
}

/**
 * Reads the end of the log of a step that is over from where logs are kept: it is there before its pod may go, and stays when
 * the pod is gone. What is still being recorded here is waited for: a log that is read before its end seems to be empty.
 */
export function archivedLog(archive: LogArchive): ReadLog {
  return async ({ namespace, taskRun, podName, container, tailLines, bytesMax }, signal) => {
    const logs = await archive.logsOf(namespace, taskRun);
    const log = logs.findLast((known) => known.pod === podName && known.container === container);
    if (log === undefined) throw new Error(`no log of ${container} in ${podName} was kept`);
    if (!(await archive.willEnd(log))) throw new Error(`the log of ${container} in ${podName} is not kept to its end`);
    const chunks: Uint8Array[] = [];
    for await (const chunk of archive.read(log, { follow: true, tailLines, signal })) chunks.push(chunk);
    signal.throwIfAborted();
    // What failed is told at the end.
    return Buffer.concat(chunks).subarray(-bytesMax).toString('utf8');
  };
}

/** Reads what `first` cannot from `second`: what one replica is still recording another one has from the pod. */
function firstOf(first: ReadLog, second: ReadLog): ReadLog {
  return async (place, signal) => {
    try {
      return await first(place, signal);
    } catch (thrown) {
      // When neither has it, why it is not kept says more than that its pod is gone.
      return second(place, signal).catch(() => Promise.reject(thrown as Error));
    }
  };
}
