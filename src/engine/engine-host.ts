import type { InformerHandler, Lister, Reconciler } from '../controller/contract.ts';
import type { KubeObject, ObjectKey } from '../kube/object.ts';
import type { ResourceType } from '../kube/resource.ts';

/** Index functions by name: the values under which an object is found. */
export type Indexers<T extends KubeObject> = Readonly<Record<string, (object: T) => readonly string[]>>;

/** A cache that also tells of changes. */
export interface ObservedLister<T extends KubeObject> extends Lister<T> {
  addHandler(handler: InformerHandler<T>): void;
}

/** A running controller, as those see it who have work for it. */
export interface ControllerQueue {
  /** Has the object of this key reconciled soon; asked twice before that, it is done once. */
  add(key: ObjectKey): void;
}

/** What the engine asks of the program that runs it: shared caches, and queues with workers. */
export interface EngineHost {
  /** The one cache of a kind in this process. Asked again, it gains the further indexes. */
  informer<T extends KubeObject>(type: ResourceType<T>, indexers?: Indexers<T>): ObservedLister<T>;
  /** Runs `reconciler` on what is added to the queue, `workers` keys at a time, errors retried with backoff. */
  controller(options: {
    readonly name: string;
    readonly reconciler: Reconciler;
    readonly workers: number;
  }): ControllerQueue;
}
