import type { Clock } from '../base/clock.ts';
import { jsonEqual } from '../base/json.ts';
import type { CompleteRepository } from '../forge/access/with-defaults.ts';
import type { Forge } from '../forge/forge.ts';
import type { CommitStatus, CommitStatusSpec } from '../forge/kinds/commit-status.ts';
import type { Repository } from '../forge/kinds/repository.ts';

/** Secrets that a forge was opened with are read again after so long, in milliseconds. */
export const reopenMs = 10_000;
/** Forges that are remembered. */
export const openedMax = 1_000;

/** A Repository and what it means for statuses. */
export interface ReportedRepository {
  readonly object: Repository;
  /** With what it takes from the global one. */
  readonly complete: CompleteRepository;
}

/** Opens the host of a Repository. Throws `UserError` where something is missing. */
export type OpenForge = (repository: Repository, spec: CommitStatusSpec) => Promise<Forge>;

interface Opened {
  readonly forge: Forge;
  readonly complete: CompleteRepository;
  /** Monotonic. */
  readonly atMs: number;
}

/** The forge that each Repository led to last. */
export class OpenedForges {
  readonly #clock: Clock;
  readonly #open: OpenForge;
  /** In the order in which they were opened. */
  readonly #opened = new Map<string, Opened>();

  constructor(clock: Clock, open: OpenForge) {
    this.#clock = clock;
    this.#open = open;
  }

  /** The last one, whatever has changed since: to know whose turn it is before anything is asked. */
  last(object: CommitStatus): Forge | undefined {
    return this.#opened.get(routeOf(object))?.forge;
  }

  /** `isFresh` = its secrets were read for this call. */
  async open(
    object: CommitStatus,
    { object: repository, complete }: ReportedRepository,
  ): Promise<{ readonly forge: Forge; readonly isFresh: boolean }> {
    const route = routeOf(object);
    const known = this.#opened.get(route);
    const ageMs = this.#clock.monotonicMs() - (known?.atMs ?? 0);
    if (known !== undefined && ageMs < reopenMs && jsonEqual(known.complete, complete))
      return { forge: known.forge, isFresh: false };
    const opened = { forge: await this.#open(repository, object.spec), complete, atMs: this.#clock.monotonicMs() };
    this.#opened.delete(route);
    this.#opened.set(route, opened);
    const [oldest] = this.#opened.keys();
    if (this.#opened.size > openedMax && oldest !== undefined) this.#opened.delete(oldest);
    return { forge: opened.forge, isFresh: true };
  }

  /** The host did not take the credential: another one may be there by now. */
  forget(object: CommitStatus): void {
    this.#opened.delete(routeOf(object));
  }
}

/** By what forges are told apart before they are opened. */
function routeOf({ metadata, spec }: CommitStatus): string {
  return JSON.stringify([metadata.namespace, spec.repository, spec.forge, spec.installationId]);
}
