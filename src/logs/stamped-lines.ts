import { latin1 } from './log-format.ts';

/** A line longer than this is cut, and says so: what is held in memory stays small. */
export const lineBytesMax: number = 1024 * 1024;

/** A line as the API sends it. */
export interface StampedLine {
  /** Absent when the line does not begin with an instant: then a node speaks, not the container. */
  readonly timestamp?: string;
  readonly text: Uint8Array;
}

const newline = 10;
/** Longer than any instant of RFC 3339 with nine digits of a second and an offset. */
const stampBytesMax = 40;
const stampPattern = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)$/;
/** `2026-11-21T08:00:00.123456789Z` */
const canonicalLength = 30;

/** Puts chunks together to lines of `TIMESTAMP TEXT`, wherever the chunks are cut. */
export class StampedLines {
  #parts: Uint8Array[] = [];
  #bytes = 0;
  #dropped = 0;

  /** The lines that `chunk` ends. */
  push(chunk: Uint8Array): readonly StampedLine[] {
    const lines: StampedLine[] = [];
    let start = 0;
    for (let end = chunk.indexOf(newline); end >= 0; end = chunk.indexOf(newline, start)) {
      this.#hold(chunk.subarray(start, end));
      lines.push(this.#take());
      start = end + 1;
    }
    this.#hold(chunk.subarray(start));
    return lines;
  }

  /** What came after the last line end: the last line, or a piece of one. */
  rest(): StampedLine | undefined {
    return this.#bytes === 0 ? undefined : this.#take();
  }

  #hold(part: Uint8Array): void {
    const room = lineBytesMax - this.#bytes;
    const held = part.subarray(0, room);
    this.#dropped += part.length - held.length;
    if (held.length === 0) return;
    // A copy: the reader of a socket may use its buffer again.
    this.#parts.push(held.slice());
    this.#bytes += held.length;
  }

  #take(): StampedLine {
    const line = Buffer.concat(this.#parts);
    const dropped = this.#dropped;
    this.#parts = [];
    this.#bytes = 0;
    this.#dropped = 0;
    const space = line.subarray(0, stampBytesMax).indexOf(32);
    const stamp = latin1(line.subarray(0, space < 0 ? Math.min(line.length, stampBytesMax) : space));
    const timestamp = canonicalStamp(stamp);
    if (timestamp === undefined) return { text: line };
    const text = space < 0 ? new Uint8Array(0) : line.subarray(space + 1);
    return { timestamp, text: dropped === 0 ? text : Buffer.concat([text, cutNotice(dropped)]) };
  }
}

/** In UTC with nine digits of a second, so that instants compare as text; `undefined` when it is no instant. */
function canonicalStamp(stamp: string): string | undefined {
  const match = stampPattern.exec(stamp);
  if (match === null) return undefined;
  const [, second = '', fraction = '', offset = ''] = match;
  if (offset === 'Z' && stamp.length === canonicalLength) return stamp;
  const epochMs = Date.parse(`${second}${offset}`);
  if (Number.isNaN(epochMs)) return undefined;
  return `${new Date(epochMs).toISOString().slice(0, 19)}.${fraction.padEnd(9, '0')}Z`;
}

function cutNotice(dropped: number): Uint8Array {
  return Buffer.from(`[penstock: ${dropped} bytes of this line were dropped here]`);
}
