import type { PipelineRun } from '../tekton/types.ts';
import type { Limit } from './limit.ts';
import { slotOf, stateOf } from './run-facts.ts';
import type { Gate, GateSpec, Slot } from './types.ts';
import type { Lane, WaitingLine } from './waiting-line.ts';

/** The most runs one gate lets run at a time, limit or not: its slots are part of an object, whose size is bounded. */
export const slotsMax = 2000;

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
  /** Whether the other gates of a lane have a slot to spare. */
  othersHaveRoom(lane: Lane): boolean;
}

/** What is to be done: read some runs and decide again, or make these the gate's slots. */
export type GateDecision =
  | { readonly kind: 'read'; readonly slots: readonly Slot[] }
  | { readonly kind: 'slots'; readonly slots: readonly Slot[]; readonly changed: boolean };

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
  const changed = kept.length !== held.length || allocation.slots.length !== kept.length;
  return { kind: 'slots', slots: allocation.slots, changed };
}

/** Running runs per share: whoever has least for its weight comes next. Runs of no Repository share one weight. */
export function loadOf({ weights }: GateSpec, repository: string | undefined, running: number): number {
  const name = repository?.slice(repository.indexOf('/') + 1) ?? '';
  return running / (weights?.[name] ?? 1);
}

/** The most runs of one Repository (`namespace/name`) at a time: the gate's limit or its own, whichever is stricter. */
export function repositoryLimitOf({ maxRunningPerRepository }: GateSpec, own: number | undefined): number {
  return Math.min(maxRunningPerRepository ?? Number.POSITIVE_INFINITY, own ?? Number.POSITIVE_INFINITY);
}

class Allocation {
  readonly slots: Slot[];
  readonly #input: GateInput;
  readonly #taken: Set<string>;
  readonly #ofRepository = new Map<string, number>();
  readonly #ofBranch = new Map<string, number>();

  constructor(kept: readonly Slot[], input: GateInput) {
    this.slots = [...kept];
    this.#input = input;
    this.#taken = new Set(kept.map(({ uid }) => uid));
    for (const slot of kept) this.#count(slot);
  }

  /** Gives `run` a slot, unless it has one. */
  take(run: PipelineRun): void {
    const slot = slotOf(run);
    if (this.#taken.has(slot.uid) || this.slots.length >= slotsMax) return;
    this.#taken.add(slot.uid);
    this.slots.push(slot);
    this.#count(slot);
  }

  /** Gives free slots to those in line. */
  fill(): void {
    const { limit, passedOn, line } = this.#input;
    const most = Math.min(limit.value, slotsMax);
    for (const run of passedOn) if (this.slots.length < most && this.#mayStart(slotOf(run))) this.take(run);
    while (this.slots.length < most) {
      const next = line.next(
        (lane) => this.#mayStart(lane) && this.#input.othersHaveRoom(lane),
        (lane) => this.#load(lane),
        (run) => this.#taken.has(run.metadata.uid ?? '') || this.#input.isAhead(run),
      );
      if (!next) return;
      this.take(next);
    }
  }

  #count({ repository, branch }: Slot): void {
    // Runs of no Repository count together: under fair shares they are one party.
    this.#ofRepository.set(repository ?? '', this.#runningOf(repository) + 1);
    if (branch !== undefined) this.#ofBranch.set(branch, (this.#ofBranch.get(branch) ?? 0) + 1);
  }

  #runningOf(repository: string | undefined): number {
    return this.#ofRepository.get(repository ?? '') ?? 0;
  }

  #mayStart({ repository, branch }: Pick<Slot, 'repository' | 'branch'> | Lane): boolean {
    const { spec } = this.#input.gate;
    if (repository !== undefined) {
      const most = repositoryLimitOf(spec, this.#input.limitOfRepository(repository));
      if (this.#runningOf(repository) >= most) return false;
    }
    const mostOfBranch = spec.maxRunningPerBranch ?? Number.POSITIVE_INFINITY;
    return branch === undefined || (this.#ofBranch.get(branch) ?? 0) < mostOfBranch;
  }

  #load({ repository }: Lane): number {
    return loadOf(this.#input.gate.spec, repository, this.#runningOf(repository));
  }
}
