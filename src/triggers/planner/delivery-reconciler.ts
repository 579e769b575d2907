/** Leads every Delivery to its runs, or to a stored reason why not. Level-triggered on the Delivery's status. */
import { type BackoffPolicy, backoffDelayMs } from '../../base/backoff.ts';
import { fromRfc3339, toRfc3339 } from '../../base/clock.ts';
import { errorText, UserError } from '../../base/errors.ts';
import { jsonEqual } from '../../base/json.ts';
import type { Reconciler, ReconcileResult } from '../../controller/contract.ts';
import { ForgeError } from '../../forge/forge.ts';
import {
  type CancelledRun,
  deliveries,
  type Delivery,
  type DeliveryStatus,
  type EventPin,
  type PlannedRun,
} from '../../forge/kinds/delivery.ts';
import { isApiError } from '../../kube/api-error.ts';
import { keyOf, keyText, type ObjectKey } from '../../kube/object.ts';
import { RemoteFetchError } from '../resolve/remote-fetcher.ts';
import { executeRun, type Executed, lost, ownSecret } from './execute-run.ts';
import { configureRepository } from './configure-repository.ts';
import { findRun } from './create-run.ts';
import { carryOutCancels } from './carry-out-cancels.ts';
import { receivedMs } from './history.ts';
import { numberPlan, type NumberedPlan } from './number-plan.ts';
import { withNotice, withoutNotice } from './notices.ts';
import { type EventPlan, type KeepPin, planEvent } from './plan-event.ts';
import { PlannedContents } from './planned-content.ts';
import type { PlannerParts } from './planner-parts.ts';
import { refusedEvent } from './refused-event.ts';

/** Waits between tries while a host, a hub or a credential does not do its part. */
export const outsideBackoff: BackoffPolicy = { baseMs: 1_000, capMs: 300_000 };
/** Longest time from a Delivery's arrival until it is given up, in milliseconds. */
export const giveUpMs: number = 24 * 60 * 60 * 1000;
/** Longest wait that a host may ask for, in milliseconds. */
const retryAfterMsMax: number = 60 * 60 * 1000;

export class DeliveryReconciler implements Reconciler {
  readonly #parts: PlannerParts;
  readonly #refreshSettings: () => Promise<void>;

  /** `refreshSettings` brings `parts.settings` up to date. */
  constructor(parts: PlannerParts, refreshSettings: () => Promise<void>) {
    this.#parts = parts;
    this.#refreshSettings = refreshSettings;
  }

  async reconcile(key: ObjectKey): Promise<ReconcileResult> {
    const delivery = this.#parts.deliveries.get(key);
    if (delivery === undefined || isOver(delivery)) return {};
    const waitMs = (fromRfc3339(delivery.status?.nextTryAt) ?? 0) - this.#parts.clock.now();
    if (waitMs > 0) return { requeueAfterMs: waitMs };
    await this.#refreshSettings();
    const work = new DeliveryWork(this.#parts, delivery);
    try {
      return await work.advance();
    } catch (thrown) {
      if (isApiError(thrown, 'Conflict')) await this.#reread(key);
      if (!isOutside(thrown)) throw thrown;
      return work.tryLater(thrown);
    }
  }

  /** Somebody else has changed the Delivery: what was decided is decided again from what it says now. */
  async #reread(key: ObjectKey): Promise<void> {
    try {
      this.#parts.deliveries.wrote(await this.#parts.client.get(deliveries, key));
    } catch (thrown) {
      if (!isApiError(thrown, 'NotFound')) throw thrown;
    }
  }
}

/** Whether nothing is left to do. */
export function isOver({ status }: Delivery): boolean {
  return status?.phase === 'Done' || status?.phase === 'Failed';
}

/** Whether it is not the cluster that failed, but something that may be away for hours. */
function isOutside(thrown: unknown): thrown is Error {
  return thrown instanceof ForgeError || thrown instanceof UserError || thrown instanceof RemoteFetchError;
}

/** The work on one Delivery at one time. */
class DeliveryWork {
  readonly #parts: PlannerParts;
  #delivery: Delivery;
  /** What the status is to be; written when it matters that it is stored, and in the end. */
  #draft: DeliveryStatus = {};
  readonly #contents: PlannedContents;

  constructor(parts: PlannerParts, delivery: Delivery) {
    this.#parts = parts;
    this.#delivery = delivery;
    this.#contents = new PlannedContents(parts, delivery);
  }

  get #status(): DeliveryStatus {
    return this.#delivery.status ?? {};
  }

  async advance(): Promise<ReconcileResult> {
    const isRetry = this.#status.phase === 'Planned';
    if (!isRetry) await this.#plan();
    return isOver(this.#delivery) ? {} : this.#execute(isRetry);
  }

  async #plan(): Promise<void> {
    const plans: EventPlan[] = [];
    for (const index of this.#delivery.spec.events.keys()) plans.push(await this.#planEvent(index));
    const names = new Set(plans.flatMap(repositoriesOf));
    await this.#holdAll([...names].sort(), () => this.#commit(plans));
    this.#tell(plans);
  }

  async #planEvent(index: number): Promise<EventPlan> {
    const keepPin: KeepPin = (pin) => this.#keepPin(pin);
    if (this.#delivery.spec.events[index]?.trigger === 'repository_created') {
      const outcome = await configureRepository(this.#parts, this.#delivery, index);
      return { outcome, runs: [], notices: [], cancels: [] };
    }
    try {
      return await planEvent(this.#parts, this.#delivery, index, keepPin);
    } catch (thrown) {
      const isForGood =
        thrown instanceof ForgeError && (thrown.problem === 'refused' || thrown.problem === 'too-large');
      if (!isForGood) throw thrown;
      return refusedEvent(this.#parts, this.#delivery, index, thrown.message);
    }
  }

  /** A commit that the event itself does not name is stored as soon as it is known: it stays the same from then on. */
  async #keepPin(pin: EventPin): Promise<void> {
    const pins = this.#status.pins ?? [];
    if (pins.some((known) => known.event === pin.event)) return;
    const next = [...pins, pin];
    const event = this.#delivery.spec.events[pin.event];
    const isSaid = event?.revision?.sha === pin.sha || event?.pullRequest?.headSha === pin.sha;
    if (isSaid && pin.definitionsSha === undefined) {
      this.#delivery = { ...this.#delivery, status: { ...this.#status, pins: next } };
      return;
    }
    await this.#write({ ...this.#status, phase: 'Pending', pins: next });
  }

  /** Names and numbers everything, and stores it before anything is made. */
  async #commit(plans: readonly EventPlan[]): Promise<void> {
    const numbered = plans.map((plan) => ({ plan, ...numberPlan(plan, this.#delivery, this.#parts.history) }));
    const runs = numbered.flatMap((each) => each.runs);
    const notices = numbered.flatMap((each) => each.notices);
    const cancels = numbered.flatMap((each) => each.cancels);
    const outcomes = numbered.map(({ plan, ...rest }) => outcomeOf(plan, rest));
    const isDone = runs.length === 0 && cancels.length === 0;
    const { lastError: _error, nextTryAt: _next, tries: _tries, ...status } = this.#status;
    await this.#write({
      ...status,
      ...(isDone ? this.#done() : { phase: 'Planned' }),
      outcomes,
      ...(runs.length === 0 ? {} : { runs }),
      ...(notices.length === 0 ? {} : { notices }),
      ...(cancels.length === 0 ? {} : { cancels }),
    });
    for (const { reason } of outcomes) this.#parts.metrics.outcome(reason);
    for (const plan of plans) this.#seed(plan, runs);
  }

  #seed(plan: EventPlan, runs: readonly PlannedRun[]): void {
    for (const wanted of plan.runs) {
      const { name, namespace } = keyOf(wanted.repository);
      const planned = runs.find(
        (run) =>
          run.event === wanted.subject.index &&
          run.scope === wanted.subject.scope &&
          run.repository === name &&
          run.namespace === namespace,
      );
      if (planned !== undefined) this.#contents.seed(planned, wanted.loaded);
    }
  }

  async #execute(isRetry: boolean): Promise<ReconcileResult> {
    let waitMs: number | undefined;
    const failures: unknown[] = [];
    this.#draft = this.#status;
    for (const plan of this.#draft.runs ?? []) {
      try {
        const done = await this.#executeOne(plan, isRetry);
        this.#draft = withExecuted(this.#draft, plan, done);
        if (done.requeueAfterMs !== undefined)
          waitMs = Math.min(waitMs ?? Number.POSITIVE_INFINITY, done.requeueAfterMs);
      } catch (thrown) {
        failures.push(thrown);
      }
    }
    await this.#cancel(failures);
    return this.#finish(failures, waitMs);
  }

  async #executeOne(plan: PlannedRun, isRetry: boolean): Promise<Executed> {
    if (plan.outcome === 'planned') {
      return executeRun(this.#parts, {
        delivery: this.#delivery,
        plan,
        isRetry,
        content: () => this.#contents.of(plan),
        replan: (next) => this.#replan(plan, next),
      });
    }
    if (plan.secretUnowned !== true) return { run: plan };
    const run = await findRun(this.#parts.client, plan);
    const { secretUnowned: _gone, ...without } = plan;
    return { run: run === undefined ? without : await ownSecret(this.#parts, plan, run) };
  }

  async #replan(before: PlannedRun, next: PlannedRun): Promise<void> {
    const { runs = [], cancels = [] } = this.#draft;
    const former = runs.find((run) => isSameRun(run, before))?.name;
    const moved = cancels.map((intent) =>
      intent.supersededBy !== undefined && intent.supersededBy === former
        ? { ...intent, supersededBy: next.name }
        : intent,
    );
    this.#draft = {
      ...this.#draft,
      runs: runs.map((run) => (isSameRun(run, before) ? next : run)),
      ...(moved.length === 0 ? {} : { cancels: moved }),
    };
    await this.#write(this.#draft);
  }

  async #cancel(failures: unknown[]): Promise<void> {
    const { done, failed } = await carryOutCancels(this.#parts, this.#draft);
    failures.push(...failed);
    const before = this.#draft.cancelled ?? [];
    const isNew = (run: CancelledRun): boolean =>
      !before.some(({ namespace, name }) => namespace === run.namespace && name === run.name);
    const cancelled = [...before, ...done.filter(isNew)];
    if (cancelled.length > 0) this.#draft = { ...this.#draft, cancelled };
  }

  async #finish(failures: readonly unknown[], waitMs: number | undefined): Promise<ReconcileResult> {
    const { runs = [] } = this.#draft;
    const isOpen = runs.some(({ outcome, secretUnowned }) => outcome === 'planned' || secretUnowned);
    const isDone = !isOpen && failures.length === 0;
    const { lastError: _error, nextTryAt: _next, ...settled } = this.#draft;
    const next = isDone ? { ...settled, ...this.#done() } : this.#draft;
    if (!jsonEqual(next, this.#status)) await this.#write(next);
    const [first] = failures;
    if (first !== undefined) throw first instanceof Error ? first : new Error(errorText(first));
    if (isDone) return {};
    if (waitMs !== undefined) return { requeueAfterMs: waitMs };
    throw new Error(`secrets of runs of Delivery ${keyText(keyOf(this.#delivery))} have no owner yet`);
  }

  #done(): Pick<DeliveryStatus, 'phase' | 'completedAt'> {
    return { phase: 'Done', completedAt: toRfc3339(this.#parts.clock.now()) };
  }

  /** Notes the failure where people can see it, and when it is tried again; after a day the Delivery is given up. */
  async tryLater(thrown: Error): Promise<ReconcileResult> {
    const { clock, random, logger, metrics } = this.#parts;
    const delivery = keyText(keyOf(this.#delivery));
    if (clock.now() - receivedMs(this.#delivery) > giveUpMs) return this.#giveUp(thrown.message);
    const tries = (this.#status.tries ?? 0) + 1;
    const askedMs = thrown instanceof ForgeError ? (thrown.retryAfterMs ?? 0) : 0;
    const waitMs = Math.max(backoffDelayMs(outsideBackoff, tries, random), Math.min(askedMs, retryAfterMsMax));
    const nextTryAt = new Date(clock.now() + waitMs).toISOString();
    logger.warn('an event cannot be worked on now; it is tried again', { delivery, tries, error: thrown.message });
    metrics.retried(thrown instanceof ForgeError ? thrown.problem : thrown.name);
    await this.#write({ ...this.#status, tries, lastError: thrown.message, nextTryAt });
    return { requeueAfterMs: waitMs };
  }

  async #giveUp(message: string): Promise<ReconcileResult> {
    const reason = `given up after ${giveUpMs / 3_600_000} hours: ${message}`;
    let status = this.#status;
    for (const plan of status.runs ?? []) {
      if (plan.outcome === 'planned') status = withExecuted(status, plan, lost(this.#parts, plan, reason));
    }
    if (status.phase !== 'Planned') {
      const plans = this.#delivery.spec.events.map((_event, index) =>
        refusedEvent(this.#parts, this.#delivery, index, reason),
      );
      const numbered = plans.map((plan) => numberPlan(plan, this.#delivery, this.#parts.history));
      const notices = numbered.flatMap((each) => each.notices);
      status = { ...status, outcomes: plans.map(({ outcome }) => outcome), notices };
    }
    this.#parts.logger.error('an event was given up', { delivery: keyText(keyOf(this.#delivery)), error: message });
    this.#parts.metrics.outcome('Failed');
    await this.#write({ ...status, ...this.#done(), phase: 'Failed', lastError: message });
    return {};
  }

  /** Tells the owners of the Repositories, in Events. */
  #tell(plans: readonly EventPlan[]): void {
    for (const { outcome, notices, runs } of plans) {
      const repository = runs[0]?.repository ?? notices[0]?.repository;
      if (repository === undefined) continue;
      const type = runs.length > 0 || outcome.reason === 'SkippedByMessage' ? 'Normal' : 'Warning';
      this.#parts.events.tell(repository, type, outcome.reason, outcome.message);
    }
  }

  async #write(status: DeliveryStatus): Promise<void> {
    const written = await this.#parts.client.updateStatus(deliveries, { ...this.#delivery, status });
    this.#delivery = written;
    this.#parts.deliveries.wrote(written);
  }

  async #holdAll(names: readonly string[], work: () => Promise<void>): Promise<void> {
    const [first, ...rest] = names;
    if (first === undefined) return work();
    await this.#parts.locks.hold(first, () => this.#holdAll(rest, work));
  }
}

/** Whether these are one run, under whatever name. */
function isSameRun(a: PlannedRun, b: PlannedRun): boolean {
  return a.series === b.series && a.occurrence === b.occurrence;
}

function repositoriesOf({ runs, notices, cancels }: EventPlan): readonly string[] {
  return [
    ...runs.map(({ repository }) => keyText(keyOf(repository))),
    ...notices.map(({ repository }) => keyText(keyOf(repository))),
    ...cancels.map(({ namespace, repository }) => `${namespace}/${repository}`),
  ];
}

function outcomeOf({ outcome }: EventPlan, { runs, twins }: NumberedPlan): EventPlan['outcome'] {
  if (runs.length > 0 || twins.length === 0) return outcome;
  return { ...outcome, reason: 'Duplicate', message: `the same event as Delivery ${twins.join(', ')}` };
}

function withExecuted(status: DeliveryStatus, before: PlannedRun, { run, notice }: Executed): DeliveryStatus {
  const runs = (status.runs ?? []).map((other) => (isSameRun(other, before) ? run : other));
  const known = withoutNotice(status.notices ?? [], before.name);
  const notices = notice === undefined ? withoutNotice(known, run.name) : withNotice(known, notice);
  const { notices: _before, ...rest } = status;
  return { ...rest, runs, ...(notices.length === 0 ? {} : { notices }) };
}
