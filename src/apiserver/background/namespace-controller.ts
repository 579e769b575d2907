/** Keeps namespaces furnished while they live, and empties them when they end. */
import type { Clock } from '../../base/clock.ts';
import { isJsonObject } from '../../base/json.ts';
import type { JsonObject } from '../../base/json.ts';
import type { Random } from '../../base/random.ts';
import { namespaces, serviceAccounts } from '../../kube/core-types.ts';
import type { UnknownObject } from '../../kube/object.ts';
import type { ResourceType } from '../../kube/resource.ts';
import type { Transport } from '../../kube/transport.ts';
import type { Store, StoredValue, StoreEvent } from '../../store/store.ts';
import type { Logger } from '../../telemetry/logger.ts';
import type { KindRegistry, ServedResource } from '../kind-registry.ts';
import { rangePrefix, resourcePrefix, storeKeyOf } from '../store-keys.ts';
import { ApiCalls } from './api-calls.ts';
import { metadataOf } from './owner-graph.ts';
import { RetryQueue } from './retry-queue.ts';
import type { StoreListener } from './store-follower.ts';
import { placeOf } from './store-place.ts';

/** The service account pods run as when they name none. */
export const defaultServiceAccount = 'default';

/** Namespaces worked on at once. */
const workers = 4;

/** Objects deleted at once while a namespace is emptied. */
const deletePageSize = 500;

/** What a {@link NamespaceController} needs. */
export interface NamespaceControllerOptions {
  readonly store: Store;
  readonly kinds: KindRegistry;
  /** The API with the rights to delete anything. */
  readonly transport: Transport;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

/**
 * Level-triggered, one key a namespace: an active one gets its `default` ServiceAccount, a terminating one is emptied and
 * then finalized. Objects that take their time (pods, finalizers) wake it again when they are gone.
 */
export class NamespaceController implements StoreListener {
  readonly #options: NamespaceControllerOptions;
  readonly #calls: ApiCalls;
  readonly #queue: RetryQueue;
  /** Namespaces that are being emptied: only their objects' deletions matter. */
  readonly #terminating = new Set<string>();
  /** UIDs of those whose objects have all been asked to go. */
  readonly #swept = new Set<string>();

  constructor(options: NamespaceControllerOptions) {
    this.#options = options;
    this.#calls = new ApiCalls(options.transport, 'namespace-controller');
    this.#queue = new RetryQueue({ ...options, workers, process: (name) => this.#process(name) });
  }

  start(): void {
    this.#queue.start();
  }

  async stop(): Promise<void> {
    await this.#queue.stop();
  }

  onReset(): void {
    this.#terminating.clear();
    this.#swept.clear();
  }

  onScanned(): void {
    // Each namespace was queued when it was found.
  }

  onEvent(event: StoreEvent): void {
    if (event.type === 'delete') this.#onDeleted(event);
    else this.onValue(event);
  }

  onValue({ key, value }: Pick<StoredValue, 'key' | 'value'>): void {
    if (!key.startsWith(namespacePrefix)) return;
    const { name = '', deletionTimestamp } = metadataOf(value);
    if (deletionTimestamp === undefined) this.#terminating.delete(name);
    else this.#terminating.add(name);
    this.#queue.add(name);
  }

  #onDeleted({ key, value }: StoreEvent): void {
    if (key.startsWith(namespacePrefix)) {
      const { name = '', uid = '' } = metadataOf(value);
      this.#terminating.delete(name);
      this.#swept.delete(uid);
      return;
    }
    if (this.#terminating.size === 0 && !key.startsWith(serviceAccountPrefix)) return;
    const namespace = key.slice(0, key.lastIndexOf('/')).split('/').at(-1) ?? '';
    if (this.#terminating.has(namespace) || key.startsWith(serviceAccountPrefix)) this.#queue.add(namespace);
  }

  async #process(name: string): Promise<void> {
    const namespace = this.#stored(name);
    if (namespace === undefined) return;
    if (namespace.metadata.deletionTimestamp === undefined) await this.#furnish(name);
    else if (await this.#empty(name, namespace.metadata.uid ?? '')) await this.#finalize(namespace);
  }

  async #furnish(name: string): Promise<void> {
    const key = { namespace: name, name: defaultServiceAccount };
    if (this.#options.store.get(storeKeyOf(serviceAccounts, key))) return;
    const object = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: key } as UnknownObject;
    await this.#calls.createIfAbsent(serviceAccounts, object);
  }

  /** Deletes what is in the namespace and not being deleted yet; true when nothing is left. */
  async #empty(name: string, uid: string): Promise<boolean> {
    const resources = this.#options.kinds.resources().filter((resource) => resource.storage.type.namespaced);
    // Nothing new comes into a namespace that is going, so one pass finds all there ever will be.
    if (!this.#swept.has(uid)) for (const resource of resources) await this.#deleteAll(resource, name);
    this.#swept.add(uid);
    return resources.every((resource) => this.#isEmpty(resource, name));
  }

  async #deleteAll(resource: ServedResource, namespace: string): Promise<void> {
    const { store, kinds } = this.#options;
    let after: string | undefined;
    for (;;) {
      const prefix = rangePrefix(resource, namespace);
      const page = store.range(prefix, { limit: deletePageSize, ...(after === undefined ? {} : { after }) });
      for (const { key, value } of page.items) {
        const place = metadataOf(value).deletionTimestamp === undefined ? placeOf(kinds, key) : undefined;
        if (place) await this.#delete(place.type, place.key.name, value);
      }
      after = page.items.at(-1)?.key;
      if (!page.more || after === undefined) return;
    }
  }

  async #delete(type: ResourceType, name: string, value: JsonObject): Promise<void> {
    const { uid = '', namespace = '' } = metadataOf(value);
    await this.#calls.remove(type, { namespace, name }, { uid, propagationPolicy: 'Background' });
  }

  #isEmpty(resource: ServedResource, namespace: string): boolean {
    return this.#options.store.range(rangePrefix(resource, namespace), { limit: 1 }).items.length === 0;
  }

  /** Lets go of the namespace; it disappears unless somebody else's finalizer is on it. */
  async #finalize(namespace: UnknownObject): Promise<void> {
    const spec = isJsonObject(namespace['spec']) ? namespace['spec'] : {};
    await this.#calls.replace(namespaces, { ...namespace, spec: { ...spec, finalizers: [] } }, 'finalize');
  }

  #stored(name: string): UnknownObject | undefined {
    const stored = this.#options.store.get(storeKeyOf(namespaces, { namespace: '', name }));
    return stored?.value as unknown as UnknownObject | undefined;
  }
}

const namespacePrefix = resourcePrefix(namespaces);
const serviceAccountPrefix = resourcePrefix(serviceAccounts);
