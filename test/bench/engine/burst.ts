import { type EmbeddedCaller, startEmbedded, type Embedded } from '../../../src/app/embedded.ts';
import type { JsonObject } from '../../../src/base/json.ts';
import { systemClock } from '../../../src/base/system-clock.ts';
import { systemRandom } from '../../../src/base/system-random.ts';
import { SimulatedRuntime } from '../../../src/executor/simulated/simulated-runtime.ts';
import type { Store } from '../../../src/store/store.ts';
import { type PipelineRun, pipelineRuns } from '../../../src/tekton/types.ts';
import { silentLogger } from '../../../src/telemetry/logger.ts';
import { CallCounter } from './call-counter.ts';
import { type FinishedRun, keepFinishedRuns, readFinishedRun } from './kept-runs.ts';

/** How long the simulated container of each task takes. */
export const podMs = 200;

export interface BurstFigures {
  readonly runs: number;
  readonly wallMs: number;
  readonly cpuMs: number;
  /** From the create of each run to its verdict, ascending. */
  readonly latenciesMs: readonly number[];
  readonly calls: Readonly<Record<EmbeddedCaller, readonly (readonly [name: string, count: number])[]>>;
  readonly heapBytes: number;
}

export interface Bench {
  readonly embedded: Embedded;
  readonly counters: Readonly<Record<EmbeddedCaller, CallCounter>>;
}

/** An embedded Penstock whose pods are timers and as many as come. */
export async function startBench(store: Store): Promise<Bench> {
  const counters = { controllers: new CallCounter(), gate: new CallCounter(), 'node agent': new CallCounter() };
  const parts = { clock: systemClock, random: systemRandom, logger: silentLogger };
  const embedded = await startEmbedded({
    ...parts,
    store,
    runtime: new SimulatedRuntime({ ...parts, behaviour: () => ({ durationMs: podMs }) }),
    maxPods: 1_000_000,
    observeCalls: (transport, caller) => counters[caller].observe(transport),
  });
  return { embedded, counters };
}

/** Creates `count` runs of three tasks at once and waits for the verdict of each. Throws unless all succeed. */
export async function burst({ embedded, counters }: Bench, count: number, prefix: string): Promise<BurstFigures> {
  const started = new Map<string, number>();
  const latenciesMs: number[] = [];
  const finished = Promise.withResolvers<void>();
  const informer = embedded.manager.informer(pipelineRuns);
  const look = (run: PipelineRun): void => {
    const name = run.metadata.name ?? '';
    const startMs = started.get(name);
    const succeeded = run.status?.conditions?.find(({ type }) => type === 'Succeeded');
    if (startMs === undefined || !succeeded || succeeded.status === 'Unknown') return;
    started.delete(name);
    latenciesMs.push(systemClock.monotonicMs() - startMs);
    if (succeeded.status === 'False') finished.reject(new Error(`${name}: ${succeeded.reason} ${succeeded.message}`));
    if (latenciesMs.length === count) finished.resolve();
  };
  informer.addHandler({ added: look, updated: (_before, run) => look(run) });
  for (const counter of Object.values(counters)) counter.reset();
  const startMs = systemClock.monotonicMs();
  const cpuStart = process.cpuUsage();
  for (let index = 0; index < count; index++) {
    const name = `${prefix}-${index}`;
    started.set(name, systemClock.monotonicMs());
    // Not awaited one by one, as the webhooks of a busy minute are not.
    embedded.server
      .handle({ ...createRequest, body: runOf(name) })
      .then(({ status }) => status === 201 || finished.reject(new Error(`create answered ${status}`)), finished.reject);
    if (index % createsPerTurn === createsPerTurn - 1) await new Promise((resolve) => setImmediate(resolve));
  }
  await finished.promise;
  const wallMs = systemClock.monotonicMs() - startMs;
  const cpu = process.cpuUsage(cpuStart);
  const calls = {
    controllers: counters.controllers.counts(),
    gate: counters.gate.counts(),
    'node agent': counters['node agent'].counts(),
  };
  latenciesMs.sort((a, b) => a - b);
  const heapBytes = process.memoryUsage().heapUsed;
  return { runs: count, wallMs, cpuMs: (cpu.user + cpu.system) / 1_000, latenciesMs, calls, heapBytes };
}

/** Creates between two turns of the event loop. */
const createsPerTurn = 10;

/** Fills `store` with `count` finished runs: one is really run, on a store of its own, and copied. */
export async function fillWithFinishedRuns(store: Store, scratch: Store, count: number): Promise<void> {
  const bench = await startBench(scratch);
  await burst(bench, 1, 'pattern');
  const run: FinishedRun = await readFinishedRun(bench.embedded.client);
  await bench.embedded.stop();
  await keepFinishedRuns(store, run, 'pattern-0', count);
}

const createRequest = {
  method: 'POST',
  path: `/apis/tekton.dev/v1/namespaces/default/pipelineruns`,
  query: {},
  headers: { 'content-type': 'application/json' },
} as const;

function runOf(name: string): JsonObject {
  const taskSpec = {
    steps: [
      { name: 'work', image: 'busybox', script: '#!/bin/sh\nset -eu\necho "building $(context.pipelineRun.name)"\n' },
    ],
  };
  const tasks = [
    { name: 'a', taskSpec },
    { name: 'b', taskSpec, runAfter: ['a'] },
    { name: 'c', taskSpec, runAfter: ['a'] },
  ];
  return {
    apiVersion: 'tekton.dev/v1',
    kind: 'PipelineRun',
    metadata: { name, namespace: 'default' },
    spec: { pipelineSpec: { tasks } },
  };
}
