import type { ApiClient } from '../../client/api-client.ts';
import { persistentVolumeClaims } from '../../kube/core-types.ts';
import type { PipelineRunAction, Refusal } from '../../tekton/pipeline-run/contract.ts';
import { runReason } from '../../tekton/pipeline-run/reasons.ts';
import { taskRuns, type TaskRun } from '../../tekton/types.ts';
import { concurrently } from '../../controller/concurrently.ts';
import { createOrAdopt } from '../create-or-adopt.ts';

/** Why children could not be started. With `retry` the run waits instead of ending. */
export interface StartRefusal extends Refusal {
  readonly status: 'False' | 'Unknown';
  readonly retry: boolean;
}

/** At most so many creates of one run are under way at a time. */
const createsInFlightMax = 16;

/** What the caller wants to know while children are started. */
export interface StartObserver {
  started(taskRun: TaskRun): void;
  /** Whether to go on; asked before each create. */
  goOn(): boolean;
}

/**
 * Makes the claims, then the children that `actions` ask for. Answers why one was refused for good, if one was;
 * throws what may pass.
 */
export async function startChildren(
  client: ApiClient,
  actions: readonly PipelineRunAction[],
  observer: StartObserver,
): Promise<StartRefusal | undefined> {
  const refusals: StartRefusal[] = [];
  const goOn = (): boolean => refusals.length === 0 && observer.goOn();
  const claims = actions.filter((action) => action.kind === 'ensureClaim');
  await concurrently(
    claims,
    createsInFlightMax,
    async ({ claim, workspace }) => {
      const made = await createOrAdopt(client, persistentVolumeClaims, claim);
      if (!made.ok) refusals.push(claimRefusal(workspace, made.message, made.quota));
    },
    goOn,
  );
  const creations = actions.filter((action) => action.kind === 'createTaskRun');
  await concurrently(
    creations,
    createsInFlightMax,
    async ({ taskRun }) => {
      const made = await createOrAdopt(client, taskRuns, taskRun);
      if (made.ok) observer.started(made.object);
      else refusals.push({ status: 'False', reason: runReason.createRunFailed, message: made.message, retry: false });
    },
    goOn,
  );
  return refusals[0];
}

/** A quota may free up: the run waits. Anything else ends it. */
function claimRefusal(workspace: string, message: string, quota: boolean): StartRefusal {
  const text = `workspace "${workspace}": ${message}`;
  return quota
    ? { status: 'Unknown', reason: runReason.claimPending, message: text, retry: true }
    : { status: 'False', reason: runReason.couldntCreateClaim, message: text, retry: false };
}
