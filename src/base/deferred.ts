/** A promise with its own handles: for the few places where the one who waits and the one who answers are apart. */
export interface Deferred<T> {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
  readonly reject: (reason: unknown) => void;
}

/** A new unsettled {@link Deferred}. */
export function deferred<T>(): Deferred<T> {
  return Promise.withResolvers<T>();
}
