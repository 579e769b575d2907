import { UserError } from '../../base/errors.ts';
import type { ApiClient } from '../../client/api-client.ts';
import { type Repository, repositories } from '../../forge/kinds/repository.ts';
import { isSameRepository, urlProblem } from '../../forge/repository-url.ts';
import { isApiError } from '../../kube/api-error.ts';
import { secrets } from '../../kube/core-types.ts';
import { keyOf, keyText } from '../../kube/object.ts';
import { type SecretKey, nameFor } from './setup-objects.ts';

/** What a person said of the place of a Repository. */
export interface AskedPlace {
  readonly url: string;
  readonly plainGit: boolean;
  readonly name?: string;
  readonly namespace?: string;
}

/** Where a Repository is to be, and what is there. */
export interface FoundPlace {
  readonly key: { readonly namespace: string; readonly name: string };
  readonly existing: Repository | undefined;
  /** As the Repository has it already, else as it was asked for. */
  readonly url: string;
}

/**
 * Where the Repository of an address is, or is to be. An address belongs to one Repository only, and a Repository keeps its
 * address: `SETUP_URL`, `SETUP_URL_TAKEN`, `SETUP_NAME_TAKEN`.
 */
export async function findPlace(client: ApiClient, asked: AskedPlace, namespaceDefault: string): Promise<FoundPlace> {
  const { url, plainGit } = asked;
  const problem = urlProblem(url, plainGit);
  if (problem !== undefined) throw new UserError(`"${url}" ${problem}`, { code: 'SETUP_URL' });
  const all = await knownRepositories(client);
  const same = all.find(({ spec }) => isSameRepository(spec?.url ?? '', url));
  if (same !== undefined) return { key: checkSame(same, asked), existing: same, url: same.spec?.url ?? url };
  const key = { namespace: asked.namespace ?? namespaceDefault, name: asked.name ?? nameFor(url) };
  const other = all.find((one) => keyText(keyOf(one)) === keyText(key));
  if (other === undefined) return { key, existing: undefined, url };
  throw new UserError(`Repository ${keyText(key)} is that of ${other.spec?.url ?? 'no address'}`, {
    code: 'SETUP_NAME_TAKEN',
    remedy: 'choose another name with --name, or another namespace with --namespace',
  });
}

async function knownRepositories(client: ApiClient): Promise<readonly Repository[]> {
  try {
    return (await client.list(repositories)).items;
  } catch (thrown) {
    if (!isApiError(thrown, 'NotFound')) throw thrown;
    throw new UserError('the server does not know the kind Repository: Penstock is not installed there', {
      code: 'SETUP_NOT_INSTALLED',
      remedy: 'install it with `penstock install`, or start one here with `penstock serve`',
      cause: thrown,
    });
  }
}

function checkSame(same: Repository, asked: AskedPlace): FoundPlace['key'] {
  const { namespace, name } = keyOf(same);
  if ((asked.name ?? name) === name && (asked.namespace ?? namespace) === namespace) return { namespace, name };
  throw new UserError(`${asked.url} is the Repository ${keyText(keyOf(same))} already, and can be one only`, {
    code: 'SETUP_URL_TAKEN',
    remedy: `leave --name and --namespace out to set that one up, or delete it first`,
  });
}

/** The value of a key of a Secret as it is now, without white space around it; undefined = there is none. */
export async function currentValue(
  client: ApiClient,
  namespace: string,
  { name, key }: SecretKey,
): Promise<string | undefined> {
  try {
    const { data = {} } = await client.get(secrets, { namespace, name });
    const text = Object.hasOwn(data, key)
      ? Buffer.from(data[key] ?? '', 'base64')
          .toString('utf8')
          .trim()
      : '';
    return text === '' ? undefined : text;
  } catch (thrown) {
    if (isApiError(thrown, 'NotFound')) return undefined;
    throw thrown;
  }
}

/** Refuses what cannot be a name of an object, before anything is made. */
export function checkNames({ name, namespace }: { readonly name?: string; readonly namespace?: string }): void {
  for (const [flag, value] of [
    ['--name', name],
    ['--namespace', namespace],
  ] as const) {
    if (value === undefined || /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/.test(value)) continue;
    throw new UserError(`${flag} ${value}: names are of at most 63 small letters, digits and dashes`, {
      code: 'SETUP_NAME',
    });
  }
}
