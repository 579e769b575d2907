import { createHash } from 'node:crypto';
import { deferred } from '../base/deferred.ts';
import { ApiStatusError } from '../kube/api-error.ts';
import type { BlobStore } from './blob-store.ts';
import {
  decodeLines,
  decodeManifest,
  logFolder,
  type LogIdentity,
  type LogLine,
  type LogManifest,
  manifestKey,
  segmentKey,
  taskRunFolder,
} from './log-format.ts';
import type { LogRecorder } from './log-recorder.ts';

/** Where logs are while they are being recorded: a `LogKeeper`. */
export interface RecordingLogs {
  recording(namespace: string, taskRun: string): readonly LogIdentity[];
  recorderOf(log: LogIdentity): LogRecorder | undefined;
}

/** How a log is wanted. */
export interface ReadLogOptions {
  /** Go on until the log has ended. */
  readonly follow?: boolean;
  /** Put each line's instant in front of it. */
  readonly timestamps?: boolean;
  /** Only so many lines from the end, and what follows. */
  readonly tailLines?: number;
  readonly signal?: AbortSignal;
}

/** A log that there is. */
export interface KnownLog extends LogIdentity {
  /** When something of it was stored last, in epoch milliseconds; 0 while it is only in memory. */
  readonly storedMs: number;
}

/** Reads what was recorded: also of TaskRuns and pods that are gone. */
export class LogArchive {
  readonly #store: BlobStore;
  readonly #recording: RecordingLogs | undefined;

  constructor(store: BlobStore, recording?: RecordingLogs) {
    this.#store = store;
    this.#recording = recording;
  }

  /** The logs of the TaskRuns of this name, those of one pod together, the newest pod last. */
  async logsOf(namespace: string, taskRun: string): Promise<readonly KnownLog[]> {
    const known = new Map<string, KnownLog>();
    for await (const { key, storedMs } of this.#store.list(taskRunFolder(namespace, taskRun))) {
      const identity = identityIn(namespace, taskRun, key);
      if (identity === undefined) continue;
      const folder = logFolder(identity);
      known.set(folder, { ...identity, storedMs: Math.max(storedMs, known.get(folder)?.storedMs ?? 0) });
    }
    for (const identity of this.#recording?.recording(namespace, taskRun) ?? []) {
      known.set(logFolder(identity), { ...identity, storedMs: Infinity });
    }
    const latest = new Map<string, number>();
    for (const { podUid, storedMs } of known.values()) {
      latest.set(podUid, Math.max(storedMs, latest.get(podUid) ?? 0));
    }
    return [...known.values()].toSorted((a, b) => {
      const [first = 0, second = 0] = [latest.get(a.podUid), latest.get(b.podUid)];
      if (first !== second) return first - second;
      return a.storedMs === b.storedMs ? (a.container < b.container ? -1 : 1) : a.storedMs - b.storedMs;
    });
  }

  /** The manifest of a log that is stored to its end. */
  async manifestOf(log: LogIdentity): Promise<LogManifest | undefined> {
    const bytes = await this.#store.read(manifestKey(logFolder(log)));
    return bytes === undefined ? undefined : decodeManifest(bytes);
  }

  /** Whether the log is stored to its end, or is being recorded here: whoever follows it then sees all of it. */
  async willEnd(log: LogIdentity): Promise<boolean> {
    // In this order: it is recorded until it is stored.
    return this.#recording?.recorderOf(log) !== undefined || (await this.manifestOf(log)) !== undefined;
  }

  /** The text of a log. Throws in the middle when what is stored is not what was once stored. */
  async *read(log: LogIdentity, options: ReadLogOptions = {}): AsyncIterable<Uint8Array> {
    const { timestamps = false, tailLines } = options;
    const lines = tailLines === undefined ? this.#lines(log, options) : this.#tail(log, options, tailLines);
    for await (const batch of lines) {
      if (batch.length > 0) yield Buffer.concat(batch.map((line) => textOf(line, timestamps)));
    }
  }

  async *#tail(log: LogIdentity, options: ReadLogOptions, count: number): AsyncIterable<readonly LogLine[]> {
    let last: readonly LogLine[] = [];
    let skipped = 0;
    for await (const batch of this.#lines(log, { ...options, follow: false })) {
      skipped += batch.length;
      last = count === 0 ? [] : [...last, ...batch].slice(-count);
    }
    yield last;
    if (!options.follow) return;
    for await (const batch of this.#lines(log, options)) {
      yield batch.slice(skipped);
      skipped = Math.max(0, skipped - batch.length);
    }
  }

  /** Lines as they are had: those of a segment together, and those that are recorded and not stored yet. */
  async *#lines(log: LogIdentity, { follow = false, signal }: ReadLogOptions): AsyncIterable<readonly LogLine[]> {
    const folder = logFolder(log);
    const manifest = await this.manifestOf(log);
    let index = 0;
    /** Lines of segment `index` that were given out before it was stored. */
    let given = 0;
    for (;;) {
      if (signal?.aborted) return;
      const recorder = manifest === undefined ? this.#recording?.recorderOf(log) : undefined;
      // Asked before looking: what is recorded in between must wake us.
      const change = recorder === undefined || recorder.finished ? undefined : changeOf(recorder, signal);
      const unstored = recorder?.unstored(index);
      if (unstored !== undefined) {
        yield unstored.slice(given).flatMap((bytes) => [...decodeLines(bytes)]);
        given = unstored.length;
        if (!follow || change === undefined) return;
        await change;
        continue;
      }
      const segment = await this.#store.read(segmentKey(folder, index));
      if (manifest !== undefined) checkSegment(folder, manifest, index, segment);
      if (segment === undefined) return;
      yield [...decodeLines(segment)].slice(given);
      index++;
      given = 0;
    }
  }
}

function checkSegment(folder: string, manifest: LogManifest, index: number, segment: Uint8Array | undefined): void {
  const wanted = manifest.segments[index];
  if (wanted === undefined && segment === undefined) return;
  if (wanted !== undefined && segment !== undefined) {
    if (createHash('sha256').update(segment).digest('hex') === wanted.sha256) return;
  }
  const what = segment === undefined ? 'is missing' : 'is not what was stored';
  throw new ApiStatusError('InternalError', `the log ${folder} is damaged: its segment ${index} ${what}`);
}

function changeOf(recorder: LogRecorder, signal: AbortSignal | undefined): Promise<void> {
  const { promise, resolve } = deferred<void>();
  const onAbort = (): void => {
    forget();
    resolve();
  };
  const forget = recorder.onChange(() => {
    signal?.removeEventListener('abort', onAbort);
    resolve();
  });
  signal?.addEventListener('abort', onAbort, { once: true });
  return promise;
}

function textOf({ timestamp, kind, text }: LogLine, timestamps: boolean): Uint8Array {
  const parts: Uint8Array[] = timestamps ? [Buffer.from(`${timestamp} `), text] : [text];
  if (kind !== 'P') parts.push(Buffer.from('\n'));
  return Buffer.concat(parts);
}

/** `NAMESPACE/TASKRUN/POD.UID/CONTAINER/FILE` */
function identityIn(namespace: string, taskRun: string, key: string): LogIdentity | undefined {
  const [, , podAndUid = '', container, file] = key.split('/');
  const dot = podAndUid.lastIndexOf('.');
  if (dot < 0 || container === undefined || file === undefined) return undefined;
  return { namespace, taskRun, pod: podAndUid.slice(0, dot), podUid: podAndUid.slice(dot + 1), container };
}
