import type { Condition, KubeObject } from '../../kube/object.ts';
import type { ResourceType } from '../../kube/resource.ts';
import type { StatusState, StatusTarget } from '../forge.ts';
import type { ForgeKind, GitEvent } from '../git-event.ts';

/** A webhook that was accepted, or an event of our own making (incoming, schedule, replay). Never changed once stored. */
export interface DeliverySpec {
  readonly forge: ForgeKind;
  /** The host's id of the delivery; absent when it sends none. */
  readonly deliveryId?: string;
  /** The host's name of the event. */
  readonly eventName: string;
  /** SHA-256 of the body as it came, hexadecimal. */
  readonly bodyHash: string;
  /** RFC 3339, to the millisecond. */
  readonly receivedAt: string;
  readonly events: readonly GitEvent[];
  /** Headers that templates and expressions may see, lower case; never credentials or signatures. */
  readonly headers: Readonly<Record<string, string>>;
  /** The body; absent when it was larger than what is kept, which `payloadOmitted` then says. */
  readonly payload?: { readonly encoding: 'gzip+base64'; readonly bytes: number; readonly data: string };
  readonly payloadOmitted?: string;
  /** Whose secret verified it, `namespace/name`: its events may concern that Repository only. Absent = the App's secret. */
  readonly verifiedBy?: string;
  /** The Delivery this one repeats at somebody's wish. */
  readonly replayOf?: string;
}

/** One run that is to be, decided before anything is created. */
export interface PlannedRun {
  /** Index in `spec.events`. */
  readonly event: number;
  readonly namespace: string;
  readonly repository: string;
  /** Name of the definition in `.tekton`. */
  readonly definition: string;
  /** Name of the PipelineRun: its identity. Replaced when it turns out to belong to somebody else. */
  readonly name: string;
  readonly attempt: number;
  readonly series: string;
  /** Whole, lower case: what is run. */
  readonly sha: string;
  /** `pr-<number>`, or the full ref. */
  readonly scope: string;
  /** Where it is reported. */
  readonly target: StatusTarget;
  /** Hash of what asked for it, the same in every copy of the event. */
  readonly occurrence: string;
  /** Names that belonged to somebody else before this one. */
  readonly collision?: number;
  /** Published event type: of the comment, where one asked. */
  readonly eventType: string;
  /** Older runs of its line are cancelled once it is there. */
  readonly supersedes?: true;
  /** It is there, and its Secret is not yet known to be owned by it. */
  readonly secretUnowned?: true;
  /** `superseded`: it was not created, since a newer one or a cancel came first. */
  readonly outcome: 'planned' | 'created' | 'adopted' | 'failed' | 'superseded';
  readonly uid?: string;
  /** Why it failed, in the API server's words. */
  readonly message?: string;
}

/** Something to be shown at the Git host that no run stands for. */
export interface StatusNotice {
  readonly target: StatusTarget;
  readonly namespace: string;
  readonly repository: string;
  readonly attempt: number;
  readonly externalId: string;
  readonly state: StatusState;
  readonly title: string;
  readonly text: string;
  /** Shown as a comment on the pull request instead of as a status. */
  readonly comment?: { readonly marker: string };
}

/** Why an event led to nothing, or what it led to besides runs. */
export interface EventOutcome {
  readonly event: number;
  /** One CamelCase word: `Planned`, `NoRepository`, `NothingMatched`, `AwaitingApproval`, `SkippedByMessage`, `Cancelled`, `Failed`. */
  readonly reason: string;
  readonly message: string;
}

/** What was found out about an event once and is not asked again: a later answer may be another one. */
export interface EventPin {
  /** Index in `spec.events`. */
  readonly event: number;
  /** `namespace/name` of the Repository. */
  readonly repository: string;
  /** The commit the event is about. */
  readonly sha: string;
  /** The commit `.tekton` is read at, when it is another. */
  readonly definitionsSha?: string;
}

/** Which runs of a Repository an event cancels, decided before any is: also those that are planned and not made yet. */
export interface CancelIntent {
  /** Index in `spec.events`. */
  readonly event: number;
  readonly namespace: string;
  readonly repository: string;
  /** Milliseconds since the epoch: only runs of events that came in earlier. */
  readonly before: number;
  /** Who or what cancels, in words. */
  readonly by: string;
  /** Absent = any. */
  readonly line?: string;
  readonly scope?: string;
  readonly sha?: string;
  readonly definition?: string;
  /** Only those whose annotation `cancel-in-progress` says so, or does not say no. */
  readonly only?: 'opted-in' | 'not-opted-out';
  /** Name of the run that takes their place: they are cancelled once it is there. */
  readonly supersededBy?: string;
}

/** A run that was cancelled on account of an event. */
export interface CancelledRun {
  readonly event: number;
  readonly namespace: string;
  readonly name: string;
  /** Who or what cancelled it, in words. */
  readonly by: string;
}

export interface DeliveryStatus {
  readonly phase?: 'Pending' | 'Planned' | 'Done' | 'Failed';
  readonly outcomes?: readonly EventOutcome[];
  readonly runs?: readonly PlannedRun[];
  readonly notices?: readonly StatusNotice[];
  readonly pins?: readonly EventPin[];
  readonly cancels?: readonly CancelIntent[];
  readonly cancelled?: readonly CancelledRun[];
  readonly tries?: number;
  readonly lastError?: string;
  /** RFC 3339. */
  readonly nextTryAt?: string;
  readonly completedAt?: string;
  readonly conditions?: readonly Condition[];
}

/** `penstock.dev/v1alpha1` Delivery: the durable inbox. Lives in Penstock's own namespace. */
export interface Delivery extends KubeObject {
  readonly spec: DeliverySpec;
  readonly status?: DeliveryStatus;
}

export const deliveries: ResourceType<Delivery> = {
  group: 'penstock.dev',
  version: 'v1alpha1',
  resource: 'deliveries',
  kind: 'Delivery',
  namespaced: true,
};
