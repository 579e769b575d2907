/** The Secret a run clones with: one for each run, made before it, owned by it, gone with it. */
import type { ApiClient } from '../../client/api-client.ts';
import type { GitCredential, Forge } from '../../forge/forge.ts';
import type { Project } from '../../forge/git-event.ts';
import type { PlannedRun } from '../../forge/kinds/delivery.ts';
import { managedByKey, managedByRuns, penstockKeys, runKeys } from '../../forge/kinds/run-keys.ts';
import { isApiError } from '../../kube/api-error.ts';
import { type Secret, secrets } from '../../kube/core-types.ts';
import { keyOf, keyText } from '../../kube/object.ts';
import { apiVersionOf } from '../../kube/resource.ts';
import { type PipelineRun, pipelineRuns } from '../../tekton/types.ts';
import { labelValue } from './run-object.ts';

/** Name of the Secret of a run. */
export function gitAuthSecretName(runName: string): string {
  return `pac-gitauth-${runName}`;
}

/** The Secret for one run: the published keys, `.gitconfig`, `.git-credentials` and `git-provider-token`. */
export function gitAuthSecret(plan: PlannedRun, project: Project, credential: GitCredential): Secret {
  const { namespace, name } = plan;
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    type: 'Opaque',
    metadata: {
      namespace,
      name: gitAuthSecretName(name),
      labels: {
        [managedByKey]: managedByRuns,
        [runKeys.urlOrg]: labelValue(project.owner),
        [runKeys.urlRepository]: labelValue(project.name),
        [runKeys.repository]: labelValue(plan.repository),
        [penstockKeys.run]: name,
        [penstockKeys.series]: plan.series,
      },
      annotations: {
        [runKeys.url]: project.url,
        [runKeys.sha]: plan.sha,
        [runKeys.urlOrg]: project.owner,
        [runKeys.urlRepository]: project.name,
        [penstockKeys.occurrence]: plan.occurrence,
        ...(credential.expiresAt === undefined ? {} : { [penstockKeys.expiresAt]: credential.expiresAt }),
      },
    },
    data: gitAuthData(project, credential),
  };
}

/** What the Secret holds, base64. Git reads the files by `include.path` and `credential.helper store --file`. */
export function gitAuthData(project: Project, { username, token }: GitCredential): Readonly<Record<string, string>> {
  const { protocol, host, pathname } = new URL(project.cloneUrl ?? project.url);
  const login = `${encodeURIComponent(username)}:${encodeURIComponent(token)}`;
  // For all of the host, as published: submodules and other repositories that the token reaches are cloned with it, too.
  const config = `[credential "${protocol}//${host}"]\n\thelper = store\n`;
  const path = pathname.endsWith('.git') ? pathname.slice(0, -'.git'.length) : pathname;
  // Who sets useHttpPath has git ask for the path as the URL has it, with or without `.git`.
  const credentials = [path, `${path}.git`].map((each) => `${protocol}//${login}@${host}${each}\n`).join('');
  return {
    '.gitconfig': base64(config),
    '.git-credentials': base64(credentials),
    'git-provider-token': base64(token),
  };
}

/** The project with the address that steps clone from, where its own is none that a step could reach. */
export function clonedFrom(forge: Forge, project: Project): Project {
  const cloneUrl = forge.cloneUrl?.(project);
  return cloneUrl === undefined ? project : { ...project, cloneUrl };
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}

/** The Secret's name is taken by something that was not made for this run. */
export class ForeignSecretError extends Error {
  override readonly name = 'ForeignSecretError';
  readonly code = 'GIT_AUTH_SECRET_TAKEN';
}

/**
 * Makes the Secret, or takes over the one that an interrupted try made for this very run, with the fresh credential in
 * it. Throws {@link ForeignSecretError} when somebody else's has the name: it is never used, whatever it holds.
 */
export async function makeGitAuthSecret(client: ApiClient, secret: Secret): Promise<void> {
  try {
    await client.create(secrets, secret);
    return;
  } catch (thrown) {
    if (!isApiError(thrown, 'AlreadyExists')) throw thrown;
  }
  const key = keyOf(secret);
  const found = await client.get(secrets, key);
  if (!isSameRun(found, secret)) throw new ForeignSecretError(`Secret ${keyText(key)} belongs to something else`);
  const { uid = '', resourceVersion = '' } = found.metadata;
  const metadata = { uid, resourceVersion, annotations: secret.metadata.annotations ?? {} };
  await client.patch(secrets, key, { metadata, data: secret.data ?? {} }, { type: 'merge' });
}

function isSameRun(found: Secret, wanted: Secret): boolean {
  const of = ({ metadata }: Secret): readonly unknown[] => [
    metadata.labels?.[managedByKey],
    metadata.labels?.[penstockKeys.run],
    metadata.labels?.[penstockKeys.series],
    metadata.annotations?.[penstockKeys.occurrence],
  ];
  return of(found).every((value, index) => value === of(wanted)[index]);
}

/** Makes the run the Secret's only owner: with it goes the Secret. Harmless when it is so already. */
export async function ownGitAuthSecret(client: ApiClient, run: PipelineRun): Promise<void> {
  const { namespace, name } = keyOf(run);
  const uid = run.metadata.uid ?? '';
  const owner = { apiVersion: apiVersionOf(pipelineRuns), kind: pipelineRuns.kind, name, uid };
  const patch = { metadata: { ownerReferences: [owner] } };
  await client.patch(secrets, { namespace, name: gitAuthSecretName(name) }, patch, { type: 'merge' });
}

/** Removes the Secret of a run that there will not be. */
export async function dropGitAuthSecret(
  client: ApiClient,
  plan: Pick<PlannedRun, 'namespace' | 'name' | 'occurrence'>,
): Promise<void> {
  const key = { namespace: plan.namespace, name: gitAuthSecretName(plan.name) };
  try {
    const found = await client.get(secrets, key);
    if (found.metadata.annotations?.[penstockKeys.occurrence] !== plan.occurrence) return;
    await client.delete(secrets, key, { preconditions: { uid: found.metadata.uid ?? '' } });
  } catch (thrown) {
    if (!isApiError(thrown, 'NotFound') && !isApiError(thrown, 'Conflict')) throw thrown;
  }
}
