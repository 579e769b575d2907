import { type ObjectKey, keyOf, keyText } from '../kube/object.ts';
import type { PipelineRun } from '../tekton/types.ts';
import { type Rank, branchOf, compareRanks, rankOf, repositoryOf } from './run-facts.ts';
import { SortedList } from './sorted-list.ts';
import type { GateOrder } from './types.ts';

/** Runs that stand or fall together: what lets one of them start lets the first of them start. */
export interface Lane {
  readonly repository: string | undefined;
  readonly branch: string | undefined;
  /** All gates that have to let these runs through, in that order. */
  readonly gates: readonly string[];
}

/** A run in its line. */
interface Entry {
  readonly run: PipelineRun;
  readonly rank: Rank;
  readonly lane: LaneQueue;
}

class LaneQueue implements Lane {
  readonly repository: string | undefined;
  readonly branch: string | undefined;
  readonly gates: readonly string[];
  readonly entries: SortedList<Entry> = new SortedList<Entry>((a, b) => compareRanks(a.rank, b.rank));

  constructor(lane: Lane) {
    this.repository = lane.repository;
    this.branch = lane.branch;
    this.gates = lane.gates;
  }
}

/** Where a run stands in its line, from 1. */
export interface Place {
  /** Absent where shares decide: then there is no one order. */
  readonly overall?: number;
  /** Among the runs of its Repository; absent for a run of none. */
  readonly ofRepository?: number;
}

/**
 * The runs that wait at one gate, in lanes: one a Repository, or one a branch where branches are limited. Finding the
 * next costs as much as there are lanes, whatever the number of runs.
 */
export class WaitingLine {
  readonly #order: GateOrder;
  readonly #entries = new Map<string, Entry>();
  readonly #byAge = new SortedList<Entry>(compareAges);
  readonly #lanes = new Map<string, LaneQueue>();

  constructor(order: GateOrder) {
    this.#order = order;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Whether the run of this name stands in line. */
  has(key: ObjectKey): boolean {
    return this.#entries.has(keyText(key));
  }

  /**
   * Lines up `run`, or moves it to where it belongs now. `gates` are all that govern it, in order; `byBranch` says whether one
   * of them limits branches.
   */
  put(run: PipelineRun, gates: readonly string[], byBranch: boolean): void {
    this.remove(run);
    const branch = byBranch ? branchOf(run) : undefined;
    const lane = this.#laneOf({ repository: repositoryOf(run), branch, gates });
    const entry = { run, rank: rankOf(run, this.#order !== 'FIFO'), lane };
    this.#entries.set(keyText(keyOf(run)), entry);
    lane.entries.add(entry);
    this.#byAge.add(entry);
  }

  /** Takes `run` out, if it stands in line. */
  remove(run: PipelineRun): void {
    const key = keyText(keyOf(run));
    const entry = this.#entries.get(key);
    if (!entry) return;
    this.#entries.delete(key);
    entry.lane.entries.remove(entry);
    this.#byAge.remove(entry);
    if (entry.lane.entries.size === 0) this.#lanes.delete(laneKey(entry.lane));
  }

  /**
   * The run that starts next: of the lanes that `mayStart`, the one with the smallest `load`, then the first in rank.
   * `isTaken` leaves out runs that have been chosen and still stand in line. A bumped run comes before any load.
   */
  next(
    mayStart: (lane: Lane) => boolean,
    load: (lane: Lane) => number,
    isTaken: (run: PipelineRun) => boolean,
  ): Pick<Entry, 'run' | 'lane'> | undefined {
    let best: { readonly entry: Entry; readonly load: number } | undefined;
    for (const lane of this.#lanes.values()) {
      const entry = mayStart(lane) ? firstFree(lane, isTaken) : undefined;
      if (!entry) continue;
      const candidate = { entry, load: this.#order === 'FairShare' ? load(lane) : 0 };
      if (!best || comesBefore(candidate, best)) best = candidate;
    }
    return best?.entry;
  }

  /** Where `run` stands; undefined when it does not. */
  placeOf(run: PipelineRun): Place | undefined {
    const entry = this.#entries.get(keyText(keyOf(run)));
    if (!entry) return undefined;
    let [before, beforeOfRepository] = [0, 0];
    for (const lane of this.#lanes.values()) {
      const count = lane.entries.countBefore(entry);
      before += count;
      if (lane.repository === entry.lane.repository) beforeOfRepository += count;
    }
    return {
      ...(this.#order === 'FairShare' ? {} : { overall: before + 1 }),
      ...(entry.lane.repository === undefined ? {} : { ofRepository: beforeOfRepository + 1 }),
    };
  }

  /** The first `count` runs in rank. */
  first(count: number): readonly PipelineRun[] {
    const heads = [...this.#lanes.values()].flatMap((lane) =>
      Array.from({ length: Math.min(count, lane.entries.size) }, (_, index) => lane.entries.at(index)),
    );
    return heads
      .filter((entry) => entry !== undefined)
      .sort((a, b) => compareRanks(a.rank, b.rank))
      .slice(0, count)
      .map(({ run }) => run);
  }

  /** All that stand in line, in no order. */
  entries(): Iterable<{ readonly run: PipelineRun; readonly lane: Lane }> {
    return this.#entries.values();
  }

  /** The run that waits longest. */
  oldest(): PipelineRun | undefined {
    return this.#byAge.at(0)?.run;
  }

  #laneOf(lane: Lane): LaneQueue {
    const key = laneKey(lane);
    const known = this.#lanes.get(key);
    if (known) return known;
    const queue = new LaneQueue(lane);
    this.#lanes.set(key, queue);
    return queue;
  }
}

function laneKey({ repository = '', branch = '', gates }: Lane): string {
  // Branches come from annotations and may hold anything.
  return JSON.stringify([repository, branch, ...gates]);
}

function firstFree(lane: LaneQueue, isTaken: (run: PipelineRun) => boolean): Entry | undefined {
  for (const entry of lane.entries) {
    if (!isTaken(entry.run)) return entry;
  }
  return undefined;
}

function compareAges({ rank: a }: Entry, { rank: b }: Entry): number {
  return a.createdMs - b.createdMs || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0);
}

interface Candidate {
  readonly entry: Entry;
  readonly load: number;
}

function comesBefore(a: Candidate, b: Candidate): boolean {
  const order = b.entry.rank.bump - a.entry.rank.bump || a.load - b.load || compareRanks(a.entry.rank, b.entry.rank);
  return order < 0;
}
