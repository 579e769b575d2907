import { backoffDelayMs, type BackoffPolicy } from '../../base/backoff.ts';
import { sleep, type Clock } from '../../base/clock.ts';
import type { Random } from '../../base/random.ts';
import type { Container } from '../../kube/pod.ts';
import type { RunningContainer } from '../runtime/container-runtime.ts';
import type { PodContainers } from './pod-containers.ts';
import { awaitStartup } from './startup-probe.ts';

/** Restarts of a sidecar that ended while its pod goes on. */
export const sidecarRestart: BackoffPolicy = { baseMs: 1_000, capMs: 300_000 };

/** What {@link Sidecars} are made of. */
export interface SidecarsParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly containers: PodContainers;
  /** Starts a container once; `undefined` = it cannot run, or the pod is being stopped. */
  readonly start: (container: Container) => Promise<RunningContainer | undefined>;
  /** Aborted when the pod is being stopped. */
  readonly stop: AbortSignal;
}

/** The native sidecars of a pod: started before what follows them, restarted when they end, ended last, newest first. */
export class Sidecars {
  readonly #parts: SidecarsParts;
  readonly #kept: { readonly container: Container; readonly ended: Promise<void> }[] = [];
  /** Aborted when sidecars are to end. */
  readonly #ending = new AbortController();

  constructor(parts: SidecarsParts) {
    this.#parts = parts;
  }

  /** Starts a sidecar; true once it has started as its probe sees it, false when the pod is stopped before. */
  async start(container: Container): Promise<boolean> {
    const { containers, stop } = this.#parts;
    this.#kept.push({ container, ended: this.#keepRunning(container) });
    while (!containers.records.get(container.name)?.started && !stop.aborted) {
      await Promise.race([containers.nextChange(), aborted(stop)]);
    }
    return !stop.aborted;
  }

  /** Ends all sidecars, the last started first; each gets SIGTERM when those after it have ended. */
  async end(): Promise<void> {
    // Most pods have none, and an abort makes an error with a stack trace.
    if (this.#kept.length > 0) this.#ending.abort();
    for (const { container, ended } of this.#kept.toReversed()) {
      this.#parts.containers.signal('SIGTERM', (other) => other.name === container.name);
      await ended;
    }
  }

  async #keepRunning(container: Container): Promise<void> {
    const { clock, random, containers } = this.#parts;
    const over = AbortSignal.any([this.#ending.signal, this.#parts.stop]);
    for (let attempt = 1; ; attempt++) {
      await this.#runOnce(container);
      if (over.aborted) return;
      containers.setRestarting(container);
      await sleep(clock, backoffDelayMs(sidecarRestart, attempt, random), over).catch(() => undefined);
      if (over.aborted) return;
    }
  }

  async #runOnce(container: Container): Promise<void> {
    const { clock, containers, start } = this.#parts;
    const running = await start(container);
    if (running === undefined) return;
    const ended = new AbortController();
    const probing = container.startupProbe
      ? awaitStartup(clock, container.startupProbe, running, ended.signal).then((ok) => {
          if (ok) containers.setStarted(container);
          else running.signal('SIGKILL');
        })
      : Promise.resolve();
    await containers.awaitEnd(container, running);
    ended.abort();
    await probing;
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
