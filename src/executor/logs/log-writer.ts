import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Clock } from '../../base/clock.ts';
import { entryHeader, logTimestamp } from './log-line.ts';
import { SecretMask } from '../../telemetry/secret-mask.ts';

/** A line longer than this is kept in pieces, as container runtimes do. */
export const linePieceBytesMax: number = 16 * 1024;

/** Default of the most bytes a container's log file takes. */
export const logBytesMaxDefault: number = 64 * 1024 * 1024;

/** Of output beyond the limit, the newest bytes are kept and written at the end. */
export const tailBytesMax: number = 256 * 1024;

const newline = 10;
const newlineByte = Buffer.from('\n');

type Stream = 'stdout' | 'stderr';

interface Tail {
  entries: Buffer[];
  bytes: number;
  droppedBytes: number;
}

/** What a {@link LogWriter} is made of. */
export interface LogWriterOptions {
  readonly path: string;
  readonly clock: Clock;
  /** Default {@link logBytesMaxDefault}. */
  readonly bytesMax?: number;
  /** Values that do not go into the log: `***` stands for them. */
  readonly secrets?: readonly string[];
  /** Told once when the disk fails. */
  readonly onError: (error: unknown) => void;
}

/**
 * Writes the log of one container. Output is on file (page cache) when `write` returns, which slows a container that
 * floods rather than filling memory. Beyond `bytesMax` only the newest part is kept; the gap is marked in the log.
 */
export class LogWriter {
  readonly path: string;
  readonly #clock: Clock;
  readonly #bytesMax: number;
  readonly #onError: (error: unknown) => void;
  readonly #masks: Record<Stream, SecretMask>;
  readonly #pending: Record<Stream, Buffer> = { stdout: Buffer.alloc(0), stderr: Buffer.alloc(0) };
  readonly #waiting = new Set<() => void>();
  #file: number | undefined;
  #written = 0;
  #tail: Tail | undefined;
  #ended = false;
  #broken = false;

  constructor(options: LogWriterOptions) {
    this.path = options.path;
    this.#clock = options.clock;
    this.#bytesMax = options.bytesMax ?? logBytesMaxDefault;
    const { secrets = [] } = options;
    this.#masks = { stdout: new SecretMask(secrets), stderr: new SecretMask(secrets) };
    this.#onError = options.onError;
    // The file says that the container has started, even if it never writes.
    this.#store(Buffer.alloc(0));
  }

  /** Whether the container has ended and everything is on file. */
  get ended(): boolean {
    return this.#ended;
  }

  /** Adds output. A line without its end is held until the rest comes. */
  write(stream: Stream, chunk: Uint8Array): void {
    if (!this.#ended) this.#writeMasked(stream, this.#masks[stream].push(chunk));
  }

  #writeMasked(stream: Stream, chunk: Uint8Array): void {
    const held = this.#pending[stream];
    const bytes = held.length === 0 ? Buffer.from(chunk) : Buffer.concat([held, chunk]);
    const timestamp = logTimestamp(this.#clock.now());
    const parts: Buffer[] = [];
    let start = 0;
    for (let end = bytes.indexOf(newline); end >= 0; end = bytes.indexOf(newline, start)) {
      start = pieces(parts, { timestamp, stream, bytes, start, end });
      parts.push(entryHeader(timestamp, stream, true), bytes.subarray(start, end), newlineByte);
      start = end + 1;
    }
    start = pieces(parts, { timestamp, stream, bytes, start, end: bytes.length });
    this.#pending[stream] = Buffer.from(bytes.subarray(start));
    if (parts.length > 0) this.#append(Buffer.concat(parts));
  }

  /** Writes what is held back, marks a gap if there is one, and lets readers finish. */
  end(): void {
    if (this.#ended) return;
    for (const stream of ['stdout', 'stderr'] as const) {
      this.#writeMasked(stream, this.#masks[stream].flush());
      this.#flushPending(stream);
    }
    this.#writeTail();
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
    this.#ended = true;
    this.#notify();
  }

  /** Calls `wake` once, at the next change or at the end. Returns how to take that back. */
  onChange(wake: () => void): () => void {
    this.#waiting.add(wake);
    return () => this.#waiting.delete(wake);
  }

  #flushPending(stream: Stream): void {
    const held = this.#pending[stream];
    if (held.length === 0) return;
    this.#pending[stream] = Buffer.alloc(0);
    this.#append(Buffer.concat([entryHeader(logTimestamp(this.#clock.now()), stream, false), held, newlineByte]));
  }

  #append(entries: Buffer): void {
    if (this.#tail === undefined && this.#written + entries.length <= this.#bytesMax) {
      this.#store(entries);
      this.#notify();
      return;
    }
    this.#tail ??= { entries: [], bytes: 0, droppedBytes: 0 };
    keepNewest(this.#tail, entries);
  }

  #writeTail(): void {
    const tail = this.#tail;
    if (tail === undefined) return;
    const notice = `[penstock: ${tail.droppedBytes} bytes of this log were dropped here: the limit is ${this.#bytesMax} bytes]`;
    const header = entryHeader(logTimestamp(this.#clock.now()), 'stderr', true);
    if (tail.droppedBytes > 0) this.#store(Buffer.concat([header, Buffer.from(notice), newlineByte]));
    this.#store(Buffer.concat(tail.entries));
    this.#tail = undefined;
  }

  /** A disk that fails must not end the step, and must not be silent either: told once. */
  #store(bytes: Buffer): void {
    if (this.#broken) return;
    try {
      this.#file ??= openForAppend(this.path);
      let offset = 0;
      while (offset < bytes.length) offset += writeSync(this.#file, bytes, offset);
      this.#written += bytes.length;
    } catch (error) {
      this.#broken = true;
      this.#onError(error);
    }
  }

  #notify(): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const wake of waiting) wake();
  }
}

function openForAppend(path: string): number {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  return openSync(path, 'a', 0o600);
}

interface Line {
  readonly timestamp: string;
  readonly stream: Stream;
  readonly bytes: Buffer;
  readonly start: number;
  readonly end: number;
}

/** Adds full pieces of an over-long line to `parts`; returns where the rest of the line starts. */
function pieces(parts: Buffer[], line: Line): number {
  let start = line.start;
  while (line.end - start > linePieceBytesMax) {
    const piece = line.bytes.subarray(start, start + linePieceBytesMax);
    parts.push(entryHeader(line.timestamp, line.stream, false), piece, newlineByte);
    start += linePieceBytesMax;
  }
  return start;
}

function keepNewest(tail: Tail, entries: Buffer): void {
  tail.entries.push(entries);
  tail.bytes += entries.length;
  while (tail.bytes > tailBytesMax) {
    const first = tail.entries[0] as Buffer;
    const cut = cutAtEntry(first, tail.bytes - tailBytesMax);
    if (cut >= first.length) tail.entries.shift();
    else tail.entries[0] = first.subarray(cut);
    tail.bytes -= cut;
    tail.droppedBytes += cut;
  }
}

/** The first start of an entry at or after `offset`. */
function cutAtEntry(entries: Buffer, offset: number): number {
  const end = entries.indexOf(newline, Math.min(offset, entries.length) - 1);
  return end < 0 ? entries.length : end + 1;
}
