/**
 * The line format of the Container Runtime Interface, which a kubelet's log files have:
 * `2026-11-21T07:16:39.123000000Z stdout F text`. `F` ends a line, `P` is a piece that goes on in the next entry.
 */

/** One entry of a log file. Text is bytes: a piece may end inside a UTF-8 character. */
export interface LogEntry {
  /** RFC 3339 with nanosecond digits. */
  readonly timestamp: string;
  readonly stream: string;
  readonly endsLine: boolean;
  readonly text: Uint8Array;
}

const newline = 10;
const space = 32;

/** The timestamp of an entry: epoch milliseconds as RFC 3339 with nine digits after the point. */
export function logTimestamp(epochMs: number): string {
  return new Date(epochMs).toISOString().replace('Z', '000000Z');
}

/** The bytes of an entry up to its text. */
export function entryHeader(timestamp: string, stream: string, endsLine: boolean): Buffer {
  return Buffer.from(`${timestamp} ${stream} ${endsLine ? 'F' : 'P'} `, 'latin1');
}

/**
 * Reads the entries of `bytes`; `rest` is what follows the last complete one. An entry that is not of the format (a file
 * cut by a crash) is taken as text of an unknown time.
 */
export function parseEntries(bytes: Uint8Array): { readonly entries: readonly LogEntry[]; readonly rest: Uint8Array } {
  const entries: LogEntry[] = [];
  let start = 0;
  for (let end = bytes.indexOf(newline); end >= 0; end = bytes.indexOf(newline, start)) {
    entries.push(parseEntry(bytes.subarray(start, end)));
    start = end + 1;
  }
  return { entries, rest: bytes.subarray(start) };
}

function parseEntry(bytes: Uint8Array): LogEntry {
  const first = bytes.indexOf(space);
  const second = first < 0 ? -1 : bytes.indexOf(space, first + 1);
  const third = second < 0 ? -1 : bytes.indexOf(space, second + 1);
  if (third < 0) return { timestamp: '', stream: '', endsLine: true, text: bytes };
  const text = (from: number, to: number): string => Buffer.from(bytes.subarray(from, to)).toString('latin1');
  return {
    timestamp: text(0, first),
    stream: text(first + 1, second),
    endsLine: text(second + 1, third) === 'F',
    text: bytes.subarray(third + 1),
  };
}
