import type { Condition, KubeObject } from '../kube/object.ts';
import type { ResourceType } from '../kube/resource.ts';
import type { LabelSelectorObject } from '../kube/selectors.ts';

/** In which order waiting runs start. A bumped run comes first in each of them. */
export type GateOrder = 'Priority' | 'FIFO' | 'FairShare';

/** A part of the week in which a gate is open. */
export interface TimeWindow {
  /** `Mon` … `Sun`; absent = every day. The day is that of `from`. */
  readonly days?: readonly Weekday[];
  /** `HH:MM`. */
  readonly from: string;
  /** `HH:MM`, exclusive; not later than `from` means the next day. */
  readonly to: string;
  /** IANA name; `UTC` by default. */
  readonly timeZone?: string;
  /** Another limit while this window is open. */
  readonly maxRunning?: number;
}

export type Weekday = 'Mon' | 'Tue' | 'Wed' | 'Thu' | 'Fri' | 'Sat' | 'Sun';

/** Lets the limit follow what the cluster can bear. */
export interface AdaptiveSpec {
  /** The limit is never lowered below this; 1 by default. */
  readonly minRunning?: number;
  /** Unschedulable pods of runs from which on the cluster counts as distressed; 1 by default. */
  readonly unschedulablePods?: number;
  /** Mean latency of API calls, in milliseconds, from which on it does; 1000 by default. */
  readonly apiLatencyMs?: number;
}

export interface GateSpec {
  /** Absent = every namespace. */
  readonly namespaces?: readonly string[];
  /** Labels of the runs; absent = all. */
  readonly selector?: LabelSelectorObject;
  /** Only runs of the Repository of this name. */
  readonly repository?: string;
  /** Absent = no limit. */
  readonly maxRunning?: number;
  readonly maxRunningPerRepository?: number;
  readonly maxRunningPerBranch?: number;
  readonly order?: GateOrder;
  /** Shares of Repositories by name under `FairShare`; 1 for those not named. */
  readonly weights?: Readonly<Record<string, number>>;
  readonly paused?: boolean;
  /** Absent = always open; otherwise open in any of these. */
  readonly windows?: readonly TimeWindow[];
  readonly adaptive?: AdaptiveSpec;
  /** What becomes of waiting runs when the gate is deleted. `Release` by default. */
  readonly onDelete?: 'Release' | 'Hold';
}

/**
 * A run that was let through and is not over. The list of these in the gate's status is the claim that keeps replicas
 * from letting through more than fits: it only changes with the resourceVersion it was read at.
 */
export interface Slot {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  /** What the run counts towards besides the gate itself: kept here, since a cache may not know the run yet. */
  readonly repository?: string;
  readonly branch?: string;
}

/** How far an adaptive gate has lowered its limit, and why. */
export interface AdaptiveStatus {
  readonly limit: number;
  readonly reason: string;
  readonly lastChangeTime: string;
}

export interface GateStatus {
  readonly observedGeneration?: number;
  readonly slots?: readonly Slot[];
  readonly running?: number;
  readonly waiting?: number;
  /** The limit in force; absent = none. */
  readonly limit?: number;
  /** Why the limit in force is what it is. */
  readonly limitReason?: string;
  /** Creation time of the run that waits longest. */
  readonly oldestWaiting?: string;
  readonly adaptive?: AdaptiveStatus;
  readonly conditions?: readonly Condition[];
}

/** `penstock.dev/v1alpha1` Gate: how many of the runs it governs may run at a time, and in which order they start. */
export interface Gate extends KubeObject {
  readonly spec: GateSpec;
  readonly status?: GateStatus;
}

export const gates: ResourceType<Gate> = {
  group: 'penstock.dev',
  version: 'v1alpha1',
  resource: 'gates',
  kind: 'Gate',
  namespaced: false,
};

/** Annotation: the gates that made a run pending, `,` between; `none` = no gate touches it. */
export const managedGateKey = 'penstock.dev/managed-gate';
/** Value of {@link managedGateKey} that keeps every gate away. */
export const managedByNone = 'none';
/** Annotation: whole number, greater first, 0 by default. */
export const priorityKey = 'penstock.dev/priority';
/** Annotation: whole number; a run that has one comes before all that have a smaller one or none. */
export const bumpKey = 'penstock.dev/bump';
/** Annotation that gates write: where a waiting run stands. */
export const queueKey = 'penstock.dev/queue';
/** Annotation: `Hold` on a run that one of its gates is to hold, not to release, when no gate governs it any more. */
export const onDeleteKey = 'penstock.dev/gate-on-delete';
/** Finalizer of gates: their waiting runs are released or held before a gate goes. */
export const gateFinalizer = 'penstock.dev/gate';

/** Label of Pipelines-as-Code: the Repository a run belongs to. */
export const repositoryKey = 'pipelinesascode.tekton.dev/repository';
/** Annotation of Pipelines-as-Code: the branch that was pushed. */
export const sourceBranchKey = 'pipelinesascode.tekton.dev/source-branch';
