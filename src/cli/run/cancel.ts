import { deferred } from '../../base/deferred.ts';
import { errorText } from '../../base/errors.ts';
import type { ApiClient } from '../../client/api-client.ts';
import { type KubeObject, keyOf } from '../../kube/object.ts';
import { pipelineRuns, taskRuns } from '../../tekton/types.ts';
import type { CliEnvironment } from '../environment.ts';
import type { RunOutput } from './output.ts';

/** How a person's Ctrl-C reaches the runs. */
export interface Interruption {
  /** Whether an end was asked for. */
  requested(): boolean;
  /** Resolves when it was asked for again, or the steps did not end in time: stop without waiting. */
  readonly forced: Promise<'forced'>;
  stop(): void;
}

/** A second request counts as one only so long after the first, in ms: some launchers pass on what the terminal sends too. */
export const repeatAfterMs = 500;

/** How long cancelled steps may take to end before the command stops without them: their grace and a little, in ms. */
export const cancelWaitMs = 40_000;

/**
 * On the first Ctrl-C cancels the runs of `unfinished()` through the API, as anyone would, so that their steps are
 * stopped and their status says Cancelled; on the second gives up waiting.
 */
export function interruptRuns(
  client: ApiClient,
  unfinished: () => readonly KubeObject[],
  environment: CliEnvironment,
  output: RunOutput,
): Interruption {
  let requestedMs: number | undefined;
  let cancelTimer: (() => void) | undefined;
  const forced = deferred<'forced'>();
  const force = (): void => forced.resolve('forced');
  const forget = environment.onInterrupt(() => {
    const nowMs = environment.clock.monotonicMs();
    if (requestedMs !== undefined) return nowMs - requestedMs < repeatAfterMs ? undefined : force();
    requestedMs = nowMs;
    output.notice('cancelling; press Ctrl-C again to stop at once');
    cancelTimer = environment.clock.schedule(cancelWaitMs, force);
    for (const run of unfinished()) void cancel(client, run, output);
  });
  const stop = (): void => {
    forget();
    cancelTimer?.();
  };
  return { requested: () => requestedMs !== undefined, forced: forced.promise, stop };
}

async function cancel(client: ApiClient, run: KubeObject, output: RunOutput): Promise<void> {
  const isPipelineRun = run.kind === pipelineRuns.kind;
  const patch = { spec: { status: isPipelineRun ? 'Cancelled' : 'TaskRunCancelled' } };
  try {
    if (isPipelineRun) await client.patch(pipelineRuns, keyOf(run), patch, { type: 'merge' });
    else await client.patch(taskRuns, keyOf(run), patch, { type: 'merge' });
  } catch (thrown) {
    output.notice(`${run.kind} ${run.metadata.name} could not be cancelled: ${errorText(thrown)}`);
  }
}
