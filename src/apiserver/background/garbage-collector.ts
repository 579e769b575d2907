/** Deletes what has lost its owners, and carries out foreground and orphaning deletions. */
import type { Clock } from '../../base/clock.ts';
import type { JsonObject } from '../../base/json.ts';
import type { Random } from '../../base/random.ts';
import type { ObjectMeta, OwnerReference } from '../../kube/object.ts';
import type { Transport } from '../../kube/transport.ts';
import type { Store, StoredValue, StoreEvent } from '../../store/store.ts';
import type { Logger } from '../../telemetry/logger.ts';
import type { KindRegistry } from '../kind-registry.ts';
import { storeKeyOf } from '../store-keys.ts';
import { foregroundFinalizer, orphanFinalizer, type PropagationPolicy } from '../write/deletion.ts';
import { ApiCalls } from './api-calls.ts';
import { metadataOf, OwnerGraph, ownersOf } from './owner-graph.ts';
import { RetryQueue } from './retry-queue.ts';
import { placeOf, type Place } from './store-place.ts';
import { ToldRevision } from './told-revision.ts';
import type { StoreListener } from './store-follower.ts';

/** Objects the collector works on at once. */
const workers = 8;

/** What a {@link GarbageCollector} needs. */
export interface GarbageCollectorOptions {
  readonly store: Store;
  readonly kinds: KindRegistry;
  /** The API with the rights to delete anything. */
  readonly transport: Transport;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

/** What is to be done about one object. */
type Verdict =
  | { readonly action: 'none' }
  | { readonly action: 'delete'; readonly propagationPolicy: PropagationPolicy }
  | { readonly action: 'keepOwners'; readonly owners: readonly OwnerReference[] };

/** An owner as one of its dependents sees it. */
type OwnerState = 'present' | 'absent' | 'waits';

/**
 * Owner-reference garbage collection, level-triggered: each key is judged from what is stored when its turn comes.
 * An owner is absent when no object of that kind and name has that uid. An owner whose kind nobody knows is taken for
 * present, because nothing proves that it is gone.
 */
export class GarbageCollector implements StoreListener {
  readonly #options: GarbageCollectorOptions;
  readonly #graph = new OwnerGraph();
  readonly #told = new ToldRevision();
  readonly #queue: RetryQueue;
  readonly #calls: ApiCalls;

  constructor(options: GarbageCollectorOptions) {
    this.#options = options;
    this.#calls = new ApiCalls(options.transport, 'generic-garbage-collector');
    this.#queue = new RetryQueue({ ...options, workers, process: (key) => this.#process(key) });
  }

  start(): void {
    this.#queue.start();
  }

  async stop(): Promise<void> {
    this.#told.end();
    await this.#queue.stop();
  }

  /** Owners that have dependents now. */
  get ownerCount(): number {
    return this.#graph.ownerCount;
  }

  onReset(): void {
    this.#graph.clear();
  }

  onValue({ key, value }: StoredValue): void {
    this.#graph.change(key, undefined, value);
  }

  /** Whatever has owners, and whatever is being deleted, may have work that nobody saw. */
  onScanned(): void {
    let after: string | undefined;
    for (;;) {
      const page = this.#options.store.range('', { limit: scanPageSize, ...(after === undefined ? {} : { after }) });
      for (const { key, value } of page.items) if (this.#needsWork(value)) this.#queue.add(key);
      after = page.items.at(-1)?.key;
      if (!page.more || after === undefined) break;
    }
    this.#told.advance(this.#options.store.revision());
  }

  #needsWork(value: JsonObject): boolean {
    const metadata = metadataOf(value);
    if (metadata.deletionTimestamp !== undefined) return collectorFinalizer(metadata) !== undefined;
    return ownersOf(value).some((owner) => this.#ownerState(owner, metadata) !== 'present');
  }

  onEvent(event: StoreEvent): void {
    this.#learn(event);
    this.#told.advance(event.revision);
  }

  #learn({ type, key, value, previous }: StoreEvent): void {
    if (type === 'delete') {
      this.#onDeleted(key, value);
      return;
    }
    const ownersChanged = ownersOf(previous) !== ownersOf(value);
    if (ownersChanged) this.#graph.change(key, previous, value);
    if (this.#needsWorkNow(value, previous, ownersChanged)) this.#queue.add(key);
    if (ownersChanged && previous !== undefined) this.#wakeWaitingOwners(previous);
  }

  #needsWorkNow(value: JsonObject, previous: JsonObject | undefined, ownersChanged: boolean): boolean {
    const metadata = metadataOf(value);
    if (metadata.deletionTimestamp !== undefined) {
      return collectorFinalizer(metadata) !== undefined && metadata !== metadataOf(previous);
    }
    return ownersChanged && this.#needsWork(value);
  }

  #onDeleted(key: string, value: JsonObject): void {
    this.#graph.change(key, value, undefined);
    const { uid = '' } = metadataOf(value);
    this.#graph.markGone(uid);
    for (const dependent of this.#graph.dependentsOf(uid)) this.#queue.add(dependent);
    this.#wakeWaitingOwners(value);
  }

  /** Owners that are being deleted in the foreground wait for this object. */
  #wakeWaitingOwners(dependent: JsonObject): void {
    for (const owner of ownersOf(dependent)) {
      const stored = this.#storedOwner(owner, metadataOf(dependent));
      if (stored && waitsForDependents(metadataOf(stored.value))) this.#queue.add(stored.key);
    }
  }

  async #process(key: string): Promise<void> {
    // What was stored before this moment must be in the graph: dependents nobody knows of would be skipped.
    await this.#told.reached(this.#options.store.revision());
    const stored = this.#options.store.get(key);
    const place = stored && placeOf(this.#options.kinds, key);
    if (!stored || !place) return;
    const metadata = metadataOf(stored.value);
    if (metadata.deletionTimestamp !== undefined) {
      if (hasFinalizer(metadata, orphanFinalizer)) await this.#orphanDependents(place, metadata);
      else if (hasFinalizer(metadata, foregroundFinalizer)) await this.#deleteDependents(place, metadata);
      return;
    }
    await this.#carryOut(place, metadata, this.#judge(metadata));
  }

  async #carryOut({ type, key }: Place, metadata: ObjectMeta, verdict: Verdict): Promise<void> {
    const { uid = '', resourceVersion = '' } = metadata;
    if (verdict.action === 'delete') {
      const { propagationPolicy } = verdict;
      await this.#calls.remove(type, key, { uid, resourceVersion, propagationPolicy });
    } else if (verdict.action === 'keepOwners') {
      const ownerReferences = verdict.owners as unknown as readonly JsonObject[];
      await this.#calls.patch(type, key, { metadata: { uid, resourceVersion, ownerReferences } });
    }
  }

  #judge(metadata: ObjectMeta): Verdict {
    const owners = metadata.ownerReferences ?? [];
    const states = owners.map((owner) => this.#ownerState(owner, metadata));
    if (states.every((state) => state === 'present')) return { action: 'none' };
    const present = owners.filter((_owner, index) => states[index] === 'present');
    if (present.length > 0) return { action: 'keepOwners', owners: present };
    // An owner that waits for its dependents waits for theirs too.
    const chained = states.includes('waits') && this.#graph.dependentsOf(metadata.uid ?? '').size > 0;
    if (chained && this.#waitsForItself(metadata)) return { action: 'keepOwners', owners: owners.map(unblocking) };
    return { action: 'delete', propagationPolicy: chained ? 'Foreground' : chosenPolicy(metadata) };
  }

  /** Whether owners and dependents wait for each other in a ring, which this object can open by not blocking. */
  #waitsForItself(metadata: ObjectMeta): boolean {
    if (!metadata.ownerReferences?.some((owner) => owner.blockOwnerDeletion === true)) return false;
    return [...this.#graph.dependentsOf(metadata.uid ?? '')].some((key) => {
      const stored = this.#options.store.get(key);
      return stored !== undefined && waitsForDependents(metadataOf(stored.value));
    });
  }

  #ownerState(owner: OwnerReference, dependent: ObjectMeta): OwnerState {
    if (this.#graph.isGone(owner.uid)) return 'absent';
    const place = this.#placeOfOwner(owner, dependent);
    if (place === undefined) return 'present';
    const stored = this.#options.store.get(storeKeyOf(place.type, place.key));
    const metadata = stored && metadataOf(stored.value);
    if (metadata === undefined || metadata.uid !== owner.uid) return 'absent';
    return waitsForDependents(metadata) ? 'waits' : 'present';
  }

  async #orphanDependents(place: Place, metadata: ObjectMeta): Promise<void> {
    const { uid = '' } = metadata;
    for (const key of this.#graph.dependentsOf(uid)) {
      const stored = this.#options.store.get(key);
      const dependent = stored && placeOf(this.#options.kinds, key);
      if (!stored || !dependent) continue;
      const { uid: dependentUid = '', resourceVersion = '', ownerReferences = [] } = metadataOf(stored.value);
      const kept = ownerReferences.filter((owner) => owner.uid !== uid) as unknown as readonly JsonObject[];
      const patch = { metadata: { uid: dependentUid, resourceVersion, ownerReferences: kept } };
      await this.#calls.patch(dependent.type, dependent.key, patch);
    }
    await this.#removeFinalizer(place, metadata, orphanFinalizer);
  }

  async #deleteDependents(place: Place, metadata: ObjectMeta): Promise<void> {
    const { uid = '' } = metadata;
    let blocked = false;
    for (const key of this.#graph.dependentsOf(uid)) {
      const dependent = this.#options.store.get(key)?.value;
      // One that is on its way has its own events; to wake it each time would never end where owners form a ring.
      if (metadataOf(dependent).deletionTimestamp === undefined) this.#queue.add(key);
      blocked ||= ownersOf(dependent).some((owner) => owner.uid === uid && owner.blockOwnerDeletion === true);
    }
    // Blocking dependents wake their owner when they are gone.
    if (!blocked) await this.#removeFinalizer(place, metadata, foregroundFinalizer);
  }

  async #removeFinalizer({ type, key }: Place, metadata: ObjectMeta, finalizer: string): Promise<void> {
    const { uid = '', resourceVersion = '', finalizers = [] } = metadata;
    const kept = finalizers.filter((item) => item !== finalizer);
    await this.#calls.patch(type, key, { metadata: { uid, resourceVersion, finalizers: kept } });
  }

  #storedOwner(owner: OwnerReference, dependent: ObjectMeta): StoredValue | undefined {
    const place = this.#placeOfOwner(owner, dependent);
    const stored = place && this.#options.store.get(storeKeyOf(place.type, place.key));
    return stored && metadataOf(stored.value).uid === owner.uid ? stored : undefined;
  }

  /** Where the owner would be stored; undefined when its kind is not known, or cannot own across scopes. */
  #placeOfOwner(owner: OwnerReference, dependent: ObjectMeta): Place | undefined {
    const slash = owner.apiVersion.indexOf('/');
    const group = slash < 0 ? '' : owner.apiVersion.slice(0, slash);
    const type = this.#options.kinds.resourceOfKind(group, owner.kind)?.storage.type;
    if (type === undefined) return undefined;
    const namespace = type.namespaced ? (dependent.namespace ?? '') : '';
    return type.namespaced && namespace === '' ? undefined : { type, key: { namespace, name: owner.name } };
  }
}

/** Values read at once. */
const scanPageSize = 1_000;

function hasFinalizer(metadata: ObjectMeta, finalizer: string): boolean {
  return metadata.finalizers?.includes(finalizer) ?? false;
}

function collectorFinalizer(metadata: ObjectMeta): string | undefined {
  return metadata.finalizers?.find((item) => item === orphanFinalizer || item === foregroundFinalizer);
}

function waitsForDependents(metadata: ObjectMeta): boolean {
  return metadata.deletionTimestamp !== undefined && hasFinalizer(metadata, foregroundFinalizer);
}

function unblocking(owner: OwnerReference): OwnerReference {
  return { ...owner, blockOwnerDeletion: false };
}

/** A policy that was asked for earlier stays in force. */
function chosenPolicy(metadata: ObjectMeta): PropagationPolicy {
  if (hasFinalizer(metadata, orphanFinalizer)) return 'Orphan';
  return hasFinalizer(metadata, foregroundFinalizer) ? 'Foreground' : 'Background';
}
