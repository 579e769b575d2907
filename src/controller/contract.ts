import type { KubeObject, ObjectKey } from '../kube/object.ts';

/** What a reconcile asks for next. Nothing = wait for the next event. A thrown error = retry with backoff. */
export interface ReconcileResult {
  /** Reconcile this key again after so many milliseconds, whatever happens. */
  readonly requeueAfterMs?: number;
}

/**
 * Level-triggered: brings the world in line with the object named by `key`, whatever events led here. Runs for one key
 * at a time (never twice at once for the same key) and may be killed at any await.
 */
export interface Reconciler {
  reconcile(key: ObjectKey, signal: AbortSignal): Promise<ReconcileResult>;
}

/** Thrown by a reconciler when trying again cannot help until the object changes: logged, counted, not retried. */
export class TerminalError extends Error {
  override readonly name = 'TerminalError';
  readonly code = 'TERMINAL';
}

/** A cached, indexed, read-only view of one kind, kept by an informer. May lag behind the API; never ahead of it. */
export interface Lister<T extends KubeObject> {
  get(key: ObjectKey): T | undefined;
  list(namespace?: string): readonly T[];
  /** Objects for which the index function `name` returned `value`. The index must have been registered. */
  byIndex(name: string, value: string): readonly T[];
  /** Whether the first list has been loaded: before that nothing may be decided from absence. */
  hasSynced(): boolean;
}

/** Handlers of an informer. `previous` and `object` are shared and read-only. */
export interface InformerHandler<T extends KubeObject> {
  added?(object: T): void;
  updated?(previous: T, object: T): void;
  deleted?(object: T): void;
}
