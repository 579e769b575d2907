import type { PersistentVolumeClaim } from '../../kube/core-types.ts';
import type { Pipeline, PipelineRun, PipelineRunStatus, Task, TaskRun } from '../types.ts';

/**
 * What is known about an object that a run refers to by name. `unread` = not in the cache, which proves nothing;
 * `absent` = the API itself said that it does not exist.
 */
export type Lookup<T> =
  | { readonly state: 'found'; readonly object: T }
  | { readonly state: 'absent' }
  | { readonly state: 'unread' };

/** Settings of the engine that change what a run becomes (reference/tekton 1.0). */
export interface PipelineRunOptions {
  /** `timeouts.pipeline` when a run names none, and the timeout of a TaskRun when nothing longer applies. */
  readonly defaultTimeoutMs: number;
  readonly defaultServiceAccountName: string;
  /** Stored instants have whole seconds: what started may have done so this much later, and no limit may act early. */
  readonly startPrecisionMs: number;
}

/** Tekton's own defaults: one hour, service account `default`. */
export const defaultPipelineRunOptions: PipelineRunOptions = {
  defaultTimeoutMs: 3_600_000,
  defaultServiceAccountName: 'default',
  startPrecisionMs: 999,
};

/** Everything the decision about one run may depend on. */
export interface PipelineRunInput {
  readonly run: PipelineRun;
  /** Every TaskRun in the run's namespace whose controller is this run (by uid), in any order. */
  readonly taskRuns: readonly TaskRun[];
  readonly findPipeline: (name: string) => Lookup<Pipeline>;
  readonly findTask: (name: string) => Lookup<Task>;
  readonly nowMs: number;
  readonly options: PipelineRunOptions;
}

/** One effect that the decision asks for. Every one may be repeated without harm. */
export type PipelineRunAction =
  | { readonly kind: 'createTaskRun'; readonly taskRun: TaskRun }
  | { readonly kind: 'cancelTaskRun'; readonly taskRun: TaskRun; readonly statusMessage: string }
  | { readonly kind: 'ensureClaim'; readonly workspace: string; readonly claim: PersistentVolumeClaim };

/**
 * The answer: either what must be read first (names absent from the caches, to be asked of the API and given in a
 * second call), or what to do and the complete new status. The status equals the old one when nothing changed.
 */
export type PipelineRunDecision =
  | { readonly kind: 'read'; readonly pipelines: readonly string[]; readonly tasks: readonly string[] }
  | {
      readonly kind: 'act';
      readonly actions: readonly PipelineRunAction[];
      readonly status: PipelineRunStatus;
      /** When time alone changes the answer: until the next timeout. */
      readonly requeueAfterMs?: number;
    };

/** Why a run cannot go on: becomes its final condition. */
export interface Refusal {
  readonly reason: string;
  readonly message: string;
}
