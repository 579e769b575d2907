import { appendFileSync, closeSync, existsSync, fstatSync, openSync, readSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../base/clock.ts';
import { ApiStatusError } from '../../kube/api-error.ts';
import type { Pod } from '../../kube/pod.ts';
import type { PodLogOptions, PodLogSource } from '../../kube/pod-log-source.ts';
import type { Logger } from '../../telemetry/logger.ts';
import type { ContainerLogs } from '../node-agent/container-logs.ts';
import { entryHeader, logTimestamp, parseEntries } from './log-line.ts';
import { readLog, type LogSelection } from './log-reader.ts';
import { LogWriter, linePieceBytesMax } from './log-writer.ts';

/** The part of a log that stands in for a missing termination message, as in a kubelet. */
const fallbackBytesMax = 2048;
const fallbackLinesMax = 80;
/** How much of the end of a log file is read to find that part: entries carry a header. */
const fallbackReadBytes: number = 16 * 1024;

/** Settings of {@link PodLogs}. */
export interface PodLogsOptions {
  /** Files are `<directory>/<pod uid>/<container>.log`. */
  readonly directory: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Most bytes of one container's log. Default `logBytesMaxDefault`. */
  readonly bytesMax?: number;
}

/** The logs of the pods of this node, one file a container. */
export class PodLogs implements PodLogSource, ContainerLogs {
  readonly #options: PodLogsOptions;
  /** Of containers that may still write, by path. */
  readonly #writers = new Map<string, LogWriter>();

  constructor(options: PodLogsOptions) {
    this.#options = options;
  }

  /** The log of a container that is about to start; a restarted one goes on in the same file. `secrets` are masked. */
  create(podUid: string, container: string, secrets: readonly string[] = []): LogWriter {
    const { clock, logger, bytesMax } = this.#options;
    const path = this.#path(podUid, container);
    const onError = (error: unknown): void =>
      logger.error('a container log cannot be written; the rest of it is lost', { path, error });
    const writer = new LogWriter({ path, clock, secrets, onError, ...(bytesMax === undefined ? {} : { bytesMax }) });
    this.#writers.set(path, writer);
    return writer;
  }

  async *open(pod: Pod, container: string, options: PodLogOptions): AsyncIterable<Uint8Array> {
    const uid = pod.metadata.uid ?? '';
    const path = this.#path(uid, container);
    if (!existsSync(path)) throw missingLog(pod, container);
    yield* readLog(path, this.#selection(options), this.#writers.get(path));
  }

  /** The end of a log, for `FallbackToLogsOnError`: at most 2048 bytes and 80 lines. */
  tail(podUid: string, container: string): string {
    const { entries } = parseEntries(readEnd(this.#path(podUid, container), fallbackReadBytes));
    const text = entries
      .slice(-fallbackLinesMax)
      .map((entry) => Buffer.from(entry.text).toString('utf8') + (entry.endsLine ? '\n' : ''))
      .join('');
    return Buffer.from(text).subarray(-fallbackBytesMax).toString('utf8');
  }

  /** Writes what is held back; followers finish. */
  end(podUid: string, container: string): void {
    const path = this.#path(podUid, container);
    this.#writers.get(path)?.end();
    this.#writers.delete(path);
  }

  markGap(podUid: string, container: string, why: string): void {
    const path = this.#path(podUid, container);
    if (!existsSync(path)) return;
    const { clock, logger } = this.#options;
    try {
      // The last entry may have been cut off in the middle.
      const { rest } = parseEntries(readEnd(path, linePieceBytesMax * 2));
      const entry = `${entryHeader(logTimestamp(clock.now()), 'stderr', true).toString('latin1')}[penstock: ${why}]\n`;
      appendFileSync(path, `${rest.length > 0 ? '\n' : ''}${entry}`);
    } catch (error) {
      logger.error('a gap cannot be marked in a container log', { path, error });
    }
  }

  /** Deletes the logs of a pod that is gone. */
  async remove(podUid: string): Promise<void> {
    await rm(join(this.#options.directory, podUid), { recursive: true, force: true });
  }

  #path(podUid: string, container: string): string {
    return join(this.#options.directory, podUid, `${container}.log`);
  }

  #selection(options: PodLogOptions): LogSelection {
    const { sinceSeconds, ...rest } = options;
    if (sinceSeconds === undefined) return rest;
    return { ...rest, sinceTimestamp: logTimestamp(this.#options.clock.now() - sinceSeconds * 1000) };
  }
}

function missingLog(pod: Pod, container: string): ApiStatusError {
  const name = pod.metadata.name ?? '';
  const { initContainerStatuses = [], containerStatuses = [], phase } = pod.status ?? {};
  const state = [...initContainerStatuses, ...containerStatuses].find((status) => status.name === container)?.state;
  const over =
    phase === 'Succeeded' || phase === 'Failed' || state?.terminated !== undefined || state?.running !== undefined;
  if (over)
    return new ApiStatusError('NotFound', `there is no log of container "${container}" of pod "${name}" on this node`);
  const reason = state?.waiting?.reason ?? 'ContainerCreating';
  return new ApiStatusError('BadRequest', `container "${container}" in pod "${name}" is waiting to start: ${reason}`);
}

function readEnd(path: string, bytesMax: number): Uint8Array {
  if (!existsSync(path)) return new Uint8Array(0);
  const file = openSync(path, 'r');
  try {
    const { size } = fstatSync(file);
    const buffer = Buffer.alloc(Math.min(size, bytesMax));
    const read = readSync(file, buffer, 0, buffer.length, size - buffer.length);
    return buffer.subarray(0, read);
  } finally {
    closeSync(file);
  }
}
