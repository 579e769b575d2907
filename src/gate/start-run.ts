import type { JsonObject } from '../base/json.ts';
import type { ApiClient } from '../client/api-client.ts';
import { runKeys } from '../forge/kinds/run-keys.ts';
import { isApiError } from '../kube/api-error.ts';
import { keyOf } from '../kube/object.ts';
import { type PipelineRun, pipelineRuns } from '../tekton/types.ts';
import { stateOf } from './run-facts.ts';
import { queueKey } from './types.ts';

/**
 * Lets a waiting run go by clearing `spec.status`, only if it is still that run and still pending: a cancel or a delete
 * that came first wins. False when there was nothing to start any more.
 */
export async function startRun(client: ApiClient, run: PipelineRun): Promise<boolean> {
  try {
    await client.patch(pipelineRuns, keyOf(run), startPatch(run), { type: 'json' });
    return true;
  } catch (thrown) {
    if (isApiError(thrown, 'NotFound')) return false;
    const raced = isApiError(thrown, 'Invalid') || isApiError(thrown, 'Conflict') || isApiError(thrown, 'BadRequest');
    if (raced && !(await stillWaits(client, run))) return false;
    throw thrown;
  }
}

/** The patch that starts a run (RFC 6902): a failed `test` refuses the whole of it. */
function startPatch(run: PipelineRun): readonly JsonObject[] {
  const noted = run.metadata.annotations?.[queueKey] !== undefined;
  const { labels, annotations } = run.metadata;
  const state = pointerPart(runKeys.state);
  return [
    { op: 'test', path: '/metadata/uid', value: run.metadata.uid ?? '' },
    { op: 'test', path: '/spec/status', value: 'PipelineRunPending' },
    { op: 'remove', path: '/spec/status' },
    ...(noted ? [{ op: 'remove', path: `/metadata/annotations/${pointerPart(queueKey)}` }] : []),
    ...(labels?.[runKeys.state] === 'queued'
      ? [{ op: 'add', path: `/metadata/labels/${state}`, value: 'started' }]
      : []),
    ...(annotations?.[runKeys.state] === 'queued'
      ? [{ op: 'add', path: `/metadata/annotations/${state}`, value: 'started' }]
      : []),
  ];
}

/** A key as a part of a JSON pointer. */
function pointerPart(key: string): string {
  return key.replaceAll('~', '~0').replaceAll('/', '~1');
}

async function stillWaits(client: ApiClient, run: PipelineRun): Promise<boolean> {
  try {
    const current = await client.get(pipelineRuns, keyOf(run));
    return current.metadata.uid === run.metadata.uid && stateOf(current) === 'waiting';
  } catch (thrown) {
    if (isApiError(thrown, 'NotFound')) return false;
    throw thrown;
  }
}
