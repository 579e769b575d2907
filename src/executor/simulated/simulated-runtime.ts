import type { Clock } from '../../base/clock.ts';
import { randomUuid, type Random } from '../../base/random.ts';
import {
  ContainerStartError,
  type ContainerExit,
  type ContainerPlan,
  type ContainerRuntime,
  type RunningContainer,
} from '../runtime/container-runtime.ts';

/** What a simulated container does. Everything has a default: it ends at once, with 0. */
export interface SimulatedBehaviour {
  /** From its start to its end, in milliseconds of the clock. Absent = 0; `Infinity` = until it is told to end. */
  readonly durationMs?: number;
  readonly exitCode?: number;
  /** As a container engine gives it: `OOMKilled`. */
  readonly reason?: string;
  /** The termination message. */
  readonly message?: string;
  /** Written to the log at its start. */
  readonly output?: string;
  /** It cannot be started, and why. */
  readonly startError?: string;
  /** Its exit code when it gets SIGTERM. Absent = 143; `ignore` = it goes on until SIGKILL. */
  readonly onTerminate?: number | 'ignore';
  /** What its exec probes answer. Absent = 0. */
  readonly probeExitCode?: number;
}

/** What a {@link SimulatedRuntime} is made of. */
export interface SimulatedRuntimeOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** Asked at each start. */
  readonly behaviour: (plan: ContainerPlan) => SimulatedBehaviour;
}

/** Runs nothing: containers are timers. For benches, property tests and the simulation of the whole system. */
export class SimulatedRuntime implements ContainerRuntime {
  readonly name = 'simulated';
  readonly usesDirectories = false;
  readonly #options: SimulatedRuntimeOptions;
  readonly #running = new Set<SimulatedContainer>();
  #starts = 0;

  constructor(options: SimulatedRuntimeOptions) {
    this.#options = options;
  }

  /** Containers that run now. */
  get running(): number {
    return this.#running.size;
  }

  /** Containers started so far. */
  get starts(): number {
    return this.#starts;
  }

  start(): Promise<readonly string[]> {
    return Promise.resolve([]);
  }

  endLeftover(): Promise<void> {
    return Promise.resolve();
  }

  startContainer(plan: ContainerPlan): Promise<RunningContainer> {
    const behaviour = this.#options.behaviour(plan);
    if (behaviour.startError !== undefined) return Promise.reject(new ContainerStartError(behaviour.startError));
    this.#starts++;
    const { clock, random } = this.#options;
    if (behaviour.output !== undefined) plan.output.write('stdout', Buffer.from(behaviour.output));
    const container = new SimulatedContainer(`simulated://${randomUuid(random)}`, behaviour, clock);
    this.#running.add(container);
    void container.exited.then(() => this.#running.delete(container));
    return Promise.resolve(container);
  }
}

class SimulatedContainer implements RunningContainer {
  readonly id: string;
  readonly exited: Promise<ContainerExit>;
  readonly #behaviour: SimulatedBehaviour;
  readonly #end: (exit: ContainerExit) => void;

  constructor(id: string, behaviour: SimulatedBehaviour, clock: Clock) {
    const { promise, resolve } = Promise.withResolvers<ContainerExit>();
    const { durationMs = 0, exitCode = 0, reason, message } = behaviour;
    const exit = {
      exitCode,
      ...(reason === undefined ? {} : { reason }),
      ...(message === undefined ? {} : { message }),
    };
    const cancel = Number.isFinite(durationMs) ? clock.schedule(durationMs, () => resolve(exit)) : () => undefined;
    this.id = id;
    this.exited = promise;
    this.#behaviour = behaviour;
    this.#end = (early) => {
      cancel();
      resolve(early);
    };
  }

  signal(signal: 'SIGTERM' | 'SIGKILL'): void {
    const { onTerminate = 143 } = this.#behaviour;
    if (signal === 'SIGKILL') this.#end({ exitCode: 137 });
    else if (onTerminate !== 'ignore') this.#end({ exitCode: onTerminate });
  }

  execute(): Promise<number> {
    return Promise.resolve(this.#behaviour.probeExitCode ?? 0);
  }
}
