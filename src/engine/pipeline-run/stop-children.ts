import { errorText } from '../../base/errors.ts';
import type { ApiClient } from '../../client/api-client.ts';
import { isApiError, isTransientApiError } from '../../kube/api-error.ts';
import { keyOf } from '../../kube/object.ts';
import { isCancelRequested, isDone } from '../../tekton/pipeline-run/children.ts';
import type { PipelineRunAction } from '../../tekton/pipeline-run/contract.ts';
import { runReason } from '../../tekton/pipeline-run/reasons.ts';
import { withOutcome } from '../../tekton/pipeline-run/status.ts';
import { taskRuns, type PipelineRun, type PipelineRunStatus, type TaskRun } from '../../tekton/types.ts';
import { concurrently } from '../../controller/concurrently.ts';

/** At most so many cancels of one run are under way at a time. */
const patchesInFlightMax = 16;

/** A child that runs on although it was to stop: the API refused, in `message`'s words. */
export class CouldntCancelError extends Error {
  override readonly name = 'CouldntCancelError';
  readonly code = 'COULDNT_CANCEL';
}

type Cancel = Extract<PipelineRunAction, { kind: 'cancelTaskRun' }>;

/**
 * Tells the children that `actions` name to stop. A child that is gone or has ended meanwhile is as good as stopped.
 * Answers with an error when the API refuses for good; throws what may pass.
 */
export async function stopChildren(
  client: ApiClient,
  actions: readonly PipelineRunAction[],
  stopped: (previous: TaskRun, taskRun: TaskRun) => void,
): Promise<CouldntCancelError | undefined> {
  const problems: CouldntCancelError[] = [];
  const cancels = actions.filter((action) => action.kind === 'cancelTaskRun');
  await concurrently(cancels, patchesInFlightMax, async (cancel) => {
    try {
      stopped(cancel.taskRun, await patch(client, cancel));
    } catch (thrown) {
      if (isTransientApiError(thrown)) throw thrown;
      if (!(await stillRuns(client, cancel.taskRun))) return;
      // Other writers were faster, as may happen to anybody: that is no refusal.
      if (isApiError(thrown, 'Conflict')) throw thrown;
      problems.push(problemOf(cancel.taskRun, thrown));
    }
  });
  return problems[0];
}

/** The status of a run whose children would not stop. Not an end: it is tried again. */
export function couldntCancel(run: PipelineRun, problem: CouldntCancelError, nowMs: number): PipelineRunStatus {
  const outcome = { status: 'Unknown', reason: runReason.couldntCancel, message: problem.message } as const;
  return withOutcome(run, run.status ?? {}, outcome, nowMs);
}

/** The uid keeps the patch from meeting another object that has taken the name. */
function patch(client: ApiClient, { taskRun, statusMessage }: Cancel): Promise<TaskRun> {
  const uid = taskRun.metadata.uid ?? '';
  const change = { metadata: { uid }, spec: { status: 'TaskRunCancelled', statusMessage } };
  return client.patch(taskRuns, keyOf(taskRun), change, { type: 'merge' });
}

async function stillRuns(client: ApiClient, taskRun: TaskRun): Promise<boolean> {
  try {
    const live = await client.get(taskRuns, keyOf(taskRun));
    return live.metadata.uid === taskRun.metadata.uid && !isDone(live) && !isCancelRequested(live);
  } catch (thrown) {
    if (isApiError(thrown, 'NotFound')) return false;
    throw thrown;
  }
}

function problemOf(taskRun: TaskRun, thrown: unknown): CouldntCancelError {
  const name = taskRun.metadata.name ?? '';
  return new CouldntCancelError(`cannot cancel TaskRun "${name}": ${errorText(thrown)}`, { cause: thrown });
}
