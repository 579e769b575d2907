import { StoreClosedError } from './store-errors.ts';
import type { Store } from './store.ts';
import { WorkingSet, type WorkingSetLimits } from './working-set.ts';

/** A {@link Store} that forgets everything when the process ends: for `penstock run`, tests and the simulation. */
export function createMemoryStore(limits: WorkingSetLimits = {}): Store {
  const set = new WorkingSet(limits);
  let closed = false;
  const open = (): WorkingSet => {
    if (closed) throw new StoreClosedError();
    return set;
  };
  const published = <Outcome>(outcome: Outcome): Outcome => {
    set.publish(set.revision);
    return outcome;
  };
  return {
    revision: () => open().revision,
    get: (key) => open().get(key),
    range: (prefix, options) => open().range(prefix, options),
    put: (key, expected, stamp) => published(open().put(key, expected, stamp)),
    delete: (key, expected, stamp) => published(open().delete(key, expected, stamp)),
    watch: (prefix, fromRevision) => open().watch(prefix, fromRevision),
    durable: () => (closed ? Promise.reject(new StoreClosedError()) : Promise.resolve()),
    compact: (revision) => open().compact(revision),
    oldestRevision: () => open().oldestRevision,
    close: () => {
      closed = true;
      set.endWatches();
      return Promise.resolve();
    },
  };
}
