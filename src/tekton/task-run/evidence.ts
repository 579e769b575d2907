import type { ContainerState } from '../../kube/pod.ts';

/** What the wrapper of a step says about its end (see engine/pod/termination-message.ts). */
export interface StepReport {
  /** `tooLarge` = the results exceed what may be reported; `unreadable` = the report is cut off or not ours. */
  readonly end: 'exited' | 'timedOut' | 'tooLarge' | 'unreadable';
  /** Of the command itself, also where the failure is ignored. */
  readonly exitCode: number;
  /** What is wrong, for `tooLarge` and `unreadable`. */
  readonly problem?: string;
  /** Contents of the result files that existed when the step ended, by result name. */
  readonly results: ReadonlyMap<string, string>;
  readonly stepResults: ReadonlyMap<string, string>;
}

/** What is known about one step, found by the name of its container. */
export interface StepEvidence {
  readonly name: string;
  readonly container: string;
  readonly imageID?: string;
  /** As the pod reports it; empty when it reports nothing. */
  readonly state: ContainerState;
  /** Of a wrapped step that has ended. */
  readonly report?: StepReport;
}

/** What the evidence about a pod amounts to. */
export type Verdict =
  /** Nothing has run yet; `reason` says what it waits for. */
  | { readonly kind: 'pending'; readonly reason: string; readonly message: string }
  | { readonly kind: 'running' }
  /** A witness for every step. */
  | { readonly kind: 'succeeded' }
  /** A witness of a failure. */
  | { readonly kind: 'failed'; readonly reason: string; readonly message: string }
  /** It will never run as it is; nothing of it runs now. */
  | { readonly kind: 'stuck'; readonly reason: string; readonly message: string }
  /** The pod has ended, but not every step is accounted for: not yet evidence. */
  | { readonly kind: 'unproven'; readonly message: string }
  /** Nobody will ever know. */
  | { readonly kind: 'lost'; readonly reason: string; readonly message: string };
