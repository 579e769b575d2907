import type { ApiClient } from '../../client/api-client.ts';
import type { Clock } from '../../base/clock.ts';
import type { QueueFacts } from '../../gate/queue-view.ts';
import { concurrencyLimitOf, repositories } from '../../gate/repository.ts';
import { gates } from '../../gate/types.ts';
import { ApiStatusError, isApiError } from '../../kube/api-error.ts';
import { keyOf, keyText, type KubeObject } from '../../kube/object.ts';
import type { ResourceType } from '../../kube/resource.ts';
import { pipelineRuns } from '../../tekton/types.ts';

/** Runs asked for in one answer of the server. */
const pageSize = 500;

/** Reads what a look at the queue rests on. */
export async function readQueueFacts(client: ApiClient, clock: Clock): Promise<QueueFacts> {
  const [gateList, runs, repositoryList] = await Promise.all([
    listAll(client, gates),
    listAll(client, pipelineRuns),
    // A cluster without Pipelines-as-Code has no such kind, and its runs no such limits.
    listAll(client, repositories).catch(absentKind),
  ]);
  const byName = new Map(repositoryList.map((repository) => [keyText(keyOf(repository)), repository]));
  return {
    gates: gateList,
    runs,
    limitOfRepository: (repository) => concurrencyLimitOf(byName.get(repository)),
    nowMs: clock.now(),
  };
}

function absentKind(thrown: unknown): readonly never[] {
  if (isApiError(thrown, 'NotFound')) return [];
  throw thrown;
}

/** Every object of a kind, page by page; anew and in one piece when the pages' version is gone meanwhile. */
async function listAll<T extends KubeObject>(client: ApiClient, type: ResourceType<T>): Promise<readonly T[]> {
  const all: T[] = [];
  let next: string | undefined;
  try {
    do {
      const page = await client.list(type, { limit: pageSize, ...(next === undefined ? {} : { continue: next }) });
      all.push(...page.items);
      next = page.metadata.continue || undefined;
    } while (next !== undefined);
    return all;
  } catch (thrown) {
    if (!(thrown instanceof ApiStatusError) || thrown.status !== 410) throw thrown;
    return (await client.list(type)).items;
  }
}
