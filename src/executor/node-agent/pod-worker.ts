import { backoffDelayMs, type BackoffPolicy } from '../../base/backoff.ts';
import { sleep, type CancelTimer, type Clock } from '../../base/clock.ts';
import { errorText } from '../../base/errors.ts';
import type { Random } from '../../base/random.ts';
import type { ApiClient } from '../../client/api-client.ts';
import { keyOf } from '../../kube/object.ts';
import type { Container, Pod, PodStatus } from '../../kube/pod.ts';
import type { Logger } from '../../telemetry/logger.ts';
import type { ContainerRuntime, RunningContainer } from '../runtime/container-runtime.ts';
import { PodConfigError } from './config-error.ts';
import type { ContainerLogs } from './container-logs.ts';
import { PodContainers } from './pod-containers.ts';
import type { NodeFacts } from './pod-fields.ts';
import { planContainer, preparePod, type PreparedPod, type VolumeSettings } from './pod-preparation.ts';
import { isSidecar, podStatus, type PodEnd } from './pod-record.ts';
import { readReferenced, secretValues } from './referenced-objects.ts';
import { Sidecars } from './sidecars.ts';
import { checkStartupProbe } from './startup-probe.ts';
import { StatusWriter } from './status-writer.ts';

/** How long a pod has to end after it was asked to, when it does not say. As in Kubernetes. */
export const gracePeriodSecondsDefault = 30;

/** Retries of what a pod waits for: a Secret, a ConfigMap, a claim. */
export const configRetry: BackoffPolicy = { baseMs: 100, capMs: 10_000 };

/** What all pods of an agent share. */
export interface PodWorkerParts {
  readonly client: ApiClient;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly runtime: ContainerRuntime;
  readonly logs: ContainerLogs;
  readonly facts: NodeFacts;
  readonly volumes: VolumeSettings;
  /** Aborted when the agent stops: processes end, and nothing more is written. */
  readonly signal: AbortSignal;
}

/**
 * Runs one pod from its first container to its last status. It runs each container once (a sidecar as often as needed)
 * and writes the outcome until it is stored.
 */
export class PodWorker {
  readonly #parts: PodWorkerParts;
  readonly #pod: Pod;
  /** The newest object seen: others may add conditions to its status. */
  #newest: Pod;
  /** The pod's directory on the host; '' = none. */
  readonly #root: string;
  readonly #writer: StatusWriter;
  readonly #containers: PodContainers;
  readonly #sidecars: Sidecars;
  /** Aborted when no further container may start. */
  readonly #stop = new AbortController();
  #prepared: PreparedPod | undefined;
  #cancelKill: CancelTimer | undefined;
  #killAtMs: number = Number.POSITIVE_INFINITY;
  #startedAtMs: number | undefined;
  #unschedulable: string | undefined;
  #over = false;
  #end: PodEnd | undefined;

  constructor(parts: PodWorkerParts, pod: Pod, root: string) {
    this.#parts = parts;
    this.#pod = pod;
    this.#newest = pod;
    this.#root = root;
    this.#writer = new StatusWriter({ ...parts, pod, render: () => this.status() });
    this.#containers = new PodContainers({ ...parts, pod, root, changed: () => this.#writer.changed() });
    this.#sidecars = new Sidecars({
      ...parts,
      containers: this.#containers,
      start: (container) => this.#start(container),
      stop: this.#stop.signal,
    });
  }

  /** Takes note of a newer version of the pod's object. */
  observe(pod: Pod): void {
    this.#newest = pod;
  }

  /** The pod's status as it is now. */
  status(): PodStatus {
    const record = {
      containers: this.#containers.records,
      over: this.#over,
      ...(this.#startedAtMs === undefined ? {} : { startedAtMs: this.#startedAtMs }),
      ...(this.#end === undefined ? {} : { end: this.#end }),
      ...(this.#unschedulable === undefined ? {} : { unschedulable: this.#unschedulable }),
    };
    return podStatus(this.#newest, record, this.#parts.clock.now());
  }

  /** Runs the pod; resolves once its last status is stored, or with false when the pod is gone or the agent stops. */
  async run(): Promise<boolean> {
    const onShutdown = (): void => this.terminate(0);
    this.#parts.signal.addEventListener('abort', onShutdown, { once: true });
    if (this.#parts.signal.aborted) onShutdown();
    const cancelDeadline = this.#armDeadline();
    try {
      await this.#live();
    } catch (error) {
      await this.#endInternally(error);
    } finally {
      cancelDeadline();
      this.#cancelKill?.();
      this.#parts.signal.removeEventListener('abort', onShutdown);
    }
    this.#over = true;
    return this.#writer.finish();
  }

  /**
   * Asks every container to end, kills what is left after `graceMs`; no further container starts. Asked again, the
   * earlier instant counts. `end` says why, if it is not a deletion.
   */
  terminate(graceMs: number, end?: PodEnd): void {
    if (this.#over) return;
    this.#end ??= end;
    const first = !this.#stop.signal.aborted;
    this.#stop.abort();
    const killAtMs = this.#parts.clock.monotonicMs() + graceMs;
    if (killAtMs < this.#killAtMs) this.#armKill(killAtMs, graceMs);
    if (first && graceMs > 0) this.#containers.signal('SIGTERM', (container) => !isSidecar(container));
  }

  #armKill(killAtMs: number, graceMs: number): void {
    this.#killAtMs = killAtMs;
    this.#cancelKill?.();
    if (graceMs <= 0) return this.#containers.signal('SIGKILL');
    this.#cancelKill = this.#parts.clock.schedule(graceMs, () => this.#containers.signal('SIGKILL'));
  }

  #armDeadline(): CancelTimer {
    this.#startedAtMs = this.#parts.clock.now();
    const { activeDeadlineSeconds, terminationGracePeriodSeconds = gracePeriodSecondsDefault } = this.#pod.spec;
    if (activeDeadlineSeconds === undefined) return () => undefined;
    const message = 'Pod was active on the node longer than the specified deadline';
    const end = { failed: true, reason: 'DeadlineExceeded', message };
    return this.#parts.clock.schedule(activeDeadlineSeconds * 1000, () =>
      this.terminate(terminationGracePeriodSeconds * 1000, end),
    );
  }

  async #live(): Promise<void> {
    this.#writer.changed();
    const { client, facts, volumes } = this.#parts;
    const [first] = [...(this.#pod.spec.initContainers ?? []), ...this.#pod.spec.containers];
    this.#prepared = await this.#retryConfig(first, () =>
      preparePod(client, this.#pod, { root: this.#root, facts, volumes }),
    );
    if (this.#prepared !== undefined && (await this.#runInits())) {
      await Promise.all(this.#pod.spec.containers.map((container) => this.#runToEnd(container)));
    }
    await this.#sidecars.end();
  }

  async #runInits(): Promise<boolean> {
    for (const container of this.#pod.spec.initContainers ?? []) {
      const done = isSidecar(container) ? this.#sidecars.start(container) : this.#runToEnd(container);
      if (!(await done)) return false;
    }
    return !this.#stop.signal.aborted;
  }

  /** Runs a container once; true when it ended with 0. */
  async #runToEnd(container: Container): Promise<boolean> {
    const running = await this.#start(container);
    return running !== undefined && (await this.#containers.awaitEnd(container, running)) === 0;
  }

  /** Starts a container; `undefined` when it cannot run (its record says so) or the pod is being stopped. */
  async #start(container: Container): Promise<RunningContainer | undefined> {
    const prepared = this.#prepared;
    if (prepared === undefined) return undefined;
    let { objects } = prepared;
    const plan = await this.#retryConfig(container, async (count) => {
      checkStartupProbe(container);
      // What was missing may be there now.
      if (count > 1) objects = await readReferenced(this.#parts.client, this.#pod);
      return planContainer({ ...prepared, objects }, container);
    });
    if (plan === undefined) return undefined;
    const output = this.#containers.output(container, secretValues(objects));
    const running = await this.#containers.start(container, { ...plan, output });
    // Asked to stop while it was starting: it has missed the signal.
    if (this.#stop.signal.aborted) running?.signal(this.#isPastGrace() ? 'SIGKILL' : 'SIGTERM');
    return running;
  }

  #isPastGrace(): boolean {
    return this.#parts.clock.monotonicMs() >= this.#killAtMs;
  }

  /** Tries `attempt` until it works; what it misses is shown in `container`'s waiting state. `undefined` = stopped. */
  async #retryConfig<T>(
    container: Container | undefined,
    attempt: (count: number) => Promise<T>,
  ): Promise<T | undefined> {
    for (let count = 1; !this.#stop.signal.aborted; count++) {
      try {
        const value = await attempt(count);
        this.#unschedulable = undefined;
        return value;
      } catch (error) {
        this.#showWaiting(container, error);
      }
      const delayMs = backoffDelayMs(configRetry, count, this.#parts.random);
      await sleep(this.#parts.clock, delayMs, this.#stop.signal).catch(() => undefined);
    }
    return undefined;
  }

  #showWaiting(container: Container | undefined, error: unknown): void {
    if (!(error instanceof PodConfigError)) {
      this.#parts.logger.warn('a pod cannot be prepared yet', { pod: keyOf(this.#pod), error });
    }
    const reason = error instanceof PodConfigError ? error.reason : 'CreateContainerError';
    this.#unschedulable = reason === 'Unschedulable' ? errorText(error) : undefined;
    if (container === undefined || this.#unschedulable !== undefined) this.#writer.changed();
    else this.#containers.setWaiting(container, reason, errorText(error));
  }

  /** A bug or a failing disk: the pod must end, and say why. */
  async #endInternally(error: unknown): Promise<void> {
    this.#parts.logger.error('a pod ended by an internal error', { pod: keyOf(this.#pod), error });
    this.#end ??= { failed: true, reason: 'InternalError', message: errorText(error) };
    this.terminate(0);
    await this.#containers.allEnded();
  }
}
