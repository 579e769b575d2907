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
  const failingMs = isSame ? nowMs - (fromRfc3339(status.failingSince) ?? nowMs) : 0;
  const gaveUp = deliveredReason(object) === gaveUpReason;
  if (failingMs >= tryMsMax || (isSame && gaveUp)) return { kind: 'give-up', told: gaveUp };
  const waitMs = Math.max(retryWaitMs(object, isSame, nowMs), delivered ? 0 : wordsWaitMs(object, nowMs));
  if (waitMs > 0) return { kind: 'wait', ms: waitMs };
  return { kind: delivered ? 'comment' : 'post' };
}

/** Hash of what is tried next: a failure holds for it alone. */
export function tryDigest(spec: CommitStatusSpec, delivered: boolean, comment: PlannedComment | undefined): string {
  return delivered ? digestOf(comment ?? {}) : reportDigest(spec);
}

/** A new report need not wait for the retry of an old one, unless the host asked us to wait. */
function retryWaitMs(object: CommitStatus, isSame: boolean, nowMs: number): number {
  if (!isSame && deliveredReason(object) !== limitedReason) return 0;
  return (fromRfc3339(object.status?.nextTryAt) ?? nowMs) - nowMs;
}

function wordsWaitMs({ spec, status }: CommitStatus, nowMs: number): number {
  const last = status?.acknowledged;
  if (last === undefined || isTerminal(spec.report.state)) return 0;
  if (last.state !== spec.report.state || last.attempt !== spec.attempt) return 0;
  return (fromRfc3339(last.at) ?? 0) + wordsEveryMs - nowMs;
}
