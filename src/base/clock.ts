/** Cancels a scheduled call; calling it after the call ran, or twice, does nothing. */
export type CancelTimer = () => void;

/**
 * The only source of time in the product. Instants are epoch milliseconds, spans are milliseconds.
 * `system-clock.ts` is real time; `virtual-clock.ts` is time that a test or the simulation moves.
 */
export interface Clock {
  /** The current instant, in epoch milliseconds. May jump (it is wall time). */
  now(): number;
  /** A monotonic reading in milliseconds, for measuring spans; its origin means nothing. */
  monotonicMs(): number;
  /** Calls `action` once, `delayMs` from now (0 = as soon as possible, never synchronously). */
  schedule(delayMs: number, action: () => void): CancelTimer;
}

/** Thrown by waits whose signal was aborted; `cause` is the signal's reason. */
export class AbortedError extends Error {
  override readonly name = 'AbortError';
  readonly code = 'ABORTED';
  constructor(signal: AbortSignal) {
    super('the operation was aborted', { cause: signal.reason });
  }
}

/** Resolves after `delayMs` on `clock`; rejects with {@link AbortedError} as soon as `signal` aborts. */
export function sleep(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(new AbortedError(signal));
    const onAbort = (): void => {
      cancel();
      if (signal) reject(new AbortedError(signal));
    };
    const cancel = clock.schedule(delayMs, () => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    });
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}

/** RFC 3339 text in UTC with second precision, as Kubernetes writes `metav1.Time`: `2026-11-21T04:05:06Z`. */
export function toRfc3339(epochMs: number): string {
  return `${new Date(epochMs).toISOString().slice(0, 19)}Z`;
}

/** RFC 3339 text in UTC with microsecond digits, as Kubernetes writes `metav1.MicroTime` (Leases, Events). */
export function toRfc3339Micro(epochMs: number): string {
  return `${new Date(epochMs).toISOString().slice(0, 23)}000Z`;
}

/** Epoch milliseconds of an RFC 3339 text; `undefined` when absent or unreadable. */
export function fromRfc3339(text: string | undefined | null): number | undefined {
  if (!text) return undefined;
  const epochMs = Date.parse(text);
  return Number.isNaN(epochMs) ? undefined : epochMs;
}
