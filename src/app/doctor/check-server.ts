import type { Connection } from '../../cli/environment.ts';
import type { ApiClient } from '../../client/api-client.ts';
import { UnexpectedAnswerError } from '../../client/unexpected-answer.ts';
import { commitStatuses } from '../../forge/kinds/commit-status.ts';
import { deliveries } from '../../forge/kinds/delivery.ts';
import { type Repository, repositories } from '../../forge/kinds/repository.ts';
import { parseSettings, settingsConfigMap } from '../../forge/kinds/settings.ts';
import { ApiStatusError, isApiError } from '../../kube/api-error.ts';
import { configMaps, namespaces } from '../../kube/core-types.ts';
import type { KubeObject } from '../../kube/object.ts';
import type { ResourceType } from '../../kube/resource.ts';
import { ConnectionError } from '../../net/connection-error.ts';
import type { FetchLike } from '../../net/outgoing-fetch.ts';
import type { Examination } from './examination.ts';

/** The Repositories of a server; undefined when they cannot be had, which is told. */
export async function listRepositories(
  { client, server }: Connection,
  found: Examination,
): Promise<readonly Repository[] | undefined> {
  try {
    const { items } = await client.list(repositories);
    found.ok('server', `${server} answers`);
    return items;
  } catch (thrown) {
    reportUnreachable(thrown, server, found);
    return undefined;
  }
}

/** Checks what all Repositories need. */
export async function checkServer(
  connection: Connection,
  systemNamespace: string,
  knock: FetchLike,
  found: Examination,
): Promise<void> {
  const { client } = connection;
  await checkKinds(client, found);
  await checkNamespace(client, systemNamespace, found);
  await checkSettings(client, systemNamespace, found);
  await checkHooks(connection, knock, found);
}

function reportUnreachable(thrown: unknown, server: string, found: Examination): void {
  if (isApiError(thrown, 'NotFound')) {
    found.fail('server', `${server} has no kind Repository: Penstock is not installed there`, '`penstock install`');
  } else if (thrown instanceof ApiStatusError) {
    found.fail('server', `${server} answers: ${thrown.message}`, 'use a kubeconfig whose user may see Repositories');
  } else if (thrown instanceof ConnectionError || thrown instanceof UnexpectedAnswerError) {
    found.fail('server', `no answer from ${server}: ${thrown.message}`, 'start it with `penstock serve`');
  } else throw thrown;
}

async function checkKinds(client: ApiClient, found: Examination): Promise<void> {
  const kinds: readonly ResourceType<KubeObject>[] = [deliveries, commitStatuses];
  for (const type of kinds) {
    try {
      await client.list(type, { limit: 1 });
    } catch (thrown) {
      if (!(thrown instanceof ApiStatusError)) throw thrown;
      if (thrown.reason === 'NotFound') found.fail('kinds', `there is no kind ${type.kind}`, '`penstock install`');
      else found.warn('kinds', `${type.kind} cannot be looked at: ${thrown.message}`);
    }
  }
}

async function checkNamespace(client: ApiClient, name: string, found: Examination): Promise<void> {
  try {
    await client.get(namespaces, { namespace: '', name });
    found.ok('namespace', `Penstock's own namespace ${name} is there`);
  } catch (thrown) {
    if (!(thrown instanceof ApiStatusError)) throw thrown;
    if (thrown.reason === 'NotFound') {
      found.fail('namespace', `there is no namespace ${name}`, 'name another with --system-namespace');
    } else found.warn('namespace', `the namespace ${name} cannot be looked at: ${thrown.message}`);
  }
}

async function checkSettings(client: ApiClient, namespace: string, found: Examination): Promise<void> {
  try {
    const { data } = await client.get(configMaps, { namespace, name: settingsConfigMap });
    const { complaints } = parseSettings(data);
    for (const { key, message } of complaints) {
      found.warn('settings', `${key} ${message}`, `kubectl -n ${namespace} edit configmap ${settingsConfigMap}`);
    }
    if (complaints.length === 0) found.ok('settings', `ConfigMap ${namespace}/${settingsConfigMap} is well`);
  } catch (thrown) {
    if (!(thrown instanceof ApiStatusError)) throw thrown;
    if (thrown.reason === 'NotFound') found.ok('settings', 'there are none, the defaults hold');
    else found.warn('settings', `they cannot be read: ${thrown.message}`);
  }
}

async function checkHooks({ hooksUrl }: Connection, knock: FetchLike, found: Examination): Promise<void> {
  if (hooksUrl === undefined) return;
  try {
    // Whatever it says to a question without an event: somebody is there.
    const { status } = await knock(hooksUrl);
    found.ok('webhooks', `something answers at ${hooksUrl} (${status})`);
  } catch (thrown) {
    if (!(thrown instanceof ConnectionError)) throw thrown;
    found.fail('webhooks', `nobody answers at ${hooksUrl}: ${thrown.message}`, 'start `penstock serve` again');
  }
}
