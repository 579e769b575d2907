import { AbortedError, type Clock } from '../base/clock.ts';
import { deferred } from '../base/deferred.ts';

/** Thrown when something did not end in its time. */
export class DeadlineError extends Error {
  override readonly name = 'DeadlineError';
  readonly code = 'CONTROLLER_DEADLINE';
  constructor(limitMs: number) {
    super(`no end after ${limitMs} ms`);
  }
}

/**
 * Runs `action` for at most `limitMs`. When the time is over or `signal` aborts, the result rejects at once ({@link DeadlineError},
 * or `AbortedError`), even if `action` does not heed its signal: what cannot be stopped must look at the signal before it acts.
 * The signal that `action` gets also aborts when it has ended.
 */
export async function withDeadline<T>(
  options: { readonly clock: Clock; readonly limitMs: number; readonly signal: AbortSignal },
  action: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const { clock, limitMs, signal } = options;
  if (signal.aborted) throw new AbortedError(signal);
  const own = new AbortController();
  const ended = deferred<never>();
  const end = (reason: Error): void => {
    own.abort(reason);
    ended.reject(reason);
  };
  const onAbort = (): void => end(new AbortedError(signal));
  const cancelTimer = clock.schedule(limitMs, () => end(new DeadlineError(limitMs)));
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([action(own.signal), ended.promise]);
  } finally {
    // Whatever the action has left behind, such as a stream whose answer got lost, is let go.
    own.abort();
    cancelTimer();
    signal.removeEventListener('abort', onAbort);
  }
}
