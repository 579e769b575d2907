import { AbortedError, type Clock } from '../base/clock.ts';
import { errorText } from '../base/errors.ts';
import { ConnectionError } from './connection-error.ts';

/** Ends a call when its caller aborts it or its time is over, and says afterwards which it was. */
export class CallLimit {
  readonly #callerSignal: AbortSignal | undefined;
  readonly #own = new AbortController();
  readonly #cancelTimer: () => void;
  readonly #onAbort = (): void => this.#own.abort();
  readonly #limitMs: number;
  #late = false;

  constructor(options: { readonly clock: Clock; readonly limitMs: number; readonly signal: AbortSignal | undefined }) {
    this.#callerSignal = options.signal;
    this.#limitMs = options.limitMs;
    this.#callerSignal?.addEventListener('abort', this.#onAbort, { once: true });
    if (this.#callerSignal?.aborted) this.#own.abort();
    this.#cancelTimer = options.clock.schedule(options.limitMs, () => {
      this.#late = true;
      this.#own.abort();
    });
  }

  /** Aborts when the call must end. */
  get signal(): AbortSignal {
    return this.#own.signal;
  }

  get abortedByCaller(): boolean {
    return this.#callerSignal?.aborted === true;
  }

  /** The answer has begun and may go on for as long as it likes; the caller can still abort. */
  lift(): void {
    this.#cancelTimer();
  }

  /** The call is over. */
  release(): void {
    this.#cancelTimer();
    this.#callerSignal?.removeEventListener('abort', this.#onAbort);
  }

  /** What to tell the caller of an error that ended the call. */
  explain(thrown: unknown, origin: string): Error {
    if (this.#callerSignal?.aborted) return new AbortedError(this.#callerSignal);
    if (this.#late) return new ConnectionError('NET_TIMEOUT', `${origin}: no whole answer within ${this.#limitMs} ms`);
    if (thrown instanceof ConnectionError) return thrown;
    return new ConnectionError('NET_CONNECTION', `${origin}: ${reasonOf(thrown)}`, { cause: thrown });
  }
}

/** When every address of a host fails, the error is a list without a message of its own. */
function reasonOf(thrown: unknown): string {
  const errors: unknown = thrown instanceof AggregateError ? thrown.errors : [thrown];
  return Array.isArray(errors) ? errors.map(errorText).join('; ') : errorText(thrown);
}
