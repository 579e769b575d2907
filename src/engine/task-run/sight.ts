import type { Pod } from '../../kube/pod.ts';
import type { ResolvedTask, TaskResolution } from '../../tekton/task-run/contract.ts';
import type { TaskRun, TaskRunStatus } from '../../tekton/types.ts';
import type { PodHistory } from '../verdict/interruption.ts';
import type { TaskRunSettings } from './settings.ts';

/** What is known about the pod of the present attempt. */
export type PodSight =
  /** The cache has none, which proves nothing. `started` = this process has made it, or seen it. */
  | { readonly state: 'unknown'; readonly started: boolean }
  /** The API itself says that there is none. `last` = how it was when it was seen last. */
  | { readonly state: 'absent'; readonly started: boolean; readonly last?: Pod }
  /** `live` = read from the API just now. */
  | { readonly state: 'present'; readonly pod: Pod; readonly live: boolean };

/** Everything the decision about one TaskRun that is not done may depend on. */
export interface TaskRunSight {
  readonly taskRun: TaskRun;
  readonly pod: PodSight;
  readonly history: PodHistory;
  /** Since when the pod has ended without complete evidence, as far as this process has seen. */
  readonly unprovenSinceMs?: number;
  /** Resolves the Task; asked only when needed. */
  readonly resolve: () => TaskResolution;
  readonly nowMs: number;
  readonly settings: TaskRunSettings;
}

/** What to do now. Every step may be repeated without harm. */
export type TaskRunDecision =
  /** Read the pod from the API, then decide again. */
  | { readonly kind: 'look' }
  /** Read this Task from the API, then decide again. */
  | { readonly kind: 'read'; readonly task: string }
  /** Make the pod of this attempt. */
  | { readonly kind: 'start'; readonly task: ResolvedTask; readonly attempt: number }
  /** Delete the pod and wait for its end. */
  | { readonly kind: 'stop'; readonly pod: Pod; readonly requeueAfterMs: number }
  /** Read the pod again a little later: its evidence is not complete. */
  | { readonly kind: 'wait' }
  /** Show progress in the status. */
  | { readonly kind: 'show'; readonly status: TaskRunStatus; readonly requeueAfterMs?: number }
  /** Store the end of the attempt, then let go of its pod. */
  | { readonly kind: 'end'; readonly status: TaskRunStatus };
