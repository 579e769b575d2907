/** Who depends on whom, by uid. */
import type { JsonObject } from '../../base/json.ts';
import type { ObjectMeta, OwnerReference, UnknownObject } from '../../kube/object.ts';
import type { StoreKey } from '../../store/store.ts';

const noKeys: ReadonlySet<StoreKey> = new Set();

/** Dependents of one owner. */
interface Entry {
  readonly dependents: Set<StoreKey>;
  /** The owner was seen to be deleted: needs no look-up, also when its kind is not served any more. */
  gone: boolean;
}

/**
 * The dependents of each owner, kept by uid from changes of single objects. Objects without owners and without
 * dependents cost nothing, and a change costs no more than the object's own owners.
 */
export class OwnerGraph {
  readonly #entries = new Map<string, Entry>();

  /** The object at `key` was `before` (absent: it is new) and is `after` (absent: it is gone). */
  change(key: StoreKey, before: JsonObject | undefined, after: JsonObject | undefined): void {
    const old = ownersOf(before);
    const now = ownersOf(after);
    if (old === now) return;
    // Linked first: what is known of an owner lasts as long as it has dependents.
    for (const { uid } of now) this.#link(uid, key);
    for (const { uid } of old) if (!now.some((owner) => owner.uid === uid)) this.#unlink(uid, key);
  }

  /** Remembers that the owner `uid` is gone, while something depends on it. */
  markGone(uid: string): void {
    const entry = this.#entries.get(uid);
    if (entry) entry.gone = true;
  }

  isGone(uid: string): boolean {
    return this.#entries.get(uid)?.gone ?? false;
  }

  /** Keys of the objects that name `uid` as an owner. */
  dependentsOf(uid: string): ReadonlySet<StoreKey> {
    return this.#entries.get(uid)?.dependents ?? noKeys;
  }

  /** How many owners have dependents. */
  get ownerCount(): number {
    return this.#entries.size;
  }

  clear(): void {
    this.#entries.clear();
  }

  #link(uid: string, key: StoreKey): void {
    const entry = this.#entries.get(uid);
    if (entry) entry.dependents.add(key);
    else this.#entries.set(uid, { dependents: new Set([key]), gone: false });
  }

  #unlink(uid: string, key: StoreKey): void {
    const entry = this.#entries.get(uid);
    entry?.dependents.delete(key);
    if (entry?.dependents.size === 0) this.#entries.delete(uid);
  }
}

const noOwners: readonly OwnerReference[] = [];

/** The owner references of a stored object; the very list that is stored, so that unchanged ones are equal by identity. */
export function ownersOf(object: JsonObject | undefined): readonly OwnerReference[] {
  return metadataOf(object).ownerReferences ?? noOwners;
}

/** `metadata` of a stored object. */
export function metadataOf(object: JsonObject | undefined): ObjectMeta {
  return (object as unknown as UnknownObject | undefined)?.metadata ?? {};
}
