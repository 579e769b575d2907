import { backoffDelayMs, type BackoffPolicy } from '../../base/backoff.ts';
import { sleep, type CancelTimer, type Clock } from '../../base/clock.ts';
import type { JsonObject } from '../../base/json.ts';
import type { Random } from '../../base/random.ts';
import type { ApiClient } from '../../client/api-client.ts';
import { isApiError } from '../../kube/api-error.ts';
import { pods } from '../../kube/core-types.ts';
import { keyOf } from '../../kube/object.ts';
import type { Pod, PodStatus } from '../../kube/pod.ts';
import type { Logger } from '../../telemetry/logger.ts';

/** Changes of a pod that is not over are gathered for this long: a short pod costs one write, at its end. */
export const statusDelayMs = 250;

/** Retries of a status write that failed: for as long as it takes, the pod's outcome depends on it. */
export const statusRetry: BackoffPolicy = { baseMs: 50, capMs: 5_000 };

/** What a {@link StatusWriter} is made of. */
export interface StatusWriterOptions {
  readonly client: ApiClient;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly pod: Pod;
  /** The status as it is when asked. */
  readonly render: () => PodStatus;
  /** Aborted when the agent stops: nothing more is written. */
  readonly signal: AbortSignal;
}

/** Writes one pod's status: never two writes at once, few of them, and the last one until it is stored. */
export class StatusWriter {
  readonly #options: StatusWriterOptions;
  #cancelTimer: CancelTimer | undefined;
  #writing: Promise<boolean> = Promise.resolve(true);
  #closed = false;

  constructor(options: StatusWriterOptions) {
    this.#options = options;
  }

  /** Has the status written soon. */
  changed(): void {
    if (this.#closed || this.#cancelTimer !== undefined) return;
    this.#cancelTimer = this.#options.clock.schedule(statusDelayMs, () => {
      this.#cancelTimer = undefined;
      if (!this.#closed) this.#writing = this.#writing.then(() => this.#writeUntilStored());
    });
  }

  /** Writes the status now and resolves once it is stored: true, or false when the pod is gone or the agent stops. */
  async finish(): Promise<boolean> {
    this.#closed = true;
    this.#cancelTimer?.();
    await this.#writing;
    return this.#writeUntilStored();
  }

  async #writeUntilStored(): Promise<boolean> {
    const { clock, random, logger, signal, pod } = this.#options;
    for (let attempt = 1; !signal.aborted; attempt++) {
      try {
        await this.#write();
        return true;
      } catch (error) {
        if (await this.#isGone(error)) return false;
        logger.error('failed to patch pod status', { pod: keyOf(pod), attempt, error });
      }
      // The newest status is rendered at each attempt, so an older one never overwrites it.
      await sleep(clock, backoffDelayMs(statusRetry, attempt, random), signal).catch(() => undefined);
    }
    return false;
  }

  /** A conflict means another uid under our name, or writers that were faster too often: only the first ends it. */
  async #isGone(error: unknown): Promise<boolean> {
    if (isApiError(error, 'NotFound')) return true;
    if (!isApiError(error, 'Conflict')) return false;
    const { client, pod } = this.#options;
    try {
      return (await client.get(pods, keyOf(pod))).metadata.uid !== pod.metadata.uid;
    } catch (thrown) {
      return isApiError(thrown, 'NotFound');
    }
  }

  /** A merge patch with the uid: no read, no conflict with writers of other fields, and never onto a namesake. */
  async #write(): Promise<void> {
    const { client, pod, render } = this.#options;
    const patch = { metadata: { uid: pod.metadata.uid }, status: render() } as unknown as JsonObject;
    await client.patch(pods, keyOf(pod), patch, { type: 'merge', subresource: 'status' });
  }
}
