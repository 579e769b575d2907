/**
 * Joining a log that is read again to what is stored of it. A read from an instant on gives lines again that are stored:
 * the API knows whole seconds only. They are told by their order, their nanosecond instants and their text.
 */
import { hash } from 'node:crypto';

/** What is remembered of a stored line. */
interface Seen {
  readonly timestamp: string;
  readonly digest: string;
}

/** How many stored lines are remembered; of a flood only the last are, and how many there were. */
const seenMax = 20_000;

/**
 * So far before the last stored line a read begins: lines of two streams are written a little out of order, and clocks are set
 * back. What a clock that was set back by more hides cannot be had again after a lost connection.
 */
const marginSeconds = 5;

/** What to do with a line that was read: it is stored already, it is new, or it is new and lines before it are lost. */
export type Joined = 'stored' | 'new' | 'new after a gap';

/** The end of what is stored of a log. */
export class StoredEnd {
  #seen: Seen[] = [];
  /** How many lines of a second, `2026-11-21T08:00:00`, are no longer in `#seen`. */
  readonly #trimmed = new Map<string, number>();
  #last: string | undefined;
  #latest = '';

  /** Notes a line that is stored (or is about to be). */
  add(timestamp: string, text: Uint8Array): void {
    const isNewSecond = secondOf(timestamp) > secondOf(this.#latest);
    this.#last = timestamp;
    if (timestamp > this.#latest) this.#latest = timestamp;
    // Twice the margin: a clock may be set back after this.
    if (isNewSecond) this.#forgetBefore(secondsBefore(timestamp, 2 * marginSeconds));
    this.#seen.push({ timestamp, digest: digestOf(text) });
    if (this.#seen.length > seenMax * 2) this.#trim();
  }

  /** From when on the log must be read: a little before the last stored line; `undefined` = from its beginning. */
  get since(): string | undefined {
    return this.#last === undefined ? undefined : `${secondsBefore(this.#last, marginSeconds)}Z`;
  }

  /** Judges the lines of one read from {@link since}. */
  join(): Join {
    const from = this.since?.slice(0, secondLength) ?? '';
    let skipped = 0;
    for (const [second, count] of this.#trimmed) if (second >= from) skipped += count;
    const expected = this.#seen.filter(({ timestamp }) => timestamp >= from);
    return new Join(expected, skipped, this.#latest);
  }

  #trim(): void {
    for (const { timestamp } of this.#seen.slice(0, -seenMax)) {
      const second = secondOf(timestamp);
      this.#trimmed.set(second, (this.#trimmed.get(second) ?? 0) + 1);
    }
    this.#seen = this.#seen.slice(-seenMax);
  }

  #forgetBefore(instant: string): void {
    this.#seen = this.#seen.filter(({ timestamp }) => timestamp >= instant);
    for (const second of this.#trimmed.keys()) if (second < instant) this.#trimmed.delete(second);
  }
}

/** One read of a log from where what is stored ends. */
export class Join {
  readonly #expected: readonly Seen[];
  readonly #latest: string;
  #skipped: number;
  #next = 0;

  constructor(expected: readonly Seen[], skipped: number, latest: string) {
    this.#expected = expected;
    this.#skipped = skipped;
    this.#latest = latest;
  }

  /** Whether all that is stored has come again, so that what follows is new. */
  get caughtUp(): boolean {
    return this.#next >= this.#expected.length;
  }

  judge(timestamp: string, text: Uint8Array): Joined {
    if (this.caughtUp) return 'new';
    if (this.#skipped > 0) {
      this.#skipped--;
      return 'stored';
    }
    const digest = digestOf(text);
    let at = this.#next;
    for (let seen = this.#expected[at]; seen !== undefined; seen = this.#expected[++at]) {
      if (seen.timestamp === timestamp && seen.digest === digest) break;
    }
    if (at < this.#expected.length) {
      // Those passed over are stored, too: the node has rotated the beginning of this read away.
      this.#next = at + 1;
      return 'stored';
    }
    // Older than what is remembered: a clock went back, or there was a flood.
    if (this.#next === 0 && timestamp <= this.#latest) return 'stored';
    // What is stored did not come again, but something later did: the node no longer has what was between.
    this.#next = this.#expected.length;
    return 'new after a gap';
  }
}

const secondLength = '2026-11-21T08:00:00'.length;

function secondOf(timestamp: string): string {
  return timestamp.slice(0, secondLength);
}

/** The second of an instant in UTC, and so many before. */
function secondsBefore(timestamp: string, seconds: number): string {
  return secondOf(new Date(Date.parse(`${secondOf(timestamp)}Z`) - seconds * 1000).toISOString());
}

function digestOf(text: Uint8Array): string {
  return hash('sha1', text, 'base64');
}
