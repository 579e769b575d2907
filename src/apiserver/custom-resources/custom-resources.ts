/** Serves the kinds of CustomResourceDefinitions as long as these exist. */
import type { Clock } from '../../base/clock.ts';
import { jsonEqual } from '../../base/json.ts';
import type { Random } from '../../base/random.ts';
import type { AdmissionPlugin } from '../../kube/admission.ts';
import type { Transport } from '../../kube/transport.ts';
import { customResourceDefinitions } from '../../schema/core/custom-resource-definition.ts';
import type { Store, StoredValue, StoreEvent } from '../../store/store.ts';
import type { Logger } from '../../telemetry/logger.ts';
import { ApiCalls } from '../background/api-calls.ts';
import { metadataOf } from '../background/owner-graph.ts';
import { RetryQueue } from '../background/retry-queue.ts';
import type { StoreListener } from '../background/store-follower.ts';
import type { KindRegistry, ServedResource } from '../kind-registry.ts';
import { prefixOfKey, rangePrefix, resourcePrefix, storeKeyOf } from '../store-keys.ts';
import { crdAdmission } from './crd-admission.ts';
import { crdStatus, mergedConditions, nameConflict, type NameConflict } from './crd-conditions.ts';
import { resourceOfCrd } from './crd-kinds.ts';
import { cleanupFinalizer, type CustomResourceDefinition } from './crd-types.ts';

/** Definitions worked on at once. */
const workers = 2;

/** Objects deleted at once while a definition goes. */
const deletePageSize = 500;

/** What {@link CustomResources} needs. */
export interface CustomResourcesOptions {
  readonly store: Store;
  /** Where served kinds are put; what is in it from the start is built in and never replaced. */
  readonly kinds: KindRegistry;
  readonly transport: Transport;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

/**
 * Registers the kinds of each definition as soon as it is seen, then says so in its status: a definition that is
 * `Established` is served. One that is being deleted loses its objects first, then its kinds, then itself.
 */
export class CustomResources implements StoreListener {
  readonly #options: CustomResourcesOptions;
  readonly #calls: ApiCalls;
  readonly #queue: RetryQueue;
  readonly #builtin: ReadonlySet<string>;
  /** By name, as they are stored. */
  readonly #definitions = new Map<string, CustomResourceDefinition>();
  /** Store prefixes of the resources whose definition is going, with its name. */
  readonly #terminating = new Map<string, string>();
  #scanned: CustomResourceDefinition[] | undefined;
  /** The rules about definitions and, while one goes, about its objects. */
  readonly admission: AdmissionPlugin = crdAdmission((type) => this.#terminating.has(resourcePrefix(type)));

  constructor(options: CustomResourcesOptions) {
    this.#options = options;
    this.#calls = new ApiCalls(options.transport, 'custom-resources');
    this.#queue = new RetryQueue({ ...options, workers, process: (name) => this.#process(name) });
    this.#builtin = new Set(options.kinds.resources().map(resourcePrefix));
  }

  start(): void {
    this.#queue.start();
  }

  async stop(): Promise<void> {
    await this.#queue.stop();
  }

  onReset(): void {
    this.#scanned = [];
  }

  onValue({ key, value }: StoredValue): void {
    if (key.startsWith(definitionPrefix)) this.#scanned?.push(value as unknown as CustomResourceDefinition);
  }

  /** Names that were accepted before stay accepted, whatever the order of the scan. */
  onScanned(): void {
    const found = (this.#scanned ?? []).sort((a, b) => Number(isAccepted(b)) - Number(isAccepted(a)) || byAge(a, b));
    this.#scanned = undefined;
    const names = new Set(found.map((crd) => crd.metadata.name));
    for (const [name, known] of this.#definitions) if (!names.has(name)) this.#forget(known);
    for (const crd of found) this.#learn(crd);
  }

  onEvent({ type, key, value }: StoreEvent): void {
    if (key.startsWith(definitionPrefix)) {
      const crd = value as unknown as CustomResourceDefinition;
      if (type === 'put') this.#learn(crd);
      else this.#forget(crd);
    } else if (type === 'delete' && this.#terminating.size > 0) {
      const name = this.#terminating.get(prefixOfKey(key));
      if (name !== undefined) this.#queue.add(name);
    }
  }

  #learn(crd: CustomResourceDefinition): void {
    const { name = '', deletionTimestamp } = crd.metadata;
    const known = this.#definitions.get(name);
    this.#definitions.set(name, crd);
    const prefix = prefixOfDefinition(crd);
    if (deletionTimestamp !== undefined && !this.#builtin.has(prefix)) this.#terminating.set(prefix, name);
    if (known?.spec !== crd.spec && this.#conflict(crd) === undefined) this.#options.kinds.put(resourceOfCrd(crd));
    this.#queue.add(name);
  }

  /** The definition is gone; others of its group may now have the names it had. */
  #forget(crd: CustomResourceDefinition): void {
    const { name = '' } = crd.metadata;
    this.#definitions.delete(name);
    this.#terminating.delete(prefixOfDefinition(crd));
    if (!this.#builtin.has(prefixOfDefinition(crd))) this.#options.kinds.remove(crd.spec.group, crd.spec.names.plural);
    for (const other of this.#definitions.values()) {
      if (other.spec.group !== crd.spec.group || this.#isServed(other) || this.#conflict(other)) continue;
      this.#options.kinds.put(resourceOfCrd(other));
      this.#queue.add(other.metadata.name ?? '');
    }
  }

  #isServed(crd: CustomResourceDefinition): boolean {
    return this.#options.kinds.resource(crd.spec.group, crd.spec.names.plural) !== undefined;
  }

  #conflict(crd: CustomResourceDefinition): NameConflict | undefined {
    const builtin = (resource: ServedResource): boolean => this.#builtin.has(resourcePrefix(resource));
    return nameConflict(crd, this.#options.kinds.resources(), builtin);
  }

  async #process(name: string): Promise<void> {
    const stored = this.#options.store.get(storeKeyOf(customResourceDefinitions, { namespace: '', name }));
    if (stored === undefined) return;
    const crd = stored.value as unknown as CustomResourceDefinition;
    if (crd.metadata.deletionTimestamp === undefined) await this.#writeStatus(crd);
    else if (crd.metadata.finalizers?.includes(cleanupFinalizer)) await this.#cleanUp(crd);
  }

  async #writeStatus(crd: CustomResourceDefinition): Promise<void> {
    const status = crdStatus(crd, this.#conflict(crd), this.#options.clock.now());
    if (jsonEqual(status, crd.status)) return;
    await this.#calls.replace(customResourceDefinitions, { ...crd, status }, 'status');
  }

  async #cleanUp(crd: CustomResourceDefinition): Promise<void> {
    const { kinds } = this.#options;
    const { group, names } = crd.spec;
    const resource = kinds.resource(group, names.plural);
    const mine = resource !== undefined && !this.#builtin.has(resourcePrefix(resource));
    if (mine) {
      // Objects are deleted through the API, so some version must be served for as long as that takes.
      if (resource.served.length === 0) kinds.put({ ...resource, served: [resource.storage] });
      await this.#deleteAll(resource);
      if (!this.#isEmpty(resource)) return this.#sayTerminating(crd);
      kinds.remove(group, names.plural);
    }
    const { uid = '', resourceVersion = '', finalizers = [] } = crd.metadata;
    const kept = finalizers.filter((item) => item !== cleanupFinalizer);
    const key = { namespace: '', name: crd.metadata.name ?? '' };
    await this.#calls.patch(customResourceDefinitions, key, { metadata: { uid, resourceVersion, finalizers: kept } });
  }

  async #deleteAll(resource: ServedResource): Promise<void> {
    const { store, kinds } = this.#options;
    const type = kinds.resource(resource.group, resource.resource)?.served[0]?.type ?? resource.storage.type;
    let after: string | undefined;
    for (;;) {
      const options = { limit: deletePageSize, ...(after === undefined ? {} : { after }) };
      const page = store.range(rangePrefix(resource, undefined), options);
      for (const { value } of page.items) {
        const { name = '', namespace = '', uid = '', deletionTimestamp } = metadataOf(value);
        if (deletionTimestamp === undefined) await this.#calls.remove(type, { namespace, name }, { uid });
      }
      after = page.items.at(-1)?.key;
      if (!page.more || after === undefined) return;
    }
  }

  #isEmpty(resource: ServedResource): boolean {
    return this.#options.store.range(rangePrefix(resource, undefined), { limit: 1 }).items.length === 0;
  }

  /** Objects with finalizers remain: their deletion wakes this definition again. */
  async #sayTerminating(crd: CustomResourceDefinition): Promise<void> {
    const condition = {
      type: 'Terminating',
      status: 'True',
      reason: 'InstanceDeletionInProgress',
      message: 'CustomResource deletion is in progress',
    } as const;
    const before = crd.status?.conditions ?? [];
    const conditions = mergedConditions(before, [condition], this.#options.clock.now());
    if (jsonEqual(before, conditions)) return;
    const status = { ...crd.status, conditions };
    await this.#calls.replace(customResourceDefinitions, { ...crd, status }, 'status');
  }
}

const definitionPrefix = resourcePrefix(customResourceDefinitions);

function prefixOfDefinition({ spec }: CustomResourceDefinition): string {
  return resourcePrefix({ group: spec.group, resource: spec.names.plural });
}

function isAccepted({ status }: CustomResourceDefinition): boolean {
  return (
    status?.conditions?.some((condition) => condition.type === 'NamesAccepted' && condition.status === 'True') ?? false
  );
}

function byAge(a: CustomResourceDefinition, b: CustomResourceDefinition): number {
  const [left, right] = [a, b].map(({ metadata }) => `${metadata.creationTimestamp ?? ''} ${metadata.name ?? ''}`);
  return (left ?? '') < (right ?? '') ? -1 : 1;
}
