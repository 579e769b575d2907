import type { Condition, KubeObject } from '../../kube/object.ts';
import type { ResourceType } from '../../kube/resource.ts';
import type { ForgeKind } from '../git-event.ts';
import type { RemoteHandle, StatusReport, StatusState } from '../forge.ts';

/** What is to be shown, and since which attempt. */
export interface CommitStatusSpec {
  /** Name of the Repository, in the same namespace: by its credential the status is posted. */
  readonly repository: string;
  /** Attempts are shown in this order: what a smaller one says later is not written. */
  readonly attempt: number;
  readonly report: StatusReport;
  /** The run that is reported, if there is one. */
  readonly run?: { readonly namespace: string; readonly name: string; readonly uid: string };
  /** A comment that goes with it. */
  readonly comment?: { readonly pullRequest: number; readonly marker: string; readonly body: string };
  /** Only the comment is made: the report is not shown as a status. */
  readonly commentOnly?: true;
  /** Kind of the host, as the event had it. */
  readonly forge?: ForgeKind;
  /** GitHub App: by which installation the event came. */
  readonly installationId?: number;
}

/** What the host was seen to have taken. */
export interface Acknowledged {
  readonly attempt: number;
  readonly state: StatusState;
  /** Hash of the report that was taken. */
  readonly digest: string;
  readonly at: string;
  /** `accepted`: the answer said so; `read`: it was read back after a doubtful answer. */
  readonly evidence: 'accepted' | 'read';
}

export interface CommitStatusStatus {
  readonly acknowledged?: Acknowledged;
  readonly handle?: RemoteHandle;
  readonly commentDigest?: string;
  /** Tries since the last acknowledgement. */
  readonly failures?: number;
  /** Hash of the report that was tried in vain: another one need not wait. */
  readonly failedDigest?: string;
  /** When the first of those tries failed. */
  readonly failingSince?: string;
  readonly lastError?: string;
  readonly nextTryAt?: string;
  readonly conditions?: readonly Condition[];
}

/**
 * `penstock.dev/v1alpha1` CommitStatus: one context of one commit at a Git host, what it is to say and what it was seen to
 * say. The outbox: only `reports` writes it, and only what it holds is posted.
 */
export interface CommitStatus extends KubeObject {
  readonly spec: CommitStatusSpec;
  readonly status?: CommitStatusStatus;
}

export const commitStatuses: ResourceType<CommitStatus> = {
  group: 'penstock.dev',
  version: 'v1alpha1',
  resource: 'commitstatuses',
  kind: 'CommitStatus',
  namespaced: true,
};
