import { assert } from '../../base/assert.ts';
import type { ApiClient } from '../../client/api-client.ts';
import type { Lister } from '../../controller/contract.ts';
import { isApiError } from '../../kube/api-error.ts';
import type { KubeObject } from '../../kube/object.ts';
import type { ResourceType } from '../../kube/resource.ts';
import type { Lookup, PipelineRunDecision, PipelineRunInput } from '../../tekton/pipeline-run/contract.ts';
import { decidePipelineRun } from '../../tekton/pipeline-run/decide.ts';
import { pipelines, tasks, type Pipeline, type Task } from '../../tekton/types.ts';

/** Where pipelines and tasks are found: the caches first, then the API. */
export interface DefinitionSources {
  readonly client: ApiClient;
  readonly pipelines: Lister<Pipeline>;
  readonly tasks: Lister<Task>;
}

/** One round from the caches, one for a pipeline that only the API has, one for its tasks. */
const roundsMax = 3;

/**
 * Decides from the caches. What they lack is read from the API and the question asked again: only the API's own "not
 * found" counts as absence. Throws what reading throws.
 */
export async function decideWithReads(
  sources: DefinitionSources,
  input: Omit<PipelineRunInput, 'findPipeline' | 'findTask'>,
): Promise<Extract<PipelineRunDecision, { kind: 'act' }>> {
  const namespace = input.run.metadata.namespace ?? '';
  const livePipelines = new Map<string, Lookup<Pipeline>>();
  const liveTasks = new Map<string, Lookup<Task>>();
  for (let round = 0; round < roundsMax; round++) {
    const decision = decidePipelineRun({
      ...input,
      findPipeline: (name) => livePipelines.get(name) ?? fromCache(sources.pipelines, namespace, name),
      findTask: (name) => liveTasks.get(name) ?? fromCache(sources.tasks, namespace, name),
    });
    if (decision.kind === 'act') return decision;
    await readAll(sources.client, pipelines, namespace, decision.pipelines, livePipelines);
    await readAll(sources.client, tasks, namespace, decision.tasks, liveTasks);
  }
  assert(false, 'a decision asks for each definition once');
}

function fromCache<T extends KubeObject>(lister: Lister<T>, namespace: string, name: string): Lookup<T> {
  const object = lister.get({ namespace, name });
  return object === undefined ? { state: 'unread' } : { state: 'found', object };
}

async function readAll<T extends KubeObject>(
  client: ApiClient,
  type: ResourceType<T>,
  namespace: string,
  names: readonly string[],
  into: Map<string, Lookup<T>>,
): Promise<void> {
  await Promise.all(
    names.map(async (name) => {
      try {
        into.set(name, { state: 'found', object: await client.get(type, { namespace, name }) });
      } catch (thrown) {
        if (!isApiError(thrown, 'NotFound')) throw thrown;
        into.set(name, { state: 'absent' });
      }
    }),
  );
}
