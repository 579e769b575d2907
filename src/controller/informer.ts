/** A cache of one kind that follows the API: list, then watch, for ever. */
import { type Clock, sleep } from '../base/clock.ts';
import { assert } from '../base/assert.ts';
import { deferred } from '../base/deferred.ts';
import { errorText } from '../base/errors.ts';
import type { Random } from '../base/random.ts';
import type { ApiClient, Selection, WatchEvent } from '../client/api-client.ts';
import { isApiError } from '../kube/api-error.ts';
import { keyOf, keyText, type KubeList, type KubeObject, type ObjectKey } from '../kube/object.ts';
import { compareResourceVersions } from '../kube/resource-version.ts';
import type { ResourceType } from '../kube/resource.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Indexers, InformerHandler, Lister } from './contract.ts';
import { withDeadline } from './deadline.ts';
import { ObjectCache } from './object-cache.ts';
import { WatchRecovery } from './watch-recovery.ts';

/** Most objects of one page of a list, if not set. */
export const listPageSize = 500;
/** Longest time for one page of a list, in milliseconds. */
export const listPageMsMax = 60_000;
/** A watch is asked to end after so many seconds, drawn anew each time so that watches do not all end at once. */
export const watchSecondsMin = 300;
export const watchSecondsMax = 600;
/** A watch that the server has not ended so long after it should have is taken for dead. */
export const watchGraceMs = 30_000;
/** A watch that ends sooner, and brought nothing, counts as failed: else it would be asked for again without pause. */
export const watchMsMin = 1_000;
/** A watch that held so long ends the backoff of lists. */
export const steadyWatchMs = 10_000;
/** So many lists in a row that are older than the cache make us believe that the API's history began anew. */
export const olderListsMax = 5;

/** What an {@link Informer} needs. */
export interface InformerOptions<T extends KubeObject> {
  readonly client: ApiClient;
  readonly type: ResourceType<T>;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Which objects are of interest; all by default. */
  readonly selection?: Selection;
  readonly indexers?: Indexers<T>;
  /** Most objects of one page of a list. Default {@link listPageSize}. */
  readonly pageSize?: number;
  /** Keeps `metadata.managedFields` out of the cache, which are often half of an object. Default false. */
  readonly dropManagedFields?: boolean;
}

/** What an {@link Informer} has been through. */
export interface InformerCounts {
  readonly lists: number;
  readonly watches: number;
  readonly events: number;
  /** Events that were older than the cache, and ignored. */
  readonly staleEvents: number;
  readonly failures: number;
}

/**
 * A cached, indexed, read-only view of one kind. Objects are shared with everybody: never change them.
 *
 * Handlers are told in the order of the API's versions, after the cache has changed, and see for each object (by uid) added,
 * then any number of updated, then deleted. What was deleted while nobody watched is told as deleted by the next list, with
 * the last state known. The cache never goes back to an older version of an object.
 */
export class Informer<T extends KubeObject> implements Lister<T> {
  readonly #client: ApiClient;
  readonly #type: ResourceType<T>;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #logger: Logger;
  readonly #selection: Selection;
  readonly #pageSize: number;
  readonly #dropManagedFields: boolean;
  readonly #cache = new ObjectCache<T>();
  readonly #recovery: WatchRecovery;
  readonly #firstSync = deferred<void>();
  readonly #counts = { lists: 0, watches: 0, events: 0, staleEvents: 0, failures: 0 };
  #handlers: readonly InformerHandler<T>[] = [];
  /** The newest version seen: everything up to it is in the cache. */
  #position: string | undefined;
  #mustList = true;
  #olderLists = 0;
  #synced = false;
  #running = false;

  constructor(options: InformerOptions<T>) {
    this.#client = options.client;
    this.#type = options.type;
    this.#clock = options.clock;
    this.#random = options.random;
    this.#logger = options.logger.child({ resource: options.type.resource });
    this.#selection = options.selection ?? {};
    this.#pageSize = options.pageSize ?? listPageSize;
    this.#dropManagedFields = options.dropManagedFields ?? false;
    this.#recovery = new WatchRecovery(options.random);
    this.#cache.addIndexers(options.indexers ?? {});
  }

  get type(): ResourceType<T> {
    return this.#type;
  }

  get counts(): InformerCounts {
    return { ...this.#counts };
  }

  /** How many objects are cached. */
  get size(): number {
    return this.#cache.size;
  }

  get(key: ObjectKey): T | undefined {
    return this.#cache.get(key);
  }

  list(namespace?: string): readonly T[] {
    return this.#cache.list(namespace);
  }

  byIndex(name: string, value: string): readonly T[] {
    return this.#cache.byIndex(name, value);
  }

  hasSynced(): boolean {
    return this.#synced;
  }

  /** Resolves once the first list has been loaded and handlers were told of it. */
  whenSynced(): Promise<void> {
    return this.#firstSync.promise;
  }

  /** Adds indexes, over what is cached too. A name that exists must come with the same function. */
  addIndexers(indexers: Indexers<T>): void {
    this.#cache.addIndexers(indexers);
  }

  /** Tells `handler` of every change from now on, and at once of each cached object as added. */
  addHandler(handler: InformerHandler<T>): void {
    // A new list of handlers, so that one who joins during a call is not told twice of what is being told.
    this.#handlers = [...this.#handlers, handler];
    for (const object of this.#cache.list()) this.#tell(handler, undefined, object);
  }

  /** Follows the API until `signal` aborts. Never rejects: what fails is logged and tried again, with backoff. */
  async run(signal: AbortSignal): Promise<void> {
    assert(!this.#running, 'an informer runs once at a time');
    this.#running = true;
    while (!signal.aborted) {
      try {
        if (this.#mustList) await this.#relist(signal);
        await this.#watch(signal);
      } catch (thrown) {
        if (!signal.aborted) await this.#recover(thrown, signal);
      }
    }
    this.#running = false;
  }

  async #recover(thrown: unknown, signal: AbortSignal): Promise<void> {
    this.#counts.failures++;
    const { relist, delayMs, attempt } = this.#recovery.failed(thrown);
    this.#mustList ||= relist;
    const fields = { error: errorText(thrown), attempt, delayMs, relist: this.#mustList };
    if (!this.#synced) this.#logger.warn('the cache cannot sync yet; trying again', fields);
    else if (isApiError(thrown, 'Expired') || isApiError(thrown, 'Gone')) {
      this.#logger.info('the watch fell behind; listing again', fields);
    } else this.#logger.warn('the watch failed; trying again', fields);
    // Only an abort rejects here, and then the caller's loop ends.
    await sleep(this.#clock, delayMs, signal).catch(() => undefined);
  }

  async #relist(signal: AbortSignal): Promise<void> {
    const { version, items } = await this.#listAll(signal);
    if (signal.aborted) return;
    const beganAnew = this.#checkAge(version);
    this.#replace(items, beganAnew);
    this.#position = version;
    this.#mustList = false;
    this.#synced = true;
    this.#firstSync.resolve();
  }

  async #listAll(signal: AbortSignal): Promise<{ version: string; items: readonly T[] }> {
    const items: T[] = [];
    let page = await this.#listPage({ limit: this.#pageSize }, signal);
    const version = page.metadata.resourceVersion;
    for (;;) {
      for (const item of page.items) items.push(this.#trim(item));
      const token = page.metadata.continue;
      if (!token) return { version, items };
      try {
        page = await this.#listPage({ limit: this.#pageSize, continue: token }, signal);
      } catch (thrown) {
        if (!isApiError(thrown, 'Expired') && !isApiError(thrown, 'Gone')) throw thrown;
        // The version of the first page is gone, so the pages take too long: everything at once, then.
        const whole = await this.#listPage({}, signal);
        return { version: whole.metadata.resourceVersion, items: whole.items.map((item) => this.#trim(item)) };
      }
    }
  }

  #listPage(options: { limit?: number; continue?: string }, signal: AbortSignal): Promise<KubeList<T>> {
    this.#counts.lists++;
    return withDeadline({ clock: this.#clock, limitMs: listPageMsMax, signal }, (pageSignal) =>
      this.#client.list(this.#type, { ...this.#selection, ...options, signal: pageSignal }),
    );
  }

  /**
   * Refuses a list that is older than what we have seen, as a lagging replica gives. When that is how it stays, the API has
   * been restored from a backup or set up anew, and its word counts: returns true.
   */
  #checkAge(version: string): boolean {
    const order = compareResourceVersions(version, this.#position);
    const older = order !== undefined && order < 0;
    this.#olderLists = older ? this.#olderLists + 1 : 0;
    if (!older) return false;
    if (this.#olderLists <= olderListsMax) throw new OlderListError(version, this.#position ?? '');
    this.#olderLists = 0;
    const fields = { listed: version, cached: this.#position };
    this.#logger.error('the history of the API began anew: its versions are older than the cache', fields);
    return true;
  }

  #replace(items: readonly T[], beganAnew: boolean): void {
    const listed = new Set(items.map((item) => keyText(keyOf(item))));
    for (const cached of this.#cache.list()) {
      const key = keyOf(cached);
      if (!listed.has(keyText(key))) this.#remove(key, cached);
    }
    for (const item of items) {
      if (beganAnew || this.#isNew(item)) this.#put(item);
    }
  }

  async #watch(signal: AbortSignal): Promise<void> {
    this.#counts.watches++;
    const startMs = this.#clock.monotonicMs();
    const eventsBefore = this.#counts.events;
    const timeoutSeconds = this.#random.integer(watchSecondsMin, watchSecondsMax);
    const limitMs = timeoutSeconds * 1000 + watchGraceMs;
    try {
      await withDeadline({ clock: this.#clock, limitMs, signal }, (own) => this.#follow(timeoutSeconds, own));
    } finally {
      if (this.#clock.monotonicMs() - startMs >= steadyWatchMs) this.#recovery.steadied();
    }
    const lastedMs = this.#clock.monotonicMs() - startMs;
    if (lastedMs < watchMsMin && this.#counts.events === eventsBefore) throw new ShortWatchError(lastedMs);
  }

  async #follow(timeoutSeconds: number, signal: AbortSignal): Promise<void> {
    const events = this.#client.watch(this.#type, {
      ...this.#selection,
      ...(this.#position === undefined ? {} : { resourceVersion: this.#position }),
      allowWatchBookmarks: true,
      timeoutSeconds,
      signal,
    });
    for await (const event of events) {
      if (signal.aborted) return;
      this.#counts.events++;
      this.#recovery.progressed();
      this.#apply(event);
    }
  }

  #apply(event: WatchEvent<T>): void {
    if (event.type === 'BOOKMARK') {
      this.#advance(event.resourceVersion);
    } else if (event.type === 'DELETED') this.#applyDelete(this.#trim(event.object));
    else if (this.#advance(event.object.metadata.resourceVersion) && this.#isNew(event.object)) {
      this.#put(this.#trim(event.object));
    } else this.#counts.staleEvents++;
  }

  /** Whether `object` is not older than what is cached, nor that itself: a list may have shown more than it promised. */
  #isNew({ metadata }: T): boolean {
    const cached = this.#cache.get({ namespace: metadata.namespace ?? '', name: metadata.name ?? '' });
    const order = compareResourceVersions(metadata.resourceVersion, cached?.metadata.resourceVersion);
    return cached === undefined || order === undefined || order > 0;
  }

  #applyDelete(object: T): void {
    const key = keyOf(object);
    const cached = this.#cache.get(key);
    this.#advance(object.metadata.resourceVersion);
    if (cached === undefined) return;
    // Compared with the object, not with our position: some servers do not give a delete a version of its own.
    const order = compareResourceVersions(object.metadata.resourceVersion, cached.metadata.resourceVersion);
    if (order !== undefined && order < 0) this.#counts.staleEvents++;
    else this.#remove(key, cached.metadata.uid === object.metadata.uid ? object : cached);
  }

  /** Moves our position to `version`; false when we have been there already. */
  #advance(version: string | undefined): boolean {
    const order = compareResourceVersions(version, this.#position);
    if (order !== undefined && order <= 0) return false;
    if (version) this.#position = version;
    return true;
  }

  #trim(object: T): T {
    if (!this.#dropManagedFields || object.metadata.managedFields === undefined) return object;
    const { managedFields: _dropped, ...metadata } = object.metadata;
    return { ...object, metadata };
  }

  #put(object: T): void {
    const previous = this.#cache.get(keyOf(object));
    if (previous !== undefined && previous.metadata.uid !== object.metadata.uid) {
      // Another object of the same name: the end of the first one was missed.
      this.#remove(keyOf(previous), previous);
    }
    const replaced = this.#cache.put(object);
    for (const handler of this.#handlers) this.#tell(handler, replaced, object);
  }

  #remove(key: ObjectKey, last: T): void {
    this.#cache.remove(key);
    for (const handler of this.#handlers) this.#tell(handler, last, undefined);
  }

  /** A handler that throws is a bug; it must not keep the cache or the other handlers from going on. */
  #tell(handler: InformerHandler<T>, previous: T | undefined, object: T | undefined): void {
    try {
      if (object === undefined) {
        if (previous !== undefined) handler.deleted?.(previous);
      } else if (previous === undefined) handler.added?.(object);
      else handler.updated?.(previous, object);
    } catch (thrown) {
      const key = object ?? previous;
      this.#logger.error('a handler of an informer threw', {
        key: key && keyText(keyOf(key)),
        error: errorText(thrown),
      });
    }
  }
}

/** Thrown inside an informer: a list came that is older than what is cached. */
class OlderListError extends Error {
  override readonly name = 'OlderListError';
  readonly code = 'CONTROLLER_OLDER_LIST';
  constructor(listed: string, cached: string) {
    super(`the list shows version ${listed}, but version ${cached} has been seen already`);
  }
}

/** Thrown inside an informer: a watch ended at once without an event. */
class ShortWatchError extends Error {
  override readonly name = 'ShortWatchError';
  readonly code = 'CONTROLLER_SHORT_WATCH';
  constructor(lastedMs: number) {
    super(`the watch ended after ${Math.round(lastedMs)} ms without an event`);
  }
}
