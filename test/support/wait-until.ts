/** Waiting in real time for what others bring about, with an end. */
import { inspect } from 'node:util';
import { setTimeout as wait } from 'node:timers/promises';

/** What has not come after so long will not come, on whatever machine; less than a test file may take. */
export const patienceMs = 90_000;
const pollMs = 20;

export interface WaitOptions {
  /** What is there now: the words of the failure. */
  readonly seen?: () => unknown;
  /** Default {@link patienceMs}. */
  readonly limitMs?: number;
}

/**
 * Looks again and again until `condition` holds.
 * @throws an error that says what was waited for, for how long, and what is there instead.
 */
export async function waitUntil(
  what: string,
  condition: () => boolean | Promise<boolean>,
  options: WaitOptions = {},
): Promise<void> {
  const endMs = performance.now() + (options.limitMs ?? patienceMs);
  while (!(await condition())) {
    if (performance.now() > endMs) throw await tooLong(what, options);
    await wait(pollMs);
  }
}

/** `promise`, unless it takes too long: then an error as {@link waitUntil} throws it. */
export async function waitFor<T>(what: string, promise: Promise<T>, options: WaitOptions = {}): Promise<T> {
  const over = new AbortController();
  const late = wait(options.limitMs ?? patienceMs, undefined, { signal: over.signal }).then(
    async (): Promise<never> => {
      throw await tooLong(what, options);
    },
  );
  try {
    return await Promise.race([promise, late]);
  } finally {
    late.catch(() => undefined); // It is not waited for any more.
    over.abort();
  }
}

async function tooLong(what: string, { seen, limitMs = patienceMs }: WaitOptions): Promise<Error> {
  const there = seen === undefined ? '' : `; there is ${inspect(await seen(), { depth: 6, maxStringLength: 4_000 })}`;
  return new Error(`waited ${limitMs} ms for this: ${what}${there}`);
}
