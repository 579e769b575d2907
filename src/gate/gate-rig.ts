import assert from 'node:assert/strict';
import { setImmediate } from 'node:timers/promises';
import { createApiServer } from '../apiserver/api-server.ts';
import { AbortedError, sleep, toRfc3339 } from '../base/clock.ts';
import { type Random, seededRandom } from '../base/random.ts';
import { VirtualClock } from '../base/virtual-clock.ts';
import type { ApiClient } from '../client/api-client.ts';
import { createClient } from '../client/client.ts';
import { Manager } from '../controller/manager.ts';
import { keyOf } from '../kube/object.ts';
import type { RawWatchEvent, Transport } from '../kube/transport.ts';
import { createMemoryStore } from '../store/memory-store.ts';
import { type PipelineRun, pipelineRuns } from '../tekton/types.ts';
import { silentLogger } from '../telemetry/logger.ts';
import { createPrometheusMetrics, type PrometheusMetrics } from '../telemetry/prometheus-metrics.ts';
import { gateAdmission } from './admission.ts';
import { type ApiHealth, healthyApi } from './cluster-signs.ts';
import { createGate } from './create-gate.ts';
import { stateOf } from './run-facts.ts';
import { type Gate, type GateSpec, gates } from './types.ts';
import { servedKinds } from '../schema/served-kinds.ts';

/** How often calls of a replica fail, and how late it sees what happens. */
export interface Faults {
  /** Of a hundred writes, so many are not made and as many are made but not answered. */
  readonly lostPercent: number;
  /** Longest delay of a watch event, in milliseconds. */
  readonly watchDelayMsMax: number;
}

export const noFaults: Faults = { lostPercent: 0, watchDelayMsMax: 0 };

/** A real API server in memory, gates in several replicas, and a stand-in for the engine; time is virtual. For tests. */
export class GateRig {
  readonly clock: VirtualClock = new VirtualClock({ settle: settleTurns });
  readonly random: Random;
  /** Sees and changes the truth: without faults, without a cache. */
  readonly client: ApiClient;
  faults: Faults = noFaults;
  /** What the gates of all replicas measure. */
  readonly metrics: PrometheusMetrics = createPrometheusMetrics();
  /** How the API fares, as the gates see it. */
  api: ApiHealth = healthyApi;
  /** API calls of all replicas, by method. */
  readonly calls: Map<string, number> = new Map();
  /** Names of runs in the order in which they were let go. */
  readonly started: string[] = [];
  /** While true, no replica hears of changes of gates. */
  delayGates: boolean = false;
  readonly #api: ApiHealth = { latencyMs: () => this.api.latencyMs(), throttled: () => this.api.throttled() };
  readonly #transport: Transport;
  readonly #replicas: (Manager | undefined)[] = [];

  constructor(seed: number) {
    this.random = seededRandom(seed);
    const server = createApiServer({
      store: createMemoryStore(),
      clock: this.clock,
      random: this.random,
      logger: silentLogger,
      kinds: servedKinds,
      admission: [gateAdmission(() => this.#knownGates)],
    });
    this.#transport = server.handle;
    this.client = createClient(server.handle);
  }

  #knownGates: readonly Gate[] = [];

  /** Creates a gate that admission knows of at once. */
  async gate(name: string, spec: GateSpec): Promise<void> {
    await this.client.create(gates, { apiVersion: 'penstock.dev/v1alpha1', kind: 'Gate', metadata: { name }, spec });
    await this.refreshGates();
  }

  /** Lets admission see the gates as they are now. */
  async refreshGates(): Promise<void> {
    this.#knownGates = (await this.client.list(gates)).items;
  }

  /** Starts replica `index`, or starts it anew. */
  async start(index: number): Promise<void> {
    const client = createClient(this.#unreliable());
    const manager = new Manager({
      client,
      clock: this.clock,
      random: this.random,
      logger: silentLogger,
      stopGraceMs: 0,
    });
    createGate({
      client,
      host: manager,
      clock: this.clock,
      logger: silentLogger,
      metrics: this.metrics,
      api: this.#api,
    });
    this.#replicas[index] = manager;
    void manager.start().catch((thrown: unknown) => assert.ok(thrown instanceof AbortedError, String(thrown)));
    await this.clock.advance(0);
  }

  /** Ends replica `index` in the middle of whatever it does. */
  crash(index: number): void {
    void this.#replicas[index]?.stop();
    this.#replicas[index] = undefined;
  }

  async create(name: string, metadata: Partial<PipelineRun['metadata']> = {}): Promise<void> {
    const spec = { pipelineRef: { name: 'p' } };
    const object = {
      apiVersion: 'tekton.dev/v1',
      kind: 'PipelineRun',
      metadata: { namespace: 'default', name, ...metadata },
      spec,
    };
    await this.client.create(pipelineRuns, object);
  }

  async runs(): Promise<readonly PipelineRun[]> {
    return (await this.client.list(pipelineRuns)).items;
  }

  /** Does what the engine does with runs that may start, and with those that are cancelled. */
  async runEngine(): Promise<void> {
    for (const run of await this.runs()) {
      const name = run.metadata.name ?? '';
      if (stateOf(run) === 'running' && !this.started.includes(name)) this.started.push(name);
      if (stateOf(run) !== 'over' && run.spec.status === 'Cancelled') await this.finish(run, 'Cancelled');
    }
  }

  async finish(run: PipelineRun, reason = 'Succeeded'): Promise<void> {
    const status = reason === 'Succeeded' ? 'True' : 'False';
    const completionTime = toRfc3339(this.clock.now());
    const current = await this.client.get(pipelineRuns, keyOf(run));
    const startTime = current.status?.startTime ?? completionTime;
    const conditions = [{ type: 'Succeeded', status, reason }] as const;
    await this.client.updateStatus(pipelineRuns, {
      ...current,
      status: { ...current.status, startTime, completionTime, conditions },
    });
  }

  async counts(): Promise<{ readonly waiting: number; readonly running: number; readonly over: number }> {
    const states = (await this.runs()).map(stateOf);
    const count = (state: string): number => states.filter((candidate) => candidate === state).length;
    return { waiting: count('waiting'), running: count('running'), over: count('over') };
  }

  /** The API as one replica reaches it. */
  #unreliable(): Transport {
    return async (request) => {
      const isWrite = request.method !== 'GET';
      const watches = request.query['watch'] !== undefined;
      this.calls.set(request.method, (this.calls.get(request.method) ?? 0) + (watches ? 0 : 1));
      const lot = isWrite ? this.random.integer(0, 99) : 100;
      if (lot < this.faults.lostPercent) throw new Error('the call was lost');
      const response = await this.#transport(request);
      if (lot < 2 * this.faults.lostPercent) throw new Error('the answer was lost');
      if (response.body.kind !== 'watch') return response;
      const ofGates = request.path.endsWith('/gates');
      return {
        ...response,
        body: { kind: 'watch', events: this.#late(response.body.events, ofGates, request.signal) },
      };
    };
  }

  async #untilGatesAreTold(signal: AbortSignal | undefined): Promise<void> {
    while (this.delayGates) await sleep(this.clock, 100, signal);
  }

  async *#late(
    events: AsyncIterable<RawWatchEvent>,
    ofGates: boolean,
    signal: AbortSignal | undefined,
  ): AsyncIterable<RawWatchEvent> {
    for await (const event of events) {
      if (ofGates) await this.#untilGatesAreTold(signal);
      const delayMs = this.random.integer(0, this.faults.watchDelayMsMax);
      if (delayMs > 0) await sleep(this.clock, delayMs, signal);
      yield event;
    }
  }
}

async function settleTurns(): Promise<void> {
  for (let turn = 0; turn < 4; turn++) await setImmediate();
}
