/** Replicas of the controllers on an API server and a simulated node of the same process, in virtual time. */
import assert from 'node:assert/strict';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, it } from 'node:test';
import { ClusterControllers, leaseSilenceMsMax } from '../../src/app/cluster-controllers.ts';
import { type Embedded, startEmbedded } from '../../src/app/embedded.ts';
import { type Random, seededRandom } from '../../src/base/random.ts';
import { VirtualClock } from '../../src/base/virtual-clock.ts';
import type { ControllerName } from '../../src/cli/environment.ts';
import { createClient } from '../../src/client/client.ts';
import { electionTimes } from '../../src/controller/lease-record.ts';
import { PausableProcess } from '../../src/controller/memory-leases.ts';
import { SimulatedRuntime } from '../../src/executor/simulated/simulated-runtime.ts';
import { gates } from '../../src/gate/types.ts';
import type { ObjectKey } from '../../src/kube/object.ts';
import type { Transport } from '../../src/kube/transport.ts';
import { createMemoryStore } from '../../src/store/memory-store.ts';
import { silentLogger } from '../../src/telemetry/logger.ts';
import { noMetrics } from '../../src/telemetry/metrics.ts';
import { type PipelineRun, pipelineRuns, taskRuns } from '../../src/tekton/types.ts';
import { throughProcess } from '../support/paused-process.ts';
import { pipelineRun, pipelineTask, simulatedBehaviour, verdictOf } from '../support/simulated-work.ts';

const settleTurns = 6;
const lease = { namespace: 'default', name: 'penstock-controller' };

async function settle(): Promise<void> {
  for (let turn = 0; turn < settleTurns; turn++) await nextTurn();
}

class World {
  readonly clock: VirtualClock = new VirtualClock({ settle });
  readonly random: Random;
  /** How often the step of a pod was started, by pod. */
  readonly started = new Map<string, number>();
  readonly #stops: (() => Promise<void>)[] = [];
  #embedded: Embedded | undefined;

  constructor(seed: number) {
    this.random = seededRandom(seed);
  }

  get api(): Embedded {
    return this.#embedded ?? assert.fail('not started');
  }

  async start(): Promise<void> {
    const parts = { clock: this.clock, random: this.random, logger: silentLogger };
    const runtime = new SimulatedRuntime({
      ...parts,
      behaviour: (plan) => {
        this.started.set(plan.podName, (this.started.get(plan.podName) ?? 0) + 1);
        return simulatedBehaviour(plan);
      },
    });
    this.#embedded = await startEmbedded({ ...parts, store: createMemoryStore(), runtime, controllers: [] });
  }

  replica(
    identity: string,
    options: { controllers?: readonly ControllerName[]; engine?: 'penstock' | 'tekton'; transport?: Transport } = {},
  ) {
    const { transport = this.api.server.handle, controllers = ['engine', 'gate'], engine = 'penstock' } = options;
    const process = new PausableProcess(this.clock);
    const replica = new ClusterControllers({
      transport: throughProcess(transport, process),
      clock: process,
      random: this.random,
      logger: silentLogger,
      metrics: noMetrics,
      controllers,
      engine,
      identity,
      election: { lease, times: electionTimes },
    });
    const stopping = new AbortController();
    const ended = replica.run(stopping.signal);
    const stop = (): Promise<void> => {
      stopping.abort();
      return ended;
    };
    this.#stops.push(stop);
    return { process, replica, stop };
  }

  async accept(name: string, spec: Partial<PipelineRun['spec']> = {}): Promise<ObjectKey> {
    const tasks = [
      pipelineTask('a', { durationMs: 300 }),
      pipelineTask('b', { durationMs: 50 }, { runAfter: ['a'] }),
      pipelineTask('c', {}, { runAfter: ['a'] }),
    ];
    const key = { namespace: 'default', name };
    await createClient(this.api.server.handle).create(pipelineRuns, pipelineRun(key, tasks, spec));
    return key;
  }

  async verdict(key: ObjectKey): Promise<string> {
    return verdictOf(await createClient(this.api.server.handle).get(pipelineRuns, key));
  }

  async end(): Promise<void> {
    const ended = Promise.all(this.#stops.map((stop) => stop()));
    await this.clock.advance(60_000);
    await ended;
    await this.api.stop();
  }
}

const checks = (replica: ClusterControllers): readonly string[] =>
  replica.readiness().map(({ name, ok, detail }) => `${ok ? '+' : '-'}${name}: ${detail}`);

describe('ClusterControllers', () => {
  it('leads, stands by, takes over, and says which', async () => {
    const world = new World(1);
    await world.start();
    const one = world.replica('one');
    assert.deepEqual(checks(one.replica), [
      '-lease: the lease has not been read for a while',
      '+controllers: standing by',
    ]);
    await world.clock.advance(100);
    const two = world.replica('two');
    await world.clock.advance(100);
    assert.deepEqual(checks(one.replica), ['+lease: the leader is one', '+caches: synced']);
    assert.deepEqual(checks(two.replica), ['+lease: the leader is one', '+controllers: standing by']);
    const first = await world.accept('first');
    await world.clock.advance(5_000);
    assert.equal(await world.verdict(first), 'True/Succeeded');
    const stopped = one.stop();
    await world.clock.advance(3_000);
    await stopped;
    assert.deepEqual(checks(two.replica), ['+lease: the leader is two', '+caches: synced']);
    const second = await world.accept('second');
    await world.clock.advance(5_000);
    assert.equal(await world.verdict(second), 'True/Succeeded');
    await world.end();
  });

  it('is not ready where the API cannot be reached', async () => {
    const world = new World(2);
    await world.start();
    let broken = false;
    const transport: Transport = (request) =>
      broken ? Promise.reject(new Error('connection refused')) : world.api.server.handle(request);
    const one = world.replica('one', { transport });
    await world.clock.advance(1_000);
    broken = true;
    await world.clock.advance(leaseSilenceMsMax);
    assert.deepEqual(checks(one.replica), [
      '-lease: the lease has not been read for a while',
      '+controllers: standing by',
    ]);
    broken = false;
    await world.clock.advance(20_000);
    assert.deepEqual(checks(one.replica), ['+lease: the leader is one', '+caches: synced']);
    await world.end();
  });

  it('leaves runs to Tekton where that is asked for, and lets them start all the same', async () => {
    const world = new World(3);
    await world.start();
    const client = createClient(world.api.server.handle);
    await client.create(gates, {
      apiVersion: 'penstock.dev/v1alpha1',
      kind: 'Gate',
      metadata: { name: 'one' },
      spec: { maxRunning: 1 },
    });
    await world.clock.advance(1_000);
    const keys = [await world.accept('first'), await world.accept('second')];
    world.replica('one', { engine: 'tekton' });
    await world.clock.advance(10_000);
    const states = await Promise.all(
      keys.map(async (key) => (await client.get(pipelineRuns, key)).spec.status ?? 'let go'),
    );
    assert.deepEqual(states, ['let go', 'PipelineRunPending']);
    assert.deepEqual((await client.list(taskRuns)).items, [], 'nobody ran it');
    await world.end();
  });

  it('runs every step once, whatever replica is paused when and for how long', async () => {
    for (const seed of [11, 12, 13]) {
      const world = new World(seed);
      await world.start();
      const replicas = [world.replica('one'), world.replica('two'), world.replica('three')];
      const keys: ObjectKey[] = [];
      for (let round = 0; round < 8; round++) {
        keys.push(await world.accept(`run-${round}`));
        await world.clock.advance(world.random.integer(0, 700));
        const { process } = replicas[world.random.integer(0, 2)] ?? assert.fail();
        process.pause();
        await world.clock.advance(world.random.integer(100, 60_000));
        process.resume();
      }
      await world.clock.advance(120_000);
      for (const key of keys) assert.equal(await world.verdict(key), 'True/Succeeded', `seed ${seed} ${key.name}`);
      const pods = keys.flatMap(({ name }) => ['a', 'b', 'c'].map((task) => `${name}-${task}-pod`));
      assert.deepEqual([...world.started.keys()].toSorted(), pods.toSorted(), `seed ${seed}`);
      assert.deepEqual(new Set(world.started.values()), new Set([1]), `seed ${seed}`);
      await world.end();
    }
  });
});
