/** A whole Penstock in virtual time: what its containers really do is known, and calls can be disturbed. */
import { type Embedded, startEmbedded } from '../../src/app/embedded.ts';
import { type Random, seededRandom } from '../../src/base/random.ts';
import { VirtualClock } from '../../src/base/virtual-clock.ts';
import type { ApiClient } from '../../src/client/api-client.ts';
import { createClient } from '../../src/client/client.ts';
import type {
  ContainerExit,
  ContainerPlan,
  ContainerRuntime,
  RunningContainer,
} from '../../src/executor/runtime/container-runtime.ts';
import { type SimulatedBehaviour, SimulatedRuntime } from '../../src/executor/simulated/simulated-runtime.ts';
import { pods } from '../../src/kube/core-types.ts';
import type { Pod } from '../../src/kube/pod.ts';
import type { KubeObject, ObjectKey } from '../../src/kube/object.ts';
import type { ResourceType } from '../../src/kube/resource.ts';
import { createMemoryStore } from '../../src/store/memory-store.ts';
import { silentLogger } from '../../src/telemetry/logger.ts';
import { type PipelineRun, type TaskRun, pipelineRuns, taskRuns } from '../../src/tekton/types.ts';
import { CallFaults } from './call-faults.ts';

/** Turns of the event loop in which everything that can go on goes on. */
const settleTurns = 6;
/** Time is moved in pieces of this length, in ms. */
const stepMs = 50;
/** All must have come to its end after so long, in ms of virtual time: two of the pauses after failures, at most. */
const patienceMs = 40 * 60_000;

/** What a container really did. */
export interface ContainerTruth {
  readonly podUid: string;
  readonly podName: string;
  readonly container: string;
  /** Whether it was told to end before it had ended. */
  signalled: boolean;
  exit?: ContainerExit;
}

/** The containers of a simulated runtime, and the truth about each. */
class WitnessedRuntime implements ContainerRuntime {
  readonly name = 'simulated';
  readonly usesDirectories = false;
  readonly truths: ContainerTruth[] = [];
  readonly #inner: SimulatedRuntime;

  constructor(inner: SimulatedRuntime) {
    this.#inner = inner;
  }

  get running(): number {
    return this.#inner.running;
  }

  start(): Promise<readonly string[]> {
    return this.#inner.start();
  }

  endLeftover(): Promise<void> {
    return this.#inner.endLeftover();
  }

  async startContainer(plan: ContainerPlan): Promise<RunningContainer> {
    const { podUid, podName, container } = plan;
    const truth: ContainerTruth = { podUid, podName, container, signalled: false };
    this.truths.push(truth);
    const inner = await this.#inner.startContainer(plan);
    void inner.exited.then((exit) => (truth.exit = exit));
    const signal = (name: 'SIGTERM' | 'SIGKILL'): void => {
      truth.signalled ||= truth.exit === undefined;
      inner.signal(name);
    };
    return { id: inner.id, exited: inner.exited, signal, execute: (...args) => inner.execute(...args) };
  }
}

export interface WorldOptions {
  readonly seed: number;
  readonly behaviour: (plan: ContainerPlan) => SimulatedBehaviour;
}

export class PenstockWorld implements AsyncDisposable {
  readonly clock: VirtualClock;
  readonly random: Random;
  readonly faults: CallFaults;
  /** A person's way to the API: without faults. */
  readonly client: ApiClient;
  readonly #runtime: WitnessedRuntime;
  readonly #embedded: Embedded;
  readonly #history: KubeObject[] = [];
  readonly #watching = new AbortController();

  private constructor(
    parts: Pick<PenstockWorld, 'clock' | 'random' | 'faults'>,
    runtime: WitnessedRuntime,
    embedded: Embedded,
  ) {
    this.clock = parts.clock;
    this.random = parts.random;
    this.faults = parts.faults;
    this.#runtime = runtime;
    this.#embedded = embedded;
    this.client = createClient(embedded.server.handle);
    void this.#record(pipelineRuns);
    void this.#record(taskRuns);
    void this.#record(pods);
  }

  static async start({ seed, behaviour }: WorldOptions): Promise<PenstockWorld> {
    const clock = new VirtualClock({ settle });
    const random = seededRandom(seed);
    const faults = new CallFaults(seededRandom(seed * 31 + 7), clock);
    const parts = { clock, random: seededRandom(seed + 1), logger: silentLogger };
    const runtime = new WitnessedRuntime(new SimulatedRuntime({ ...parts, behaviour }));
    const observeCalls = faults.disturb.bind(faults);
    const embedded = await startEmbedded({ ...parts, store: createMemoryStore(), runtime, observeCalls });
    return new PenstockWorld({ clock, random, faults }, runtime, embedded);
  }

  /** What every container that was ever started did. */
  get truths(): readonly ContainerTruth[] {
    return this.#runtime.truths;
  }

  /** Containers that run now. */
  get running(): number {
    return this.#runtime.running;
  }

  /** Every version of every PipelineRun, TaskRun and Pod that the API has ever shown, in order. */
  get history(): readonly KubeObject[] {
    return this.#history;
  }

  /** The pods there have been, by uid. */
  podsEver(): ReadonlyMap<string, Pod> {
    const found = this.#history.filter((object): object is Pod => object.kind === 'Pod');
    return new Map(found.map((pod) => [pod.metadata.uid ?? '', pod]));
  }

  async runs(): Promise<readonly PipelineRun[]> {
    return (await this.client.list(pipelineRuns)).items;
  }

  async taskRuns(): Promise<readonly TaskRun[]> {
    return (await this.client.list(taskRuns)).items;
  }

  /** Evicts a pod, as a drain of its node does. */
  readonly evict = async ({ namespace, name }: ObjectKey): Promise<void> => {
    const path = `/api/v1/namespaces/${namespace}/pods/${name}/eviction`;
    const body = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { namespace, name } };
    const headers = { 'content-type': 'application/json' };
    const { status } = await this.#embedded.server.handle({ method: 'POST', path, query: {}, headers, body });
    if (status >= 400 && status !== 404) throw new Error(`the eviction of ${name} was answered ${status}`);
  };

  /** Moves time on, with `between` after each piece. */
  async pass(spanMs: number, between: () => Promise<void> = () => Promise.resolve()): Promise<void> {
    for (let passedMs = 0; passedMs < spanMs; passedMs += stepMs) {
      await this.clock.advance(stepMs);
      await between();
    }
  }

  /** Moves time on until every run is over and nothing runs any more. Throws when that takes too long. */
  async heal(): Promise<void> {
    this.faults.percent = 0;
    for (let passedMs = 0; passedMs < patienceMs; passedMs += stepMs) {
      const all = [...(await this.runs()), ...(await this.taskRuns())];
      if (this.running === 0 && all.every((one) => one.status?.completionTime !== undefined)) return;
      await this.clock.advance(Math.max(stepMs, this.clock.nextTimerMs() ?? stepMs));
    }
    throw new Error(`no end after ${patienceMs} ms`);
  }

  async #record<T extends KubeObject>(type: ResourceType<T>): Promise<void> {
    const { signal } = this.#watching;
    for await (const event of this.client.watch(type, { resourceVersion: '0', signal })) {
      if (event.type !== 'BOOKMARK') this.#history.push({ ...event.object, kind: type.kind });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.faults.percent = 0;
    this.#watching.abort();
    const stopped = this.#embedded.stop();
    while (!(await Promise.race([stopped.then(() => true), this.clock.advance(1_000).then(() => false)])));
  }
}

async function settle(): Promise<void> {
  for (let turn = 0; turn < settleTurns; turn++) await new Promise((resolve) => void setImmediate(resolve));
}
