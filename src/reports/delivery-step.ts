/** What is to be done about one CommitStatus now. Pure. */
import { createHash } from 'node:crypto';
import { fromRfc3339 } from '../base/clock.ts';
import { stableJson } from '../base/json.ts';
import { isTerminal } from '../forge/forge.ts';
import type { CommitStatus, CommitStatusSpec } from '../forge/kinds/commit-status.ts';

/** A change of words alone, while a run waits or runs, is shown at most so often. In milliseconds. */
export const wordsEveryMs = 60_000;
/** What a Git host has not taken for so long is given up, until there is something else to say. In milliseconds. */
export const tryMsMax: number = 7 * 24 * 3_600_000;
/** Nothing is given up that has failed less often: that time has passed does not mean that anybody tried. */
export const triesMin = 5;
/** Longest time from a failure to the next try, in milliseconds: after a failure, and where the host asked us to wait. */
export const retryMsMax = 900_000;
const limitedMsMax: number = 24 * 3_600_000 + 1_000;

/** The next thing to do. `wait`: nothing before so many milliseconds have passed. */
export type DeliveryStep =
  | { readonly kind: 'idle' }
  | { readonly kind: 'wait'; readonly ms: number }
  | { readonly kind: 'post' }
  | { readonly kind: 'comment' }
  /** It was tried for too long. `told` = the status says so already. */
  | { readonly kind: 'give-up'; readonly told: boolean };

/** What a comment would say, and where. */
export type PlannedComment = NonNullable<CommitStatusSpec['comment']>;

/** Reasons of the condition `Delivered` that the step depends on. */
export const gaveUpReason = 'GaveUp';
export const limitedReason = 'RateLimited';

/** Hash of what is to be shown: what was acknowledged is known by it. */
export function digestOf(value: unknown): string {
  return createHash('sha256').update(stableJson(value)).digest('hex').slice(0, 32);
}

/** The hash of the report of a CommitStatus. */
function reportDigest({ report }: CommitStatusSpec): string {
  return digestOf(report);
}

/** Whether the host was seen to take what is to be shown; comments aside. */
export function isDelivered({ spec, status }: CommitStatus): boolean {
  return spec.commentOnly === true || status?.acknowledged?.digest === reportDigest(spec);
}

/** The condition `Delivered`, as far as the step depends on it. */
function deliveredReason({ status }: CommitStatus): string | undefined {
  return status?.conditions?.find(({ type }) => type === 'Delivered')?.reason;
}

/** What to do about `object` now; `comment` is what is to be commented on, if anything. */
export function nextStep(object: CommitStatus, comment: PlannedComment | undefined, nowMs: number): DeliveryStep {
  const { spec, status = {} } = object;
  const commented = comment === undefined || status.commentDigest === digestOf(comment);
  const delivered = isDelivered(object);
  // What a smaller attempt says is not shown, even if a spec were to say it: a copy of old objects may have come back.
  if (delivered ? commented : (status.acknowledged?.attempt ?? 0) > spec.attempt) return { kind: 'idle' };
  const isSame = status.failedDigest === tryDigest(spec, delivered, comment);
  const gaveUp = deliveredReason(object) === gaveUpReason;
  if (isSame && (gaveUp || isTriedEnough(status))) return { kind: 'give-up', told: gaveUp };
  const waitMs = Math.max(retryWaitMs(object, isSame, nowMs), delivered ? 0 : wordsWaitMs(object, nowMs));
  if (waitMs > 0) return { kind: 'wait', ms: waitMs };
  return { kind: delivered ? 'comment' : 'post' };
}

/** Whether it was tried for long enough: from the first failure to the last, not to now; nobody may have been there to try. */
function isTriedEnough({ failures = 0, failingSince, nextTryAt }: NonNullable<CommitStatus['status']>): boolean {
  const [firstMs, lastMs] = [fromRfc3339(failingSince), fromRfc3339(nextTryAt)];
  return failures >= triesMin && firstMs !== undefined && lastMs !== undefined && lastMs - firstMs >= tryMsMax;
}

/** Hash of what is tried next: a failure holds for it alone. */
export function tryDigest(spec: CommitStatusSpec, delivered: boolean, comment: PlannedComment | undefined): string {
  return delivered ? digestOf(comment ?? {}) : reportDigest(spec);
}

/** A new report need not wait for the retry of an old one, unless the host asked us to wait. */
function retryWaitMs(object: CommitStatus, isSame: boolean, nowMs: number): number {
  const isLimited = deliveredReason(object) === limitedReason;
  if (!isSame && !isLimited) return 0;
  return leftMs(object.status?.nextTryAt, nowMs, isLimited ? limitedMsMax : retryMsMax);
}

function wordsWaitMs({ spec, status }: CommitStatus, nowMs: number): number {
  const last = status?.acknowledged;
  if (last === undefined || isTerminal(spec.report.state)) return 0;
  if (last.state !== spec.report.state || last.attempt !== spec.attempt) return 0;
  const dueMs = (fromRfc3339(last.at) ?? 0) + wordsEveryMs;
  return leftMs(new Date(dueMs).toISOString(), nowMs, wordsEveryMs);
}

/** How long it is to `instant`; nothing where that is longer than anybody ever meant to wait: the clock was set back. */
function leftMs(instant: string | undefined, nowMs: number, longestMs: number): number {
  const left = (fromRfc3339(instant) ?? nowMs) - nowMs;
  return left > longestMs ? 0 : left;
}

/** How far a CommitStatus is, for people. `failing`: for what it says now, not for something before it. */
export function progressOf(object: CommitStatus): 'told' | 'given-up' | 'failing' | 'on-its-way' {
  const { spec, status = {} } = object;
  const delivered = isDelivered(object);
  const { comment } = spec;
  if (delivered && (!spec.commentOnly || comment === undefined || status.commentDigest === digestOf(comment)))
    return 'told';
  if (status.failedDigest !== tryDigest(spec, delivered, comment)) return 'on-its-way';
  return deliveredReason(object) === gaveUpReason ? 'given-up' : 'failing';
}
