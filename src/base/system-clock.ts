import type { Clock } from './clock.ts';

/** The longest delay one timer can hold: 2^31 - 1 milliseconds, about 24.8 days. */
const timerDelayMsMax = 2_147_483_647;

function scheduleAt(targetMonotonicMs: number, action: () => void): () => void {
  let handle: ReturnType<typeof setTimeout>;
  const arm = (): void => {
    const remainingMs = targetMonotonicMs - performance.now();
    // Longer spans are cut into pieces: the platform would fire an over-long timer at once.
    if (remainingMs > timerDelayMsMax) handle = setTimeout(arm, timerDelayMsMax);
    else handle = setTimeout(action, Math.max(0, remainingMs));
  };
  arm();
  return () => clearTimeout(handle);
}

/** Runs `action` in the next turn of the event loop: a timer would wait a millisecond at least. */
function scheduleNext(action: () => void): () => void {
  if (typeof setImmediate === 'undefined') return scheduleAt(performance.now(), action);
  const handle = setImmediate(action);
  return () => clearImmediate(handle);
}

/** Real time. The one file that reads the system's clock and sets its timers. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonicMs: () => performance.now(),
  schedule: (delayMs, action) =>
    delayMs <= 0 ? scheduleNext(action) : scheduleAt(performance.now() + delayMs, action),
};
