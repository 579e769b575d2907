import type { Clock } from '../base/clock.ts';
import type { ApiClient } from '../client/api-client.ts';
import { concurrently } from '../controller/concurrently.ts';
import type { Lister, ReconcileResult, Reconciler } from '../controller/contract.ts';
import { isApiError } from '../kube/api-error.ts';
import { type ObjectKey, keyOf } from '../kube/object.ts';
import { type PipelineRun, pipelineRuns } from '../tekton/types.ts';
import type { Logger } from '../telemetry/logger.ts';
import { type ClusterSigns, adapt } from './adapt.ts';
import { type GateInput, type SlotFact, decideSlots, slotsMax } from './decide.ts';
import type { GateIndex, GateRuns } from './gate-index.ts';
import type { GateMetrics } from './gate-metrics.ts';
import { gatesOf } from './governance.ts';
import { limitOf } from './limit.ts';
import { QueueNotes } from './queue-notes.ts';
import { stateOf } from './run-facts.ts';
import { startRun } from './start-run.ts';
import { sameStatus, statusOf } from './status.ts';
import { untilNextMinuteMs } from './time-window.ts';
import { type Gate, type Slot, gateFinalizer, gates } from './types.ts';
import type { Lane } from './waiting-line.ts';

/** Counts in a gate's status that changed are written at most this often, in milliseconds, unless slots change too. */
export const summaryEveryMs = 5_000;
/** An adaptive gate looks at the cluster this often, in milliseconds. */
const adaptEveryMs = 10_000;
/** Runs are let go, or read, so many at a time. */
const parallelCalls = 16;

/** What the reconciler of gates is made of. */
export interface GateReconcilerParts {
  readonly client: ApiClient;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly gates: Lister<Gate>;
  readonly runs: Lister<PipelineRun>;
  readonly index: GateIndex;
  readonly metrics: GateMetrics;
  readonly signs: () => ClusterSigns;
  /** `concurrency_limit` of the Repository `namespace/name`. */
  readonly limitOfRepository: (repository: string) => number | undefined;
}

/**
 * Lets waiting runs start as slots come free. What it has decided stands in the gate's status before any run is
 * started, so that two replicas, or one that starts anew, never let through more than fits.
 */
export class GateReconciler implements Reconciler {
  readonly #parts: GateReconcilerParts;
  readonly #notes: QueueNotes;
  /** Our last write of each gate, believed while the cache still shows what it replaced. Saves calls only. */
  readonly #written = new Map<string, { readonly replaced: string | undefined; readonly gate: Gate }>();
  /**
   * Runs that the cache still shows as waiting and that we know better about: `started` by us, or `passed`, whatever it
   * was that happened. Without it they would be chosen again and again until the cache has caught up.
   */
  readonly #ahead = new Map<string, { readonly key: ObjectKey; readonly state: 'started' | 'passed' }>();
  readonly #summaryMs = new Map<string, number>();
  #seen: { readonly atMs: number; readonly signs: ClusterSigns } | undefined;

  constructor(parts: GateReconcilerParts) {
    this.#parts = parts;
    this.#notes = new QueueNotes(parts);
  }

  async reconcile(key: ObjectKey): Promise<ReconcileResult> {
    const gate = this.#latest(key);
    if (!gate) {
      this.#written.delete(key.name);
      this.#notes.forget(key.name);
      this.#parts.metrics.forget(key.name);
      return {};
    }
    if (gate.metadata.deletionTimestamp !== undefined) return this.#close(gate);
    if (!gate.metadata.finalizers?.includes(gateFinalizer)) return this.#adopt(gate);
    await this.#release(gate);
    return this.#run(gate);
  }

  /** Forgets what the cache shows by now. */
  #catchUp(): void {
    for (const [uid, { key }] of this.#ahead) {
      const cached = this.#parts.runs.get(key);
      if (cached?.metadata.uid !== uid || stateOf(cached) !== 'waiting') this.#ahead.delete(uid);
    }
  }

  #latest(key: ObjectKey): Gate | undefined {
    const cached = this.#parts.gates.get(key);
    const own = this.#written.get(key.name);
    if (!cached || !own) return cached;
    const behind = own.replaced !== undefined && cached.metadata.resourceVersion === own.replaced;
    return behind ? own.gate : cached;
  }

  async #adopt(gate: Gate): Promise<ReconcileResult> {
    const { name = '', finalizers = [], resourceVersion = '' } = gate.metadata;
    const patch = { metadata: { resourceVersion, finalizers: [...finalizers, gateFinalizer] } };
    await this.#parts.client.patch(gates, { namespace: '', name }, patch, { type: 'merge' });
    return {};
  }

  async #run(gate: Gate): Promise<ReconcileResult> {
    const { clock, index, metrics } = this.#parts;
    const name = gate.metadata.name ?? '';
    const nowMs = clock.now();
    this.#catchUp();
    const runs = index.of(name);
    const adapted = this.#adapted(gate, nowMs);
    const limit = limitOf(adapted, nowMs);
    const passedOn = this.#passedOn(name);
    const slots = await this.#decide({ ...this.#input(adapted, runs), limit, passedOn });
    const waiting = waitingOf(runs, passedOn, slots);
    const status = statusOf(adapted, {
      limit,
      slots,
      runs,
      waiting,
      othersGoverning: this.#overlaps(name, runs),
      nowMs,
    });
    metrics.observe(name, {
      waiting,
      running: slots.length,
      limit: limit.value,
      oldest: runs.line.oldest()?.metadata.creationTimestamp,
      nowMs,
    });
    const stored = await this.#store(gate, status, nowMs);
    if (!stored) return {};
    await this.#startAll(name, slots, limit.value);
    const notesDueMs = await this.#notes.write(stored, runs.line, nowMs);
    return { requeueAfterMs: Math.min(notesDueMs, this.#nextLookMs(adapted, nowMs)) };
  }

  #adapted(gate: Gate, nowMs: number): Gate {
    if (!gate.spec.adaptive && gate.status?.adaptive === undefined) return gate;
    const { adaptive: _own, ...withoutAdaptive } = gate.spec;
    const fixed = limitOf({ ...gate, spec: withoutAdaptive }, nowMs).value;
    // A pause or a closed window says nothing about what the cluster can bear.
    const running = gate.status?.running ?? 0;
    const adaptive =
      fixed === 0
        ? gate.status?.adaptive
        : adapt(gate.spec, fixed, running, gate.status?.adaptive, this.#signsOf(nowMs), nowMs);
    const { adaptive: _before, ...rest } = gate.status ?? {};
    return { ...gate, status: adaptive ? { ...rest, adaptive } : rest };
  }

  /** What the cluster showed at the last look: finding out costs as much as there are pods. */
  #signsOf(nowMs: number): ClusterSigns {
    const sinceMs = nowMs - (this.#seen?.atMs ?? Number.NEGATIVE_INFINITY);
    if (this.#seen && sinceMs >= 0 && sinceMs < adaptEveryMs) return this.#seen.signs;
    const signs = this.#parts.signs();
    this.#seen = { atMs: nowMs, signs };
    return signs;
  }

  #input(gate: Gate, runs: GateRuns): Omit<GateInput, 'limit' | 'passedOn' | 'confirmed'> {
    const name = gate.metadata.name ?? '';
    return {
      gate,
      factOf: (slot) => this.#factOf(slot, name),
      running: [...runs.running.values()],
      line: runs.line,
      isAhead: (run) => this.#ahead.has(run.metadata.uid ?? ''),
      limitOfRepository: this.#parts.limitOfRepository,
      othersHaveRoom: (lane) => this.#othersHaveRoom(lane),
    };
  }

  #factOf(slot: Slot, gateName: string): SlotFact {
    const cached = this.#parts.runs.get(slot);
    if (cached?.metadata.uid !== slot.uid) return 'unread';
    if (this.#ahead.get(slot.uid)?.state === 'passed') return 'unread';
    const governed = gatesOf(cached, this.#parts.gates.list()).some(({ metadata }) => metadata.name === gateName);
    // A run that was taken out of the gate's hands while it waited has no claim on a slot.
    return governed || stateOf(cached) === 'running' ? cached : 'gone';
  }

  async #decide(input: Omit<GateInput, 'confirmed'>): Promise<readonly Slot[]> {
    const read = new Map<string, SlotFact>();
    for (;;) {
      const confirmed = (slot: Slot): SlotFact => read.get(slot.uid) ?? 'unread';
      const factOf = (slot: Slot): SlotFact => read.get(slot.uid) ?? input.factOf(slot);
      const decision = decideSlots({ ...input, factOf, confirmed });
      if (decision.kind === 'slots') return decision.slots;
      await concurrently(decision.slots, parallelCalls, async (slot) => {
        read.set(slot.uid, await this.#read(slot));
      });
    }
  }

  async #read(slot: Slot): Promise<SlotFact> {
    try {
      const run = await this.#parts.client.get(pipelineRuns, slot);
      return run.metadata.uid === slot.uid ? run : 'gone';
    } catch (thrown) {
      if (isApiError(thrown, 'NotFound')) return 'gone';
      throw thrown;
    }
  }

  /** Waiting runs that hold a slot in every gate before this one. */
  #passedOn(name: string): readonly PipelineRun[] {
    const known = this.#parts.gates.list();
    const earlier = known.filter(({ metadata }) => (metadata.name ?? '') < name);
    const held = new Map(earlier.flatMap((gate) => (gate.status?.slots ?? []).map((slot) => [slot.uid, slot])));
    return [...held.values()].flatMap((slot) => {
      const run = this.#parts.runs.get(slot);
      if (run?.metadata.uid !== slot.uid || stateOf(run) !== 'waiting' || this.#ahead.has(slot.uid)) return [];
      const names = gatesOf(run, known);
      const before = names.filter(({ metadata }) => (metadata.name ?? '') < name);
      const concerns = names.some(({ metadata }) => metadata.name === name);
      return concerns && before.every((gate) => holds(gate, slot.uid)) ? [run] : [];
    });
  }

  #othersHaveRoom({ otherGates }: Lane): boolean {
    if (otherGates === '') return true;
    return otherGates.split(',').every((name) => {
      const gate = this.#parts.gates.get({ namespace: '', name });
      return (
        !gate || (gate.status?.slots?.length ?? 0) < Math.min(slotsMax, limitOf(gate, this.#parts.clock.now()).value)
      );
    });
  }

  #overlaps(name: string, runs: GateRuns): readonly string[] {
    const oldest = runs.line.oldest();
    const others = oldest ? gatesOf(oldest, this.#parts.gates.list()) : [];
    return others.map(({ metadata }) => metadata.name ?? '').filter((other) => other !== name);
  }

  async #store(gate: Gate, status: NonNullable<Gate['status']>, nowMs: number): Promise<Gate | undefined> {
    const name = gate.metadata.name ?? '';
    const difference = sameStatus(gate.status, status);
    if (difference === 'none') return gate;
    const sinceMs = nowMs - (this.#summaryMs.get(name) ?? Number.NEGATIVE_INFINITY);
    if (difference === 'counts' && sinceMs >= 0 && sinceMs < summaryEveryMs) return gate;
    this.#summaryMs.set(name, nowMs);
    try {
      const stored = await this.#parts.client.updateStatus(gates, { ...gate, status });
      this.#written.set(name, {
        replaced: this.#parts.gates.get({ namespace: '', name })?.metadata.resourceVersion,
        gate: stored,
      });
      return stored;
    } catch (thrown) {
      // Somebody else decided first, or the gate is gone: the cache will show it, and that is the next occasion.
      this.#written.delete(name);
      if (isApiError(thrown, 'Conflict') || isApiError(thrown, 'NotFound')) return undefined;
      throw thrown;
    }
  }

  /** Starts the runs that hold a slot in every gate that governs them and may start there, in the order of the slots. */
  async #startAll(name: string, slots: readonly Slot[], limit: number): Promise<void> {
    const known = this.#parts.gates.list();
    const due = this.#startable(slots, limit).filter((run) =>
      gatesOf(run, known).every(({ metadata }) => metadata.name === name || this.#mayStartIn(metadata.name ?? '', run)),
    );
    await concurrently(due, parallelCalls, async (run) => {
      const started = await startRun(this.#parts.client, run);
      this.#ahead.set(run.metadata.uid ?? '', { key: keyOf(run), state: started ? 'started' : 'passed' });
      if (started) this.#countStart(run, known);
    });
  }

  /**
   * The runs that hold a slot and still wait, as many as may start. A limit that was lowered since a slot was given, also to
   * nothing by a pause, holds: then a run waits with its slot.
   */
  #startable(slots: readonly Slot[], limit: number): readonly PipelineRun[] {
    const waiting = slots.flatMap((slot) => {
      const run = this.#parts.runs.get(slot);
      const waits = run?.metadata.uid === slot.uid && stateOf(run) === 'waiting';
      return run && waits && !this.#ahead.has(slot.uid) ? [run] : [];
    });
    return waiting.slice(0, Math.max(0, limit - (slots.length - waiting.length)));
  }

  #mayStartIn(name: string, run: PipelineRun): boolean {
    const gate = this.#latest({ namespace: '', name });
    if (!gate) return true;
    const { value } = limitOf(gate, this.#parts.clock.now());
    return this.#startable(gate.status?.slots ?? [], value).includes(run);
  }

  /** A run that several gates let through counts in each of them. */
  #countStart(run: PipelineRun, known: readonly Gate[]): void {
    const { clock, metrics } = this.#parts;
    for (const { metadata } of gatesOf(run, known)) {
      metrics.started(metadata.name ?? '', run.metadata.creationTimestamp, clock.now());
    }
  }

  /** Runs this gate made pending that nothing governs any more: its policy for them applies as if it were deleted. */
  async #release(gate: Gate): Promise<void> {
    if (gate.spec.onDelete === 'Hold') return;
    const orphans = [...this.#parts.index.of(gate.metadata.name ?? '').orphans.values()];
    await concurrently(orphans, parallelCalls, async (run) => {
      await startRun(this.#parts.client, run);
    });
  }

  /** Before the gate goes: its waiting runs are released, unless they are to be held or another gate governs them too. */
  async #close(gate: Gate): Promise<ReconcileResult> {
    const { client, gates: lister } = this.#parts;
    const name = gate.metadata.name ?? '';
    if (!gate.metadata.finalizers?.includes(gateFinalizer)) return {};
    if (gate.spec.onDelete !== 'Hold') {
      const others = lister.list().filter((other) => other.metadata.name !== name);
      // Asked of the API itself: it is the last look, and a cache may not know the newest runs.
      const { items } = await client.list(pipelineRuns);
      const freed = items.filter(
        (run) => stateOf(run) === 'waiting' && gatesOf(run, [gate]).length > 0 && gatesOf(run, others).length === 0,
      );
      await concurrently(freed, parallelCalls, async (run) => {
        await startRun(client, run);
      });
    }
    const { resourceVersion = '', finalizers = [] } = gate.metadata;
    const patch = {
      metadata: { resourceVersion, finalizers: finalizers.filter((finalizer) => finalizer !== gateFinalizer) },
    };
    await client.patch(gates, { namespace: '', name }, patch, { type: 'merge' });
    return {};
  }

  #nextLookMs(gate: Gate, nowMs: number): number {
    const windows = gate.spec.windows ? untilNextMinuteMs(nowMs) : Number.POSITIVE_INFINITY;
    const adaptive = gate.spec.adaptive ? adaptEveryMs : Number.POSITIVE_INFINITY;
    return Math.min(windows, adaptive, summaryEveryMs * 12);
  }
}

function holds(gate: Gate, uid: string): boolean {
  return gate.status?.slots?.some((slot) => slot.uid === uid) ?? false;
}

function waitingOf(runs: GateRuns, passedOn: readonly PipelineRun[], slots: readonly Slot[]): number {
  const held = new Set(slots.map(({ uid }) => uid));
  const inLine = runs.line.size - slots.filter((slot) => runs.line.has(slot)).length;
  return inLine + passedOn.filter((run) => !held.has(run.metadata.uid ?? '')).length;
}
