import { UserError } from '../../base/errors.ts';
import type { ApiClient } from '../../client/api-client.ts';
import type { InstalledHook } from '../../forge/git/hook/install-hook.ts';
import { withServer } from '../gate/server.ts';
import { type CliEnvironment, type Connection, type LocalGit, type ServerChoice } from '../environment.ts';
import { type Change, applyObjects } from './apply-objects.ts';
import { checkNames, currentValue, findPlace } from './find-place.ts';
import { type SecretKey, type SetupPlan, secretPlaces, wantedObjects } from './setup-objects.ts';
import type { ObjectKey } from '../../kube/object.ts';
import { checkRepository } from './check-repository.ts';
import { changeLines, secretCommand } from './setup-text.ts';

/** `penstock setup git` as typed. */
export interface SetupGitCommand extends ServerChoice {
  /** A folder in the repository; absent = this one, unless `url` names one behind SSH. */
  readonly path?: string;
  readonly url?: string;
  readonly name?: string;
  readonly namespace?: string;
  /** Where its hook is to tell of pushes; absent = where the server says that it listens. */
  readonly webhookUrl?: string;
  readonly force: boolean;
  /** Where Penstock keeps what is its own; absent = where it is found. */
  readonly systemNamespace?: string;
}

/** Longest secret that is read from a file. */
const secretBytesMax = 4096;

/** `penstock setup git`: from now on, a push to a plain Git repository runs what its `.tekton` says. */
export async function setupGitCommand(command: SetupGitCommand, environment: CliEnvironment): Promise<number> {
  checkNames(command);
  const far = command.path === undefined && command.url?.startsWith('ssh:') === true;
  const key = await withServer(environment, command, (client, connection) =>
    (far ? setUpFar : setUpHere)(command, environment, client, connection),
  );
  return checkRepository(key, command, environment);
}

async function setUpHere(
  command: SetupGitCommand,
  environment: CliEnvironment,
  client: ApiClient,
  connection: Connection,
): Promise<ObjectKey> {
  const { files, screen } = environment;
  const folder = command.path ?? '.';
  const git = await environment.openGit();
  const { gitDirectory, repositoryUrl, hookAddress, hasWorkingTree } = await git.describe(folder);
  const asked = command.url ?? repositoryUrl;
  if (hasWorkingTree) await checkNoTwin(files, gitDirectory);
  const place = { ...command, url: asked, plainGit: true };
  const { key, existing, url } = await findPlace(client, place, connection.namespace);
  const webhookUrl = command.webhookUrl ?? addressOf(connection) ?? hookAddress;
  const hook = await installHook(git, folder, command.url, webhookUrl);
  const value = new TextDecoder().decode(await files.read(hook.secretFile, secretBytesMax)).trim();
  const { webhook } = secretPlaces(existing, key.name);
  const plan: SetupPlan = { key, url, provider: { type: 'git' }, webhook: { ...webhook, value } };
  const changes = await applyObjects(client, wantedObjects(plan), command);
  screen.write(changeLines(changes) + hookLines(hook));
  if (webhookUrl === undefined) {
    screen.writeError(`note: the server does not say where it takes webhooks; --webhook-url names the place\n`);
  }
  if (hasWorkingTree) {
    screen.writeError(
      'note: this repository has a working tree: only what is pushed to it runs, not what is committed in it\n',
    );
  }
  return key;
}

/** Addresses do not tell `app` from `app.git`. */
async function checkNoTwin(files: CliEnvironment['files'], gitDirectory: string): Promise<void> {
  const folder = gitDirectory.slice(0, -'/.git'.length);
  if ((await files.kindOf(`${folder}.git`)) !== 'directory') return;
  throw new UserError(`beside ${folder} there is ${folder}.git, and both would have one address`, {
    code: 'SETUP_AMBIGUOUS',
    remedy: `set up the one that is pushed to: penstock setup git ${folder}.git`,
  });
}

function installHook(
  git: LocalGit,
  folder: string,
  repositoryUrl: string | undefined,
  url: string | undefined,
): Promise<InstalledHook> {
  const named = repositoryUrl === undefined ? {} : { repositoryUrl };
  return git.installHook({ folder, ...named, ...(url === undefined ? {} : { url }) });
}

function addressOf({ hooksUrl }: Connection): string | undefined {
  return hooksUrl === undefined ? undefined : `${hooksUrl}/git`;
}

function hookLines({ hook, address, earlier }: InstalledHook): string {
  const kept = earlier === undefined ? '' : `           the hook that was there goes on as ${earlier}\n`;
  return `  installed ${hook}\n            which tells ${address} of each push\n${kept}`;
}

/** The repository is on another machine: what is to be done there is told. */
async function setUpFar(
  command: SetupGitCommand,
  environment: CliEnvironment,
  client: ApiClient,
  connection: Connection,
): Promise<ObjectKey> {
  const { url = '' } = command;
  const { key, existing } = await findPlace(client, { ...command, url, plainGit: true }, connection.namespace);
  const { webhook } = secretPlaces(existing, key.name);
  const value = (await currentValue(client, key.namespace, webhook)) ?? environment.newSecret();
  const plan: SetupPlan = { key, url, provider: { type: 'git' }, webhook: { ...webhook, value } };
  const changes: readonly Change[] = await applyObjects(client, wantedObjects(plan), command);
  const address = command.webhookUrl ?? addressOf(connection);
  if (address === undefined || /^https?:\/\/(?:127\.|localhost|\[::1\])/.test(address)) {
    environment.screen.writeError(`note: name with --webhook-url where ${new URL(url).host} reaches this server\n`);
  }
  environment.screen.write(changeLines(changes) + farText(url, key.namespace, webhook, address));
  return key;
}

function farText(url: string, secretNamespace: string, secret: SecretKey, address?: string): string {
  const { host, pathname } = new URL(url);
  const options = `--url ${address ?? 'ADDRESS/hooks/git'} --secret-file FILE --repository-url ${url}`;
  return [
    `The hook is still to be installed, on ${host}:`,
    `  1. write the secret to a file there that only the owner of the repository may read (0600):`,
    `       ${secretCommand({ secret, secretNamespace })}`,
    `  2. penstock git-hook install -C ${pathname} ${options}`,
    '',
  ].join('\n');
}
