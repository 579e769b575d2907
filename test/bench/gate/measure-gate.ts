import { type EmbeddedCaller, startEmbedded } from '../../../src/app/embedded.ts';
import { assert } from '../../../src/base/assert.ts';
import type { JsonObject } from '../../../src/base/json.ts';
import { systemClock } from '../../../src/base/system-clock.ts';
import { systemRandom } from '../../../src/base/system-random.ts';
import { SimulatedRuntime } from '../../../src/executor/simulated/simulated-runtime.ts';
import { compareRanks, rankOf, stateOf } from '../../../src/gate/run-facts.ts';
import { gates, priorityKey } from '../../../src/gate/types.ts';
import { createMemoryStore } from '../../../src/store/memory-store.ts';
import { type PipelineRun, pipelineRuns } from '../../../src/tekton/types.ts';
import { silentLogger } from '../../../src/telemetry/logger.ts';
import { createPrometheusMetrics } from '../../../src/telemetry/prometheus-metrics.ts';
import { observedStore, type Write } from '../../gate/observed-store.ts';
import { CallCounter } from '../engine/call-counter.ts';

/** One measurement. */
export interface GateRow {
  /** Runs that wait when the gate opens. */
  readonly waiting: number;
  readonly limit: number;
  /** How long the one container of each run takes. */
  readonly podMs: number;
  /** Admissions after which the measurement ends. */
  readonly measured: number;
  /** For each run that is let go another is created, so that as many wait throughout. */
  readonly refill?: boolean;
}

export interface GateFigures {
  readonly admissions: number;
  /** Most runs that had been let go and were not over, at any write. */
  readonly runningMax: number;
  /** Runs that were let go at another place than their rank says. */
  readonly outOfOrder: number;
  /** From the write of a verdict to the write that starts the next run, ascending. */
  readonly latenciesMs: readonly number[];
  /** What the gate itself called, most frequent first. */
  readonly calls: readonly (readonly [name: string, count: number])[];
  readonly wallMs: number;
  /** Time in the gate's reconciler for each admission; what runs meanwhile is part of it. */
  readonly gateMsEach: number;
  /** Processor time of the whole process for each admission. */
  readonly cpuMsEach: number;
}

/** Follows the runs at every write to the store. */
class Follower {
  readonly order: PipelineRun[] = [];
  readonly latenciesMs: number[] = [];
  readonly done: PromiseWithResolvers<void> = Promise.withResolvers<void>();
  runningMax: number = 0;
  onAdmission: () => void = () => undefined;
  readonly #running = new Set<string>();
  /** When slots came free that nobody has taken yet, oldest first. */
  readonly #freeMs: number[] = [];
  readonly #measured: number;

  constructor(measured: number) {
    this.#measured = measured;
  }

  readonly observe = ({ before, after }: Write): void => {
    if (before?.['kind'] !== 'PipelineRun' || !after) return;
    const [was, run] = [before, after] as unknown as readonly [PipelineRun, PipelineRun];
    const uid = run.metadata.uid ?? '';
    if (stateOf(was) === 'waiting' && stateOf(run) === 'running') this.#started(uid, was);
    else if (stateOf(run) === 'over' && this.#running.delete(uid)) this.#freeMs.push(systemClock.monotonicMs());
  };

  #started(uid: string, run: PipelineRun): void {
    this.#running.add(uid);
    this.runningMax = Math.max(this.runningMax, this.#running.size);
    this.order.push(run);
    const freeMs = this.#freeMs.shift();
    if (freeMs !== undefined) this.latenciesMs.push(systemClock.monotonicMs() - freeMs);
    if (this.order.length === this.#measured) this.done.resolve();
    this.onAdmission();
  }
}

/** Fills the line before a paused gate, opens it, and measures until as many runs as asked for have been let go. */
export async function measureGate(row: GateRow): Promise<GateFigures> {
  const follower = new Follower(row.measured);
  const counters = { controllers: new CallCounter(), gate: new CallCounter(), 'node agent': new CallCounter() };
  const metrics = createPrometheusMetrics();
  const parts = { clock: systemClock, random: systemRandom, logger: silentLogger };
  const embedded = await startEmbedded({
    ...parts,
    store: observedStore(createMemoryStore(), follower.observe),
    runtime: new SimulatedRuntime({ ...parts, behaviour: () => ({ durationMs: row.podMs }) }),
    maxPods: 1_000_000,
    metrics,
    observeCalls: (transport, caller: EmbeddedCaller) => counters[caller].observe(transport),
  });
  const { client } = embedded;
  const spec = { maxRunning: row.limit, paused: true };
  await client.create(gates, {
    apiVersion: 'penstock.dev/v1alpha1',
    kind: 'Gate',
    metadata: { name: 'default' },
    spec,
  });
  await until(() => embedded.manager.informer(gates).list().length === 1);
  const created: PipelineRun[] = [];
  const create = async (priority: number): Promise<void> => {
    const run = runOf(created.length, priority) as unknown as PipelineRun;
    created.push(run);
    created[created.indexOf(run)] = await client.create(pipelineRuns, run);
  };
  for (let index = 0; index < row.waiting; index++) await create(index % 7);
  const refills: Promise<void>[] = [];
  if (row.refill) follower.onAdmission = () => void refills.push(create(-1));
  // The engine has seen all of them by then, and the notes of the queue are written.
  await systemClockSleep(3_000);
  for (const counter of Object.values(counters)) counter.reset();
  const gateSecondsBefore = await gateSeconds(metrics);
  const cpuBefore = process.cpuUsage();
  const startMs = systemClock.monotonicMs();
  await client.patch(gates, { namespace: '', name: 'default' }, { spec: { paused: false } }, { type: 'merge' });
  await follower.done.promise;
  const wallMs = systemClock.monotonicMs() - startMs;
  const cpu = process.cpuUsage(cpuBefore);
  const admissions = follower.order.length;
  const gateMsEach = (((await gateSeconds(metrics)) - gateSecondsBefore) * 1_000) / admissions;
  const calls = counters.gate.counts();
  await Promise.all(refills);
  await embedded.stop();
  return {
    admissions,
    runningMax: follower.runningMax,
    outOfOrder: outOfOrder(follower.order, created),
    latenciesMs: follower.latenciesMs.sort((a, b) => a - b),
    calls,
    wallMs,
    gateMsEach,
    cpuMsEach: (cpu.user + cpu.system) / 1_000 / admissions,
  };
}

function outOfOrder(order: readonly PipelineRun[], created: readonly PipelineRun[]): number {
  const expected = [...created].sort((a, b) => compareRanks(rankOf(a, true), rankOf(b, true)));
  return order.filter((run, index) => run.metadata.uid !== expected[index]?.metadata.uid).length;
}

/** Seconds that the gate's reconciler has run so far. */
async function gateSeconds(metrics: { text(): Promise<string> }): Promise<number> {
  const found = /^penstock_reconcile_seconds_sum\{controller="gate"\} (\S+)$/m.exec(await metrics.text());
  assert(found !== null, 'the gate is measured');
  return Number(found[1]);
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setImmediate(resolve));
}

function systemClockSleep(spanMs: number): Promise<void> {
  return new Promise((resolve) => void systemClock.schedule(spanMs, resolve));
}

function runOf(index: number, priority: number): JsonObject {
  const steps = [{ name: 'work', image: 'busybox', script: '#!/bin/sh\ntrue\n' }];
  return {
    apiVersion: 'tekton.dev/v1',
    kind: 'PipelineRun',
    metadata: {
      name: `run-${String(index).padStart(6, '0')}`,
      namespace: 'default',
      annotations: { [priorityKey]: String(priority) },
    },
    spec: { pipelineSpec: { tasks: [{ name: 'a', taskSpec: { steps } }] } },
  };
}
