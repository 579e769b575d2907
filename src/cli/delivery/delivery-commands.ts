import { gunzipSync } from 'node:zlib';
import type { Json } from '../../base/json.ts';
import { UserError } from '../../base/errors.ts';
import type { ApiClient } from '../../client/api-client.ts';
import { type Delivery, type DeliveryStatus, deliveries } from '../../forge/kinds/delivery.ts';
import { writeYaml, writeYamlDocuments } from '../../yaml/write-yaml.ts';
import { type CliEnvironment, type ServerChoice, exitCodes } from '../environment.ts';
import { withServer } from '../gate/server.ts';
import { deliveryTable, describeDelivery } from './delivery-text.ts';

/** `penstock delivery list` as typed. */
export interface DeliveryListCommand extends ServerChoice {
  readonly repository?: string;
  readonly phase?: NonNullable<DeliveryStatus['phase']>;
  /** 0 = all. */
  readonly limit: number;
  readonly output: 'table' | 'wide' | 'json' | 'yaml';
}

/** `penstock delivery show` as typed. */
export interface DeliveryCommand extends ServerChoice {
  readonly name: string;
  readonly output: 'text' | 'json' | 'yaml';
  readonly body: boolean;
}

/** `penstock delivery list`: what came in, the newest first. */
export async function deliveryListCommand(command: DeliveryListCommand, environment: CliEnvironment): Promise<number> {
  const { screen, clock } = environment;
  const { items } = await withServer(environment, command, (client) => client.list(deliveries));
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
  const delivery = await withServer(environment, command, (client) => findDelivery(client, command.name));
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

/** The Delivery of that name, or the only one whose name begins so, in whatever namespace Penstock lives. */
export async function findDelivery(client: ApiClient, name: string): Promise<Delivery> {
  const { items } = await client.list(deliveries);
  const exact = items.find(({ metadata }) => metadata.name === name);
  if (exact !== undefined) return exact;
  const [found, ...others] = items.filter(({ metadata }) => metadata.name?.startsWith(name));
  if (found !== undefined && others.length === 0) return found;
  const problem = found === undefined ? `there is no delivery "${name}"` : `several deliveries begin with "${name}"`;
  const remedy = '`penstock delivery list` lists them; old ones are removed after a while';
  throw new UserError(problem, { code: 'DELIVERY_UNKNOWN', remedy });
}
