/** Keys that have work to be done: each once, and each by one worker at a time. */
import { assert } from '../base/assert.ts';
import { backoffDelayMs, type BackoffPolicy, reconcileBackoff } from '../base/backoff.ts';
import type { CancelTimer, Clock } from '../base/clock.ts';
import { Heap } from '../base/heap.ts';
import type { Random } from '../base/random.ts';
import { keyText, type ObjectKey } from '../kube/object.ts';
import { type Rate, TokenBucket } from './token-bucket.ts';

/** How fast retries of all keys of one queue may come together. Ordinary adds are not limited. */
export const retryRate: Rate = { perSecond: 100, burst: 1_000 };

/** Superseded timers that may lie in the heap beside the live ones before they are cleared out. */
const supersededTimersMax = 64;

/** What a {@link WorkQueue} needs. */
export interface WorkQueueOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** Wait of a key before retry n. Default {@link reconcileBackoff}. */
  readonly backoff?: BackoffPolicy;
  /** Default {@link retryRate}. */
  readonly rate?: Rate;
}

/** What is known of a key; forgotten as soon as nothing is. */
interface Entry {
  readonly key: ObjectKey;
  readonly text: string;
  state: 'idle' | 'ready' | 'taken';
  /** Added while taken: to be done again. */
  again: boolean;
  failures: number;
  /** Monotonic instant of the live timer. */
  dueMs: number | undefined;
  /** Monotonic instant at which it became ready. */
  readyMs: number;
  next: Entry | undefined;
}

interface Due {
  readonly atMs: number;
  readonly entry: Entry;
}

/** A key that was taken from the queue. */
export interface TakenKey {
  readonly key: ObjectKey;
  /** Failures in a row before this time. */
  readonly failures: number;
  /** How long it waited to be taken, in milliseconds. */
  readonly waitedMs: number;
}

/**
 * A queue of keys for workers. A key that is added twice before it is taken is done once; one that is added while it is
 * taken is done again afterwards, never at the same time. Adding and taking cost O(1), timers O(log n).
 */
export class WorkQueue {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #backoff: BackoffPolicy;
  readonly #bucket: TokenBucket;
  readonly #entries = new Map<string, Entry>();
  #first: Entry | undefined;
  #last: Entry | undefined;
  #readyCount = 0;
  #takenCount = 0;
  #takers: ((entry: Entry | undefined) => void)[] = [];
  #due = new Heap<Due>((a, b) => a.atMs - b.atMs);
  #liveTimers = 0;
  #alarm: { readonly atMs: number; readonly cancel: CancelTimer } | undefined;
  #down = false;

  constructor(options: WorkQueueOptions) {
    this.#clock = options.clock;
    this.#random = options.random;
    this.#backoff = options.backoff ?? reconcileBackoff;
    this.#bucket = new TokenBucket(options.rate ?? retryRate, options.clock.monotonicMs());
  }

  /** How many keys wait to be taken now (those of timers not counted). */
  get readyCount(): number {
    return this.#readyCount;
  }

  /** How many keys are with workers. */
  get takenCount(): number {
    return this.#takenCount;
  }

  /** How many keys wait for a timer. */
  get delayedCount(): number {
    return this.#liveTimers;
  }

  /** How many timers are held, superseded ones that have not been thrown out included. */
  get heldTimers(): number {
    return this.#due.size;
  }

  /** Has the key done soon. */
  add(key: ObjectKey): void {
    if (!this.#down) this.#makeReady(this.#entryOf(key));
  }

  /** Has the key done in `delayMs`; of several times the earliest counts. An `add` before that does not replace it. */
  addAfter(key: ObjectKey, delayMs: number): void {
    assert(Number.isFinite(delayMs), 'a delay is a number of milliseconds');
    if (this.#down) return;
    const entry = this.#entryOf(key);
    if (delayMs <= 0) return this.#makeReady(entry);
    // Rounded up: a timer that fires a fraction early would find that it is not time yet.
    const atMs = Math.ceil(this.#clock.monotonicMs() + delayMs);
    if (entry.dueMs !== undefined && entry.dueMs <= atMs) return;
    if (entry.dueMs === undefined) this.#liveTimers++;
    entry.dueMs = atMs;
    this.#due.push({ atMs, entry });
    this.#clearSuperseded();
    this.#setAlarm();
  }

  /**
   * Has a key done again that failed: after its own backoff, no sooner than in `delayMsMin`, and no faster than the queue's
   * rate. Returns the wait in milliseconds.
   */
  addRateLimited(key: ObjectKey, delayMsMin = 0): number {
    if (this.#down) return 0;
    const entry = this.#entryOf(key);
    entry.failures++;
    const ownMs = backoffDelayMs(this.#backoff, entry.failures, this.#random);
    const delayMs = Math.max(ownMs, delayMsMin, this.#bucket.takeMs(this.#clock.monotonicMs()));
    this.addAfter(key, delayMs);
    return delayMs;
  }

  /** Ends the backoff of a key: its next failure is its first. */
  forget(key: ObjectKey): void {
    const entry = this.#entries.get(keyText(key));
    if (entry === undefined) return;
    entry.failures = 0;
    this.#dropIfIdle(entry);
  }

  /** The next key, in the order in which they became ready; waits for one. `undefined` once the queue is shut down. */
  take(): Promise<TakenKey | undefined> {
    if (this.#down) return Promise.resolve(undefined);
    const entry = this.#shift();
    if (entry !== undefined) return Promise.resolve(this.#taken(entry));
    return new Promise((resolve) => {
      this.#takers.push((given) => resolve(given && this.#taken(given)));
    });
  }

  /** Gives back a taken key; if it was added meanwhile it is ready again. */
  done(key: ObjectKey): void {
    const entry = this.#entries.get(keyText(key));
    assert(entry?.state === 'taken', 'only a taken key can be given back');
    this.#takenCount--;
    entry.state = 'idle';
    if (entry.again && !this.#down) this.#makeReady(entry);
    else this.#dropIfIdle(entry);
  }

  /** Ends the queue: waiting takers get `undefined`, what waits is dropped, nothing more is taken in. */
  shutDown(): void {
    if (this.#down) return;
    this.#down = true;
    this.#alarm?.cancel();
    this.#alarm = undefined;
    this.#due = new Heap<Due>((a, b) => a.atMs - b.atMs);
    this.#liveTimers = 0;
    this.#first = this.#last = undefined;
    this.#readyCount = 0;
    for (const entry of this.#entries.values()) if (entry.state !== 'taken') this.#entries.delete(entry.text);
    for (const give of this.#takers) give(undefined);
    this.#takers = [];
  }

  #entryOf(key: ObjectKey): Entry {
    const text = keyText(key);
    const existing = this.#entries.get(text);
    if (existing !== undefined) return existing;
    const { namespace, name } = key;
    const created: Entry = {
      key: { namespace, name },
      text,
      state: 'idle',
      again: false,
      failures: 0,
      dueMs: undefined,
      readyMs: 0,
      next: undefined,
    };
    this.#entries.set(text, created);
    return created;
  }

  #makeReady(entry: Entry): void {
    if (entry.state === 'taken') {
      entry.again = true;
    } else if (entry.state === 'idle') {
      entry.state = 'ready';
      entry.readyMs = this.#clock.monotonicMs();
      const taker = this.#takers.shift();
      if (taker === undefined) this.#push(entry);
      else taker(entry);
    }
  }

  #taken(entry: Entry): TakenKey {
    entry.state = 'taken';
    entry.again = false;
    this.#takenCount++;
    return { key: entry.key, failures: entry.failures, waitedMs: this.#clock.monotonicMs() - entry.readyMs };
  }

  #push(entry: Entry): void {
    if (this.#last === undefined) this.#first = entry;
    else this.#last.next = entry;
    this.#last = entry;
    this.#readyCount++;
  }

  #shift(): Entry | undefined {
    const entry = this.#first;
    if (entry === undefined) return undefined;
    this.#first = entry.next;
    if (this.#first === undefined) this.#last = undefined;
    entry.next = undefined;
    this.#readyCount--;
    return entry;
  }

  #dropIfIdle(entry: Entry): void {
    const idle = entry.state === 'idle' && entry.failures === 0 && entry.dueMs === undefined;
    if (idle) this.#entries.delete(entry.text);
  }

  #setAlarm(): void {
    const next = this.#due.peek();
    if (next === undefined || (this.#alarm !== undefined && this.#alarm.atMs <= next.atMs)) return;
    this.#alarm?.cancel();
    const delayMs = Math.max(0, next.atMs - this.#clock.monotonicMs());
    this.#alarm = { atMs: next.atMs, cancel: this.#clock.schedule(delayMs, () => this.#ring()) };
  }

  #ring(): void {
    this.#alarm = undefined;
    const nowMs = this.#clock.monotonicMs();
    for (let due = this.#due.peek(); due !== undefined && due.atMs <= nowMs; due = this.#due.peek()) {
      this.#due.pop();
      if (due.entry.dueMs !== due.atMs) continue;
      due.entry.dueMs = undefined;
      this.#liveTimers--;
      this.#makeReady(due.entry);
    }
    this.#setAlarm();
  }

  /** An earlier time for a key leaves its later timer in the heap; too many of those are thrown out together. */
  #clearSuperseded(): void {
    if (this.#due.size <= 2 * this.#liveTimers + supersededTimersMax) return;
    const live = new Heap<Due>((a, b) => a.atMs - b.atMs);
    for (let due = this.#due.pop(); due !== undefined; due = this.#due.pop()) {
      if (due.entry.dueMs === due.atMs) live.push(due);
    }
    this.#due = live;
  }
}
