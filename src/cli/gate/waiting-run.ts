import { UserError } from '../../base/errors.ts';
import type { ApiClient } from '../../client/api-client.ts';
import { stateOf } from '../../gate/run-facts.ts';
import { isApiError } from '../../kube/api-error.ts';
import { keyOf, keyText } from '../../kube/object.ts';
import { type PipelineRun, pipelineRuns } from '../../tekton/types.ts';

/**
 * The waiting run that a person means by `NAME` or `NAMESPACE/NAME`; without a namespace it is looked for in all. Throws
 * `UserError` when there is none, when there are several, and when it does not wait.
 */
export async function findWaitingRun(client: ApiClient, text: string, namespace?: string): Promise<PipelineRun> {
  const [name, given = namespace] = text.split('/', 2).reverse() as [string, string?];
  const found = given === undefined ? await named(client, name) : await inNamespace(client, given, name);
  const [run, another] = found;
  if (!run) {
    const where = given === undefined ? 'in any namespace' : `in namespace "${given}"`;
    throw new UserError(`there is no PipelineRun "${name}" ${where}`, {
      code: 'RUN_NOT_FOUND',
      remedy: '`penstock queue` lists the runs that wait',
    });
  }
  if (another) {
    const namespaces = found.map(({ metadata }) => metadata.namespace ?? '').sort();
    throw new UserError(`there are PipelineRuns "${name}" in several namespaces: ${namespaces.join(', ')}`, {
      code: 'RUN_IN_SEVERAL_NAMESPACES',
      remedy: `choose one with -n, as in -n ${namespaces[0]}`,
    });
  }
  checkWaits(run);
  return run;
}

async function named(client: ApiClient, name: string): Promise<readonly PipelineRun[]> {
  // What no object can be called would be a selector that means something else.
  if (!/^[a-z0-9][a-z0-9.-]*$/.test(name)) return [];
  return (await client.list(pipelineRuns, { fieldSelector: `metadata.name=${name}` })).items;
}

async function inNamespace(client: ApiClient, namespace: string, name: string): Promise<readonly PipelineRun[]> {
  try {
    return [await client.get(pipelineRuns, { namespace, name })];
  } catch (thrown) {
    if (isApiError(thrown, 'NotFound')) return [];
    throw thrown;
  }
}

function checkWaits(run: PipelineRun): void {
  const state = stateOf(run);
  if (state === 'waiting') return;
  throw notWaiting(run, state === 'over' ? 'it is over' : 'it has been started');
}

/** The complaint about a run that is not pending, or is not any more. */
export function notWaiting(run: PipelineRun, why: string): UserError {
  return new UserError(`PipelineRun "${keyText(keyOf(run))}" does not wait: ${why}`, { code: 'RUN_NOT_PENDING' });
}
