/** A node for tests: carries pods of a {@link MemoryApi} through their containers, one change at a time. */
import { toRfc3339 } from '../base/clock.ts';
import { pods } from '../kube/core-types.ts';
import { keyOf } from '../kube/object.ts';
import type {
  Container,
  ContainerState,
  ContainerStateTerminated,
  ContainerStatus,
  Pod,
  PodStatus,
} from '../kube/pod.ts';
import type { MemoryApi } from './memory-api.ts';

/** How a container ends: its exit code, or all of its state. */
export type ContainerEnd = number | Partial<ContainerStateTerminated>;

/** Plays the kubelet. Times come from the API's clock. */
export class MemoryKubelet {
  readonly #api: MemoryApi;
  /** How the container of a pod ends; by default well. */
  ends: (pod: Pod, container: string) => ContainerEnd = () => 0;

  constructor(api: MemoryApi) {
    this.#api = api;
  }

  /** The next thing that happens to `pod`: a container starts or ends. Answers whether anything did. */
  step(pod: Pod): boolean {
    const live = this.#api.read(pods, keyOf(pod));
    if (live === undefined || hasEnded(live)) return false;
    if (live.metadata.deletionTimestamp !== undefined) return this.kill(live);
    const containers = containersOf(live);
    const states = statesOf(live);
    const next = containers.findIndex(({ name }) => states.get(name)?.terminated === undefined);
    const container = containers[next];
    if (container === undefined) return false;
    const state = states.get(container.name);
    states.set(container.name, state?.running ? this.#end(live, container, state.running.startedAt) : this.#running());
    this.#store(live, states);
    return true;
  }

  /** Runs `pod` to its end at once. */
  run(pod: Pod): void {
    while (this.step(pod));
  }

  /** What the kubelet does with a pod that is to go: what runs is killed, then the last delete. */
  kill(pod: Pod, exitCode: number = 137): boolean {
    const live = this.#api.read(pods, keyOf(pod));
    if (live === undefined || hasEnded(live)) return false;
    const states = statesOf(live);
    for (const [name, state] of states) {
      if (state.running) states.set(name, this.#ended({ exitCode }, state.running.startedAt));
    }
    const phase =
      exitCode === 0 && containersOf(live).every(({ name }) => states.get(name)?.terminated) ? 'Succeeded' : 'Failed';
    const metadata = { ...live.metadata, deletionTimestamp: toRfc3339(this.#api.now()), deletionGracePeriodSeconds: 0 };
    this.#api.put(pods, { ...live, metadata, status: statusOf(live, states, phase) });
    return true;
  }

  #end(pod: Pod, { name }: Container, startedAt: string): ContainerState {
    const end = this.ends(pod, name);
    return this.#ended(typeof end === 'number' ? { exitCode: end } : end, startedAt);
  }

  #ended(end: Partial<ContainerStateTerminated>, startedAt: string): ContainerState {
    const exitCode = end.exitCode ?? 0;
    const finishedAt = toRfc3339(this.#api.now());
    return { terminated: { exitCode, reason: exitCode === 0 ? 'Completed' : 'Error', startedAt, finishedAt, ...end } };
  }

  #running(): ContainerState {
    return { running: { startedAt: toRfc3339(this.#api.now()) } };
  }

  #store(pod: Pod, states: ReadonlyMap<string, ContainerState>): void {
    const spec = { ...pod.spec, nodeName: 'node' };
    this.#api.put(pods, { ...pod, spec, status: statusOf(pod, states, phaseOf(pod, states)) });
  }
}

function containersOf(pod: Pod): readonly Container[] {
  return [...(pod.spec.initContainers ?? []), ...pod.spec.containers];
}

function statesOf(pod: Pod): Map<string, ContainerState> {
  const { initContainerStatuses = [], containerStatuses = [] } = pod.status ?? {};
  return new Map([...initContainerStatuses, ...containerStatuses].map(({ name, state = {} }) => [name, state]));
}

function phaseOf(pod: Pod, states: ReadonlyMap<string, ContainerState>): NonNullable<PodStatus['phase']> {
  const all = containersOf(pod).map(({ name }) => states.get(name)?.terminated);
  if (all.some((one) => one !== undefined && one.exitCode !== 0)) return 'Failed';
  if (all.every((one) => one !== undefined)) return 'Succeeded';
  return pod.spec.containers.some(({ name }) => states.get(name)?.running) ? 'Running' : 'Pending';
}

/** In another order than the spec's, as real ones may be. */
function statusOf(
  pod: Pod,
  states: ReadonlyMap<string, ContainerState>,
  phase: NonNullable<PodStatus['phase']>,
): PodStatus {
  const statuses = (list: readonly Container[] = []): readonly ContainerStatus[] =>
    list.map((container) => statusOfContainer(container, states.get(container.name))).reverse();
  const { initContainers, containers } = pod.spec;
  return {
    ...pod.status,
    phase,
    initContainerStatuses: statuses(initContainers),
    containerStatuses: statuses(containers),
  };
}

function statusOfContainer({ name, image = '' }: Container, state: ContainerState | undefined): ContainerStatus {
  const shown = state ?? { waiting: { reason: 'PodInitializing' } };
  return { name, image, imageID: `sha256:${name}`, ready: false, restartCount: 0, state: shown };
}

function hasEnded({ status }: Pod): boolean {
  return status?.phase === 'Succeeded' || status?.phase === 'Failed';
}
