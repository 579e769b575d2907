import type { BackoffPolicy } from '../../base/backoff.ts';
import type { Rate } from '../../controller/token-bucket.ts';
import { defaultTaskRunOptions, type TaskRunOptions } from '../../tekton/task-run/contract.ts';
import { defaultPodOptions, type PodOptions } from '../pod/options.ts';

/** Settings of TaskRuns and their pods. */
export interface TaskRunSettings extends TaskRunOptions, PodOptions {
  /** How soon a pod whose evidence is incomplete is read again. */
  readonly evidenceBackoff: BackoffPolicy;
  /** After so long, what is still missing is lost (law 2). */
  readonly evidenceWaitMsMax: number;
  /** A status that only shows progress waits so long for more to change with it, or for the end. */
  readonly progressDelayMs: number;
  /** Such statuses of all runs together; who finds no turn asks again after {@link progressRetryMs}. */
  readonly progressRate: Rate;
  /** Beyond its grace period, a pod that is told to stop is waited for so long. */
  readonly stopWaitMs: number;
  /** Whether pods may land on different nodes: then those that share a volume of one node are kept together. */
  readonly severalNodes: boolean;
}

/** How soon a status that found no turn to be written is tried again, in milliseconds. */
export const progressRetryMs = 1_000;

export const defaultTaskRunSettings: TaskRunSettings = {
  ...defaultTaskRunOptions,
  ...defaultPodOptions,
  evidenceBackoff: { baseMs: 200, capMs: 5_000 },
  evidenceWaitMsMax: 15_000,
  progressDelayMs: 300,
  progressRate: { perSecond: 10, burst: 30 },
  stopWaitMs: 30_000,
  severalNodes: true,
};
