/** What the object of a run says about its state. */
import type { StatusState } from '../forge/forge.ts';
import { penstockKeys } from '../forge/kinds/run-keys.ts';
import { succeededCondition } from '../tekton/pipeline-run/children.ts';
import { runReason } from '../tekton/pipeline-run/reasons.ts';
import type { PipelineRun } from '../tekton/types.ts';

/** Runs that ended without success, by the reason of their condition; all others could not be carried out. */
const stateByReason: Readonly<Record<string, StatusState>> = {
  [runReason.failed]: 'failed',
  [runReason.cancelled]: 'cancelled',
  [runReason.timeout]: 'timed_out',
  [runReason.evidenceLost]: 'lost',
  // Older names, which Tekton may still write.
  PipelineRunCancelled: 'cancelled',
  CancelledRunFinally: 'cancelled',
  StoppedRunFinally: 'cancelled',
};

/** The state of `run` as it is shown: from its stored condition alone, so that it is as true as that is. */
export function stateOfRun(run: PipelineRun): StatusState {
  const { status, reason = '' } = succeededCondition(run.status) ?? {};
  if (status === 'True') return 'succeeded';
  if (status !== 'False') return run.status?.startTime === undefined ? 'queued' : 'running';
  const state = stateByReason[reason] ?? 'error';
  const superseded = run.metadata.annotations?.[penstockKeys.supersededBy] !== undefined;
  return state === 'cancelled' && superseded ? 'superseded' : state;
}
