import { UserError } from '../../base/errors.ts';
import type { ApiClient } from '../../client/api-client.ts';
import {
  type AccessRequest,
  accessOf,
  applicationSecretName,
  applicationWebhookSecret,
  webhookSecretOf,
} from '../../forge/access/access-of.ts';
import type { ForgeAccess, ForgeDirectory } from '../../forge/forge-directory.ts';
import { type Forge, ForgeError } from '../../forge/forge.ts';
import type { Project } from '../../forge/git-event.ts';
import type { Repository } from '../../forge/kinds/repository.ts';
import { urlProblem } from '../../forge/repository-url.ts';
import { placeOf } from '../../triggers/own-event.ts';
import { definitionsFolder } from '../../triggers/planner/definitions.ts';
import { readDefinitions } from '../../triggers/resolve/read-definitions.ts';
import type { Examination } from './examination.ts';

/** What a Repository is looked at with. */
export interface RepositoryParts {
  readonly client: ApiClient;
  readonly request: Omit<AccessRequest, 'repository'>;
  readonly forges: ForgeDirectory;
  /** Whether the server may see the folders of this machine. */
  readonly sameMachine: boolean;
}

/** Checks address, secrets, credential and `.tekton` of a Repository, each as far as the one before allows. */
export async function checkRepository(
  repository: Repository,
  parts: RepositoryParts,
  found: Examination,
): Promise<void> {
  const url = repository.spec?.url ?? '';
  const problem = url === '' ? 'is empty' : urlProblem(url, repository.spec?.git_provider?.type === 'git');
  const place = placeOf(repository);
  if (problem !== undefined || place === undefined) {
    found.fail(
      'address',
      `spec.url "${url}" ${problem ?? 'names no repository'}`,
      'write it as https://HOST/OWNER/NAME',
    );
    return;
  }
  found.ok('address', url);
  const request = { ...parts.request, repository };
  const access = await checkAccess(request, found);
  await checkWebhookSecret(request, access?.kind ?? place.forge, found);
  if (access !== undefined) await checkProject(parts, access, place.project, found);
}

async function checkAccess(request: AccessRequest, found: Examination): Promise<ForgeAccess | undefined> {
  try {
    const access = await accessOf(request);
    const { credential } = access;
    if (credential.type === 'token') found.ok('credential', 'its Secret holds a token');
    if (credential.type === 'github-app') {
      const secret = `${request.systemNamespace}/${applicationSecretName}`;
      found.ok('credential', `GitHub App ${credential.applicationId}, of Secret ${secret}`);
    }
    return access;
  } catch (thrown) {
    found.thrown('credential', thrown);
    return undefined;
  }
}

async function checkWebhookSecret(
  request: AccessRequest,
  kind: ForgeAccess['kind'],
  found: Examination,
): Promise<void> {
  const reference = request.repository.spec?.git_provider?.webhook_secret;
  try {
    if ((await webhookSecretOf(request)) !== undefined) {
      found.ok('webhook secret', reference === undefined ? 'that of all Repositories' : `in Secret ${reference.name}`);
      return;
    }
    const application = await applicationWebhookSecret(request.readSecret, request.systemNamespace);
    if (kind === 'github' && application !== undefined) found.ok('webhook secret', "the App's");
    else {
      found.fail('webhook secret', 'it names none, so nothing its host sends is believed', setUpAgain(kind));
    }
  } catch (thrown) {
    found.thrown('webhook secret', thrown);
  }
}

function setUpAgain(kind: ForgeAccess['kind']): string {
  return `let \`penstock setup ${kind.replace(/-.*$/, '')}\` make one, or set spec.git_provider.webhook_secret`;
}

async function checkProject(
  { forges, sameMachine }: RepositoryParts,
  access: ForgeAccess,
  project: Project,
  found: Examination,
): Promise<void> {
  const elsewhere = access.kind === 'git' && access.webUrl === 'file://' && !sameMachine;
  if (elsewhere) {
    found.warn('host', 'it is on the machine of the server, and cannot be looked at from here');
    return;
  }
  const forge = forges.open(access);
  try {
    const known = await forge.readProject(project);
    if (known === undefined) {
      const remedy = 'check spec.url, and that the credential may see the repository';
      found.fail('host', `${access.webUrl} knows no repository ${project.owner}/${project.name}`, remedy);
      return;
    }
    const app = access.credential.type === 'github-app' ? '; its key is right and the App is installed' : '';
    const said = access.kind === 'git' ? 'the repository is there' : `${access.webUrl} takes the credential${app}`;
    found.ok('host', said);
    await checkDefinitions(forge, known, found);
  } catch (thrown) {
    found.thrown('host', thrown);
  }
}

async function checkDefinitions(forge: Forge, project: Project, found: Examination): Promise<void> {
  const branch = project.defaultBranch;
  const head = branch === undefined ? undefined : await forge.readRevision(project, `refs/heads/${branch}`);
  if (branch === undefined || head === undefined) {
    found.warn('default branch', `there is no commit on ${branch ?? 'a default branch'} yet`, 'push one');
    return;
  }
  found.ok('default branch', `${branch} is at ${head.sha.slice(0, 12)}`);
  try {
    tellDefinitions(await forge.readFolder(project, head.sha, definitionsFolder), branch, found);
  } catch (thrown) {
    if (!(thrown instanceof ForgeError || thrown instanceof UserError)) throw thrown;
    found.thrown('.tekton', thrown);
  }
}

function tellDefinitions(files: Parameters<typeof readDefinitions>[0], branch: string, found: Examination): void {
  const { definitions, problems } = readDefinitions(files);
  for (const { file, line, column, message } of problems) {
    const place = [file, line, column].filter((part) => part !== undefined).join(':');
    found.fail(
      '.tekton',
      `${place}: ${message}`,
      'what it names does not run until it is mended; `penstock lint .tekton` tells all',
    );
  }
  const names = definitions.map(({ name }) => name).join(', ');
  if (definitions.length > 0) found.ok('.tekton', `${definitions.length} on ${branch}: ${names}`);
  else if (problems.length === 0) {
    found.warn('.tekton', `there is no PipelineRun in .tekton on ${branch}`, 'examples/demo/.tekton shows one');
  }
}
