import type { JsonObject } from '../../src/base/json.ts';
import type { Store, StoreKey, WriteOutcome } from '../../src/store/store.ts';

/** One write, as it happened. */
export interface Write {
  readonly before: JsonObject | undefined;
  /** Absent when the object is gone. */
  readonly after: JsonObject | undefined;
}

/** A store that tells of every write at once, in the one order there is. */
export function observedStore(store: Store, observe: (write: Write) => void): Store {
  const told = (key: StoreKey, write: () => WriteOutcome): WriteOutcome => {
    const before = store.get(key)?.value;
    const outcome = write();
    if (outcome.done) observe({ before, after: store.get(key)?.value });
    return outcome;
  };
  return {
    revision: () => store.revision(),
    get: (key) => store.get(key),
    range: (prefix, options) => store.range(prefix, options),
    put: (key, expected, stamp) => told(key, () => store.put(key, expected, stamp)),
    delete: (key, expected, stamp) => told(key, () => store.delete(key, expected, stamp)),
    watch: (prefix, fromRevision) => store.watch(prefix, fromRevision),
    durable: () => store.durable(),
    compact: (revision) => store.compact(revision),
    oldestRevision: () => store.oldestRevision(),
    close: () => store.close(),
  };
}
