import { createHash } from 'node:crypto';
import { type Clock, toRfc3339 } from '../base/clock.ts';
import { errorText } from '../base/errors.ts';
import { SecretMask } from '../telemetry/secret-mask.ts';
import type { BlobStore } from './blob-store.ts';
import {
  decodeLines,
  encodeLine,
  encodeManifest,
  logFolder,
  type LogIdentity,
  manifestKey,
  segmentKey,
  type SegmentInfo,
} from './log-format.ts';
import { type Join, StoredEnd } from './overlap.ts';
import type { StampedLine } from './stamped-lines.ts';

/** A segment is stored when it has so many bytes. */
export const segmentBytesMax: number = 1024 * 1024;
/** Default of the most bytes of one log. */
export const logBytesMaxDefault: number = 64 * 1024 * 1024;
/** Of output beyond the limit the newest bytes are kept and stored at the end. */
export const endBytesMax: number = 256 * 1024;

/** Somebody else has written what was to be written: another process records the same log. */
export class LogTakenError extends Error {
  override readonly name = 'LogTakenError';
  readonly code = 'LOG_TAKEN';
}

/** The store failed; `cause` is how. The log itself may be fine. */
export class LogStoreError extends Error {
  override readonly name = 'LogStoreError';
  readonly code = 'LOG_STORE';
}

/** What a {@link LogRecorder} is made of. */
export interface LogRecorderOptions {
  readonly store: BlobStore;
  readonly identity: LogIdentity;
  readonly clock: Clock;
  /** Values that are not stored: `***` stands for them. */
  readonly secrets: readonly string[];
  /** Default {@link logBytesMaxDefault}. */
  readonly bytesMax?: number;
}

/**
 * Writes one log as segments that are made once and never changed: of two processes that record the same log one writes
 * each segment, and the other notices ({@link LogTakenError}) and starts over from what is stored.
 */
export class LogRecorder {
  readonly folder: string;
  readonly #options: LogRecorderOptions;
  readonly #mask: SecretMask;
  readonly #segments: SegmentInfo[] = [];
  readonly #end = new StoredEnd();
  readonly #waiting = new Set<() => void>();
  /** Settles when the last flush has. */
  #flushing: Promise<void> = Promise.resolve();
  #pending: Uint8Array[] = [];
  #pendingBytes = 0;
  #bytes = 0;
  #lines = 0;
  #gaps = 0;
  /** Beyond the limit: the newest lines, and how many bytes of older ones were dropped. */
  #beyond: { lines: Uint8Array[]; bytes: number; dropped: number } | undefined;
  #lastStamp: string;
  /** A last line without its end that an earlier process has stored just before it ended. */
  #rest: Required<StampedLine> | undefined;
  #finished = false;

  private constructor(options: LogRecorderOptions) {
    this.#options = options;
    this.folder = logFolder(options.identity);
    this.#mask = new SecretMask(options.secrets);
    this.#lastStamp = nanoStamp(options.clock.now());
  }

  /** A recorder that goes on where what is stored ends; `undefined` when the log is stored to its end. */
  static async open(options: LogRecorderOptions): Promise<LogRecorder | undefined> {
    const recorder = new LogRecorder(options);
    return (await inStore(recorder.#load())) ? recorder : undefined;
  }

  /** From when on the log is to be read to go on with it, RFC 3339; `undefined` = from its beginning. */
  get since(): string | undefined {
    return this.#end.since;
  }

  /** Whether nothing was ever recorded. */
  get isEmpty(): boolean {
    return this.#lines === 0;
  }

  /** Whether nothing that is known of is missing. */
  get isWhole(): boolean {
    return this.#gaps === 0;
  }

  /** Bytes that are recorded and not stored. */
  get pendingBytes(): number {
    return this.#pendingBytes;
  }

  get finished(): boolean {
    return this.#finished;
  }

  /** Starts one read from {@link since}. */
  join(): Join {
    return this.#end.join();
  }

  /** Takes a line of a read; answers whether it was new. */
  add(join: Join, { timestamp, text }: Required<StampedLine>): boolean {
    const masked = this.#masked(text);
    const joined = join.judge(timestamp, masked);
    if (joined === 'stored') return false;
    if (joined === 'new after a gap') this.gap('lines may be missing here: the node no longer had them');
    this.#lastStamp = timestamp;
    this.#end.add(timestamp, masked);
    this.#append(encodeLine({ timestamp, kind: 'F', text: masked }));
    return true;
  }

  /** Takes the last line of the log, which has no line end. */
  addRest({ timestamp, text }: Required<StampedLine>): void {
    const masked = this.#masked(text);
    if (this.#isStoredRest(timestamp, masked)) return;
    this.#rest = { timestamp, text: masked };
    this.#append(encodeLine({ timestamp, kind: 'P', text: masked }));
  }

  /** `text` as it is stored. A secret never spans lines. */
  #masked(text: Uint8Array): Uint8Array {
    const start = this.#mask.push(text);
    const rest = this.#mask.flush();
    return rest.length === 0 ? start : Buffer.concat([start, rest]);
  }

  /** Marks that something is missing. */
  gap(reason: string): void {
    this.#gaps++;
    this.#notice(reason);
  }

  /** Stores what is recorded so far. Safe to repeat after an error, and to call while another call runs. */
  flush(): Promise<void> {
    const flushed = this.#flushing.then(() => inStore(this.#flushNow()));
    this.#flushing = flushed.catch(() => undefined);
    return flushed;
  }

  async #flushNow(): Promise<void> {
    while (this.#pending.length > 0) {
      const count = this.#pending.length;
      const bytes = Buffer.concat(this.#pending);
      const key = segmentKey(this.folder, this.#segments.length);
      if (!(await this.#options.store.create(key, bytes)) && !(await this.#isStored(key, bytes))) {
        throw new LogTakenError(`another process has stored ${key}`);
      }
      this.#segments.push(infoOf(bytes));
      this.#pending = this.#pending.slice(count);
      this.#pendingBytes -= bytes.length;
    }
    this.#changed();
  }

  /** Stores the rest and the end. Resolves when everything is durable; safe to repeat after an error. */
  async finish(): Promise<void> {
    this.#closeLimit();
    await this.flush();
    const { identity, store, clock } = this.#options;
    const manifest = encodeManifest({
      version: 1,
      ...identity,
      segments: this.#segments,
      lines: this.#lines,
      whole: this.isWhole,
      storedAt: toRfc3339(clock.now()),
    });
    // One that is there is as good: it was written by who had stored every segment before.
    await inStore(store.create(manifestKey(this.folder), manifest));
    this.#finished = true;
    this.#changed();
  }

  /** What is recorded from segment `index` on and not stored yet; `undefined` when that segment is stored. */
  unstored(index: number): readonly Uint8Array[] | undefined {
    return index < this.#segments.length ? undefined : this.#pending;
  }

  /** Calls `wake` once, at the next change. Returns how to take that back. */
  onChange(wake: () => void): () => void {
    this.#waiting.add(wake);
    return () => this.#waiting.delete(wake);
  }

  async #load(): Promise<boolean> {
    const { store } = this.#options;
    if ((await store.read(manifestKey(this.folder))) !== undefined) return false;
    for (let index = 0; ; index++) {
      const segment = await store.read(segmentKey(this.folder, index));
      if (segment === undefined) return true;
      this.#segments.push(infoOf(segment));
      this.#bytes += segment.length;
      for (const { timestamp, kind, text } of decodeLines(segment)) {
        this.#lines++;
        this.#lastStamp = timestamp;
        if (kind === 'N') this.#gaps++;
        else if (kind === 'P') this.#rest = { timestamp, text };
        else this.#end.add(timestamp, text);
      }
    }
  }

  #isStoredRest(timestamp: string, text: Uint8Array): boolean {
    return this.#rest?.timestamp === timestamp && Buffer.compare(this.#rest.text, text) === 0;
  }

  async #isStored(key: string, bytes: Uint8Array): Promise<boolean> {
    const stored = await this.#options.store.read(key);
    return stored !== undefined && Buffer.compare(stored, bytes) === 0;
  }

  #append(line: Uint8Array): void {
    this.#lines++;
    const { bytesMax = logBytesMaxDefault } = this.#options;
    if (this.#beyond === undefined && this.#bytes + line.length <= bytesMax) this.#keep(line);
    else this.#keepNewest(line);
    this.#changed();
  }

  #keep(line: Uint8Array): void {
    this.#bytes += line.length;
    this.#pending.push(line);
    this.#pendingBytes += line.length;
  }

  #keepNewest(line: Uint8Array): void {
    const beyond = (this.#beyond ??= { lines: [], bytes: 0, dropped: 0 });
    beyond.lines.push(line);
    beyond.bytes += line.length;
    // Let it grow to twice the size before it is cut: cutting at each line would copy the list each time.
    if (beyond.bytes <= endBytesMax * 2) return;
    let first = 0;
    while (beyond.bytes > endBytesMax && first < beyond.lines.length - 1) {
      const length = beyond.lines[first]?.length ?? 0;
      beyond.bytes -= length;
      beyond.dropped += length;
      first++;
    }
    beyond.lines = beyond.lines.slice(first);
  }

  #closeLimit(): void {
    const beyond = this.#beyond;
    if (beyond === undefined) return;
    this.#beyond = undefined;
    const { bytesMax = logBytesMaxDefault } = this.#options;
    if (beyond.dropped > 0) this.gap(`${beyond.dropped} bytes were dropped here: the limit is ${bytesMax} bytes`);
    for (const line of beyond.lines) this.#keep(line);
  }

  #notice(reason: string): void {
    this.#lines++;
    const text = Buffer.from(`[penstock: ${reason}]`);
    this.#keep(encodeLine({ timestamp: this.#lastStamp, kind: 'N', text }));
    this.#changed();
  }

  #changed(): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const wake of waiting) wake();
  }
}

/** Says of what fails that it was the store. */
async function inStore<T>(done: Promise<T>): Promise<T> {
  try {
    return await done;
  } catch (thrown) {
    if (thrown instanceof LogTakenError) throw thrown;
    throw new LogStoreError(errorText(thrown), { cause: thrown });
  }
}

function infoOf(bytes: Uint8Array): SegmentInfo {
  return { bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') };
}

function nanoStamp(epochMs: number): string {
  return new Date(epochMs).toISOString().replace('Z', '000000Z');
}
