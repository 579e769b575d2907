/** Thrown when an invariant of our own code does not hold: a bug, never a user's mistake. */
export class AssertionError extends Error {
  override readonly name = 'AssertionError';
  readonly code = 'ASSERTION';
}

/** Throws {@link AssertionError} unless `condition` holds. Stays on in production: a bug should stop, not spread. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new AssertionError(message);
}

/** Returns `value`, which the caller knows to be present; throws {@link AssertionError} with `message` if it is not. */
export function present<T>(value: T | undefined | null, message: string): T {
  assert(value !== undefined && value !== null, message);
  return value;
}
