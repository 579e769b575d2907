import { gunzipSync } from 'node:zlib';
import type { Json } from '../../base/json.ts';
import { UserError } from '../../base/errors.ts';
import type { ApiClient } from '../../client/api-client.ts';
import { type Delivery, type DeliveryStatus, deliveries } from '../../forge/kinds/delivery.ts';
import { isApiError } from '../../kube/api-error.ts';
import { writeYaml, writeYamlDocuments } from '../../yaml/write-yaml.ts';
import { type CliEnvironment, type ServerChoice, exitCodes } from '../environment.ts';
import { withServer } from '../gate/server.ts';
import { findSystemNamespace } from '../system-namespace.ts';
import { deliveryTable, describeDelivery } from './delivery-text.ts';

/** Whose Deliveries are meant. */
export interface DeliveriesChoice extends ServerChoice {
  /** Where Penstock keeps what is its own; absent = where it is found. */
  readonly systemNamespace?: string;
}

/** `penstock delivery list` as typed. */
export interface DeliveryListCommand extends DeliveriesChoice {
  readonly repository?: string;
  readonly phase?: NonNullable<DeliveryStatus['phase']>;
  /** 0 = all. */
  readonly limit: number;
  readonly output: 'table' | 'wide' | 'json' | 'yaml';
}

/** `penstock delivery show` as typed. */
export interface DeliveryCommand extends DeliveriesChoice {
  readonly name: string;
  readonly output: 'text' | 'json' | 'yaml';
  readonly body: boolean;
}

/** `penstock delivery list`: what came in, the newest first. */
export async function deliveryListCommand(command: DeliveryListCommand, environment: CliEnvironment): Promise<number> {
  const { screen, clock } = environment;
  const items = await withServer(environment, command, (client) => listDeliveries(client, command));
  const wanted = items.filter((delivery) => isWanted(delivery, command)).toSorted(newestFirst);
  const shown = command.limit === 0 ? wanted : wanted.slice(0, command.limit);
  if (command.output === 'json') for (const delivery of shown) screen.write(`${JSON.stringify(delivery)}\n`);
  else if (command.output === 'yaml') screen.write(writeYamlDocuments(shown as unknown as readonly Json[]));
  else {
    screen.write(shown.length === 0 ? 'nothing came in\n' : deliveryTable(shown, clock.now(), command.output));
    const more = wanted.length - shown.length;
    if (more > 0) screen.writeError(`and ${more} older: see them with --limit 0\n`);
  }
  return exitCodes.succeeded;
}

function isWanted({ spec, status }: Delivery, { repository, phase }: DeliveryListCommand): boolean {
  if (phase !== undefined && (status?.phase ?? 'Pending') !== phase) return false;
  if (repository === undefined) return true;
  const known = [spec.verifiedBy ?? '', ...(status?.runs ?? []).map((run) => `${run.namespace}/${run.repository}`)];
  return known.some((name) => name === repository || name.endsWith(`/${repository}`));
}

function newestFirst(a: Delivery, b: Delivery): number {
  return b.spec.receivedAt < a.spec.receivedAt ? -1 : b.spec.receivedAt > a.spec.receivedAt ? 1 : 0;
}

/** `penstock delivery show NAME`. */
export async function deliveryShowCommand(command: DeliveryCommand, environment: CliEnvironment): Promise<number> {
  const { screen, clock } = environment;
  const delivery = await withServer(environment, command, (client) => findDelivery(client, command.name, command));
  if (command.body) screen.write(bodyOf(delivery));
  else if (command.output === 'json') screen.write(`${JSON.stringify(delivery)}\n`);
  else if (command.output === 'yaml') screen.write(writeYaml(delivery as unknown as Json));
  else screen.write(describeDelivery(delivery, clock.now()));
  return exitCodes.succeeded;
}

function bodyOf({ metadata, spec }: Delivery): string {
  if (spec.payload !== undefined) return gunzipSync(Buffer.from(spec.payload.data, 'base64')).toString('utf8');
  throw new UserError(`the body of ${metadata.name ?? ''} was not kept`, {
    code: 'DELIVERY_BODY',
    ...(spec.payloadOmitted === undefined ? {} : { remedy: spec.payloadOmitted }),
  });
}

/** Those of the namespace that was said; else of all that may be seen: who may not see all namespaces sees Penstock's own. */
async function listDeliveries(client: ApiClient, { systemNamespace }: DeliveriesChoice): Promise<readonly Delivery[]> {
  if (systemNamespace !== undefined) return (await client.list(deliveries, { namespace: systemNamespace })).items;
  try {
    return (await client.list(deliveries)).items;
  } catch (thrown) {
    if (!isApiError(thrown, 'Forbidden')) throw thrown;
    const namespace = await findSystemNamespace(client, undefined);
    return (await client.list(deliveries, { namespace })).items;
  }
}

/** The Delivery of that name, or the only one whose name begins so. */
export async function findDelivery(client: ApiClient, name: string, choice: DeliveriesChoice): Promise<Delivery> {
  const items = await listDeliveries(client, choice);
  const exact = items.find(({ metadata }) => metadata.name === name);
  if (exact !== undefined) return exact;
  const [found, ...others] = items.filter(({ metadata }) => metadata.name?.startsWith(name));
  if (found !== undefined && others.length === 0) return found;
  const problem = found === undefined ? `there is no delivery "${name}"` : `several deliveries begin with "${name}"`;
  const remedy = '`penstock delivery list` lists them; old ones are removed after a while';
  throw new UserError(problem, { code: 'DELIVERY_UNKNOWN', remedy });
}
