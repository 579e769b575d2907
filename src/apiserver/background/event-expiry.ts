/** Events are news: they go an hour after they were last written. */
import { fromRfc3339, type CancelTimer, type Clock } from '../../base/clock.ts';
import type { JsonObject } from '../../base/json.ts';
import { events } from '../../kube/core-types.ts';
import type { Store, StoredValue, StoreEvent, StoreKey } from '../../store/store.ts';
import { resourcePrefix } from '../store-keys.ts';
import { metadataOf } from './owner-graph.ts';
import type { StoreListener } from './store-follower.ts';

/** How long an Event is kept after it was last written, in milliseconds. */
export const eventLifetimeMs: number = 60 * 60 * 1_000;

/** How often expired Events are removed, in milliseconds. */
export const eventSweepMs: number = 60 * 1_000;

/** What an {@link EventExpiry} needs. */
export interface EventExpiryOptions {
  readonly store: Store;
  readonly clock: Clock;
}

/** Removes Events when their time is over. A sweep looks at the expired ones only. */
export class EventExpiry implements StoreListener {
  readonly #options: EventExpiryOptions;
  /** In order of expiry: a write moves its key to the end. */
  readonly #expiresAtMs = new Map<StoreKey, number>();
  /** Events a scan found, with their expiry, in the order of their keys. */
  #found: (readonly [StoreKey, number])[] = [];
  #cancel: CancelTimer | undefined;

  constructor(options: EventExpiryOptions) {
    this.#options = options;
  }

  start(): void {
    this.#sweepLater();
  }

  stop(): void {
    this.#cancel?.();
  }

  onReset(): void {
    this.#found = [];
    this.#expiresAtMs.clear();
  }

  onValue({ key, value }: StoredValue): void {
    if (!key.startsWith(eventPrefix)) return;
    this.#found.push([key, lastWrittenMs(value, this.#options.clock.now()) + eventLifetimeMs]);
  }

  onScanned(): void {
    for (const [key, atMs] of this.#found.sort((a, b) => a[1] - b[1])) this.#expiresAtMs.set(key, atMs);
    this.#found = [];
  }

  onEvent({ type, key }: StoreEvent): void {
    if (!key.startsWith(eventPrefix)) return;
    this.#expiresAtMs.delete(key);
    if (type === 'put') this.#expiresAtMs.set(key, this.#options.clock.now() + eventLifetimeMs);
  }

  #sweepLater(): void {
    this.#cancel = this.#options.clock.schedule(eventSweepMs, () => {
      this.#sweep();
      this.#sweepLater();
    });
  }

  #sweep(): void {
    const { store, clock } = this.#options;
    const nowMs = clock.now();
    for (const [key, atMs] of this.#expiresAtMs) {
      if (atMs > nowMs) return;
      this.#expiresAtMs.delete(key);
      const stored = store.get(key);
      // Not guarded by a finalizer: an Event that somebody wants to keep longer does not exist.
      if (stored) store.delete(key, stored.modRevision, lastVersion);
    }
  }
}

const eventPrefix = resourcePrefix(events);

function lastVersion(revision: number, last: JsonObject): JsonObject {
  return { ...last, metadata: { ...metadataOf(last), resourceVersion: String(revision) } as unknown as JsonObject };
}

/** When a stored Event was last written, as far as it says itself. */
function lastWrittenMs(event: JsonObject, nowMs: number): number {
  const texts = [event['lastTimestamp'], event['eventTime'], metadataOf(event).creationTimestamp];
  const instants = texts.map((text) => (typeof text === 'string' ? fromRfc3339(text) : undefined));
  return Math.min(nowMs, Math.max(...instants.filter((instant) => instant !== undefined), 0) || nowMs);
}
