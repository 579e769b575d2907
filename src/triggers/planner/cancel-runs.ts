import { errorText } from '../../base/errors.ts';
import type { ApiClient } from '../../client/api-client.ts';
import { penstockKeys } from '../../forge/kinds/run-keys.ts';
import { isApiError } from '../../kube/api-error.ts';
import { keyOf } from '../../kube/object.ts';
import { type PipelineRun, pipelineRuns } from '../../tekton/types.ts';
import { isEnding, runStateOf } from './run-state.ts';

/** Why runs are cancelled. */
export interface CancelReason {
  /** A login, or what happened: `pull request #3 was closed`. */
  readonly by: string;
  /** Name of the run that takes the place of those. */
  readonly supersededBy?: string;
}

/** Which runs an event may cancel: older ones of one Repository. */
export interface CancelSelection {
  /** Milliseconds since the epoch: only runs of earlier events. */
  readonly before: number;
  readonly line?: string;
  readonly scope?: string;
  readonly sha?: string;
  readonly definition?: string;
}

/** Order of a run within its line; undefined for runs that are none of ours. */
export function orderOf(run: PipelineRun): number | undefined {
  const text = run.metadata.annotations?.[penstockKeys.order];
  return text !== undefined && /^\d{1,16}$/.test(text) ? Number(text) : undefined;
}

/** Whether a run can still be cancelled. */
export function isCancellable(run: PipelineRun): boolean {
  return runStateOf(run) === 'unfinished' && !isEnding(run);
}

/** Asks a run to end, its `finally` tasks still run; says why in the same write. False = it is over or gone already. */
export async function cancelRun(client: ApiClient, run: PipelineRun, reason: CancelReason): Promise<boolean> {
  const superseded = reason.supersededBy === undefined ? {} : { [penstockKeys.supersededBy]: reason.supersededBy };
  const annotations = { [penstockKeys.cancelledBy]: reason.by, ...superseded };
  // The uid guards against a run of the same name that somebody made since.
  const patch = { metadata: { uid: run.metadata.uid ?? '', annotations }, spec: { status: 'CancelledRunFinally' } };
  try {
    await client.patch(pipelineRuns, keyOf(run), patch, { type: 'merge' });
    return true;
  } catch (thrown) {
    if (isApiError(thrown, 'NotFound')) return false;
    // Another object under this name, or a run that ended in between: admission refuses to cancel what is over.
    const isOver = isApiError(thrown, 'Conflict') || isApiError(thrown, 'Invalid') || isApiError(thrown, 'BadRequest');
    if (isOver && (await isGoneOrOver(client, run))) return false;
    throw thrown instanceof Error ? thrown : new Error(errorText(thrown));
  }
}

async function isGoneOrOver(client: ApiClient, run: PipelineRun): Promise<boolean> {
  try {
    const now = await client.get(pipelineRuns, keyOf(run));
    return now.metadata.uid !== run.metadata.uid || !isCancellable(now);
  } catch (thrown) {
    if (isApiError(thrown, 'NotFound')) return true;
    throw thrown;
  }
}
