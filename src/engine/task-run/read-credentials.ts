import type { ApiClient } from '../../client/api-client.ts';
import type { Lister } from '../../controller/contract.ts';
import { isApiError } from '../../kube/api-error.ts';
import { secrets, serviceAccounts, type Secret, type ServiceAccount } from '../../kube/core-types.ts';
import type { KubeObject, ObjectKey } from '../../kube/object.ts';
import type { ResourceType } from '../../kube/resource.ts';
import type { TaskRun } from '../../tekton/types.ts';
import type { WarningRecorder } from '../warning-recorder.ts';

/** Where service accounts are found. */
export interface CredentialSources {
  readonly client: ApiClient;
  readonly serviceAccounts: Lister<ServiceAccount>;
  /** The account of runs that name none. */
  readonly defaultAccount: string;
  readonly recorder?: WarningRecorder | undefined;
}

/** The Secrets of a service account, or why they may not be read. */
export type Credentials =
  | { readonly ok: true; readonly secrets: readonly Secret[] }
  | { readonly ok: false; readonly message: string };

/**
 * Reads the Secrets that the service account of `run` names; one that does not exist is worth a warning, as in Tekton.
 * The default account comes from the cache, since nearly every run has it; the others were made for what they give and
 * are asked of the API. An account that does not exist gives nothing: whether a pod may have it is for the API to say.
 * Throws what may pass.
 */
export async function credentialsOf(sources: CredentialSources, run: TaskRun): Promise<Credentials> {
  try {
    return { ok: true, secrets: await readSecrets(sources, run) };
  } catch (thrown) {
    if (!isApiError(thrown, 'Forbidden')) throw thrown;
    return { ok: false, message: `cannot read the credentials of the service account: ${thrown.message}` };
  }
}

async function readSecrets(sources: CredentialSources, run: TaskRun): Promise<readonly Secret[]> {
  const { namespace = '' } = run.metadata;
  const account = run.spec.serviceAccountName || sources.defaultAccount;
  const { secrets: named = [] } = (await accountNamed(sources, { namespace, name: account })) ?? {};
  const names = new Set(named.flatMap(({ name }) => (name ? [name] : [])));
  const found = await Promise.all(
    [...names].map(async (name) => {
      const secret = await find(sources.client, secrets, { namespace, name });
      const text = `service account "${account}" names the Secret "${name}", which does not exist`;
      if (secret === undefined) sources.recorder?.warn(run, 'MissingSecret', text);
      return secret;
    }),
  );
  return found.filter((secret) => secret !== undefined);
}

async function accountNamed(sources: CredentialSources, key: ObjectKey): Promise<ServiceAccount | undefined> {
  if (key.name === sources.defaultAccount) return sources.serviceAccounts.get(key);
  return find(sources.client, serviceAccounts, key);
}

async function find<T extends KubeObject>(
  client: ApiClient,
  type: ResourceType<T>,
  key: ObjectKey,
): Promise<T | undefined> {
  try {
    return await client.get(type, key);
  } catch (thrown) {
    if (!isApiError(thrown, 'NotFound')) throw thrown;
    return undefined;
  }
}
