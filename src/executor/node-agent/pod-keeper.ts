import { backoffDelayMs } from '../../base/backoff.ts';
import { sleep } from '../../base/clock.ts';
import { isApiError } from '../../kube/api-error.ts';
import { pods } from '../../kube/core-types.ts';
import { keyOf } from '../../kube/object.ts';
import type { Pod } from '../../kube/pod.ts';
import type { ObservedLister } from '../../controller/contract.ts';
import { gapText, lostPodStatus, unknownContainers } from './lost-pod.ts';
import type { PodJournal } from './pod-journal.ts';
import { gracePeriodSecondsDefault, PodWorker, type PodWorkerParts } from './pod-worker.ts';
import { statusRetry, StatusWriter } from './status-writer.ts';

/** What a {@link PodKeeper} is made of. */
export interface PodKeeperParts extends PodWorkerParts {
  readonly nodeName: string;
  readonly maxPods: number;
  readonly journal: PodJournal;
}

/** One pod the agent has taken on, by uid. */
interface KeptPod {
  /** The newest object seen. */
  pod: Pod;
  worker: PodWorker | undefined;
  /** Nothing of it runs or will run. */
  over: boolean;
  /** The deletion was confirmed: the API was told that nothing runs. */
  confirmed: boolean;
  /** The object is gone from the API. */
  gone: boolean;
}

/**
 * Decides for each pod of this node what the agent does: run it (once), end it, report it lost, confirm its deletion, or
 * clean up after it.
 */
export class PodKeeper {
  readonly #parts: PodKeeperParts;
  readonly #kept = new Map<string, KeptPod>();
  readonly #queue: KeptPod[] = [];
  /** Pods of an earlier agent that were cleaned up after. */
  readonly #swept = new Set<string>();
  readonly #work = new Set<Promise<void>>();
  #running = 0;
  #started = false;

  constructor(parts: PodKeeperParts) {
    this.#parts = parts;
  }

  /** Follows the pods of `lister`. What it says before `start` waits. */
  register(lister: ObservedLister<Pod>): void {
    lister.addHandler({
      added: (pod) => this.#observe(pod),
      updated: (_previous, pod) => this.#observe(pod),
      deleted: (pod) => this.#gone(pod),
    });
  }

  /** Begins to run pods. */
  start(): void {
    this.#started = true;
    for (const kept of this.#kept.values()) this.#take(kept);
    this.#startWaiting();
  }

  /** Resolves when nothing runs any more; the agent's signal has been aborted. */
  async stopped(): Promise<void> {
    while (this.#work.size > 0) await Promise.all(this.#work);
  }

  /** Cleans up, once, after pods that an earlier agent began: those that are over or gone. `lister` must have synced. */
  async sweep(lister: ObservedLister<Pod>): Promise<void> {
    const live = new Set(lister.list().map((pod) => pod.metadata.uid));
    for (const uid of this.#parts.journal.earlier) {
      const kept = this.#kept.get(uid);
      if (this.#swept.has(uid) || (kept ? !kept.over : live.has(uid))) continue;
      this.#swept.add(uid);
      await (kept ? this.#parts.journal.clean(uid) : this.#forget(uid));
    }
  }

  #observe(pod: Pod): void {
    const { uid } = pod.metadata;
    if (uid === undefined || pod.spec.nodeName !== this.#parts.nodeName) return;
    const known = this.#kept.get(uid);
    if (known !== undefined) {
      known.pod = pod;
      known.worker?.observe(pod);
      if (this.#started) this.#followDeletion(known);
      return;
    }
    const kept: KeptPod = { pod, worker: undefined, over: false, confirmed: false, gone: false };
    this.#kept.set(uid, kept);
    if (!this.#started) return;
    this.#take(kept);
    this.#startWaiting();
  }

  /** First sight of a pod: to be run, lost, or over already. */
  #take(kept: KeptPod): void {
    const { phase, startTime } = kept.pod.status ?? {};
    if (phase === 'Succeeded' || phase === 'Failed') {
      kept.over = true;
      return this.#followDeletion(kept);
    }
    const begun = startTime !== undefined || this.#parts.journal.earlier.has(kept.pod.metadata.uid ?? '');
    if (begun) return this.#track(this.#reportLost(kept));
    this.#queue.push(kept);
    this.#followDeletion(kept);
  }

  #startWaiting(): void {
    while (this.#running < this.#parts.maxPods && !this.#parts.signal.aborted) {
      const kept = this.#queue.shift();
      if (kept === undefined) return;
      if (!kept.gone) this.#track(this.#run(kept));
    }
  }

  async #run(kept: KeptPod): Promise<void> {
    this.#running++;
    const uid = kept.pod.metadata.uid ?? '';
    const worker = new PodWorker(this.#parts, kept.pod, this.#parts.journal.begin(uid));
    kept.worker = worker;
    this.#followDeletion(kept);
    await worker.run();
    kept.worker = undefined;
    kept.over = true;
    this.#running--;
    this.#startWaiting();
    this.#followDeletion(kept);
    if (!this.#parts.signal.aborted) await this.#cleanUp(kept);
  }

  async #reportLost(kept: KeptPod): Promise<void> {
    const { clock, logger, logs } = this.#parts;
    logger.warn('a pod was lost by a restart of the node agent', { pod: keyOf(kept.pod) });
    const status = lostPodStatus(kept.pod, clock.now());
    for (const container of unknownContainers(status)) logs.markGap(kept.pod.metadata.uid ?? '', container, gapText);
    await new StatusWriter({ ...this.#parts, pod: kept.pod, render: () => status }).finish();
    kept.over = true;
    this.#followDeletion(kept);
    await this.#cleanUp(kept);
  }

  #followDeletion(kept: KeptPod): void {
    const { deletionTimestamp, deletionGracePeriodSeconds } = kept.pod.metadata;
    if (deletionTimestamp === undefined || kept.gone) return;
    if (kept.worker !== undefined) {
      return kept.worker.terminate((deletionGracePeriodSeconds ?? gracePeriodSecondsDefault) * 1000);
    }
    if (!kept.over) return this.#runQueued(kept);
    // With a grace of 0 the object waits for its finalizers only.
    if (kept.confirmed || deletionGracePeriodSeconds === 0) return;
    kept.confirmed = true;
    this.#track(this.#confirmDeletion(kept.pod));
  }

  /** A pod deleted while it waits for its turn needs no turn: it runs as one stopped before its first container. */
  #runQueued(kept: KeptPod): void {
    const place = this.#queue.indexOf(kept);
    if (place < 0) return;
    this.#queue.splice(place, 1);
    this.#track(this.#run(kept));
  }

  /** Tells the API that nothing of a deleted pod runs any more, which lets the object go. */
  async #confirmDeletion(pod: Pod): Promise<void> {
    const { client, clock, random, logger, signal } = this.#parts;
    const { uid = '' } = pod.metadata;
    for (let attempt = 1; !signal.aborted; attempt++) {
      try {
        return await client.delete(pods, keyOf(pod), { gracePeriodSeconds: 0, preconditions: { uid } });
      } catch (error) {
        if (isApiError(error, 'NotFound') || isApiError(error, 'Conflict')) return;
        logger.error('failed to delete pod', { pod: keyOf(pod), attempt, error });
      }
      await sleep(clock, backoffDelayMs(statusRetry, attempt, random), signal).catch(() => undefined);
    }
  }

  #gone(pod: Pod): void {
    const uid = pod.metadata.uid ?? '';
    const kept = this.#kept.get(uid);
    if (kept === undefined) return;
    kept.gone = true;
    kept.worker?.terminate(0);
    if (kept.worker === undefined) this.#track(this.#cleanUp(kept));
  }

  async #cleanUp(kept: KeptPod): Promise<void> {
    const uid = kept.pod.metadata.uid ?? '';
    try {
      if (!kept.gone) await this.#parts.journal.clean(uid);
      // Asked again: it may have gone while we cleaned.
      if (kept.gone) await this.#forget(uid);
    } catch (error) {
      this.#parts.logger.error('what a pod left on disk could not be removed', { pod: keyOf(kept.pod), error });
    }
    if (kept.gone) this.#kept.delete(uid);
  }

  async #forget(uid: string): Promise<void> {
    await Promise.all([this.#parts.journal.forget(uid), this.#parts.logs.remove(uid)]);
  }

  #track(work: Promise<void>): void {
    const tracked = work.finally(() => this.#work.delete(tracked));
    this.#work.add(tracked);
  }
}
