/** Runs caches and controllers together: caches first, workers when every cache has synced, and the reverse to stop. */
import { assert } from '../base/assert.ts';
import { AbortedError, type Clock, sleep } from '../base/clock.ts';
import type { Random } from '../base/random.ts';
import type { ApiClient } from '../client/api-client.ts';
import { keyText, type KubeObject, type ObjectKey } from '../kube/object.ts';
import { apiVersionOf, type ResourceType } from '../kube/resource.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { Tracer } from '../telemetry/tracing.ts';
import { tracedReconciler } from './traced-reconciler.ts';
import type { Indexers, Reconciler } from './contract.ts';
import { type ControllerMetrics, type RunningController, startController } from './controller.ts';
import { controllerMetrics } from './metrics.ts';
import { Informer, type InformerCounts } from './informer.ts';
import { TurnBudget } from './turn-budget.ts';
import { WorkQueue } from './work-queue.ts';

/** Time for running reconciles to end by themselves after `stop`, in milliseconds; then they are aborted. */
export const stopGraceMs = 20_000;
/** Time for aborted reconciles and watches to end, in milliseconds; then they are left behind, with an error logged. */
export const abortGraceMs = 5_000;
/** While caches do not sync, a line in the log says which, so often. */
export const syncReminderMs = 10_000;

/** What a {@link Manager} needs. */
export interface ManagerOptions {
  readonly client: ApiClient;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly metrics?: Metrics;
  /** Gets a span of each reconcile; absent = there are none. */
  readonly tracer?: Tracer;
  /** Only what lives in this namespace is seen; kinds without namespaces are seen all the same. Default: everything. */
  readonly namespace?: string;
  /** Kinds that live in one namespace alone, whatever {@link namespace} says: only there they are looked for. */
  readonly places?: readonly Place[];
  /** Keeps `managedFields` out of the caches: for an API in another process, whose objects are copies of ours alone. Default false. */
  readonly dropManagedFields?: boolean;
  /** Default {@link stopGraceMs}. */
  readonly stopGraceMs?: number;
}

/** Where all objects of a kind are. */
export interface Place {
  readonly type: ResourceType;
  readonly namespace: string;
}

/** A controller as those see it who have work for it. */
export interface ManagedQueue {
  /** Has the object of this key reconciled soon; asked twice before that, it is done once. */
  add(key: ObjectKey): void;
  /** Has it reconciled in `delayMs`. */
  addAfter(key: ObjectKey, delayMs: number): void;
}

/** How a manager is doing: for readiness and metrics. */
export interface ManagerStatus {
  readonly caches: readonly CacheStatus[];
  readonly controllers: readonly ControllerStatus[];
}

/** How one cache is doing. */
export interface CacheStatus {
  /** `apiVersion/resource`. */
  readonly type: string;
  readonly synced: boolean;
  readonly objects: number;
  readonly counts: InformerCounts;
}

/** How one controller is doing. */
export interface ControllerStatus {
  readonly name: string;
  readonly started: boolean;
  readonly ready: number;
  readonly delayed: number;
  readonly running: readonly ObjectKey[];
}

interface Registration {
  readonly name: string;
  readonly reconciler: Reconciler;
  readonly workers: number;
  readonly urgent: boolean;
  readonly queue: WorkQueue;
  running: RunningController | undefined;
}

/**
 * The host of controllers in one process. One cache a kind is shared by all; no worker runs before every cache has synced,
 * since nothing may be decided from the absence of what has not been read. What is registered after the start joins in.
 */
export class Manager implements AsyncDisposable {
  readonly #options: ManagerOptions;
  readonly #metrics: ControllerMetrics | undefined;
  readonly #turns: TurnBudget;
  readonly #informers = new Map<string, Informer<KubeObject>>();
  readonly #informerRuns: Promise<void>[] = [];
  readonly #controllers: Registration[] = [];
  readonly #stopInformers = new AbortController();
  readonly #abortReconciles = new AbortController();
  #state: 'new' | 'started' | 'stopping' = 'new';
  #stopped: Promise<void> | undefined;

  constructor(options: ManagerOptions) {
    this.#options = options;
    this.#turns = new TurnBudget(options.clock);
    this.#metrics = options.metrics && controllerMetrics(options.metrics);
  }

  /** The one cache of a kind in this process. Asked again, it gains the further indexes. */
  informer<T extends KubeObject>(type: ResourceType<T>, indexers?: Indexers<T>): Informer<T> {
    const name = nameOf(type);
    const informer = (this.#informers.get(name) as Informer<T> | undefined) ?? this.#newInformer(name, type);
    if (indexers) informer.addIndexers(indexers);
    return informer;
  }

  /** Runs `reconciler` on what is added to the queue, `workers` keys at a time, errors retried with backoff. */
  controller(options: {
    readonly name: string;
    readonly reconciler: Reconciler;
    readonly workers: number;
    readonly urgent?: boolean;
  }): ManagedQueue {
    const { clock, random, tracer } = this.#options;
    const queue = new WorkQueue({ clock, random });
    const { name, reconciler } = options;
    const run = tracer === undefined ? reconciler : tracedReconciler(name, reconciler, tracer);
    const { urgent = false } = options;
    const registration: Registration = { ...options, urgent, reconciler: run, queue, running: undefined };
    this.#controllers.push(registration);
    if (this.#state === 'stopping') queue.shutDown();
    if (this.#state === 'started') void this.#startWhenSynced([registration]);
    return {
      add: (key) => queue.add(key),
      addAfter: (key, delayMs) => queue.addAfter(key, delayMs),
    };
  }

  /**
   * Starts the caches, waits for them, starts the workers. Resolves then; a cache that cannot sync is tried for ever, and the
   * log says which. Rejects with `AbortedError` when stopped before. `signal` stops the manager as {@link Manager.stop} does.
   */
  async start(signal?: AbortSignal): Promise<void> {
    assert(this.#state === 'new', 'a manager starts once');
    this.#state = 'started';
    signal?.addEventListener('abort', () => void this.stop(), { once: true });
    if (signal?.aborted) await this.stop();
    for (const informer of this.#informers.values()) this.#runInformer(informer);
    const started = await this.#startWhenSynced(this.#controllers);
    if (!started) throw new AbortedError(this.#stopInformers.signal);
  }

  /**
   * Stops gracefully: no further key is taken, running reconciles have the grace time to end and are aborted then, and the
   * caches go on until they have. Never rejects; what does not end is named in the log and left behind.
   */
  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  /** Whether every cache has synced and the workers run. */
  ready(): boolean {
    const synced = [...this.#informers.values()].every((informer) => informer.hasSynced());
    return this.#state === 'started' && synced && this.#controllers.every(({ running }) => running !== undefined);
  }

  /** How caches and controllers are doing. */
  status(): ManagerStatus {
    return {
      caches: [...this.#informers].map(([type, informer]) => ({
        type,
        synced: informer.hasSynced(),
        objects: informer.size,
        counts: informer.counts,
      })),
      controllers: this.#controllers.map(({ name, queue, running }) => ({
        name,
        started: running !== undefined,
        ready: queue.readyCount,
        delayed: queue.delayedCount,
        running: running?.running() ?? [],
      })),
    };
  }

  #newInformer<T extends KubeObject>(name: string, type: ResourceType<T>): Informer<T> {
    const { client, clock, random, logger, places = [], dropManagedFields = false } = this.#options;
    const isHere = (place: Place): boolean => place.type.group === type.group && place.type.resource === type.resource;
    const namespace = places.find(isHere)?.namespace ?? this.#options.namespace;
    const selection = namespace !== undefined && type.namespaced ? { namespace } : {};
    const informer = new Informer({ client, type, clock, random, logger, selection, dropManagedFields });
    this.#informers.set(name, informer as unknown as Informer<KubeObject>);
    if (this.#state === 'started') this.#runInformer(informer as unknown as Informer<KubeObject>);
    return informer;
  }

  #runInformer(informer: Informer<KubeObject>): void {
    this.#informerRuns.push(informer.run(this.#stopInformers.signal));
  }

  /** Starts the workers of `registrations` once every cache known by then has synced; false when stopped before. */
  async #startWhenSynced(registrations: readonly Registration[]): Promise<boolean> {
    await this.#allSynced();
    if (this.#state !== 'started') return false;
    const { clock, logger } = this.#options;
    const metrics = this.#metrics;
    for (const registration of registrations) {
      registration.running ??= startController({
        name: registration.name,
        reconciler: registration.reconciler,
        queue: registration.queue,
        workers: registration.workers,
        clock,
        logger,
        signal: this.#abortReconciles.signal,
        turns: this.#turns,
        urgent: registration.urgent,
        ...(metrics === undefined ? {} : { metrics }),
      });
    }
    return true;
  }

  async #allSynced(): Promise<void> {
    const { signal } = this.#stopInformers;
    for (;;) {
      const waiting = [...this.#informers].filter(([, informer]) => !informer.hasSynced());
      if (waiting.length === 0 || signal.aborted) return;
      const synced = Promise.all(waiting.map(([, informer]) => informer.whenSynced()));
      if (await this.#within(synced, syncReminderMs, signal)) continue;
      if (signal.aborted) return;
      const types = waiting.filter(([, informer]) => !informer.hasSynced()).map(([type]) => type);
      this.#options.logger.warn('workers wait for caches that have not synced', { types });
    }
  }

  async #stop(): Promise<void> {
    this.#state = 'stopping';
    const { logger, stopGraceMs: graceMs = stopGraceMs } = this.#options;
    const ended = Promise.all(this.#controllers.map((registration) => stopController(registration)));
    if (!(await this.#within(ended, graceMs))) {
      logger.warn('reconciles did not end in the grace time; aborting them', { keys: this.#runningKeys() });
    }
    this.#abortReconciles.abort();
    this.#stopInformers.abort();
    const all = Promise.all([ended, ...this.#informerRuns]);
    if (!(await this.#within(all, abortGraceMs))) {
      logger.error('reconciles or watches did not end after being aborted', { keys: this.#runningKeys() });
    }
  }

  #runningKeys(): readonly string[] {
    return this.#controllers.flatMap(({ name, running }) =>
      (running?.running() ?? []).map((key) => `${name} ${keyText(key)}`),
    );
  }

  /** Whether `work` ended within `limitMs`; false at once when `signal` aborts. */
  async #within(work: Promise<unknown>, limitMs: number, signal?: AbortSignal): Promise<boolean> {
    const over = new AbortController();
    const onAbort = (): void => over.abort();
    signal?.addEventListener('abort', onAbort, { once: true });
    const late = sleep(this.#options.clock, limitMs, over.signal).then(
      () => false,
      () => false,
    );
    const inTime = await Promise.race([work.then(() => true), late]);
    signal?.removeEventListener('abort', onAbort);
    over.abort();
    return inTime;
  }
}

async function stopController({ queue, running }: Registration): Promise<void> {
  queue.shutDown();
  await running?.stop();
}

function nameOf(type: ResourceType): string {
  return `${apiVersionOf(type)}/${type.resource}`;
}
