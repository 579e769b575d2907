import type { ObjectMeta } from '../../kube/object.ts';
import type { PodTemplate, ResultSpec, Task, TaskRun, TaskSpec, WorkspaceBinding } from '../types.ts';
import type { Lookup, Refusal } from '../pipeline-run/contract.ts';

/** Settings that change what a TaskRun becomes (reference/tekton 1.0). */
export interface TaskRunOptions {
  /** Per attempt, when the run names none; 0 = none. */
  readonly defaultTimeoutMs: number;
  readonly defaultServiceAccountName: string;
  /** Stored instants have whole seconds: what started may have done so this much later, and no limit may act early. */
  readonly startPrecisionMs: number;
  /** Bound to every required workspace that a run leaves unbound; absent = such a run fails. */
  readonly defaultWorkspaceBinding?: Omit<WorkspaceBinding, 'name'>;
}

/** Tekton's own defaults: one hour, service account `default`. */
export const defaultTaskRunOptions: TaskRunOptions = {
  defaultTimeoutMs: 3_600_000,
  defaultServiceAccountName: 'default',
  startPrecisionMs: 999,
};

/** What must be known to resolve the Task of a run. */
export interface ResolveInput {
  readonly taskRun: TaskRun;
  readonly findTask: (name: string) => Lookup<Task>;
  readonly options: TaskRunOptions;
}

/** A Task ready to become a pod: every variable known before the pod starts is filled in. */
export interface ResolvedTask {
  readonly spec: TaskSpec;
  /** One volume source for each declared workspace that is bound; a claim template is the claim made from it here. */
  readonly workspaces: readonly WorkspaceBinding[];
  readonly podTemplate: PodTemplate;
  /** `uid/generation` of the Task referred to: says later whether it is still the same; absent for an embedded one. */
  readonly source?: string;
  /** Labels and annotations of the Task referred to, which its pods get; absent for an embedded one. */
  readonly metadata?: Pick<ObjectMeta, 'labels' | 'annotations'>;
}

/** A resolved Task, the name of a Task to read first, or why there will be none. */
export type TaskResolution =
  | { readonly kind: 'ready'; readonly task: ResolvedTask }
  | { readonly kind: 'read'; readonly name: string }
  | { readonly kind: 'refused'; readonly refusal: Refusal };

/** What a pod must say about the Task that it runs, so that its end can be read from it alone. */
export interface AttemptRecord {
  readonly source?: string;
  readonly results: readonly ResultSpec[];
}
