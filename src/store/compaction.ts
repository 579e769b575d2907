import type { CancelTimer, Clock } from '../base/clock.ts';
import type { Store } from './store.ts';

/** How long history is kept, unless told otherwise: 5 minutes, as Kubernetes' API servers ask of etcd. */
export const historyAgeMsMaxDefault = 300_000;

/** Into how many steps that age is cut: history is forgotten at most one step late. */
const steps = 10;

/** Options of {@link startCompaction}. */
export interface CompactionOptions {
  readonly clock: Clock;
  /** Default {@link historyAgeMsMaxDefault}. */
  readonly historyAgeMsMax?: number;
}

/**
 * Forgets history older than `historyAgeMsMax`, now and then, until the returned function is called.
 *
 * The number of revisions is limited by the stores themselves (`historyRevisionsMax`): a burst cannot wait for a timer.
 * Call the returned function before the store is closed.
 */
export function startCompaction(store: Store, options: CompactionOptions): CancelTimer {
  const stepMs = (options.historyAgeMsMax ?? historyAgeMsMaxDefault) / steps;
  /** Newest revisions at the ends of the last steps, oldest first. */
  const revisions: number[] = [store.revision()];
  let cancel: CancelTimer;
  const step = (): void => {
    revisions.push(store.revision());
    if (revisions.length > steps) store.compact(revisions.shift() as number);
    cancel = options.clock.schedule(stepMs, step);
  };
  cancel = options.clock.schedule(stepMs, step);
  return () => cancel();
}
