/** Create or adopt: after it there is exactly one run for a plan, or it is certain why there is none. */
import type { ApiClient } from '../../client/api-client.ts';
import { penstockKeys } from '../../forge/kinds/run-keys.ts';
import { ApiStatusError, isApiError, isTransientApiError } from '../../kube/api-error.ts';
import { keyOf } from '../../kube/object.ts';
import { type PipelineRun, pipelineRuns } from '../../tekton/types.ts';

export type CreateResult =
  | { readonly kind: 'created' | 'adopted'; readonly run: PipelineRun }
  /** The name belongs to something else: another one is needed. */
  | { readonly kind: 'foreign' }
  /** An attempt of ours that does not carry out this plan: to be cancelled, and made again under another name. */
  | { readonly kind: 'other-plan'; readonly run: PipelineRun }
  /** There is no room for now. */
  | { readonly kind: 'quota'; readonly message: string }
  /** For good, in the words of the API server. */
  | { readonly kind: 'refused'; readonly message: string };

/**
 * Creates the run, or finds it. Whatever leaves open whether there is one now (no answer, 5xx, 429) is thrown, and the next
 * try finds out; nothing is ever concluded from it.
 */
export async function createRun(client: ApiClient, wanted: PipelineRun): Promise<CreateResult> {
  try {
    return { kind: 'created', run: await client.create(pipelineRuns, wanted) };
  } catch (thrown) {
    if (isNameTaken(thrown)) return whatIsThere(client, wanted);
    if (!isRefusal(thrown)) throw thrown;
    const isQuota = thrown.status === 403 && thrown.message.includes('exceeded quota');
    return { kind: isQuota ? 'quota' : 'refused', message: thrown.message };
  }
}

/** Whether the API understood and says no: to the same request it will say so again. */
export function isRefusal(thrown: unknown): thrown is ApiStatusError {
  if (!(thrown instanceof ApiStatusError) || thrown.reason === 'Conflict') return false;
  // A credential of ours that has expired, and a kind that is not served yet, are nobody's mistake in a definition.
  return !isTransientApiError(thrown) && thrown.status !== 401 && thrown.status !== 404 && thrown.status !== 410;
}

/** Also in the words that a server chooses for a generated name it found taken. */
function isNameTaken(thrown: unknown): boolean {
  if (isApiError(thrown, 'AlreadyExists')) return true;
  return thrown instanceof ApiStatusError && thrown.message.includes('was not able to generate a unique name');
}

async function whatIsThere(client: ApiClient, wanted: PipelineRun): Promise<CreateResult> {
  try {
    return compared(await client.get(pipelineRuns, keyOf(wanted)), wanted);
  } catch (thrown) {
    // Gone in between: the next try creates it.
    if (isApiError(thrown, 'NotFound')) {
      throw new ApiStatusError('ServerTimeout', `PipelineRun "${wanted.metadata.name}" is there and is not`);
    }
    throw thrown;
  }
}

/** What the object under our name is to the plan. */
function compared(found: PipelineRun, wanted: PipelineRun): CreateResult {
  const annotation = (run: PipelineRun, key: string): string | undefined => run.metadata.annotations?.[key];
  const same = (key: string): boolean => annotation(found, key) === annotation(wanted, key);
  if (!same(penstockKeys.occurrence) || !same(penstockKeys.series)) return { kind: 'foreign' };
  if (!same(penstockKeys.digest)) return { kind: 'other-plan', run: found };
  return { kind: 'adopted', run: found };
}

/** The run of a plan, if an earlier try made it; undefined = there is none under this name. */
export async function findRun(
  client: ApiClient,
  plan: { readonly namespace: string; readonly name: string; readonly occurrence: string; readonly series: string },
): Promise<PipelineRun | undefined> {
  try {
    const found = await client.get(pipelineRuns, { namespace: plan.namespace, name: plan.name });
    const { annotations } = found.metadata;
    const isOurs =
      annotations?.[penstockKeys.occurrence] === plan.occurrence && annotations[penstockKeys.series] === plan.series;
    return isOurs ? found : undefined;
  } catch (thrown) {
    if (isApiError(thrown, 'NotFound')) return undefined;
    throw thrown;
  }
}
