import type { ApiClient } from '../../client/api-client.ts';
import { isApiError } from '../../kube/api-error.ts';
import { type PersistentVolumeClaim, persistentVolumeClaims } from '../../kube/core-types.ts';
import { controllerOf } from '../../kube/object.ts';
import type { ResolvedTask } from '../../tekton/task-run/contract.ts';
import type { TaskRun } from '../../tekton/types.ts';

/**
 * The claims of a run's workspaces that other runs of its pipeline may mount at the same time, and that only one node
 * can mount. A run that stands alone shares nothing; claims that several nodes can mount need no one node.
 */
export async function singleNodeClaims(
  client: ApiClient,
  run: TaskRun,
  task: ResolvedTask,
): Promise<readonly string[]> {
  if (controllerOf(run)?.kind !== 'PipelineRun') return [];
  const names = new Set(task.workspaces.flatMap(({ persistentVolumeClaim }) => persistentVolumeClaim?.claimName ?? []));
  const found: string[] = [];
  for (const name of names) if (await needsOneNode(client, run.metadata.namespace ?? '', name)) found.push(name);
  return found;
}

async function needsOneNode(client: ApiClient, namespace: string, name: string): Promise<boolean> {
  try {
    const claim = await client.get(persistentVolumeClaims, { namespace, name });
    return !accessModesOf(claim).some((mode) => mode === 'ReadWriteMany' || mode === 'ReadOnlyMany');
  } catch (thrown) {
    // One that comes later may be of the kind that needs it.
    if (isApiError(thrown, 'NotFound')) return true;
    throw thrown;
  }
}

function accessModesOf({ spec }: PersistentVolumeClaim): readonly unknown[] {
  const modes = spec?.['accessModes'];
  return Array.isArray(modes) ? modes : [];
}
