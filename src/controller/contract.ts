import type { KubeObject, ObjectKey } from '../kube/object.ts';
import type { ResourceType } from '../kube/resource.ts';

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

/** A cache that also tells of changes. */
export interface ObservedLister<T extends KubeObject> extends Lister<T> {
  addHandler(handler: InformerHandler<T>): void;
}

/** Index functions by name: the values under which an object is found. Pure, and must not throw. */
export type Indexers<T extends KubeObject> = Readonly<Record<string, (object: T) => readonly string[]>>;

/** Where shared caches come from. */
export interface CacheHost {
  /** The one cache of a kind in this process. Asked again, it gains the further indexes. */
  informer<T extends KubeObject>(type: ResourceType<T>, indexers?: Indexers<T>): ObservedLister<T>;
}

/** A running controller, as those see it who have work for it. */
export interface ControllerQueue {
  /** Has the object of this key reconciled soon; asked twice before that, it is done once. */
  add(key: ObjectKey): void;
}

/** What controllers ask of the program that runs them: shared caches, and queues with workers. The Manager is one. */
export interface ControllerHost extends CacheHost {
  /**
   * Runs `reconciler` on what is added to the queue, `workers` keys at a time, errors retried with backoff. While an `urgent`
   * one has something under way, the others of the process make shorter turns of the event loop.
   */
  controller(options: {
    readonly name: string;
    readonly reconciler: Reconciler;
    readonly workers: number;
    readonly urgent?: boolean;
  }): ControllerQueue;
}
