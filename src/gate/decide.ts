import type { PipelineRun } from '../tekton/types.ts';
import type { Limit } from './limit.ts';
import { Room, slotsMax } from './room.ts';
import { slotOf, stateOf } from './run-facts.ts';
import type { Gate, Slot } from './types.ts';
import type { Lane, WaitingLine } from './waiting-line.ts';

/** What is known of the run of a slot: the run as last seen, `gone` when that is certain, `unread` when it is not. */
export type SlotFact = PipelineRun | 'gone' | 'unread';

/** What a decision about a gate rests on. */
export interface GateInput {
  readonly gate: Gate;
  readonly limit: Limit;
  factOf(slot: Slot): SlotFact;
  /** Governed runs that run according to the cache, whether or not they have a slot. */
  readonly running: readonly PipelineRun[];
  /** The run of a slot as the API itself has it; `unread` when it was not asked. */
  confirmed(slot: Slot): SlotFact;
  /** Runs that hold a slot in every gate before this one and wait for this one. */
  readonly passedOn: readonly PipelineRun[];
  readonly line: WaitingLine;
  /** Whether a run that stands in line is known not to wait any more. */
  isAhead(run: PipelineRun): boolean;
  /** Limit of a Repository by its own settings (`concurrency_limit`), if it has one. */
  limitOfRepository(repository: string): number | undefined;
  /** What is left of another gate's limits; absent = that gate is not there any more. */
  roomOf(gateName: string): Room | undefined;
}

/** What is to be done: read some runs and decide again, or make these the gate's slots. */
export type GateDecision =
  | { readonly kind: 'read'; readonly slots: readonly Slot[] }
  | { readonly kind: 'slots'; readonly slots: readonly Slot[] };

/**
 * Decides which runs hold the slots of a gate: those that run keep theirs, those that are over lose them, and runs in
 * line get what is free, in order and within the limits. Pure: what it does not know for certain it asks for.
 */
export function decideSlots(input: GateInput): GateDecision {
  const held = input.gate.status?.slots ?? [];
  const facts = held.map((slot) => ({ slot, fact: input.factOf(slot) }));
  // Runs that somebody started by hand take a slot too, but only once the API confirms it: a cache that is behind would
  // give slots back to runs that another replica knows to be over, and the two would go on for ever.
  const taken = new Set(held.map(({ uid }) => uid));
  const unclaimed = input.running.filter((run) => !taken.has(run.metadata.uid ?? ''));
  const claims = unclaimed.map((run) => ({ slot: slotOf(run), fact: input.confirmed(slotOf(run)) }));
  const unread = [...facts, ...claims].filter(({ fact }) => fact === 'unread').map(({ slot }) => slot);
  if (unread.length > 0) return { kind: 'read', slots: unread };
  const kept = facts.filter(({ fact }) => typeof fact === 'object' && stateOf(fact) !== 'over').map(({ slot }) => slot);
  const allocation = new Allocation(kept, input);
  for (const { fact } of claims) if (typeof fact === 'object' && stateOf(fact) === 'running') allocation.take(fact);
  allocation.fill();
  return { kind: 'slots', slots: allocation.slots };
}

class Allocation {
  readonly slots: Slot[];
  readonly #input: GateInput;
  readonly #name: string;
  readonly #room: Room;
  /** Runs that have a slot, or for which one is kept free. */
  readonly #chosen: Set<string>;
  readonly #others = new Map<string, Room | undefined>();

  constructor(kept: readonly Slot[], input: GateInput) {
    const { gate, limit } = input;
    this.slots = [...kept];
    this.#input = input;
    this.#name = gate.metadata.name ?? '';
    this.#room = new Room(gate.spec, limit, (repository) => input.limitOfRepository(repository), kept);
    this.#chosen = new Set(kept.map(({ uid }) => uid));
  }

  /** Gives `run` a slot, unless it has one. */
  take(run: PipelineRun): void {
    const slot = slotOf(run);
    if (this.#chosen.has(slot.uid) || this.slots.length >= slotsMax) return;
    this.#chosen.add(slot.uid);
    this.slots.push(slot);
    this.#room.take(slot);
  }

  /**
   * Gives free slots to those in line. A run that has to pass earlier gates first, and would get through there now, has its
   * slot kept free until it comes: otherwise those that stand in this line alone would overtake it for ever.
   */
  fill(): void {
    const { passedOn, line } = this.#input;
    for (const run of passedOn) if (this.#room.has(slotOf(run))) this.take(run);
    while (!this.#room.isFull) {
      const next = line.next(
        (lane) => this.#room.has(lane) && this.#othersOf(lane).every((other) => other.has(lane)),
        (lane) => this.#room.loadOf(lane),
        (run) => this.#chosen.has(run.metadata.uid ?? '') || this.#input.isAhead(run),
      );
      if (!next) return;
      for (const other of this.#othersOf(next.lane)) other.take(slotOf(next.run));
      if (next.lane.gates[0] === this.#name) this.take(next.run);
      else this.#keepFree(next.run);
    }
  }

  #keepFree(run: PipelineRun): void {
    this.#chosen.add(run.metadata.uid ?? '');
    this.#room.take(slotOf(run));
  }

  #othersOf({ gates }: Lane): readonly Room[] {
    return gates.flatMap((name) => {
      if (name === this.#name) return [];
      if (!this.#others.has(name)) this.#others.set(name, this.#input.roomOf(name));
      return this.#others.get(name) ?? [];
    });
  }
}
