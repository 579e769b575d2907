import type { PipelineRun } from '../../tekton/types.ts';

/** How a run stands. */
export type RunState = 'unfinished' | 'succeeded' | 'failed';

/** From its conditions alone. */
export function runStateOf(run: PipelineRun): RunState {
  const succeeded = run.status?.conditions?.find(({ type }) => type === 'Succeeded');
  if (succeeded?.status === 'True') return 'succeeded';
  return succeeded?.status === 'False' || run.status?.completionTime !== undefined ? 'failed' : 'unfinished';
}

const endings = ['Cancelled', 'CancelledRunFinally', 'StoppedRunFinally'];

/** Whether the run was told to end. */
export function isEnding(run: PipelineRun): boolean {
  return endings.includes(run.spec.status ?? '') || run.metadata.deletionTimestamp !== undefined;
}
