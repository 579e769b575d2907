import type { Clock } from '../base/clock.ts';
import { errorText } from '../base/errors.ts';
import type { Random } from '../base/random.ts';
import type { ApiClient } from '../client/api-client.ts';
import type { Lister, ReconcileResult, Reconciler } from '../controller/contract.ts';
import { type Forge, ForgeError, type RemoteHandle, type ShownStatus } from '../forge/forge.ts';
import {
  type Acknowledged,
  type CommitStatus,
  type CommitStatusStatus,
  commitStatuses,
} from '../forge/kinds/commit-status.ts';
import type { Repository } from '../forge/kinds/repository.ts';
import { isApiError } from '../kube/api-error.ts';
import { keyOf, keyText, type ObjectKey } from '../kube/object.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Certainty } from './certainty.ts';
import { commentOf } from './comments.ts';
import {
  acknowledgedStatus,
  commentedStatus,
  type Failure,
  failedStatus,
  gaveUpStatus,
  isOutdated,
  waitingStatus,
} from './delivery-record.ts';
import { type DeliveryStep, isDelivered, nextStep, type PlannedComment } from './delivery-step.ts';
import type { ForgeTurns, Turn } from './forge-turns.ts';
import type { NewestWritten } from './newest-written.ts';
import { OpenedForges, type OpenForge, type ReportedRepository } from './opened-forges.ts';
import type { ReportMetrics } from './report-metrics.ts';
import { shows, showsDespiteRefusal } from './shown.ts';

/** Failures in a row after which the Repository gets an Event, once. */
export const eventFailures = 5;
/** Writes of a status that may meet another one before the queue is asked to try later. */
const writesMax = 5;
/** How long a host is left alone that asks for it and does not say for how long, in milliseconds. */
const quietMs = 60_000;

/** What the reconciler that brings statuses to their hosts is made of. */
export interface DeliverParts {
  readonly client: ApiClient;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly statuses: Lister<CommitStatus>;
  readonly repositoryOf: (object: CommitStatus) => ReportedRepository | undefined;
  readonly open: OpenForge;
  readonly written: NewestWritten;
  /** Whether the comment of a newer commit stands in the place of this one's. */
  readonly isOvertaken: (object: CommitStatus) => boolean;
  readonly turns: ForgeTurns;
  readonly certainty: Certainty;
  readonly metrics: ReportMetrics;
  /** Tells people where they look. */
  readonly warn: (about: Repository, reason: string, message: string) => void;
}

/**
 * Brings what CommitStatuses are to say to their Git hosts, and stores what the hosts were seen to have taken. The only one
 * that posts, and the only writer of `status`.
 */
export class DeliverReconciler implements Reconciler {
  readonly #parts: DeliverParts;
  readonly #opened: OpenedForges;

  constructor(parts: DeliverParts) {
    this.#parts = parts;
    this.#opened = new OpenedForges(parts.clock, parts.open);
  }

  async reconcile(key: ObjectKey): Promise<ReconcileResult> {
    // Whatever comes of it: a turn that was kept for this key goes on to the next one.
    const kept = this.#parts.turns.claim(key);
    try {
      return await this.#bring(key, kept);
    } finally {
      kept?.leave();
    }
  }

  async #bring(key: ObjectKey, kept: Turn | undefined): Promise<ReconcileResult> {
    const cached = this.#parts.statuses.get(key);
    if (cached === undefined || cached.metadata.deletionTimestamp !== undefined) return {};
    const soon = this.#stepOf(cached);
    if (soon.kind === 'idle') return {};
    if (soon.kind === 'wait') return { requeueAfterMs: soon.ms };
    const forge = this.#opened.last(cached);
    const turn = kept ?? (forge && this.#parts.turns.enter(forge, key));
    if (forge !== undefined && turn === undefined) return this.#waitForTurn(cached);
    try {
      // A cache may not know yet of a newer attempt, or of what was taken already: what is posted is read first.
      const live = this.#parts.written.isNewest(cached) ? cached : await this.#live(key);
      if (live === undefined || live.metadata.uid !== cached.metadata.uid) return {};
      return await this.#act(live, this.#stepOf(live), turn);
    } finally {
      turn?.leave();
    }
  }

  /** Says that what was shown is no longer what is to be shown. */
  async #waitForTurn(object: CommitStatus): Promise<ReconcileResult> {
    const { clock } = this.#parts;
    if (!isDelivered(object) && isOutdated(object))
      await this.#store(object, (live) => waitingStatus(live, clock.now()));
    return {};
  }

  async #act(object: CommitStatus, step: DeliveryStep, turn: Turn | undefined): Promise<ReconcileResult> {
    switch (step.kind) {
      case 'idle':
        return {};
      case 'wait':
        return { requeueAfterMs: step.ms };
      case 'give-up':
        if (!step.told) await this.#store(object, (live) => gaveUpStatus(live, this.#parts.clock.now()));
        return {};
      case 'post':
      case 'comment':
        return this.#try(object, step.kind, turn);
    }
  }

  #stepOf(object: CommitStatus): DeliveryStep {
    return nextStep(object, this.#commentOf(object), this.#parts.clock.now());
  }

  #commentOf(object: CommitStatus): PlannedComment | undefined {
    const repository = this.#parts.repositoryOf(object);
    const comment = repository && commentOf(object.spec, repository.complete.spec);
    return comment === undefined || this.#parts.isOvertaken(object) ? undefined : comment;
  }

  /** Does one step with the host, if it is this one's turn. */
  async #try(object: CommitStatus, kind: 'post' | 'comment', held: Turn | undefined): Promise<ReconcileResult> {
    const { turns } = this.#parts;
    const opened = await this.#open(object);
    if ('problem' in opened) return this.#fail(object, opened);
    const { forge, isFresh } = opened;
    const turn = held ?? turns.enter(forge, keyOf(object));
    if (turn === undefined) return this.#waitForTurn(object);
    try {
      if (kind === 'post') await this.#post(object, forge);
      else await this.#comment(object, forge);
      // What is left, if anything, is seen when the cache has the new status.
      return {};
    } catch (thrown) {
      if (!(thrown instanceof ForgeError)) throw thrown;
      if (thrown.problem === 'unauthorized' || thrown.problem === 'forbidden') {
        this.#opened.forget(object);
        // By a credential that was read some time ago: nobody is told before the newest was tried.
        if (!isFresh) return { requeueAfterMs: 1 };
      }
      if (thrown.problem === 'rate-limited') turns.pause(forge, thrown.retryAfterMs ?? quietMs);
      return await this.#fail(object, thrown);
    } finally {
      turn.leave();
    }
  }

  async #open(object: CommitStatus): Promise<Awaited<ReturnType<OpenedForges['open']>> | Failure> {
    const repository = this.#parts.repositoryOf(object);
    if (repository === undefined) {
      return { problem: 'no-access', message: `there is no Repository "${object.spec.repository}" in its namespace` };
    }
    try {
      return await this.#opened.open(object, repository);
    } catch (thrown) {
      // A Secret that is missing, or that we may not read: told where people look, and not only in our log.
      return { problem: 'no-access', message: errorText(thrown) };
    }
  }

  async #post(object: CommitStatus, forge: Forge): Promise<void> {
    const { certainty, metrics } = this.#parts;
    const { uid = '' } = object.metadata;
    const { report } = object.spec;
    let { handle } = object.status ?? {};
    if (!certainty.isKnown(uid)) {
      const shown = await this.#readBack(object, forge);
      if (shown !== 'unreadable') {
        if (shows(shown, report, forge.hostState(report.state)))
          return this.#acknowledge(object, 'read', shown?.handle ?? handle);
        handle = shown?.handle ?? handle;
      }
    }
    // Until the answer is stored nobody knows: whatever ends this in between, the next try begins with reading.
    certainty.doubt(uid);
    const outcome = await this.#send(object, forge, handle);
    if (outcome.ok) return this.#acknowledge(object, 'accepted', outcome.handle);
    metrics.posted(forge.kind, 'refused');
    const shown = await this.#readBack(object, forge);
    const isAttemptShown = object.status?.acknowledged?.attempt === object.spec.attempt;
    const word = forge.hostState(report.state);
    if (shown !== 'unreadable' && showsDespiteRefusal(shown, report, word, isAttemptShown)) {
      return this.#acknowledge(object, 'read', shown?.handle ?? handle);
    }
    const seen = shown === 'unreadable' || shown === undefined ? 'nothing' : `"${shown.hostState}"`;
    throw new ForgeError('refused', `the host refused "${report.state}" and shows ${seen}: ${outcome.refused}`);
  }

  async #send(
    object: CommitStatus,
    forge: Forge,
    handle: RemoteHandle | undefined,
  ): Promise<Awaited<ReturnType<Forge['postStatus']>>> {
    const { metrics, certainty } = this.#parts;
    try {
      const outcome = await asked(forge.postStatus(object.spec.report, handle));
      if (outcome.ok) metrics.posted(forge.kind, 'accepted');
      return outcome;
    } catch (thrown) {
      const problem = thrown instanceof ForgeError ? thrown.problem : 'bad-answer';
      const doubtful = problem === 'unavailable' || problem === 'bad-answer';
      metrics.posted(forge.kind, doubtful ? 'doubtful' : problem === 'rate-limited' ? 'limited' : 'failed');
      // Nothing was carried out: what the host shows is what it showed before.
      if (!doubtful) certainty.trust(object.metadata.uid ?? '');
      throw thrown;
    }
  }

  /** What the host shows; `unreadable` where the credential may post and not read. */
  async #readBack(object: CommitStatus, forge: Forge): Promise<ShownStatus | undefined | 'unreadable'> {
    const { metrics } = this.#parts;
    const { report } = object.spec;
    try {
      const shown = await asked(forge.readStatus(report, object.status?.handle));
      metrics.readBack(forge.kind, shows(shown, report, forge.hostState(report.state)) ? 'shown' : 'other');
      return shown;
    } catch (thrown) {
      metrics.readBack(forge.kind, 'failed');
      if (thrown instanceof ForgeError && (thrown.problem === 'forbidden' || thrown.problem === 'refused')) {
        return 'unreadable';
      }
      throw thrown;
    }
  }

  async #acknowledge(
    object: CommitStatus,
    evidence: Acknowledged['evidence'],
    handle: RemoteHandle | undefined,
  ): Promise<void> {
    const { clock, certainty } = this.#parts;
    const { report, attempt } = object.spec;
    const taken = { evidence, handle: handle ?? {}, nowMs: clock.now() };
    await this.#store(object, (live) => acknowledgedStatus(live, report, attempt, taken));
    certainty.trust(object.metadata.uid ?? '');
  }

  async #comment(object: CommitStatus, forge: Forge): Promise<void> {
    const { clock, metrics } = this.#parts;
    const comment = this.#commentOf(object);
    if (comment === undefined) return;
    const { pullRequest, marker, body } = comment;
    if (forge.commentable) {
      try {
        await asked(forge.putComment({ project: object.spec.report.project, pullRequest, marker, body }));
        metrics.commented(forge.kind, 'made');
      } catch (thrown) {
        metrics.commented(forge.kind, 'failed');
        throw thrown;
      }
    }
    await this.#store(object, (live) => commentedStatus(live, comment, clock.now()));
  }

  /** Stores why a try failed and asks to come back; people are told once, when it has failed for some time. */
  async #fail(object: CommitStatus, failure: Failure): Promise<ReconcileResult> {
    const { clock, random, logger } = this.#parts;
    const comment = this.#commentOf(object);
    const nowMs = clock.now();
    const status = failedStatus(object, comment, failure, { nowMs, random });
    const { problem, message } = failure;
    const delivered = isDelivered(object);
    const what = delivered ? 'a comment could not be made' : 'a status could not be shown';
    logger.warn(what, { status: keyText(keyOf(object)), context: object.spec.report.context, problem, error: message });
    // Of two writers the other one knows more: it is looked at again when the cache has it.
    await this.#store(object, (live) => (isSameStory(live, object) ? status : undefined));
    const repository = this.#parts.repositoryOf(object);
    if (status.failures === eventFailures && repository !== undefined && problem !== 'rate-limited') {
      const reason = delivered ? 'CommentNotMade' : 'StatusNotDelivered';
      this.#parts.warn(repository.object, reason, `${object.spec.report.context}: ${what}: ${message}`);
    }
    return { requeueAfterMs: Math.max(0, Date.parse(status.nextTryAt ?? '') - nowMs) };
  }

  /** Writes what `change` makes of the status, however often somebody else writes in between. */
  async #store(object: CommitStatus, change: (live: CommitStatus) => CommitStatusStatus | undefined): Promise<void> {
    let live: CommitStatus | undefined = object;
    for (let tries = 1; live !== undefined; tries++) {
      const status = change(live);
      if (status === undefined) return;
      try {
        this.#parts.written.wrote(await this.#parts.client.updateStatus(commitStatuses, { ...live, status }));
        return;
      } catch (thrown) {
        if (isApiError(thrown, 'NotFound')) return;
        if (!isApiError(thrown, 'Conflict') || tries === writesMax) throw thrown;
        live = await this.#live(keyOf(object));
        if (live?.metadata.uid !== object.metadata.uid) return;
      }
    }
  }

  async #live(key: ObjectKey): Promise<CommitStatus | undefined> {
    try {
      return await this.#parts.client.get(commitStatuses, key);
    } catch (thrown) {
      if (isApiError(thrown, 'NotFound')) return undefined;
      throw thrown;
    }
  }
}

/** Whether nobody has written since what the next step depends on. */
function isSameStory(live: CommitStatus, known: CommitStatus): boolean {
  const [now, before] = [live.status?.acknowledged, known.status?.acknowledged];
  return (
    live.metadata.generation === known.metadata.generation && now?.digest === before?.digest && now?.at === before?.at
  );
}

/** A call to a host: whatever it fails with, people are told of it as of a failure of the host. */
async function asked<T>(call: Promise<T>): Promise<T> {
  try {
    return await call;
  } catch (thrown) {
    if (thrown instanceof ForgeError) throw thrown;
    throw new ForgeError('bad-answer', errorText(thrown), { cause: thrown });
  }
}
