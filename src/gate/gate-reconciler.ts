import type { Clock } from '../base/clock.ts';
import type { ApiClient } from '../client/api-client.ts';
import { concurrently } from '../controller/concurrently.ts';
import type { Lister, ReconcileResult, Reconciler } from '../controller/contract.ts';
import { isApiError } from '../kube/api-error.ts';
import type { ObjectKey } from '../kube/object.ts';
import { type PipelineRun, pipelineRuns } from '../tekton/types.ts';
import type { Logger } from '../telemetry/logger.ts';
import { type ClusterSigns, adapt } from './adapt.ts';
import { type GateInput, type SlotFact, decideSlots } from './decide.ts';
import type { GateIndex, GateRuns } from './gate-index.ts';
import type { GateMetrics } from './gate-metrics.ts';
import { gatesOf } from './governance.ts';
import { LettingGo } from './letting-go.ts';
import { limitOf } from './limit.ts';
import { QueueNotes } from './queue-notes.ts';
import { SlotLedger } from './slot-ledger.ts';
import { startRun } from './start-run.ts';
import { sameStatus, statusOf } from './status.ts';
import { untilNextMinuteMs } from './time-window.ts';
import { type Gate, type Slot, gateFinalizer, gates } from './types.ts';

/** Counts in a gate's status that changed are written at most this often, in milliseconds, unless slots change too. */
export const summaryEveryMs = 5_000;
/** An adaptive gate looks at the cluster this often, in milliseconds. */
const adaptEveryMs = 10_000;
/** A gate looks at its runs at least this often, in milliseconds: a clock that jumps is noticed. */
const lookEveryMs = 60_000;
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
  readonly #ledger: SlotLedger;
  readonly #notes: QueueNotes;
  readonly #lettingGo: LettingGo;
  readonly #summaryMs = new Map<string, number>();
  #seen: { readonly atMs: number; readonly signs: ClusterSigns } | undefined;

  constructor(parts: GateReconcilerParts) {
    this.#parts = parts;
    this.#ledger = new SlotLedger(parts);
    this.#notes = new QueueNotes(parts);
    this.#lettingGo = new LettingGo(parts);
  }

  async reconcile({ name }: ObjectKey): Promise<ReconcileResult> {
    const gate = this.#ledger.latest(name);
    if (!gate) {
      this.#forget(name);
      return this.#lettingGo.ofAbsent(name);
    }
    if (gate.metadata.deletionTimestamp !== undefined) return this.#lettingGo.close(gate);
    if (!gate.metadata.finalizers?.includes(gateFinalizer)) return this.#adopt(gate);
    await this.#lettingGo.ofGate(name, this.#parts.gates.list());
    return this.#run(gate);
  }

  #forget(name: string): void {
    this.#ledger.forget(name);
    this.#notes.forget(name);
    this.#parts.metrics.forget(name);
    this.#summaryMs.delete(name);
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
    this.#ledger.catchUp();
    const runs = index.of(name);
    const adapted = this.#adapted(gate, nowMs);
    const limit = limitOf(adapted, nowMs);
    const slots = await this.#decide({ ...this.#input(adapted, runs), limit });
    const waiting = runs.line.size - slots.filter((slot) => runs.line.has(slot)).length;
    const status = statusOf(adapted, { limit, slots, runs, waiting, nowMs });
    const oldest = runs.line.oldest()?.metadata.creationTimestamp;
    metrics.observe(name, { waiting, running: slots.length, limit: limit.value, oldest });
    const { stored, dueMs } = await this.#store(gate, status, nowMs);
    if (!stored) return {};
    await this.#startAll(name, slots, limit.value);
    const notesDueMs = await this.#notes.write(stored, runs.line, nowMs);
    return { requeueAfterMs: Math.min(dueMs, notesDueMs, this.#nextLookMs(adapted, nowMs)) };
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

  #input(gate: Gate, runs: GateRuns): Omit<GateInput, 'limit' | 'confirmed'> {
    const name = gate.metadata.name ?? '';
    return {
      gate,
      factOf: (slot) => this.#ledger.factOf(slot, name),
      running: [...runs.running.values()],
      passedOn: this.#ledger.passedOn(gate),
      line: runs.line,
      isAhead: (run) => this.#ledger.isAhead(run),
      limitOfRepository: this.#parts.limitOfRepository,
      roomOf: (other) => this.#ledger.roomOf(other),
    };
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

  /**
   * Writes the status, unless only counts have changed and the last write is young: then `dueMs` says when to come back.
   * Without `stored` somebody else decided first.
   */
  async #store(
    gate: Gate,
    status: NonNullable<Gate['status']>,
    nowMs: number,
  ): Promise<{ readonly stored?: Gate; readonly dueMs: number }> {
    const name = gate.metadata.name ?? '';
    const settled = { stored: gate, dueMs: Number.POSITIVE_INFINITY };
    const difference = sameStatus(gate.status, status);
    if (difference === 'none') return settled;
    const sinceMs = nowMs - (this.#summaryMs.get(name) ?? Number.NEGATIVE_INFINITY);
    const isEarly = sinceMs >= 0 && sinceMs < summaryEveryMs;
    if (difference === 'counts' && isEarly) return { stored: gate, dueMs: summaryEveryMs - sinceMs };
    this.#summaryMs.set(name, nowMs);
    try {
      const stored = await this.#parts.client.updateStatus(gates, { ...gate, status });
      this.#ledger.wrote(stored);
      return { ...settled, stored };
    } catch (thrown) {
      // Somebody else decided first, or the gate is gone: the cache will show it, and that is the next occasion.
      this.#ledger.forget(name);
      if (isApiError(thrown, 'Conflict') || isApiError(thrown, 'NotFound')) return { dueMs: settled.dueMs };
      throw thrown;
    }
  }

  /** Starts the runs that hold a slot in every gate that governs them and may start there, in the order of the slots. */
  async #startAll(name: string, slots: readonly Slot[], limit: number): Promise<void> {
    const known = this.#parts.gates.list();
    const isOther = ({ metadata }: Gate): boolean => metadata.name !== name;
    const due = this.#ledger.startable(slots, limit).filter((run) =>
      gatesOf(run, known)
        .filter(isOther)
        .every(({ metadata }) => this.#ledger.mayStartIn(metadata.name ?? '', run)),
    );
    await concurrently(due, parallelCalls, async (run) => {
      const started = await startRun(this.#parts.client, run);
      this.#ledger.tried(run, started ? 'started' : 'passed');
      if (started) this.#countStart(run, known);
    });
  }

  /** A run that several gates let through counts in each of them. */
  #countStart(run: PipelineRun, known: readonly Gate[]): void {
    for (const { metadata } of gatesOf(run, known)) {
      this.#parts.metrics.started(metadata.name ?? '', run.metadata.creationTimestamp);
    }
  }

  #nextLookMs(gate: Gate, nowMs: number): number {
    const windows = gate.spec.windows ? untilNextMinuteMs(nowMs) : Number.POSITIVE_INFINITY;
    const adaptive = gate.spec.adaptive ? adaptEveryMs : Number.POSITIVE_INFINITY;
    return Math.min(windows, adaptive, lookEveryMs);
  }
}
