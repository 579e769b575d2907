import { assert } from './assert.ts';
import type { CancelTimer, Clock } from './clock.ts';
import { Heap } from './heap.ts';

interface Timer {
  readonly atMs: number;
  readonly order: number;
  readonly action: () => void;
  cancelled: boolean;
}

/**
 * Time that only moves when told to: for tests and for the simulation.
 *
 * `advance` runs every timer that falls due, in order of instant and then of creation, and lets promise
 * continuations run in between, so `await clock.advance(1000)` behaves like a second that passed.
 */
export class VirtualClock implements Clock {
  #nowMs: number;
  #monotonicMs = 0;
  #order = 0;
  readonly #timers = new Heap<Timer>((a, b) => a.atMs - b.atMs || a.order - b.order);
  readonly #settle: () => Promise<void>;

  /** `startMs` is the first instant (default 2026-01-01T00:00:00Z); `settle` lets pending work run between timers. */
  constructor(options: { startMs?: number; settle?: () => Promise<void> } = {}) {
    this.#nowMs = options.startMs ?? 1_767_225_600_000;
    this.#settle = options.settle ?? settleMicrotasks;
  }

  now(): number {
    return this.#nowMs;
  }

  monotonicMs(): number {
    return this.#monotonicMs;
  }

  schedule(delayMs: number, action: () => void): CancelTimer {
    assert(delayMs >= 0, 'a delay is not negative');
    const timer: Timer = { atMs: this.#monotonicMs + delayMs, order: this.#order++, action, cancelled: false };
    this.#timers.push(timer);
    return () => {
      timer.cancelled = true;
    };
  }

  /** Moves wall time without letting timers notice: a clock that jumps. */
  jump(deltaMs: number): void {
    this.#nowMs += deltaMs;
  }

  /** Milliseconds until the next timer; `undefined` when none is set. */
  nextTimerMs(): number | undefined {
    this.#dropCancelled();
    const next = this.#timers.peek();
    return next === undefined ? undefined : Math.max(0, next.atMs - this.#monotonicMs);
  }

  /** Moves time forward by `spanMs`, running what falls due. */
  async advance(spanMs: number): Promise<void> {
    const targetMs = this.#monotonicMs + spanMs;
    await this.#settle();
    for (;;) {
      this.#dropCancelled();
      const next = this.#timers.peek();
      if (next === undefined || next.atMs > targetMs) break;
      this.#timers.pop();
      this.#moveTo(next.atMs);
      next.action();
      await this.#settle();
    }
    this.#moveTo(targetMs);
  }

  #moveTo(monotonicMs: number): void {
    if (monotonicMs <= this.#monotonicMs) return;
    this.#nowMs += monotonicMs - this.#monotonicMs;
    this.#monotonicMs = monotonicMs;
  }

  #dropCancelled(): void {
    while (this.#timers.peek()?.cancelled) this.#timers.pop();
  }
}

/** How many rounds of promise continuations count as "everything that was ready has run". */
const settleRounds = 50;

async function settleMicrotasks(): Promise<void> {
  for (let round = 0; round < settleRounds; round++) await Promise.resolve();
}
