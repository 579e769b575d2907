import type { Clock } from '../../base/clock.ts';
import { withDeadline } from '../../controller/deadline.ts';
import type { ApiClient } from '../../client/api-client.ts';
import { type Delivery, deliveries } from '../../forge/kinds/delivery.ts';
import { isApiError } from '../../kube/api-error.ts';

/** Hosts give up after ten seconds; before that they are told to send again. In milliseconds. */
export const storeMsMax = 8_000;

/** Whether the Delivery is new. Either way it is durable now. */
export type Stored = 'accepted' | 'duplicate';

/**
 * Stores a Delivery. Resolves only after the API has answered, which it does when the object is on disk. Rejects when it
 * is not known to be stored; storing it again is harmless.
 */
export async function storeDelivery(client: ApiClient, clock: Clock, delivery: Delivery): Promise<Stored> {
  const options = { clock, limitMs: storeMsMax, signal: new AbortController().signal };
  try {
    await withDeadline(options, () => client.create(deliveries, delivery));
    return 'accepted';
  } catch (thrown) {
    if (isApiError(thrown, 'AlreadyExists')) return 'duplicate';
    throw thrown;
  }
}
