import { assert } from '../base/assert.ts';
import type { StoreEvent, StoredValue } from './store.ts';

/** A change as the store keeps it: the event that watchers see, and the value that it replaced or removed. */
export interface LogEntry {
  readonly event: StoreEvent;
  readonly replaced: StoredValue | undefined;
}

/** Forgotten slots at the head of the list before the list is cut: keeps forgetting cheap on average. */
const forgottenSlotsMax = 4_096;

/**
 * The newest changes, one for each revision behind {@link oldestRevision} without a gap, so that a revision is found
 * by counting.
 */
export class EventLog {
  #entries: (LogEntry | undefined)[] = [];
  #head = 0;
  #oldestRevision: number;

  /** A log without entries that continues behind `revision`. */
  constructor(revision: number) {
    this.#oldestRevision = revision;
  }

  /** The revision before the first entry: what happened since then is known. */
  get oldestRevision(): number {
    return this.#oldestRevision;
  }

  /** The revision of the last entry. */
  get newestRevision(): number {
    return this.#oldestRevision + this.length;
  }

  get length(): number {
    return this.#entries.length - this.#head;
  }

  append(entry: LogEntry): void {
    assert(entry.event.revision === this.newestRevision + 1, 'revisions follow each other without a gap');
    this.#entries.push(entry);
  }

  /** Removes and returns the last entry. */
  takeLast(): LogEntry {
    assert(this.length > 0, 'the log has an entry to take back');
    return this.#entries.pop() as LogEntry;
  }

  /** The entry that made `revision`, which must be in the log. */
  at(revision: number): LogEntry {
    const entry = this.#entries[this.#head + revision - this.#oldestRevision - 1];
    assert(entry !== undefined, 'the revision is in the log');
    return entry;
  }

  /** Forgets entries up to and including `revision`; calls `forgotten` for each, oldest first. */
  forget(revision: number, forgotten?: (entry: LogEntry) => void): void {
    while (this.#oldestRevision < revision && this.length > 0) {
      forgotten?.(this.#entries[this.#head] as LogEntry);
      this.#entries[this.#head] = undefined;
      this.#head++;
      this.#oldestRevision++;
    }
    if (this.#head > forgottenSlotsMax || this.#head === this.#entries.length) {
      this.#entries = this.#entries.slice(this.#head);
      this.#head = 0;
    }
  }
}
