/** One leader among several processes, by a Lease of the Kubernetes API. */
import { assert } from '../base/assert.ts';
import { AbortedError, type Clock, sleep } from '../base/clock.ts';
import { errorText } from '../base/errors.ts';
import type { Random } from '../base/random.ts';
import type { ApiClient } from '../client/api-client.ts';
import { isApiError } from '../kube/api-error.ts';
import { leases } from '../kube/core-types.ts';
import type { ObjectKey } from '../kube/object.ts';
import type { Logger } from '../telemetry/logger.ts';
import { withDeadline } from './deadline.ts';
import {
  type ElectionTimes,
  electionTimes,
  freeLease,
  heldLease,
  holderOf,
  type LeaseSight,
  mayTake,
  sightOf,
} from './lease-record.ts';
import { TermFence, type WriteFence } from './write-fence.ts';

const jitterPercent = 20;
/** Longest time for one try, in milliseconds: one that hangs must leave time for another. */
const tryMsMax = 5_000;

/** What {@link LeaderElection} needs. */
export interface LeaderElectionOptions {
  /** Its calls must not wait behind others, nor pass the fence. */
  readonly client: ApiClient;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly lease: ObjectKey;
  /** Names this process, differently from every other one that ever was. */
  readonly identity: string;
  /** Default {@link electionTimes}. */
  readonly times?: ElectionTimes;
}

/** One span of leadership. */
export interface LeaderTerm {
  /** Counts the changes of leader since the lease was made. */
  readonly number: number;
  /** Open only while nobody else can be leader. Everything that the leader writes must pass it. */
  readonly fence: WriteFence;
  /** Aborts when the leader is to stop: leadership is lost, and the fence closed, or the election is being stopped. */
  readonly signal: AbortSignal;
}

/** What to do while this process is the leader; ends soon after the term's signal aborts. */
export type Lead = (term: LeaderTerm) => Promise<void>;

/** Who leads, as far as this process knows. */
export interface ElectionStatus {
  readonly leading: boolean;
  /** Empty when nobody leads or nothing is known yet. */
  readonly leader: string;
  /** Milliseconds since the lease was last read or written; absent before the first time. */
  readonly heardMsAgo: number | undefined;
}

type Outcome = 'held' | 'other' | 'failed';

/**
 * Candidate, then leader, then candidate again, until stopped.
 *
 * A candidate takes over when the lease is free, or when it has not seen it change for the time that the lease names,
 * measured by the candidate's own monotonic clock from the moment it received the last change. A leader counts its time
 * from the moment it *sent* the last successful renewal. Since a renewal is sent before it can be seen, and `renewMs` is
 * less than `leaseMs`, the fence of the old leader is closed before the candidate's patience is at its end, whatever the
 * wall clocks say. Every write of the lease names the version it is based on, so of two candidates one wins.
 */
export class LeaderElection {
  readonly #options: LeaderElectionOptions;
  readonly #times: ElectionTimes;
  #sight: LeaseSight | undefined;
  #heardMs: number | undefined;
  #leading = false;

  constructor(options: LeaderElectionOptions) {
    this.#options = options;
    this.#times = options.times ?? electionTimes;
    const { leaseMs, renewMs, retryMs } = this.#times;
    assert(
      leaseMs > renewMs && renewMs > (retryMs * (100 + jitterPercent)) / 100,
      'lease > renew > retry with its jitter',
    );
    assert(leaseMs % 1_000 === 0, 'a lease lasts whole seconds');
  }

  /**
   * Runs `lead` once a term until `signal` aborts. When the election is stopped, the lease is renewed until `lead` has ended,
   * and then given back. An error of `lead` ends its term in the same way and is thrown. What the API does is never thrown.
   */
  async run(signal: AbortSignal, lead: Lead): Promise<void> {
    const { clock, identity, logger } = this.#options;
    while (!signal.aborted) {
      const fence = new TermFence(clock, this.#times.renewMs);
      if (!(await this.#becomeLeader(signal, fence))) return;
      logger.info('this process is the leader now', { identity, term: this.#term() });
      await this.#serve(signal, fence, lead);
    }
  }

  status(): ElectionStatus {
    const heardMsAgo = this.#heardMs === undefined ? undefined : this.#options.clock.monotonicMs() - this.#heardMs;
    return { leading: this.#leading, leader: holderOf(this.#sight), heardMsAgo };
  }

  #term(): number {
    return this.#sight?.lease.spec?.leaseTransitions ?? 0;
  }

  /** Waits until the lease is ours; false when stopped before. */
  async #becomeLeader(signal: AbortSignal, fence: TermFence): Promise<boolean> {
    while (!signal.aborted) {
      if ((await this.#try(signal, fence, tryMsMax)) === 'held') return true;
      await this.#pause(signal, Number.POSITIVE_INFINITY);
    }
    return false;
  }

  async #serve(signal: AbortSignal, fence: TermFence, lead: Lead): Promise<void> {
    const stop = new AbortController();
    const ended = new AbortController();
    const onAbort = (): void => stop.abort();
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();
    this.#leading = true;
    const renewing = this.#keepRenewing(fence, ended.signal).then((kept) => {
      this.#leading = false;
      fence.close();
      stop.abort();
      return kept;
    });
    try {
      await lead({ number: this.#term(), fence, signal: stop.signal });
    } finally {
      ended.abort();
      signal.removeEventListener('abort', onAbort);
      if (await renewing) await this.#release();
    }
  }

  /** Renews until `ended` aborts: true; false as soon as leadership is lost. */
  async #keepRenewing(fence: TermFence, ended: AbortSignal): Promise<boolean> {
    const { logger, identity } = this.#options;
    const leftMs = (): number => this.#times.renewMs - fence.spentMs();
    for (;;) {
      await this.#pause(ended, leftMs());
      if (ended.aborted) return true;
      if (leftMs() <= 0) {
        logger.error('leadership is lost: the lease was not renewed in time', { identity });
        return false;
      }
      if ((await this.#try(ended, fence, Math.min(tryMsMax, leftMs()))) !== 'other') continue;
      logger.error('leadership is lost: another process holds the lease', { identity, leader: holderOf(this.#sight) });
      return false;
    }
  }

  /** Waits for the next try, at most `limitMs`. */
  async #pause(signal: AbortSignal, limitMs: number): Promise<void> {
    const { clock, random } = this.#options;
    const { retryMs } = this.#times;
    const pauseMs = retryMs + random.integer(0, Math.floor((retryMs * jitterPercent) / 100));
    await sleep(clock, Math.max(0, Math.min(pauseMs, limitMs)), signal).catch(() => undefined);
  }

  /** One try to get or to keep the lease. */
  async #try(signal: AbortSignal, fence: TermFence, limitMs: number): Promise<Outcome> {
    const { clock, logger, identity } = this.#options;
    try {
      return await withDeadline({ clock, limitMs, signal }, (own) => this.#getOrKeep(fence, own));
    } catch (thrown) {
      if (!(thrown instanceof AbortedError)) {
        logger.warn('the lease could not be read or written', { identity, error: errorText(thrown) });
      }
      return 'failed';
    }
  }

  async #getOrKeep(fence: TermFence, signal: AbortSignal): Promise<Outcome> {
    // A leader knows the lease, since nobody else should write it, and saves the read until that proves wrong.
    if (this.#leading && this.#sight !== undefined && (await this.#write(this.#sight, fence, signal))) return 'held';
    const sight = await this.#look(signal);
    const { identity, clock } = this.#options;
    if (sight !== undefined && !mayTake(sight, identity, this.#times, clock.monotonicMs())) return 'other';
    if (await this.#write(sight, fence, signal)) return 'held';
    // Somebody wrote between our read and our write.
    return this.#leading ? 'failed' : 'other';
  }

  /** Reads the lease; undefined when there is none. */
  async #look(signal: AbortSignal): Promise<LeaseSight | undefined> {
    const { client, clock, lease: key } = this.#options;
    try {
      const lease = await client.get(leases, key);
      if (signal.aborted) throw new AbortedError(signal);
      this.#sight = sightOf(this.#sight, lease, clock.monotonicMs());
    } catch (thrown) {
      if (!isApiError(thrown, 'NotFound')) throw thrown;
      this.#sight = undefined;
    }
    this.#heardMs = clock.monotonicMs();
    return this.#sight;
  }

  /** Writes us into the lease; false when it is not any more what we have seen. */
  async #write(sight: LeaseSight | undefined, fence: TermFence, signal: AbortSignal): Promise<boolean> {
    const { client, clock, identity, lease: key } = this.#options;
    if (signal.aborted) throw new AbortedError(signal);
    const sent = { monotonicMs: clock.monotonicMs(), nowMs: clock.now() };
    const wanted = heldLease(key, sight?.lease, identity, this.#times, sent.nowMs);
    try {
      const lease = await (sight === undefined ? client.create(leases, wanted) : client.update(leases, wanted));
      // An answer that comes too late is not believed: the next try reads the lease.
      if (signal.aborted) throw new AbortedError(signal);
      this.#sight = { lease, seenMs: clock.monotonicMs() };
      this.#heardMs = this.#sight.seenMs;
      fence.renewed(sent);
      return true;
    } catch (thrown) {
      if (lostRace(thrown, sight)) return false;
      throw thrown;
    }
  }

  /** Gives the lease back, so that others need not wait for its end. The fence is closed by now. */
  async #release(): Promise<void> {
    const { client, clock, identity, logger } = this.#options;
    const sight = this.#sight;
    if (sight === undefined || holderOf(sight) !== identity) return;
    const never = new AbortController().signal;
    try {
      const lease = await withDeadline({ clock, limitMs: tryMsMax, signal: never }, () =>
        client.update(leases, freeLease(sight.lease, clock.now())),
      );
      this.#sight = { lease, seenMs: clock.monotonicMs() };
    } catch (thrown) {
      logger.warn('the lease could not be given back; others wait until it ends', {
        identity,
        error: errorText(thrown),
      });
    }
  }
}

/** Whether a write failed because the lease was made, changed or removed by somebody else since it was seen. */
function lostRace(thrown: unknown, sight: LeaseSight | undefined): boolean {
  // Where nothing was seen, "not found" is the namespace: that must be told.
  if (sight === undefined) return isApiError(thrown, 'AlreadyExists');
  return isApiError(thrown, 'Conflict') || isApiError(thrown, 'NotFound');
}
