import { toRfc3339, type Clock } from '../../base/clock.ts';
import { deferred, type Deferred } from '../../base/deferred.ts';
import { errorText } from '../../base/errors.ts';
import type { Container, ContainerStateTerminated, Pod } from '../../kube/pod.ts';
import {
  ContainerStartError,
  type ContainerExit,
  type ContainerPlan,
  type ContainerRuntime,
  type OutputSink,
  type RunningContainer,
} from '../runtime/container-runtime.ts';
import type { ContainerLogs } from './container-logs.ts';
import { terminationFile } from './pod-preparation.ts';
import { isSidecar, waitingRecord, type ContainerRecord } from './pod-record.ts';
import { terminationMessage } from './termination-message.ts';

/** What {@link PodContainers} are made of. */
export interface PodContainersParts {
  readonly clock: Clock;
  readonly runtime: ContainerRuntime;
  readonly logs: ContainerLogs;
  readonly pod: Pod;
  /** The pod's directory on the host; '' = none. */
  readonly root: string;
  /** Told of every change. */
  readonly changed: () => void;
}

/** The containers of one pod: starts them, waits for them, signals them, and records what became of each. */
export class PodContainers {
  readonly #parts: PodContainersParts;
  readonly #uid: string;
  readonly #records = new Map<string, ContainerRecord>();
  readonly #running = new Map<string, { readonly spec: Container; readonly container: RunningContainer }>();
  #changed: Deferred<void> = deferred<void>();

  constructor(parts: PodContainersParts) {
    this.#parts = parts;
    this.#uid = parts.pod.metadata.uid ?? '';
  }

  /** What became of each container that was touched, by name. */
  get records(): ReadonlyMap<string, ContainerRecord> {
    return this.#records;
  }

  /** Resolves at the next change of any record. */
  nextChange(): Promise<void> {
    return this.#changed.promise;
  }

  /** The log that the container's output goes to, without `secrets`. */
  output(container: Container, secrets: readonly string[]): OutputSink {
    return this.#parts.logs.create(this.#uid, container.name, secrets);
  }

  /** Records that a container waits, and why. */
  setWaiting(container: Container, reason: string, message: string): void {
    const { restartCount = 0, lastState } = this.#records.get(container.name) ?? {};
    const record = { ...waitingRecord(reason, message), restartCount, ...(lastState ? { lastState } : {}) };
    this.#set(container, record);
  }

  /** Records that a running container has passed its startup probe. */
  setStarted(container: Container): void {
    const record = this.#records.get(container.name);
    if (record !== undefined && !record.started) this.#set(container, { ...record, started: true });
  }

  /** Starts a container; `undefined` when it cannot run: its record says why. */
  async start(spec: Container, plan: ContainerPlan): Promise<RunningContainer | undefined> {
    const before = this.#records.get(spec.name);
    const restartCount = before?.lastState === undefined ? 0 : before.restartCount + 1;
    const lastState = before?.lastState === undefined ? {} : { lastState: before.lastState };
    const startedAt = toRfc3339(this.#parts.clock.now());
    try {
      const container = await this.#parts.runtime.startContainer(plan);
      this.#running.set(spec.name, { spec, container });
      const started = !(isSidecar(spec) && spec.startupProbe);
      const state = { running: { startedAt } };
      this.#set(spec, { state, ...lastState, restartCount, started, containerId: container.id });
      return container;
    } catch (error) {
      this.#parts.logs.end(this.#uid, spec.name);
      const { reason, exitCode } =
        error instanceof ContainerStartError ? error : { reason: 'StartError', exitCode: 128 };
      const terminated = { exitCode, reason, message: errorText(error), startedAt, finishedAt: startedAt };
      this.#set(spec, { state: { terminated }, ...lastState, restartCount, started: false });
      return undefined;
    }
  }

  /** Waits for the end of a started container and records it; resolves with its exit code. */
  async awaitEnd(spec: Container, container: RunningContainer): Promise<number> {
    const exit = await container.exited;
    this.#running.delete(spec.name);
    this.#parts.logs.end(this.#uid, spec.name);
    const record = this.#records.get(spec.name) ?? waitingRecord('ContainerCreating');
    const terminated = this.#terminated(spec, container, exit, record.state.running?.startedAt);
    this.#set(spec, { ...record, state: { terminated }, started: false });
    return exit.exitCode;
  }

  /** After the end of a sidecar that will be started again: its last end, and that it waits. */
  setRestarting(container: Container): void {
    const record = this.#records.get(container.name);
    if (record?.state.terminated === undefined) return;
    const message = `back-off before restarting container ${container.name}`;
    this.#set(container, {
      ...waitingRecord('CrashLoopBackOff', message),
      restartCount: record.restartCount,
      lastState: record.state,
    });
  }

  /** Signals the running containers of which `which` is true. */
  signal(signal: 'SIGTERM' | 'SIGKILL', which: (container: Container) => boolean = () => true): void {
    for (const { spec, container } of this.#running.values()) if (which(spec)) container.signal(signal);
  }

  /** Resolves when nothing runs any more. */
  async allEnded(): Promise<void> {
    await Promise.all([...this.#running.values()].map(({ container }) => container.exited));
  }

  #set(container: Container, record: ContainerRecord): void {
    this.#records.set(container.name, record);
    const changed = this.#changed;
    this.#changed = deferred<void>();
    changed.resolve();
    this.#parts.changed();
  }

  #terminated(
    spec: Container,
    container: RunningContainer,
    exit: ContainerExit,
    startedAt: string | undefined,
  ): ContainerStateTerminated {
    const { logs, root, clock } = this.#parts;
    const tail = (): string => logs.tail(this.#uid, spec.name);
    const left = root === '' ? '' : terminationMessage(spec, terminationFile(root, spec.name), exit.exitCode, tail);
    const message = exit.message ?? left;
    return {
      exitCode: exit.exitCode,
      ...(exit.signal === undefined ? {} : { signal: exit.signal }),
      reason: exit.reason ?? (exit.exitCode === 0 ? 'Completed' : 'Error'),
      ...(message === '' ? {} : { message }),
      ...(startedAt === undefined ? {} : { startedAt }),
      finishedAt: toRfc3339(clock.now()),
      containerID: container.id,
    };
  }
}
