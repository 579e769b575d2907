import { backoffDelayMs, type BackoffPolicy } from '../base/backoff.ts';
import { type CancelTimer, type Clock, sleep } from '../base/clock.ts';
import { errorText } from '../base/errors.ts';
import type { Random } from '../base/random.ts';
import type { ApiClient, LogOptions } from '../client/api-client.ts';
import { isApiError } from '../kube/api-error.ts';
import { keyOf } from '../kube/object.ts';
import type { Pod } from '../kube/pod.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { BlobStore } from './blob-store.ts';
import { progressOf, type ContainerProgress } from './container-progress.ts';
import { identityOf } from './log-format.ts';
import { LogRecorder, LogStoreError, LogTakenError, segmentBytesMax } from './log-recorder.ts';
import { StampedLines, type StampedLine } from './stamped-lines.ts';

/** Output is stored at the latest so long after it came. */
export const flushMsMax = 10_000;
/** For so long the log of a container that is over is asked for in vain; then what is missing is marked. */
export const giveUpMsDefault = 600_000;
/** After a stream has ended the pod's new state is waited for so long, before the log is asked for again. */
export const statusWaitMs = 2_000;
/** A stream of a container that is over may be silent so long; then it is broken off. */
export const idleMsMax = 20_000;
/** A pod that was to be gone is looked at again after this. */
const overdueCheckMs = 5_000;

const reconnect: BackoffPolicy = { baseMs: 200, capMs: 10_000 };

/** What a {@link ContainerFollower} is made of. */
export interface FollowerParts {
  readonly client: ApiClient;
  readonly store: BlobStore;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Most bytes of one log; see `logBytesMaxDefault`. */
  readonly bytesMax?: number;
  /** Default {@link giveUpMsDefault}. */
  readonly giveUpMs?: number;
  /** The values that a pod's logs must not show. Rejects when they cannot be known. */
  secretsOf(pod: Pod): Promise<readonly string[]>;
  /** Told of each log that was stored here to its end. */
  onStored?(whole: boolean): void;
}

/** The log could not be had from the node, though the API answered. */
class NodeSaidError extends Error {
  override readonly name = 'NodeSaidError';
}

/** What one read brought. */
interface ReadResult {
  readonly fresh: number;
  /** Whether all that is stored came again. */
  readonly caughtUp: boolean;
  /** A last line without its end. */
  readonly rest: StampedLine | undefined;
}

/**
 * Stores the log of one container, whole. A stream that ends proves nothing: the API ends it as quietly when it lost the node.
 * So the log counts as whole when a read that began after the container was over shows nothing that is not stored.
 */
export class ContainerFollower {
  readonly container: string;
  readonly #parts: FollowerParts;
  #pod: Pod;
  #podGone = false;
  #wake: (() => void) | undefined;
  /** Breaks off the stream that is being read, and the timer that will. */
  #stream: AbortController | undefined;
  #cancelIdle: CancelTimer | undefined;
  readonly #flush: TimedFlush;
  #failures = 0;
  #lastError = '';
  /** Since when the log of a container that is over is asked for in vain, in monotonic milliseconds. */
  #vainSinceMs: number | undefined;
  /** The unfinished line at the end of the last read after the end, as it would be stored. */
  #lastRest: StampedLine | undefined;
  #readsAfterEnd = 0;
  /** What is being recorded; readers of a log that is not over look here. */
  recorder: LogRecorder | undefined;

  constructor(parts: FollowerParts, pod: Pod, container: string) {
    this.#parts = parts;
    this.#pod = pod;
    this.container = container;
    this.#flush = new TimedFlush(parts.clock);
  }

  /** To be called with each new state of the pod. */
  podChanged(pod: Pod): void {
    this.#pod = pod;
    this.#watchSilence();
    this.#wake?.();
  }

  /** To be called when the pod is gone: nothing more can be had. */
  podGone(): void {
    this.#podGone = true;
    this.#watchSilence();
    this.#wake?.();
  }

  /** Resolves when all that can be had of the log is stored; rejects only when `signal` aborts. */
  async run(signal: AbortSignal): Promise<void> {
    try {
      await this.#untilSettled(signal);
    } finally {
      this.#flush.stop();
    }
  }

  async #untilSettled(signal: AbortSignal): Promise<void> {
    for (;;) {
      signal.throwIfAborted();
      try {
        if (await this.#step(signal)) return;
      } catch (thrown) {
        signal.throwIfAborted();
        if (this.#provesNothingRan(thrown)) return;
        await this.#failed(thrown, signal);
      }
    }
  }

  /** Does the next thing; answers whether the log is settled. */
  async #step(signal: AbortSignal): Promise<boolean> {
    const progress = this.#progress();
    if (progress === 'never ran') return true;
    if (progress === 'waiting') {
      const overdue = this.#pod.metadata.deletionTimestamp === undefined ? undefined : overdueCheckMs;
      await this.#podChange(overdue, signal);
      return this.#podGone && this.recorder === undefined;
    }
    const isHopeless = this.#podGone || this.#isVain();
    this.recorder ??= await this.#openRecorder(isHopeless);
    if (this.recorder === undefined) return true;
    if (isHopeless) return this.#settleWithGap(this.recorder, signal);
    return this.#read(this.recorder, progress, signal);
  }

  /** A pod that is over and says nothing of the container, and a node that has no log of it, or does not know it. */
  #provesNothingRan(thrown: unknown): boolean {
    if (this.#progress() !== 'unknown end' || this.recorder?.isEmpty === false) return false;
    return isApiError(thrown, 'BadRequest') || isApiError(thrown, 'NotFound');
  }

  #progress(): ContainerProgress {
    return progressOf(this.#pod, this.container, this.#parts.clock.now());
  }

  /** `isHopeless`: no output will be added, so nothing needs to be masked. */
  async #openRecorder(isHopeless: boolean): Promise<LogRecorder | undefined> {
    const { store, clock, bytesMax } = this.#parts;
    return LogRecorder.open({
      store,
      clock,
      identity: identityOf(this.#pod, this.container),
      secrets: isHopeless ? [] : await this.#parts.secretsOf(this.#pod),
      ...(bytesMax === undefined ? {} : { bytesMax }),
    });
  }

  async #read(recorder: LogRecorder, progress: ContainerProgress, signal: AbortSignal): Promise<boolean> {
    const isOver = progress !== 'running';
    const result = await this.#readOnce(recorder, !isOver, signal);
    if (result.fresh > 0) this.#failures = 0;
    if (!isOver) {
      // The stream ends when the container does, mostly a little before the pod says so.
      if (this.#progress() === 'running') await this.#podChange(statusWaitMs, signal);
      return false;
    }
    this.#readsAfterEnd++;
    const confirmed = result.fresh === 0 && result.caughtUp && sameLine(result.rest, this.#lastRest);
    this.#lastRest = result.rest;
    if (confirmed && !(recorder.isEmpty && this.#readsAfterEnd === 1)) {
      await this.#finish(recorder, result.rest, signal);
      return true;
    }
    const isProgress = result.caughtUp && (result.fresh > 0 || this.#readsAfterEnd === 1);
    if (isProgress) this.#vainSinceMs = undefined;
    else await this.#failed(new NodeSaidError('the node no longer shows what it showed before'), signal);
    return false;
  }

  /** One call: takes what is new until the stream ends. */
  async #readOnce(recorder: LogRecorder, follow: boolean, signal: AbortSignal): Promise<ReadResult> {
    const { since } = recorder;
    const stream = new AbortController();
    this.#stream = stream;
    this.#watchSilence();
    const options: LogOptions = {
      container: this.container,
      follow,
      timestamps: true,
      ...(since === undefined ? {} : { sinceTime: since }),
      signal: AbortSignal.any([signal, stream.signal]),
    };
    const lines = new StampedLines();
    const join = recorder.join();
    let fresh = 0;
    try {
      for await (const chunk of this.#parts.client.podLog(keyOf(this.#pod), options)) {
        for (const line of lines.push(chunk)) if (recorder.add(join, stamped(line))) fresh++;
        await this.#flush.after(recorder);
        this.#watchSilence();
      }
      if (stream.signal.aborted) throw new NodeSaidError('the node sent nothing for too long');
    } finally {
      this.#stream = undefined;
      this.#cancelIdle?.();
    }
    const rest = lines.rest();
    // A stream that is cut may be cut within an instant; the end of a log is not.
    if (rest !== undefined && !follow) stamped(rest);
    return { fresh, caughtUp: join.caughtUp, rest };
  }

  /** While the container is over, a stream that is silent for long is broken off. */
  #watchSilence(): void {
    this.#cancelIdle?.();
    this.#cancelIdle = undefined;
    const stream = this.#stream;
    if (stream === undefined || (!this.#podGone && this.#progress() === 'running')) return;
    this.#cancelIdle = this.#parts.clock.schedule(idleMsMax, () => stream.abort());
  }

  async #finish(recorder: LogRecorder, rest: StampedLine | undefined, signal: AbortSignal): Promise<void> {
    if (rest !== undefined) recorder.addRest(stamped(rest));
    await this.#untilStored(recorder, signal);
  }

  /** Gives up on what is missing and says so in the log. Of a container that may never have run nothing is stored. */
  async #settleWithGap(recorder: LogRecorder, signal: AbortSignal): Promise<boolean> {
    if (recorder.isEmpty && this.#progress() === 'unknown end') return true;
    const why = this.#podGone ? 'the pod is gone' : this.#lastError;
    const { logger } = this.#parts;
    logger.warn('the log of a step is not whole', { log: recorder.folder, reason: why });
    recorder.gap(`the rest of this log could not be read: ${why}`);
    await this.#untilStored(recorder, signal);
    return true;
  }

  /** A store that fails is asked until it works: the pod waits for it. What another process has stored counts. */
  async #untilStored(recorder: LogRecorder, signal: AbortSignal): Promise<void> {
    const { clock, random, logger } = this.#parts;
    for (let attempt = 1; ; attempt++) {
      try {
        await recorder.finish();
        this.#parts.onStored?.(recorder.isWhole);
        return;
      } catch (thrown) {
        if (thrown instanceof LogTakenError) throw thrown;
        logger.error('cannot store the log of a step', { container: this.container, error: errorText(thrown) });
        await sleep(clock, backoffDelayMs(reconnect, attempt, random), signal);
      }
    }
  }

  async #failed(thrown: unknown, signal: AbortSignal): Promise<void> {
    const { clock, random, logger } = this.#parts;
    this.#lastError = errorText(thrown);
    if (thrown instanceof LogTakenError) {
      this.#flush.stop();
      this.recorder = undefined;
      this.#lastRest = undefined;
    }
    const log = { pod: this.#pod.metadata.name, container: this.container, error: this.#lastError };
    logger.debug('reading the log of a step failed', log);
    // The pod waits for a store that fails; a log that cannot be had is given up some time.
    if (this.#progress() !== 'running' && !(thrown instanceof LogStoreError)) {
      this.#vainSinceMs ??= clock.monotonicMs();
    }
    // 404 is permanent: the pod is gone, or its node, or the log.
    if (isApiError(thrown, 'NotFound')) {
      this.#podGone = true;
      return;
    }
    this.#failures++;
    await sleep(clock, backoffDelayMs(reconnect, this.#failures, random), signal);
  }

  #isVain(): boolean {
    const { clock, giveUpMs = giveUpMsDefault } = this.#parts;
    return this.#vainSinceMs !== undefined && clock.monotonicMs() - this.#vainSinceMs >= giveUpMs;
  }

  /** Resolves at the next change of the pod, or after `delayMs`. */
  #podChange(delayMs: number | undefined, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      let cancel: CancelTimer | undefined;
      const done = (): void => {
        cancel?.();
        signal.removeEventListener('abort', done);
        this.#wake = undefined;
        resolve();
      };
      if (this.#podGone || signal.aborted) return resolve();
      if (delayMs !== undefined) cancel = this.#parts.clock.schedule(delayMs, done);
      signal.addEventListener('abort', done, { once: true });
      this.#wake = done;
    });
  }
}

/** Stores what is recorded when there is much of it, or when the first of it is old. */
class TimedFlush {
  readonly #clock: Clock;
  #cancel: CancelTimer | undefined;
  #failure: { readonly error: unknown } | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** To be called after lines were added; throws what an earlier flush in the background threw. */
  async after(recorder: LogRecorder): Promise<void> {
    const failure = this.#failure;
    this.#failure = undefined;
    if (failure) throw failure.error;
    if (recorder.pendingBytes >= segmentBytesMax) await recorder.flush();
    if (recorder.pendingBytes > 0) this.#cancel ??= this.#clock.schedule(flushMsMax, () => this.#flush(recorder));
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }

  #flush(recorder: LogRecorder): void {
    this.#cancel = undefined;
    recorder.flush().catch((error: unknown) => {
      this.#failure = { error };
    });
  }
}

/** The line, if the container wrote it. What has no instant is the node's complaint in place of the log. */
function stamped(line: StampedLine): Required<StampedLine> {
  if (line.timestamp !== undefined) return { timestamp: line.timestamp, text: line.text };
  throw new NodeSaidError(Buffer.from(line.text.subarray(0, 500)).toString('utf8'));
}

function sameLine(one: StampedLine | undefined, other: StampedLine | undefined): boolean {
  if (one === undefined || other === undefined) return one === other;
  return one.timestamp === other.timestamp && Buffer.compare(one.text, other.text) === 0;
}
