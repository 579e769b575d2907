import { UserError, errorText } from '../base/errors.ts';
import { systemClock } from '../base/system-clock.ts';
import { systemRandom } from '../base/system-random.ts';
import type { MatchProvider, MatchQuestion, ShownExplanation } from '../cli/match/explanation.ts';
import type { Connection } from '../cli/environment.ts';
import { explainedAnswer } from '../cli/gate/server.ts';
import { findSystemNamespace } from '../cli/system-namespace.ts';
import { accessOf } from '../forge/access/access-of.ts';
import { globalRepositoryKey } from '../forge/access/global-repository.ts';
import { type CompleteRepository, withDefaults } from '../forge/access/with-defaults.ts';
import { type ChangedFiles, type Forge, ForgeError } from '../forge/forge.ts';
import { webhookFormats } from '../forge/forges.ts';
import { changesOfPush } from '../forge/git/changed-files.ts';
import { type GitProgram, createGitProgram } from '../forge/git/git-program.ts';
import { findRepository } from '../forge/git/hook/find-repository.ts';
import type { Project } from '../forge/git-event.ts';
import type { WebhookSender } from '../forge/guess-headers.ts';
import { type Repository, repositories } from '../forge/kinds/repository.ts';
import { type Settings, defaultSettings, parseSettings, settingsConfigMap } from '../forge/kinds/settings.ts';
import { openForges } from '../forge/open-forges.ts';
import { canonicalUrl, isSameRepository } from '../forge/repository-url.ts';
import type { ApiClient } from '../client/api-client.ts';
import { isApiError } from '../kube/api-error.ts';
import { configMaps } from '../kube/core-types.ts';
import { keyOf, keyText } from '../kube/object.ts';
import { createFetch } from '../net/outgoing-fetch.ts';
import { silentLogger } from '../telemetry/logger.ts';
import { type ExplainOptions, explainMatch } from '../triggers/explain/explain-match.ts';
import { localForge, readWorkingFolder } from '../triggers/explain/local-forge.ts';
import { pullRequestEvent } from '../triggers/explain/pull-request-event.ts';
import { type ReadEvent, eventBytesMax, readEvent } from '../triggers/explain/read-event.ts';
import { placeOf } from '../triggers/own-event.ts';
import { definitionsFolder } from '../triggers/planner/definitions.ts';
import { fetchingRemote } from '../triggers/resolve/fetching-remote.ts';
import { secretReader } from '../triggers/secret-reader.ts';
import { connect } from './connect.ts';
import type { ProcessEnvironment } from './environment.ts';
import { localFiles } from './local-files.ts';

/** `penstock match`: explains an event of a file, or a pull request as its host knows it, over a folder of this machine. */
export async function explainLocally(
  question: MatchQuestion,
  environment: ProcessEnvironment,
): Promise<ShownExplanation> {
  try {
    return 'file' in question.event
      ? await explainFile(question, question.event, environment)
      : await explainPullRequest(question, question.event, environment);
  } catch (thrown) {
    if (!(thrown instanceof ForgeError)) throw thrown;
    throw new UserError(thrown.message, { code: thrown.code, cause: thrown });
  }
}

type FileQuestion = Extract<MatchQuestion['event'], { readonly file: string }>;
type PullRequestQuestion = Exclude<MatchQuestion['event'], FileQuestion>;

async function explainFile(
  question: MatchQuestion,
  { file, headers, provider }: FileQuestion,
  environment: ProcessEnvironment,
): Promise<ShownExplanation> {
  const git = localGit(environment);
  const written = {
    file: file === '-' ? 'standard input' : file,
    text: await textOf(file),
    ...(headers === undefined ? {} : { headers: await textOf(headers) }),
    ...(provider === undefined ? {} : { sender: senderOf(provider) }),
  };
  return explain(question, {
    read: readEvent(written, webhookFormats),
    forgeFor: (event, assume) =>
      localForge({
        event,
        assume,
        directory: question.directory,
        files: localFiles,
        changedFiles: (range) => localChanges(question, git, range),
      }),
    settings: defaultSettings,
    readParamSecret: () => Promise.resolve(undefined),
    declared: [],
  });
}

function senderOf(provider: MatchProvider): WebhookSender {
  return provider === 'forgejo' ? 'gitea' : provider;
}

async function textOf(path: string): Promise<string> {
  const bytes = path === '-' ? await localFiles.readInput(eventBytesMax) : await localFiles.read(path, eventBytesMax);
  if (bytes.length <= eventBytesMax) return new TextDecoder().decode(bytes);
  throw new UserError(`${path} has more than ${eventBytesMax} bytes`, { code: 'MATCH_EVENT' });
}

async function explainPullRequest(
  question: MatchQuestion,
  asked: PullRequestQuestion,
  environment: ProcessEnvironment,
): Promise<ShownExplanation> {
  using connection = await connect(asked.server, environment);
  try {
    return await explainOnServer(question, asked, connection, environment);
  } catch (thrown) {
    throw explainedAnswer(thrown, connection.server);
  }
}

async function explainOnServer(
  question: MatchQuestion,
  asked: PullRequestQuestion,
  connection: Connection,
  environment: ProcessEnvironment,
): Promise<ShownExplanation> {
  const { client } = connection;
  const { repository, project } = await repositoryOf(question, asked, connection, environment);
  const systemNamespace = await findSystemNamespace(client, asked.systemNamespace);
  // Whoever may not read it, or has none, is answered without.
  const globalRepository = await client
    .get(repositories, globalRepositoryKey(systemNamespace))
    .catch(undefinedIfUnseen);
  const readSecret = secretReader(client);
  const defaults = globalRepository === undefined ? {} : { globalRepository };
  const access = await accessOf({ repository, ...defaults, systemNamespace, readSecret });
  const { proxy } = environment;
  using forges = openForges({ clock: systemClock, random: systemRandom, logger: silentLogger, proxy });
  const forge = forges.open(access);
  const complete = withDefaults(repository, globalRepository);
  return await explain(
    { ...question, namespace: question.namespace ?? keyOf(repository).namespace },
    {
      read: await pullRequestEvent(forge, project, asked.pullRequest),
      forgeFor: () => withChangedFiles(forge, question.changedFiles),
      settings: await settingsOf(client, systemNamespace),
      declared: complete.spec.params ?? [],
      readParamSecret: async ({ secret_ref }) =>
        secret_ref && (await readSecret(complete.secretNamespaces.params, secret_ref.name, secret_ref.key ?? '')),
    },
  );
}

interface FoundRepository {
  readonly repository: Repository;
  readonly project: Project;
}

async function repositoryOf(
  { directory, namespace }: MatchQuestion,
  { repository: named }: PullRequestQuestion,
  connection: Connection,
  environment: ProcessEnvironment,
): Promise<FoundRepository> {
  const items = await seenRepositories(connection, named?.split('/')[0] ?? namespace);
  const address = named === undefined ? await remoteOf(localGit(environment), directory) : undefined;
  const repository = items.find((one) =>
    address === undefined ? keyText(keyOf(one)) === named : isSameRepository(one.spec?.url ?? '', address),
  );
  const place = repository === undefined ? undefined : placeOf(repository);
  if (repository === undefined || place === undefined) {
    const message = `the server has no Repository ${named ?? `with the address ${address}`}`;
    throw new UserError(message, { code: 'MATCH_REPOSITORY', remedy: 'name one: --repository NAMESPACE/NAME' });
  }
  return { repository, project: place.project };
}

/** Those of all namespaces; for somebody who may not see them, those of `namespace`, or of the context's. */
async function seenRepositories(
  { client, namespace: usual }: Connection,
  namespace: string = usual,
): Promise<readonly Repository[]> {
  try {
    return (await client.list(repositories)).items;
  } catch (thrown) {
    if (!isApiError(thrown, 'Forbidden')) throw thrown;
    return (await client.list(repositories, { namespace })).items;
  }
}

function undefinedIfUnseen(thrown: unknown): undefined {
  if (isApiError(thrown, 'NotFound') || isApiError(thrown, 'Forbidden')) return undefined;
  throw thrown;
}

/** The address of the folder's remote `origin`, as Repositories have it. */
async function remoteOf(git: GitProgram, folder: string): Promise<string> {
  const args = ['remote', 'get-url', 'origin'];
  const { exitCode, output } = await git.run({ folder: localFiles.resolve(folder), args, configuration: 'person' });
  const written = output.toString('utf8').trim();
  // git@host:owner/name is what clones over SSH have; a Repository names the web address.
  const short = /^(?:ssh:\/\/)?[\w.-]+@([\w.-]+)(?::\d+\/|[:/])(.+)$/.exec(written);
  const address = canonicalUrl(short === null ? written : `https://${short[1]}/${short[2]}`);
  if (exitCode === 0 && address !== undefined) return address;
  throw new UserError(`the remote of ${folder} does not tell its Repository`, {
    code: 'MATCH_REPOSITORY',
    remedy: 'name it: --repository NAMESPACE/NAME',
  });
}

async function settingsOf(client: ApiClient, systemNamespace: string): Promise<Settings> {
  const place = { namespace: systemNamespace, name: settingsConfigMap };
  const stored = await client.get(configMaps, place).catch(undefinedIfUnseen);
  // Whoever may not read them, or has none, is answered with the defaults.
  return stored === undefined ? defaultSettings : parseSettings(stored.data).settings;
}

type Sources = Pick<ExplainOptions, 'read' | 'forgeFor' | 'settings' | 'readParamSecret'> & {
  readonly read: ReadEvent;
  readonly declared: CompleteRepository['spec']['params'];
};

async function explain(question: MatchQuestion, { declared = [], ...sources }: Sources): Promise<ShownExplanation> {
  const { directory, namespace, params } = question;
  const given = Object.entries(params).map(([name, value]) => ({ name, value }));
  using fetch = createFetch({ clock: systemClock });
  return await explainMatch({
    ...sources,
    ...(namespace === undefined ? {} : { namespace }),
    definitions: await readWorkingFolder(localFiles, directory, definitionsFolder),
    fetcher: fetchingRemote(fetch),
    declaredParams: [...declared, ...given],
  });
}

function localGit({ path, home }: ProcessEnvironment): GitProgram {
  return createGitProgram({ clock: systemClock, surroundings: { path, ...(home === undefined ? {} : { home }) } });
}

/** What was said to have changed, or what the folder's own repository knows of these commits. */
async function localChanges(
  { changedFiles, directory }: MatchQuestion,
  git: GitProgram,
  range: { readonly before?: string; readonly after: string },
): Promise<ChangedFiles | undefined> {
  if (changedFiles !== undefined) return changesOf(changedFiles);
  try {
    const { gitDirectory } = await findRepository(git, directory);
    return await changesOfPush(git, gitDirectory, range);
  } catch (thrown) {
    // No repository, or one without these commits: the explanation says that it does not know.
    if (thrown instanceof ForgeError || thrown instanceof UserError) return undefined;
    throw new Error(`which files changed cannot be found out: ${errorText(thrown)}`, { cause: thrown });
  }
}

function changesOf(modified: readonly string[]): ChangedFiles {
  return { added: [], modified, deleted: [], renamed: [], truncated: false };
}

/** A forge that says of changed files what it was told. */
function withChangedFiles(forge: Forge, changedFiles: readonly string[] | undefined): Forge {
  if (changedFiles === undefined) return forge;
  return new Proxy(forge, {
    get(target, key) {
      if (key === 'changedFiles') return () => Promise.resolve(changesOf(changedFiles));
      const member: unknown = Reflect.get(target, key);
      return typeof member === 'function' ? (member.bind(target) as unknown) : member;
    },
  });
}
