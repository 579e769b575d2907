import type { ApiClient } from '../../client/api-client.ts';
import { applicationSecretName } from '../../forge/access/access-of.ts';
import type { ObjectKey } from '../../kube/object.ts';
import { type CliEnvironment, type Connection, type ServerChoice, exitCodes } from '../environment.ts';
import { withServer } from '../gate/server.ts';
import { findSystemNamespace } from '../system-namespace.ts';
import { EndedError, answer, checkToken, secretOf } from './answers.ts';
import { applicationObjects, hasApplication } from './application.ts';
import { applyObjects } from './apply-objects.ts';
import { checkRepository } from './check-repository.ts';
import { type FoundPlace, checkNames, currentValue, findPlace } from './find-place.ts';
import { type HostGuide, type HostName, guideOf, hookPathOf } from './hosts.ts';
import { type SetupPlan, secretPlaces, webhookKeyDefault, wantedObjects } from './setup-objects.ts';
import { changeLines, hostSteps } from './setup-text.ts';

/** `penstock setup github|gitlab|gitea|forgejo|bitbucket` as typed. */
export interface SetupHostCommand extends ServerChoice {
  readonly host: HostName;
  readonly url?: string;
  readonly name?: string;
  readonly namespace?: string;
  /** A file with the token, or `-`. */
  readonly tokenFile?: string;
  /** The user of the token, where a host wants one. */
  readonly user?: string;
  /** The address under which the host reaches Penstock. */
  readonly webhookUrl?: string;
  /** The address of the host's API, or of the host when it lives under a path. */
  readonly providerUrl?: string;
  readonly appId?: string;
  /** A file with the key of the App, or `-`. */
  readonly privateKey?: string;
  /** Where Penstock keeps what is its own; absent = where it is found. */
  readonly systemNamespace?: string;
  readonly force: boolean;
  /** Nothing is asked. */
  readonly yes: boolean;
}

/** Everything a setup is done with. */
interface Work {
  readonly command: SetupHostCommand;
  readonly environment: CliEnvironment;
  readonly client: ApiClient;
  readonly connection: Connection;
  /** Where Penstock keeps what is its own. */
  readonly systemNamespace: string;
}

/** `penstock setup HOST`: makes the objects of a repository, says what to enter at its host, and checks what can be checked. */
export async function setupHostCommand(command: SetupHostCommand, environment: CliEnvironment): Promise<number> {
  checkNames(command);
  try {
    const key = await withServer(environment, command, async (client, connection) => {
      const systemNamespace = await findSystemNamespace(client, command.systemNamespace);
      return setUp({ command, environment, client, connection, systemNamespace });
    });
    return await checkRepository(key, command, environment);
  } catch (thrown) {
    if (!(thrown instanceof EndedError)) throw thrown;
    environment.screen.writeError('ended; nothing was changed\n');
    return exitCodes.cancelled;
  }
}

async function setUp(work: Work): Promise<ObjectKey> {
  const { command, environment, client, connection, systemNamespace } = work;
  const asking = { yes: command.yes, environment };
  const asked = await answer(command.url, { flag: '--url', text: 'Address of the repository' }, asking);
  const place = await findPlace(client, { ...command, url: asked, plainGit: false }, connection.namespace);
  const guide = guideOf(command.host, place.url);
  const application = await applicationObjects({ ...work, url: place.url });
  const usesApplication = application.length > 0 || (await prefersApplication(work, place));
  const plan = usesApplication ? applicationPlan(work, place, guide) : await tokenPlan(work, place, guide);
  const changes = await applyObjects(client, [...application, ...wantedObjects(plan)], command);
  const secret = plan.webhook ?? { name: applicationSecretName, key: webhookKeyDefault };
  const secretNamespace = plan.webhook === undefined ? systemNamespace : place.key.namespace;
  const address = command.webhookUrl ?? addressOf(connection, guide);
  environment.screen.write(
    changeLines(changes) + hostSteps(guide, { address, secret, secretNamespace, application: usesApplication }),
  );
  return place.key;
}

function addressOf({ hooksUrl }: Connection, guide: HostGuide): string {
  return `${hooksUrl ?? 'https://WHERE-PENSTOCK-IS-REACHED/hooks'}/${hookPathOf(guide)}`;
}

/** An App that is there serves every Repository at GitHub that brings no token. */
async function prefersApplication(
  { command, client, systemNamespace }: Work,
  { existing, url }: FoundPlace,
): Promise<boolean> {
  if (command.host !== 'github' || command.tokenFile !== undefined) return false;
  if (existing?.spec?.git_provider?.secret !== undefined) return false;
  return hasApplication(client, systemNamespace, url);
}

function applicationPlan({ command }: Work, place: FoundPlace, { type }: HostGuide): SetupPlan {
  const { key, url } = place;
  const { providerUrl } = wordsOf(command, place);
  // github.com needs no word about itself.
  const known = URL.parse(url)?.hostname === 'github.com' && providerUrl === undefined;
  const provider = { type, ...(providerUrl === undefined ? {} : { url: providerUrl }) };
  return { key, url, ...(known ? {} : { provider }) };
}

/** What is not said again stays: an apply takes away what was applied before and is left out. */
function wordsOf(command: SetupHostCommand, { existing }: FoundPlace): { user?: string; providerUrl?: string } {
  const before = existing?.spec?.git_provider;
  const user = command.user ?? before?.user;
  const providerUrl = command.providerUrl ?? before?.url;
  return { ...(user === undefined ? {} : { user }), ...(providerUrl === undefined ? {} : { providerUrl }) };
}

async function tokenPlan(work: Work, place: FoundPlace, guide: HostGuide): Promise<SetupPlan> {
  const { command, environment, client } = work;
  const { user, providerUrl } = wordsOf(command, place);
  const places = secretPlaces(place.existing, place.key.name);
  const { namespace } = place.key;
  const token = await tokenOf(work, guide, await currentValue(client, namespace, places.token));
  const secret = (await currentValue(client, namespace, places.webhook)) ?? environment.newSecret();
  return {
    key: place.key,
    url: place.url,
    provider: {
      type: guide.type,
      ...(providerUrl === undefined ? {} : { url: providerUrl }),
      ...(user === undefined ? {} : { user }),
    },
    token: { ...places.token, value: token },
    webhook: { ...places.webhook, value: secret },
  };
}

async function tokenOf(
  { command: { tokenFile, yes }, environment }: Work,
  { label, token: wanted }: HostGuide,
  current: string | undefined,
): Promise<string> {
  if (tokenFile !== undefined) return checkToken(await secretOf(tokenFile, environment));
  if (current !== undefined) return current;
  const question = { flag: '--token-file', text: `Token of ${label} (${wanted})`, hidden: true } as const;
  return checkToken(await answer(undefined, question, { yes, environment }));
}
