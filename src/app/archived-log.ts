import type { LogArchive } from '../logs/log-archive.ts';
import type { ReadLog } from '../reports/excerpts.ts';

/** Reads the end of a step's log from where logs are kept: it is there before its pod may go, and stays when the pod is gone. */
export function archivedLog(archive: LogArchive): ReadLog {
  return async ({ namespace, taskRun, podName, container, tailLines, bytesMax }, signal) => {
    const logs = await archive.logsOf(namespace, taskRun);
    const log = logs.findLast((known) => known.pod === podName && known.container === container);
    if (log === undefined) throw new Error(`no log of ${container} in ${podName} was kept`);
    const chunks: Uint8Array[] = [];
    for await (const chunk of archive.read(log, { tailLines, signal })) chunks.push(chunk);
    // What failed is told at the end.
    return Buffer.concat(chunks).subarray(-bytesMax).toString('utf8');
  };
}

/** Reads what `first` cannot from `second`: what one replica is still recording another one has from the pod. */
export function firstOf(first: ReadLog, second: ReadLog): ReadLog {
  return async (place, signal) => {
    try {
      return await first(place, signal);
    } catch (thrown) {
      // When neither has it, why it is not kept says more than that its pod is gone.
      return second(place, signal).catch(() => Promise.reject(thrown as Error));
    }
  };
}
