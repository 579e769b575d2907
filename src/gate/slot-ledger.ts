import type { Clock } from '../base/clock.ts';
import type { Lister } from '../controller/contract.ts';
import { type ObjectKey, keyOf } from '../kube/object.ts';
import type { PipelineRun } from '../tekton/types.ts';
import type { SlotFact } from './decide.ts';
import type { GateIndex } from './gate-index.ts';
import { gatesOf } from './governance.ts';
import { limitOf } from './limit.ts';
import { holdsSlot } from './obstacles.ts';
import { Room } from './room.ts';
import { compareRanks, rankOf, slotOf, stateOf } from './run-facts.ts';
import type { Gate, Slot } from './types.ts';

/** What a {@link SlotLedger} reads. */
export interface SlotLedgerParts {
  readonly clock: Clock;
  readonly gates: Lister<Gate>;
  readonly runs: Lister<PipelineRun>;
  readonly index: GateIndex;
  /** `concurrency_limit` of the Repository `namespace/name`. */
  readonly limitOfRepository: (repository: string) => number | undefined;
}

/**
 * Who holds which slots, as the caches show it and as we know better: from what we have written ourselves, until the caches
 * have caught up. What is remembered here saves calls only.
 */
export class SlotLedger {
  readonly #parts: SlotLedgerParts;
  /** Our last write of each gate, believed while the cache still shows what it replaced. */
  readonly #written = new Map<string, { readonly replaced: string | undefined; readonly gate: Gate }>();
  /**
   * Runs that the cache still shows as waiting and that we know better about: `started` by us, or `passed`, whatever it
   * was that happened. Without it they would be chosen again and again until the cache has caught up.
   */
  readonly #ahead = new Map<string, { readonly key: ObjectKey; readonly state: 'started' | 'passed' }>();

  constructor(parts: SlotLedgerParts) {
    this.#parts = parts;
  }

  /** The gate as last seen, or as we have written it since. */
  latest(name: string): Gate | undefined {
    const cached = this.#parts.gates.get({ namespace: '', name });
    const own = this.#written.get(name);
    if (!cached || !own) return cached;
    const behind = own.replaced !== undefined && cached.metadata.resourceVersion === own.replaced;
    return behind ? own.gate : cached;
  }

  /** We have stored `gate`. */
  wrote(gate: Gate): void {
    const { name = '' } = gate.metadata;
    const replaced = this.#parts.gates.get({ namespace: '', name })?.metadata.resourceVersion;
    this.#written.set(name, { replaced, gate });
  }

  /** What we have written of a gate is no longer the newest. */
  forget(name: string): void {
    this.#written.delete(name);
  }

  /** We started `run`, or found that there was nothing to start any more. */
  tried(run: PipelineRun, state: 'started' | 'passed'): void {
    this.#ahead.set(run.metadata.uid ?? '', { key: keyOf(run), state });
  }

  /** Forgets of runs what the cache shows by now. */
  catchUp(): void {
    for (const [uid, { key }] of this.#ahead) {
      const cached = this.#parts.runs.get(key);
      if (cached?.metadata.uid !== uid || stateOf(cached) !== 'waiting') this.#ahead.delete(uid);
    }
  }

  /** Whether `run` is known not to wait any more. */
  isAhead({ metadata: { uid = '' } }: PipelineRun): boolean {
    return this.#ahead.has(uid);
  }

  /** What is known of the run that holds `slot` in the gate of this name. */
  factOf(slot: Slot, gateName: string): SlotFact {
    const cached = this.#parts.runs.get(slot);
    if (cached?.metadata.uid !== slot.uid) return 'unread';
    if (this.#ahead.get(slot.uid)?.state === 'passed') return 'unread';
    const governed = gatesOf(cached, this.#parts.gates.list()).some(({ metadata }) => metadata.name === gateName);
    // A run that was taken out of the gate's hands while it waited has no claim on a slot.
    return governed || stateOf(cached) === 'running' ? cached : 'gone';
  }

  /** Waiting runs that hold a slot in every gate before this one and none in this one, in this one's order. */
  passedOn(gate: Gate): readonly PipelineRun[] {
    const { name = '' } = gate.metadata;
    const known = this.#parts.gates.list();
    const passed = this.#onTheirWayTo(gate).filter((run) =>
      gatesOf(run, known).every((other) => (other.metadata.name ?? '') >= name || this.#holds(other, run)),
    );
    const rank = (run: PipelineRun): ReturnType<typeof rankOf> => rankOf(run, gate.spec.order !== 'FIFO');
    return passed.sort((a, b) => compareRanks(rank(a), rank(b)));
  }

  /** What is left of the limits of a gate, with the runs that other gates have let through to it. */
  roomOf(name: string): Room | undefined {
    const gate = this.latest(name);
    if (!gate) return undefined;
    const taken = [...(gate.status?.slots ?? []), ...this.#onTheirWayTo(gate).map(slotOf)];
    return new Room(gate.spec, limitOf(gate, this.#parts.clock.now()), this.#parts.limitOfRepository, taken);
  }

  /**
   * The runs that hold a slot and still wait, as many as may start. A limit that was lowered since a slot was given, also to
   * nothing by a pause, holds: then a run waits with its slot.
   */
  startable(slots: readonly Slot[], limit: number): readonly PipelineRun[] {
    const waiting = this.#waitingOf(slots);
    return waiting.slice(0, Math.max(0, limit - (slots.length - waiting.length)));
  }

  /** Whether `run` holds a slot in the gate of this name and may start there. */
  mayStartIn(name: string, run: PipelineRun): boolean {
    const gate = this.latest(name);
    if (!gate) return true;
    const { value } = limitOf(gate, this.#parts.clock.now());
    return this.startable(gate.status?.slots ?? [], value).includes(run);
  }

  /** Waiting runs that hold a slot in some other gate and are to pass this one. */
  #onTheirWayTo(gate: Gate): PipelineRun[] {
    const { name = '' } = gate.metadata;
    const found = new Map<string, PipelineRun>();
    for (const other of this.#parts.index.of(name).shared.keys()) {
      for (const run of this.#waitingOf(this.latest(other)?.status?.slots ?? [])) {
        if (gatesOf(run, [gate]).length > 0 && !holdsSlot(gate, run)) found.set(run.metadata.uid ?? '', run);
      }
    }
    return [...found.values()];
  }

  #waitingOf(slots: readonly Slot[]): readonly PipelineRun[] {
    return slots.flatMap((slot) => {
      const run = this.#parts.runs.get(slot);
      const waits = run?.metadata.uid === slot.uid && stateOf(run) === 'waiting';
      return run && waits && !this.#ahead.has(slot.uid) ? [run] : [];
    });
  }

  #holds({ metadata: { name = '' } }: Gate, run: PipelineRun): boolean {
    const gate = this.latest(name);
    return gate !== undefined && holdsSlot(gate, run);
  }
}
