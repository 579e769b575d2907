/** An {@link ControllerHost} over a {@link MemoryApi} on a virtual clock, for tests: caches follow the API at once. */
import type { Clock } from '../base/clock.ts';
import type {
  ControllerHost,
  ControllerQueue,
  Indexers,
  InformerHandler,
  ObservedLister,
  Reconciler,
} from '../controller/contract.ts';
import { keyText, type KubeObject, type ObjectKey } from '../kube/object.ts';
import type { ResourceType } from '../kube/resource.ts';
import { LaggingLister, type MemoryApi } from './memory-api.ts';

/** A failed reconcile is tried again after this. */
const retryMs = 5;

/** Runs controllers one key at a time per queue; requeues and retries wait on `clock`. */
export class MemoryHost implements ControllerHost {
  readonly #api: MemoryApi;
  readonly #clock: Clock;
  /** What reconciles threw. */
  readonly errors: unknown[] = [];

  constructor(api: MemoryApi, clock: Clock) {
    this.#api = api;
    this.#clock = clock;
  }

  informer<T extends KubeObject>(type: ResourceType<T>, indexers?: Indexers<T>): ObservedLister<T> {
    return new FollowingLister(this.#api, type, indexers);
  }

  controller({ reconciler }: { readonly reconciler: Reconciler }): ControllerQueue {
    const waiting = new Map<string, ObjectKey>();
    let running = false;
    const add = (key: ObjectKey): void => {
      waiting.set(keyText(key), key);
      if (!running) this.#clock.schedule(0, () => void drain());
    };
    const drain = async (): Promise<void> => {
      if (running) return;
      running = true;
      for (const [text, key] of waiting) {
        waiting.delete(text);
        await this.#reconcile(reconciler, key, add);
      }
      running = false;
    };
    return { add };
  }

  async #reconcile(reconciler: Reconciler, key: ObjectKey, add: (key: ObjectKey) => void): Promise<void> {
    try {
      const { requeueAfterMs } = await reconciler.reconcile(key, new AbortController().signal);
      if (requeueAfterMs !== undefined) this.#clock.schedule(requeueAfterMs, () => add(key));
    } catch (thrown) {
      this.errors.push(thrown);
      this.#clock.schedule(retryMs, () => add(key));
    }
  }
}

class FollowingLister<T extends KubeObject> extends LaggingLister<T> implements ObservedLister<T> {
  readonly #handlers: InformerHandler<T>[] = [];

  constructor(api: MemoryApi, type: ResourceType<T>, indexers?: Indexers<T>) {
    super(api, type, indexers);
    this.sync();
    api.watch(type, (previous, object) => {
      this.sync();
      for (const handler of this.#handlers) tell(handler, previous, object);
    });
  }

  addHandler(handler: InformerHandler<T>): void {
    this.#handlers.push(handler);
    for (const object of this.list()) handler.added?.(object);
  }
}

function tell<T extends KubeObject>(handler: InformerHandler<T>, previous: T | undefined, object: T | undefined): void {
  if (object === undefined) {
    if (previous) handler.deleted?.(previous);
  } else if (previous === undefined) handler.added?.(object);
  else handler.updated?.(previous, object);
}
