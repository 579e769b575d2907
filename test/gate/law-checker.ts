/** Laws 4, 7 and 8, checked at every write: against what is stored, not against what anybody believes. */
import { assert } from '../../src/base/assert.ts';
import type { JsonObject } from '../../src/base/json.ts';
import { gatesOf } from '../../src/gate/governance.ts';
import { limitOf } from '../../src/gate/limit.ts';
import { compareRanks, rankOf, repositoryOf, stateOf } from '../../src/gate/run-facts.ts';
import { type Gate, type Slot, managedByNone, managedGateKey } from '../../src/gate/types.ts';
import { controllerOf, type KubeObject } from '../../src/kube/object.ts';
import type { PipelineRun, TaskRun } from '../../src/tekton/types.ts';
import type { Write } from './observed-store.ts';

/** How late a replica may know of what was stored, in milliseconds: delays of watches and calls, and a restart. */
const staleMsMax = 5_000;

/** A law that does not hold. */
export class LawBroken extends Error {
  override readonly name = 'LawBroken';
}

interface Known {
  run: PipelineRun;
  /** When it left pending, if it was pending and did. */
  clearedMs: number | undefined;
  /** When it was told to end at once. */
  cancelledMs: number | undefined;
  /** When it got its place in the line: at its creation, or when it was bumped last. */
  placedMs: number;
  /** A person started it: limits do not speak of it. */
  byHand: boolean;
  /** It was pending from its creation. */
  readonly created: 'pending' | 'free';
}

/** Sees every write. `broken` is the first law that did not hold. */
export class LawChecker {
  readonly #now: () => number;
  readonly #runs = new Map<string, Known>();
  readonly #gates = new Map<string, Gate>();
  readonly #taskRuns = new Map<string, TaskRun>();
  /** The limits that each gate had lately, newest last. */
  readonly #limits = new Map<string, { readonly limit: number; untilMs: number }[]>();
  /** Set while a person's write is carried out. */
  byHand: boolean = false;
  broken: LawBroken | undefined;
  admissions: number = 0;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** A write that was made. */
  readonly observe = ({ before, after }: Write): void => {
    try {
      this.#see((after ?? before) as JsonObject, after === undefined);
    } catch (thrown) {
      if (!(thrown instanceof LawBroken)) throw thrown;
      // Whoever wrote must not take this for a failed call: it is kept for the end of the step.
      this.broken ??= thrown;
    }
  };

  #see(object: JsonObject, gone: boolean): void {
    const { kind } = object as { readonly kind?: string };
    if (kind === 'PipelineRun') this.#seeRun(object as unknown as PipelineRun, gone);
    else if (kind === 'TaskRun') this.#seeTaskRun(object as unknown as TaskRun, gone);
    else if (kind === 'Gate') this.#seeGate(object as unknown as Gate, gone);
  }

  #seeRun(run: PipelineRun, gone: boolean): void {
    const uid = run.metadata.uid ?? '';
    const pending = run.spec.status === 'PipelineRunPending';
    const known = this.#runs.get(uid);
    if (gone) {
      this.#runs.delete(uid);
      return;
    }
    if (!known) {
      const created = pending ? 'pending' : 'free';
      const placedMs = this.#now();
      this.#runs.set(uid, { run, clearedMs: undefined, cancelledMs: undefined, placedMs, byHand: false, created });
      return;
    }
    const before = known.run;
    known.run = run;
    if (compareRanks(rankOf(before, true), rankOf(run, true)) !== 0) known.placedMs = this.#now();
    const wasPending = before.spec.status === 'PipelineRunPending';
    if (pending) this.#checkInert(run, wasPending);
    if (wasPending && !pending) known.clearedMs = this.#now();
    if (wasPending && !pending && run.spec.status) known.byHand = true;
    if (wasPending && !run.spec.status) this.#admitted(known, before);
    if (before.spec.status === 'Cancelled') require(run.spec.status === 'Cancelled', 8, `${nameOf(run)} was revived`);
    if (run.spec.status === 'Cancelled') known.cancelledMs ??= this.#now();
    this.#checkStart(known);
  }

  #checkInert(run: PipelineRun, wasPending: boolean): void {
    require(wasPending, 4, `${nameOf(run)} became pending after its creation`);
    require(run.status?.startTime === undefined, 4, `${nameOf(run)} is pending and has a start time`);
    require(this.#childrenOf(run).length === 0, 4, `${nameOf(run)} is pending and has TaskRuns`);
  }

  #checkStart({ run, clearedMs, created, cancelledMs }: Known): void {
    const { startTime } = run.status ?? {};
    if (startTime === undefined || created === 'free') return;
    require(clearedMs !== undefined, 4, `${nameOf(run)} has a start time and was never let go`);
    // Times of objects have whole seconds.
    require(Date.parse(startTime) + 999 >= clearedMs, 4, `the time of ${nameOf(run)} counts from before its start`);
    const neverStarted = cancelledMs !== undefined && cancelledMs === clearedMs;
    require(!neverStarted, 8, `${nameOf(run)} was cancelled while pending and has started`);
  }

  #seeTaskRun(taskRun: TaskRun, gone: boolean): void {
    const uid = taskRun.metadata.uid ?? '';
    const isNew = !this.#taskRuns.has(uid);
    if (gone) this.#taskRuns.delete(uid);
    else this.#taskRuns.set(uid, taskRun);
    const owner = this.#runs.get(controllerOf(taskRun)?.uid ?? '');
    if (!isNew || gone || !owner) return;
    const name = nameOf(owner.run);
    require(owner.run.spec.status !== 'PipelineRunPending', 4, `${name} is pending and got a TaskRun`);
    if (owner.cancelledMs === undefined) return;
    require(owner.cancelledMs !== owner.clearedMs, 8, `${name} was cancelled while pending and got a TaskRun`);
    // A create that was on its way when the cancel came is stopped afterwards.
    require(this.#now() - owner.cancelledMs <= staleMsMax, 8, `${name} was cancelled and got a TaskRun`);
  }

  #seeGate(gate: Gate, gone: boolean): void {
    const name = gate.metadata.name ?? '';
    const before = this.#gates.get(name);
    if (gone) this.#gates.delete(name);
    else this.#gates.set(name, gate);
    const limits = this.#limits.get(name) ?? [];
    this.#limits.set(name, limits);
    const last = limits.at(-1);
    if (last) last.untilMs = this.#now();
    limits.push({ limit: limitOf(gate, this.#now()).value, untilMs: Number.POSITIVE_INFINITY });
    if (gone || gate.metadata.deletionTimestamp !== undefined) return;
    const held = new Set((before?.status?.slots ?? []).map(({ uid }) => uid));
    const added = (gate.status?.slots ?? []).filter(({ uid }) => !held.has(uid));
    if (added.length > 0) this.#checkGrant(gate, added);
  }

  /** Slots that were given: within the limit that stands in the very object, to the first in rank. */
  #checkGrant(gate: Gate, added: readonly Slot[]): void {
    const slots = gate.status?.slots ?? [];
    const given = added.flatMap(({ uid }) => {
      const known = this.#runs.get(uid);
      return known && stateOf(known.run) === 'waiting' ? [known.run] : [];
    });
    if (given.length === 0) return;
    const limit = limitOf(gate, this.#now()).value;
    require(slots.length <= limit, 7, `gate ${gate.metadata.name} gave ${slots.length} slots of ${limit}`);
    const held = new Set(slots.map(({ uid }) => uid));
    for (const run of given) {
      for (const { run: other, placedMs } of this.#runs.values()) {
        const isKnown = placedMs < this.#now() - staleMsMax && !held.has(other.metadata.uid ?? '');
        const skipped = isKnown && this.#couldGoFirst(other, run, gate, slots);
        require(!skipped, 7, `${nameOf(run)} got a slot before ${nameOf(other)}`);
      }
    }
  }

  /** Whether `other` may start as `run` may, and comes before it. */
  #couldGoFirst(other: PipelineRun, run: PipelineRun, gate: Gate, slots: readonly Slot[]): boolean {
    if (stateOf(other) !== 'waiting' || other.metadata.deletionTimestamp !== undefined) return false;
    if (this.#namesOfGates(other) !== this.#namesOfGates(run) || this.#namesOfGates(run) !== gate.metadata.name)
      return false;
    const repository = repositoryOf(other);
    const ofRepository = slots.filter((slot) => slot.repository === repository).length;
    if (repository !== undefined && ofRepository >= (gate.spec.maxRunningPerRepository ?? Infinity)) return false;
    return compareRanks(rankOf(other, true), rankOf(run, true)) < 0;
  }

  #namesOfGates(run: PipelineRun): string {
    return gatesOf(run, [...this.#gates.values()])
      .map(({ metadata }) => metadata.name)
      .join(',');
  }

  /** A pending run was let go. */
  #admitted(known: Known, before: PipelineRun): void {
    if (this.byHand) {
      known.byHand = true;
      return;
    }
    this.admissions++;
    const { run } = known;
    const leftAlone = before.metadata.annotations?.[managedGateKey] === managedByNone;
    require(!leftAlone, 7, `${nameOf(run)} is to be left alone, and a gate started it`);
    for (const gate of gatesOf(before, [...this.#gates.values()])) this.#checkAdmission(gate, run);
  }

  #checkAdmission(gate: Gate, run: PipelineRun): void {
    const name = gate.metadata.name ?? '';
    const running = [...this.#runs.values()].filter(
      (known) =>
        !known.byHand &&
        known.clearedMs !== undefined &&
        stateOf(known.run) === 'running' &&
        this.#governs(gate, known.run),
    ).length;
    const since = this.#now() - staleMsMax;
    const lately = (this.#limits.get(name) ?? []).filter(({ untilMs }) => untilMs >= since).map(({ limit }) => limit);
    const limit = Math.max(...lately);
    require(running <= limit, 7, `${nameOf(run)} is run number ${running} in gate ${name}, whose limit is ${limit}`);
  }

  #governs(gate: Gate, run: PipelineRun): boolean {
    return gatesOf(run, [gate]).length > 0;
  }

  #childrenOf(run: PipelineRun): readonly TaskRun[] {
    return [...this.#taskRuns.values()].filter((taskRun) => controllerOf(taskRun)?.uid === run.metadata.uid);
  }
}

function require(holds: boolean, law: number, otherwise: string): asserts holds {
  if (!holds) throw new LawBroken(`law ${law}: ${otherwise}`);
}

function nameOf(object: KubeObject): string {
  assert(object.metadata.name !== undefined, 'a stored object has a name');
  return object.metadata.name;
}
