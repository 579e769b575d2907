/** Old Deliveries go, so that the store does not grow for ever. */
import type { Clock } from '../../base/clock.ts';
import { fromRfc3339 } from '../../base/clock.ts';
import type { ApiClient } from '../../client/api-client.ts';
import { concurrently } from '../../controller/concurrently.ts';
import type { ControllerHost } from '../../controller/contract.ts';
import { type Delivery, deliveries } from '../../forge/kinds/delivery.ts';
import { isApiError } from '../../kube/api-error.ts';
import { keyOf } from '../../kube/object.ts';
import type { Logger } from '../../telemetry/logger.ts';

/** A Delivery that is done is kept for so long, in milliseconds. */
export const deliveryKeepMs: number = 14 * 24 * 3_600_000;
/** Most Deliveries that are kept after they are done; the oldest go first. */
export const deliveriesKeptMax = 5_000;
/** So often old ones are looked for, in milliseconds. */
export const deliverySweepEveryMs = 600_000;
/** So many deletes at a time. */
const deletesAtATime = 4;

/** What {@link registerRetention} needs. */
export interface RetentionOptions {
  readonly client: ApiClient;
  readonly host: ControllerHost;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly systemNamespace: string;
}

/** Registers the controller `delivery-retention`. */
export function registerRetention({ client, host, clock, logger, systemNamespace }: RetentionOptions): void {
  const cache = host.informer(deliveries);
  const reconcile = async (): Promise<{ readonly requeueAfterMs: number }> => {
    const old = oldDeliveries(cache.list(systemNamespace), clock.now());
    await concurrently(old, deletesAtATime, (delivery) => remove(client, delivery));
    if (old.length > 0) logger.info('removed old deliveries', { deliveries: old.length });
    return { requeueAfterMs: deliverySweepEveryMs };
  };
  const queue = host.controller({ name: 'delivery-retention', reconciler: { reconcile }, workers: 1 });
  queue.add({ namespace: systemNamespace, name: 'deliveries' });
}

/** Those that may go: over, and older than they are kept, or too many. What is not over stays, however old. */
export function oldDeliveries(all: readonly Delivery[], nowMs: number): readonly Delivery[] {
  const over = all.filter(isOver).toSorted((a, b) => receivedMs(b) - receivedMs(a));
  return over.filter((delivery, index) => index >= deliveriesKeptMax || nowMs - receivedMs(delivery) > deliveryKeepMs);
}

function isOver({ status }: Delivery): boolean {
  return status?.phase === 'Done' || (status?.phase === 'Failed' && status.completedAt !== undefined);
}

function receivedMs({ spec }: Delivery): number {
  return fromRfc3339(spec.receivedAt) ?? 0;
}

async function remove(client: ApiClient, delivery: Delivery): Promise<void> {
  const { uid = '', resourceVersion = '' } = delivery.metadata;
  try {
    await client.delete(deliveries, keyOf(delivery), { preconditions: { uid, resourceVersion } });
  } catch (thrown) {
    // It is gone, or was changed a moment ago: the next look decides.
    if (!isApiError(thrown, 'NotFound') && !isApiError(thrown, 'Conflict')) throw thrown;
  }
}
