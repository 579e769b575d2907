/** What the status of a CommitStatus says after something was tried. Pure. */
import { backoffDelayMs, type BackoffPolicy } from '../base/backoff.ts';
import { toRfc3339 } from '../base/clock.ts';
import type { Random } from '../base/random.ts';
import type { ForgeProblem, RemoteHandle, StatusReport } from '../forge/forge.ts';
import type { Acknowledged, CommitStatus, CommitStatusStatus } from '../forge/kinds/commit-status.ts';
import type { Condition } from '../kube/object.ts';
import {
  digestOf,
  gaveUpReason,
  isDelivered,
  limitedReason,
  type PlannedComment,
  retryMsMax,
  tryDigest,
  tryMsMax,
} from './delivery-step.ts';

/** Retries while the host gives no answer: soon, then every few minutes. */
const passingBackoff: BackoffPolicy = { baseMs: 2_000, capMs: 300_000 };
/** Retries of what somebody has to put right: a token, a right, a Secret. Or of what the host does not take. */
const standingBackoff: BackoffPolicy = { baseMs: 15_000, capMs: retryMsMax };
/** Characters of a message that are kept. */
const messageCharactersMax = 1_024;

/** Why a try failed: what the host said, or what is missing on our side. */
export interface Failure {
  readonly problem: ForgeProblem | 'no-access';
  readonly message: string;
  readonly retryAfterMs?: number | undefined;
}

const reasons: Readonly<Record<Failure['problem'], string>> = {
  unavailable: 'HostUnavailable',
  'rate-limited': limitedReason,
  unauthorized: 'Unauthorized',
  forbidden: 'Forbidden',
  refused: 'Refused',
  'too-large': 'TooLarge',
  'bad-answer': 'HostUnavailable',
  'no-access': 'NoAccess',
};

/** After the host was seen to have taken `report`. */
export function acknowledgedStatus(
  object: CommitStatus,
  report: StatusReport,
  attempt: number,
  taken: { readonly evidence: Acknowledged['evidence']; readonly handle: RemoteHandle; readonly nowMs: number },
): CommitStatusStatus {
  const { commentDigest, conditions } = object.status ?? {};
  const digest = digestOf(report);
  // The run may have gone on while the host was asked.
  const isLast = digestOf(object.spec.report) === digest;
  const words = taken.evidence === 'read' ? 'the host was seen to show it' : 'the host has taken it';
  const condition: Outcome = isLast
    ? { status: 'True', reason: taken.evidence === 'read' ? 'ReadBack' : 'Accepted', message: words }
    : { status: 'Unknown', reason: 'Pending', message: 'there is something newer to be shown' };
  return {
    acknowledged: { attempt, state: report.state, digest, at: toRfc3339(taken.nowMs), evidence: taken.evidence },
    handle: taken.handle,
    ...(commentDigest === undefined ? {} : { commentDigest }),
    conditions: withDelivered(object, conditions, condition, taken.nowMs),
  };
}

/** After a comment was made. */
export function commentedStatus(object: CommitStatus, comment: PlannedComment, nowMs: number): CommitStatusStatus {
  const { acknowledged, handle, conditions } = object.status ?? {};
  const condition: Outcome | undefined = object.spec.commentOnly
    ? { status: 'True', reason: 'Accepted', message: 'the comment was made' }
    : undefined;
  return {
    ...(acknowledged === undefined ? {} : { acknowledged }),
    ...(handle === undefined ? {} : { handle }),
    commentDigest: digestOf(comment),
    conditions: condition === undefined ? (conditions ?? []) : withDelivered(object, conditions, condition, nowMs),
  };
}

/** After a try that failed. `nextTryAt` says when it is tried again. */
export function failedStatus(
  object: CommitStatus,
  comment: PlannedComment | undefined,
  failure: Failure,
  { nowMs, random }: { readonly nowMs: number; readonly random: Random },
): CommitStatusStatus {
  const { status = {} } = object;
  const delivered = isDelivered(object);
  const failedDigest = tryDigest(object.spec, delivered, comment);
  const isSame = status.failedDigest === failedDigest;
  const before = isSame ? (status.failures ?? 0) : 0;
  const failures = failure.problem === 'rate-limited' ? before : before + 1;
  const message = failure.message.slice(0, messageCharactersMax);
  const condition: Outcome = { status: 'False', reason: reasons[failure.problem], message };
  const isStatus = !delivered || object.spec.commentOnly === true;
  return {
    ...status,
    failures,
    failedDigest,
    failingSince: (isSame ? status.failingSince : undefined) ?? toRfc3339(nowMs),
    lastError: message,
    nextTryAt: new Date(nowMs + waitMs(failure, Math.max(1, failures), random)).toISOString(),
    ...(isStatus ? { conditions: withDelivered(object, status.conditions, condition, nowMs) } : {}),
  };
}

/** After it was tried for as long as it is. */
export function gaveUpStatus(object: CommitStatus, nowMs: number): CommitStatusStatus {
  const { status = {} } = object;
  const days = Math.round(tryMsMax / 86_400_000);
  const message = `given up after ${days} days: ${status.lastError ?? ''}`;
  const condition: Outcome = { status: 'False', reason: gaveUpReason, message };
  return { ...status, conditions: withDelivered(object, status.conditions, condition, nowMs) };
}

/** While it has to wait for its turn before the first try, and the condition still tells of what was shown before. */
export function waitingStatus(object: CommitStatus, nowMs: number): CommitStatusStatus {
  const message = 'others are shown before it, or the host has asked us to wait';
  const condition: Outcome = { status: 'Unknown', reason: 'Waiting', message };
  return { ...object.status, conditions: withDelivered(object, object.status?.conditions, condition, nowMs) };
}

/** Whether the condition tells of another report than the one that is to be shown. */
export function isOutdated({ status, metadata }: CommitStatus): boolean {
  const condition = status?.conditions?.find(({ type }) => type === 'Delivered');
  return condition?.status !== 'Unknown' && condition?.observedGeneration !== metadata.generation;
}

type Outcome = Required<Pick<Condition, 'status' | 'reason' | 'message'>>;

function withDelivered(
  { metadata }: CommitStatus,
  conditions: readonly Condition[] = [],
  outcome: Outcome,
  nowMs: number,
): readonly Condition[] {
  const previous = conditions.find(({ type }) => type === 'Delivered');
  const since = previous?.status === outcome.status ? previous.lastTransitionTime : undefined;
  const { generation } = metadata;
  const condition: Condition = {
    type: 'Delivered',
    ...outcome,
    lastTransitionTime: since ?? toRfc3339(nowMs),
    ...(generation === undefined ? {} : { observedGeneration: generation }),
  };
  return [condition, ...conditions.filter(({ type }) => type !== 'Delivered')];
}

function waitMs({ problem, retryAfterMs = 0 }: Failure, failures: number, random: Random): number {
  if (problem === 'rate-limited') return Math.max(retryAfterMs, 1_000) + random.integer(0, 1_000);
  const passing = problem === 'unavailable' || problem === 'bad-answer';
  return Math.max(retryAfterMs, backoffDelayMs(passing ? passingBackoff : standingBackoff, failures, random));
}
