import type { Limit } from './limit.ts';
import type { GateSpec, Slot } from './types.ts';

/** The most runs one gate lets run at a time, limit or not: its slots are part of an object, whose size is bounded. */
export const slotsMax = 2000;

/** What a run counts towards besides the gate itself. */
export interface Party {
  readonly repository?: string | undefined;
  readonly branch?: string | undefined;
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

/** What is left of a gate's limits while slots are given away. */
export class Room {
  readonly #spec: GateSpec;
  readonly #most: number;
  readonly #limitOfRepository: (repository: string) => number | undefined;
  readonly #ofRepository = new Map<string, number>();
  readonly #ofBranch = new Map<string, number>();
  #taken = 0;

  constructor(
    spec: GateSpec,
    limit: Limit,
    limitOfRepository: (repository: string) => number | undefined,
    taken: readonly Slot[],
  ) {
    this.#spec = spec;
    this.#most = Math.min(limit.value, slotsMax);
    this.#limitOfRepository = limitOfRepository;
    for (const slot of taken) this.take(slot);
  }

  /** Whether anybody fits in. */
  get isFull(): boolean {
    return this.#taken >= this.#most;
  }

  /** Counts a run in, whether it fits or not. */
  take({ repository, branch }: Party): void {
    this.#taken++;
    // Runs of no Repository count together: under fair shares they are one party.
    this.#ofRepository.set(repository ?? '', this.#runningOf(repository) + 1);
    if (branch !== undefined) this.#ofBranch.set(branch, (this.#ofBranch.get(branch) ?? 0) + 1);
  }

  /** Whether a run fits in, by the limits of the gate, of its Repository and of its branch. */
  has({ repository, branch }: Party): boolean {
    if (this.isFull) return false;
    if (repository !== undefined) {
      const most = repositoryLimitOf(this.#spec, this.#limitOfRepository(repository));
      if (this.#runningOf(repository) >= most) return false;
    }
    const mostOfBranch = this.#spec.maxRunningPerBranch ?? Number.POSITIVE_INFINITY;
    return branch === undefined || (this.#ofBranch.get(branch) ?? 0) < mostOfBranch;
  }

  /** How much of its share the Repository has. */
  loadOf({ repository }: Party): number {
    return loadOf(this.#spec, repository, this.#runningOf(repository));
  }

  #runningOf(repository: string | undefined): number {
    return this.#ofRepository.get(repository ?? '') ?? 0;
  }
}
