import { type Delivery, deliveries } from '../../forge/kinds/delivery.ts';
import { hashOf } from '../../forge/kinds/identity.ts';
import { type CliEnvironment, exitCodes } from '../environment.ts';
import { withServer } from '../gate/server.ts';
import { type DeliveriesChoice, findDelivery } from './delivery-commands.ts';

/** Hexadecimal digits that tell one repetition from another. */
const digits = 10;

/** `penstock delivery replay NAME`: a new Delivery of the same events, which count as new ones. */
export async function deliveryReplayCommand(
  { name, ...choice }: DeliveriesChoice & { readonly name: string },
  environment: CliEnvironment,
): Promise<number> {
  const { screen, clock } = environment;
  const replayed = await withServer(environment, choice, async (client) => {
    const original = await findDelivery(client, name, choice);
    return client.create(deliveries, replayOf(original, clock.now()));
  });
  const created = replayed.metadata.name ?? '';
  screen.write(`${replayed.spec.replayOf ?? ''} happens once more, as ${created}\n`);
  screen.write(`what becomes of it: penstock delivery show ${created}\n`);
  return exitCodes.succeeded;
}

/** The same events with another occurrence each, so that what they start is a new attempt. */
function replayOf(original: Delivery, nowMs: number): Delivery {
  const { name = '', namespace = '' } = original.metadata;
  const receivedAt = new Date(nowMs).toISOString();
  const events = original.spec.events.map((event) => ({
    ...event,
    occurrence: `${event.occurrence.replace(/ replayed \S+$/, '')} replayed ${receivedAt}`,
  }));
  return {
    apiVersion: original.apiVersion,
    kind: original.kind,
    metadata: {
      name: `${original.spec.forge}-replay-${hashOf(['replay', name, receivedAt]).slice(0, digits)}`,
      namespace,
      labels: { 'app.kubernetes.io/managed-by': 'penstock' },
    },
    spec: { ...original.spec, receivedAt, events, replayOf: name },
  };
}
