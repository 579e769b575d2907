import { open, type FileHandle } from 'node:fs/promises';
import { deferred } from '../../base/deferred.ts';
import { parseEntries, type LogEntry } from './log-line.ts';
import type { LogWriter } from './log-writer.ts';

/** What part of a log is wanted, and how. */
export interface LogSelection {
  readonly follow: boolean;
  /** Only this many entries from the end; what follows is read, too. */
  readonly tailLines?: number;
  /** Only entries from this instant on, as `logTimestamp` writes it. */
  readonly sinceTimestamp?: string;
  readonly limitBytes?: number;
  /** Puts each line's time in front of it. */
  readonly timestamps: boolean;
  readonly signal?: AbortSignal;
}

/** How much of a file is read at a time. */
const readBytes = 64 * 1024;

/** The text of a log file, which exists. `writer` is set while the container may still write: `follow` waits for its end. */
export async function* readLog(path: string, selection: LogSelection, writer?: LogWriter): AsyncIterable<Uint8Array> {
  const file = await open(path, 'r');
  try {
    yield* limited(readFrom(file, await startOf(file, selection.tailLines), selection, writer), selection.limitBytes);
  } finally {
    await file.close();
  }
}

async function* readFrom(
  file: FileHandle,
  start: number,
  selection: LogSelection,
  writer?: LogWriter,
): AsyncIterable<Uint8Array> {
  const formatter = new LineFormatter(selection);
  let position = start;
  let rest: Uint8Array = new Uint8Array(0);
  for (;;) {
    if (selection.signal?.aborted) return;
    // Asked before reading: what is written after the read and before the wait must wake us.
    const changed = nextChange(selection, writer);
    const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(readBytes), 0, readBytes, position);
    if (bytesRead === 0) {
      if (!(await changed.happened)) return;
      continue;
    }
    changed.cancel();
    position += bytesRead;
    const parsed = parseEntries(Buffer.concat([rest, buffer.subarray(0, bytesRead)]));
    rest = parsed.rest;
    const text = formatter.format(parsed.entries);
    if (text.length > 0) yield text;
  }
}

/** Resolves with true at the next change, with false when there will be none (or nobody follows any more). */
function nextChange(selection: LogSelection, writer?: LogWriter): { happened: Promise<boolean>; cancel: () => void } {
  if (!selection.follow || writer === undefined || writer.ended || selection.signal?.aborted) {
    return { happened: Promise.resolve(false), cancel: () => undefined };
  }
  const { promise, resolve } = deferred<boolean>();
  const onAbort = (): void => {
    forget();
    resolve(false);
  };
  const forget = writer.onChange(() => {
    selection.signal?.removeEventListener('abort', onAbort);
    resolve(true);
  });
  selection.signal?.addEventListener('abort', onAbort, { once: true });
  const cancel = (): void => {
    forget();
    selection.signal?.removeEventListener('abort', onAbort);
  };
  return { happened: promise, cancel };
}

class LineFormatter {
  readonly #selection: LogSelection;
  #atLineStart = true;

  constructor(selection: LogSelection) {
    this.#selection = selection;
  }

  format(entries: readonly LogEntry[]): Uint8Array {
    const parts: Uint8Array[] = [];
    const { sinceTimestamp, timestamps } = this.#selection;
    for (const entry of entries) {
      if (sinceTimestamp !== undefined && entry.timestamp < sinceTimestamp) continue;
      if (timestamps && this.#atLineStart) parts.push(Buffer.from(`${entry.timestamp} `));
      parts.push(entry.text);
      if (entry.endsLine) parts.push(Buffer.from('\n'));
      this.#atLineStart = entry.endsLine;
    }
    return Buffer.concat(parts);
  }
}

async function* limited(chunks: AsyncIterable<Uint8Array>, limitBytes: number | undefined): AsyncIterable<Uint8Array> {
  if (limitBytes === undefined) {
    yield* chunks;
    return;
  }
  let left = limitBytes;
  if (left <= 0) return;
  for await (const chunk of chunks) {
    yield chunk.subarray(0, left);
    left -= chunk.length;
    if (left <= 0) return;
  }
}

/** Where the last `tailLines` entries of the file start. */
async function startOf(file: FileHandle, tailLines: number | undefined): Promise<number> {
  if (tailLines === undefined) return 0;
  const { size } = await file.stat();
  if (tailLines <= 0) return size;
  let left = tailLines;
  for (let end = size; end > 0;) {
    const start = Math.max(0, end - readBytes);
    const { buffer } = await file.read(Buffer.alloc(end - start), 0, end - start, start);
    // The newline that ends the file ends the last entry; it does not start one.
    let from = end === size ? end - start - 2 : end - start - 1;
    for (
      let at = buffer.lastIndexOf(10, from);
      from >= 0 && at >= 0;
      at = from < 0 ? -1 : buffer.lastIndexOf(10, from)
    ) {
      left--;
      if (left === 0) return start + at + 1;
      from = at - 1;
    }
    end = start;
  }
  return 0;
}
