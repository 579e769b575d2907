/** The life of pods under a virtual clock, with simulated containers. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { seededRandom } from '../../base/random.ts';
import { VirtualClock } from '../../base/virtual-clock.ts';
import { ApiStatusError } from '../../kube/api-error.ts';
import { persistentVolumeClaims, pods } from '../../kube/core-types.ts';
import type { Pod, PodSpec } from '../../kube/pod.ts';
import type { ContainerPlan } from '../runtime/container-runtime.ts';
import { SimulatedRuntime, type SimulatedBehaviour } from '../simulated/simulated-runtime.ts';
import { CollectingLogger, statusOf } from '../testing/agent-fixture.ts';
import { MemoryCluster, testNode } from '../testing/memory-cluster.ts';
import { createNodeAgent, type NodeAgent } from './node-agent.ts';
import { MemoryJournal } from './pod-journal.ts';

interface World {
  readonly cluster: MemoryCluster;
  readonly clock: VirtualClock;
  readonly runtime: SimulatedRuntime;
  readonly agent: NodeAgent;
  readonly journal: MemoryJournal;
  readonly logger: CollectingLogger;
  /** Names of containers, as they started. */
  readonly started: string[];
}

type Behaviours = (plan: ContainerPlan) => SimulatedBehaviour;

async function world(behaviour: Behaviours, options: { maxPods?: number; before?: World } = {}): Promise<World> {
  const clock = options.before?.clock ?? new VirtualClock();
  const cluster = options.before?.cluster ?? new MemoryCluster();
  const random = seededRandom(1);
  const logger = new CollectingLogger();
  const started: string[] = [];
  const record: Behaviours = (plan) => {
    started.push(plan.container);
    return behaviour(plan);
  };
  const runtime = new SimulatedRuntime({ clock, random, behaviour: record });
  const journal = new MemoryJournal(options.before?.journal.begun);
  const { maxPods = 10 } = options;
  const parts = { client: cluster.client, host: cluster, runtime, clock, random, logger, journal, maxPods };
  const agent = createNodeAgent({ ...parts, nodeName: testNode });
  await agent.start();
  await clock.advance(0);
  return { cluster, clock, runtime, agent, journal, logger, started };
}

const one = (more: Partial<PodSpec> = {}): PodSpec => ({ containers: [{ name: 'step' }], ...more });
const podKey = (name: string) => ({ namespace: 'default', name });
const writes = (cluster: MemoryCluster, name: string): number => cluster.statuses.get(name)?.length ?? 0;
const last = (cluster: MemoryCluster, name: string): Pod['status'] => cluster.statuses.get(name)?.at(-1);

describe('the life of a pod', () => {
  it('costs one status write when it is short, two when it is long, however many steps it has', async () => {
    const { cluster, clock } = await world(({ podName }) => ({ durationMs: podName === 'long' ? 20_000 : 100 }));
    cluster.createPod('short', one());
    cluster.createPod('long', one());
    await clock.advance(100);
    assert.equal(cluster.pod('short')?.status?.phase, 'Succeeded');
    assert.equal(cluster.pod('long')?.status?.phase, 'Pending');
    await clock.advance(60_000);
    assert.equal(cluster.pod('long')?.status?.phase, 'Succeeded');
    assert.deepEqual([writes(cluster, 'short'), writes(cluster, 'long')], [1, 2]);
    assert.equal(cluster.statuses.get('long')?.[0]?.phase, 'Running');
  });

  it('is Pending while init containers run, and has the times of what happened', async () => {
    const { cluster, clock } = await world(() => ({ durationMs: 2_000 }));
    cluster.createPod('steps', { initContainers: [{ name: 'a' }], containers: [{ name: 'b' }] });
    await clock.advance(1_000);
    const early = cluster.pod('steps') as Pod;
    assert.equal(early.status?.phase, 'Pending');
    assert.equal(statusOf(early, 'a')?.state?.running?.startedAt, '2026-01-01T00:00:00Z');
    assert.equal(statusOf(early, 'b')?.state?.waiting?.reason, 'PodInitializing');
    await clock.advance(10_000);
    const pod = cluster.pod('steps') as Pod;
    const { startedAt, finishedAt } = statusOf(pod, 'b')?.state?.terminated ?? {};
    assert.deepEqual([startedAt, finishedAt], ['2026-01-01T00:00:02Z', '2026-01-01T00:00:04Z']);
    const conditions = Object.fromEntries((pod.status?.conditions ?? []).map(({ type, status }) => [type, status]));
    assert.deepEqual(conditions, {
      PodScheduled: 'True',
      Initialized: 'True',
      Ready: 'False',
      ContainersReady: 'False',
    });
  });

  it('ends at its deadline, as DeadlineExceeded even if its container then says 0', async () => {
    const { cluster, clock } = await world(() => ({ durationMs: Infinity, onTerminate: 0 }));
    cluster.createPod('late', one({ activeDeadlineSeconds: 5 }));
    await clock.advance(5_000);
    const { status } = cluster.pod('late') as Pod;
    assert.deepEqual([status?.phase, status?.reason], ['Failed', 'DeadlineExceeded']);
  });

  it('gets its grace when it is deleted, then is killed; a shorter grace later counts', async () => {
    const { cluster, clock, runtime } = await world(() => ({ durationMs: Infinity, onTerminate: 'ignore' }));
    cluster.createPod('slow', one({ terminationGracePeriodSeconds: 60 }));
    await clock.advance(1_000);
    cluster.remove(pods, podKey('slow'));
    await clock.advance(30_000);
    assert.equal(runtime.running, 1);
    cluster.remove(pods, podKey('slow'), { gracePeriodSeconds: 2 });
    await clock.advance(1_999);
    assert.equal(runtime.running, 1);
    await clock.advance(1);
    assert.equal(runtime.running, 0);
    assert.equal(cluster.pod('slow'), undefined);
    assert.equal(last(cluster, 'slow')?.containerStatuses?.[0]?.state?.terminated?.exitCode, 137);
  });

  it('starts nothing after its deletion, and says so', async () => {
    const { cluster, clock, started } = await world(() => ({ durationMs: 5_000, onTerminate: 0 }));
    cluster.createPod(
      'stopped',
      { initContainers: [{ name: 'a' }], containers: [{ name: 'b' }] },
      { finalizers: ['x/y'] },
    );
    await clock.advance(1_000);
    cluster.remove(pods, podKey('stopped'));
    await clock.advance(60_000);
    const pod = cluster.pod('stopped') as Pod;
    assert.deepEqual(started, ['a']);
    assert.equal(pod.status?.phase, 'Failed');
    assert.equal(statusOf(pod, 'a')?.state?.terminated?.exitCode, 0);
    assert.equal(statusOf(pod, 'b')?.state?.waiting?.reason, 'PodInitializing');
    assert.equal(pod.metadata.deletionGracePeriodSeconds, 0);
  });

  it('is killed at once when its object is gone', async () => {
    const { cluster, clock, runtime } = await world(() => ({ durationMs: Infinity, onTerminate: 'ignore' }));
    cluster.createPod('forced', one());
    await clock.advance(1_000);
    cluster.remove(pods, podKey('forced'), { gracePeriodSeconds: 0 });
    await clock.advance(0);
    assert.equal(runtime.running, 0);
  });

  it('is confirmed gone when it is deleted after its end', async () => {
    const { cluster, clock } = await world(() => ({}));
    cluster.createPod('done', one());
    await clock.advance(1_000);
    cluster.remove(pods, podKey('done'));
    await clock.advance(0);
    assert.equal(cluster.pod('done'), undefined);
  });

  it('keeps conditions that others have set', async () => {
    const { cluster, clock } = await world(() => ({ durationMs: 5_000 }));
    const pod = cluster.createPod('evicted', one());
    await clock.advance(1_000);
    const disruption = { type: 'DisruptionTarget', status: 'True', reason: 'EvictionByEvictionAPI' } as const;
    const seen = cluster.pod('evicted') as Pod;
    cluster.put(pods, {
      ...seen,
      status: { ...seen.status, conditions: [...(seen.status?.conditions ?? []), disruption] },
    });
    await clock.advance(10_000);
    const { status } = cluster.pod('evicted') as Pod;
    assert.equal(pod.metadata.uid, cluster.pod('evicted')?.metadata.uid);
    assert.equal(status?.conditions?.find(({ type }) => type === 'DisruptionTarget')?.reason, 'EvictionByEvictionAPI');
  });

  it('waits for a claim, visibly unschedulable, and goes on when it is there', async () => {
    const { cluster, clock } = await world(() => ({}));
    cluster.createPod('claims', one({ volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'c' } }] }));
    await clock.advance(1_000);
    const scheduled = cluster.pod('claims')?.status?.conditions?.find(({ type }) => type === 'PodScheduled');
    assert.equal(cluster.pod('claims')?.status?.phase, 'Pending');
    assert.deepEqual([scheduled?.reason, scheduled?.message], ['Unschedulable', 'persistentvolumeclaim "c" not found']);
    cluster.put(persistentVolumeClaims, { apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata: podKey('c') });
    await clock.advance(20_000);
    assert.equal(cluster.pod('claims')?.status?.phase, 'Succeeded');
    assert.equal(cluster.read(persistentVolumeClaims, podKey('c'))?.status?.phase, 'Bound');
  });
});

describe('native sidecars', () => {
  const spec: PodSpec = {
    initContainers: [
      {
        name: 'db',
        restartPolicy: 'Always',
        startupProbe: { exec: { command: ['ready'] }, periodSeconds: 1, failureThreshold: 30 },
      },
      { name: 'proxy', restartPolicy: 'Always' },
      { name: 'a' },
    ],
    containers: [{ name: 'b' }],
  };

  it('start first, once their probe says so, and end last, newest first', async () => {
    let ready = 1;
    const { cluster, clock, started, runtime } = await world(({ container }) =>
      container === 'db' || container === 'proxy'
        ? {
            durationMs: Infinity,
            onTerminate: 0,
            get probeExitCode() {
              return ready;
            },
          }
        : { durationMs: 1_000 },
    );
    cluster.createPod('sidecars', spec);
    await clock.advance(5_000);
    assert.deepEqual(started, ['db']);
    assert.equal(statusOf(cluster.pod('sidecars') as Pod, 'db')?.started, false);
    ready = 0;
    await clock.advance(30_000);
    assert.deepEqual(started, ['db', 'proxy', 'a', 'b']);
    const pod = cluster.pod('sidecars') as Pod;
    assert.equal(pod.status?.phase, 'Succeeded');
    assert.equal(statusOf(pod, 'db')?.state?.terminated?.exitCode, 0);
    assert.equal(runtime.running, 0);
  });

  it('are started again when they end too early, and do not fail the pod', async () => {
    let runs = 0;
    const { cluster, clock } = await world(({ container }) => {
      if (container !== 'proxy') return { durationMs: container === 'db' ? Infinity : 10_000 };
      runs++;
      return runs === 1 ? { durationMs: 100, exitCode: 4 } : { durationMs: 11_000, exitCode: 5 };
    });
    cluster.createPod('crashing', spec);
    await clock.advance(5_000);
    const proxy = statusOf(cluster.pod('crashing') as Pod, 'proxy');
    assert.deepEqual([proxy?.restartCount, proxy?.lastState?.terminated?.exitCode], [1, 4]);
    await clock.advance(60_000);
    assert.equal(cluster.pod('crashing')?.status?.phase, 'Succeeded');
    // Once its containers proper run, a sidecar that waits for its restart does not make the pod Pending again.
    const phases = (cluster.statuses.get('crashing') ?? []).map((status) => status?.phase);
    assert.match(phases.join(), /^(Pending,)+(Running,){2,}Succeeded$/);
  });

  it('outlive the containers they serve when the pod is deleted', async () => {
    const { cluster, clock, runtime } = await world(({ container }) =>
      container === 'b'
        ? { durationMs: Infinity, onTerminate: 'ignore' }
        : { durationMs: container === 'a' ? 0 : Infinity },
    );
    cluster.createPod('deleted', { ...spec, terminationGracePeriodSeconds: 10 });
    await clock.advance(5_000);
    assert.equal(runtime.running, 3);
    cluster.remove(pods, podKey('deleted'));
    await clock.advance(9_000);
    assert.equal(runtime.running, 3);
    await clock.advance(1_000);
    assert.equal(runtime.running, 0);
    assert.equal(cluster.pod('deleted'), undefined);
  });

  it('with a probe of another kind are refused, visibly', async () => {
    const { cluster, clock } = await world(() => ({}));
    const startupProbe = { httpGet: { port: 80 } };
    cluster.createPod('http', {
      initContainers: [{ name: 'web', restartPolicy: 'Always', startupProbe }],
      containers: [{ name: 'b' }],
    });
    await clock.advance(1_000);
    const waiting = statusOf(cluster.pod('http') as Pod, 'web')?.state?.waiting;
    assert.match(waiting?.message ?? '', /only exec startup probes are supported/);
  });
});

describe('faults of the API', () => {
  it('do not lose the last status: it is written until it is stored', async () => {
    const { cluster, clock, logger } = await world(() => ({ durationMs: 10 }));
    let faults = 0;
    cluster.before = (call) => {
      if (call !== 'patch pods/faulty/status' || faults >= 20) return;
      faults++;
      throw faults % 2 ? new ApiStatusError('InternalError', 'no') : new Error('connection lost');
    };
    cluster.createPod('faulty', one());
    await clock.advance(200_000);
    assert.equal(faults, 20);
    assert.equal(cluster.pod('faulty')?.status?.phase, 'Succeeded');
    assert.ok(logger.lines.some((line) => line.startsWith('failed to patch pod status')));
  });

  it('never put a status onto a namesake', async () => {
    const { cluster, clock } = await world(() => ({ durationMs: 5_000 }));
    cluster.createPod('twice', one());
    await clock.advance(1_000);
    cluster.remove(pods, podKey('twice'), { gracePeriodSeconds: 0 });
    const second = cluster.createPod('twice', one());
    await clock.advance(1_000);
    assert.equal(cluster.pod('twice')?.metadata.uid, second.metadata.uid);
    assert.equal(cluster.pod('twice')?.status?.phase, 'Running');
    await clock.advance(10_000);
    const phases = (cluster.statuses.get('twice') ?? []).map((status) => status?.phase);
    assert.deepEqual(phases, ['Running', 'Running', 'Succeeded']);
  });

  it('do not keep a deletion from being confirmed', async () => {
    const { cluster, clock } = await world(() => ({}));
    let faults = 0;
    cluster.before = (call) => {
      if (call === 'delete pods/done' && faults++ < 5) throw new ApiStatusError('ServiceUnavailable', 'no');
    };
    cluster.createPod('done', one());
    await clock.advance(1_000);
    cluster.remove(pods, podKey('done'));
    await clock.advance(60_000);
    assert.equal(cluster.pod('done'), undefined);
  });
});

describe('an agent that is restarted', () => {
  it('reports lost what ran, and runs nothing twice, even before the first status was written', async () => {
    const first = await world(() => ({ durationMs: 60_000 }));
    first.cluster.createPod('written', { initContainers: [{ name: 'a' }], containers: [{ name: 'b' }] });
    await first.clock.advance(61_000);
    first.cluster.createPod('unwritten', one());
    await first.clock.advance(10);
    assert.equal(writes(first.cluster, 'unwritten'), 0);
    await first.agent.stop();

    const next = await world(() => ({}), { before: first });
    await next.clock.advance(1_000);
    assert.deepEqual(next.started, []);
    for (const name of ['written', 'unwritten']) {
      const { status } = next.cluster.pod(name) as Pod;
      assert.deepEqual([status?.phase, status?.reason], ['Failed', 'PenstockRestarted'], name);
      const target = status?.conditions?.find(({ type }) => type === 'DisruptionTarget');
      assert.deepEqual([target?.status, target?.reason], ['True', 'PenstockRestarted'], name);
    }
    const written = next.cluster.pod('written') as Pod;
    assert.equal(statusOf(written, 'a')?.state?.terminated?.exitCode, 0);
    const { exitCode, reason } = statusOf(written, 'b')?.state?.terminated ?? {};
    assert.deepEqual([exitCode, reason], [137, 'ContainerStatusUnknown']);
  });

  it('runs what had not begun, and leaves alone what was over', async () => {
    const first = await world(() => ({ durationMs: 5_000 }), { maxPods: 1 });
    first.cluster.createPod('over', one());
    await first.clock.advance(6_000);
    first.cluster.createPod('running', one());
    first.cluster.createPod('queued', one());
    await first.clock.advance(1_000);
    await first.agent.stop();
    const next = await world(() => ({}), { before: first });
    await next.clock.advance(10_000);
    const phases = ['over', 'running', 'queued'].map((name) => next.cluster.pod(name)?.status?.phase);
    assert.deepEqual(phases, ['Succeeded', 'Failed', 'Succeeded']);
    assert.deepEqual(next.started, ['step']);
  });

  it('cleans up, once, after pods that are over or gone', async () => {
    const first = await world(({ podName }) => ({ durationMs: podName === 'over' ? 10 : 60_000 }));
    for (const name of ['over', 'gone', 'other']) first.cluster.createPod(name, one());
    const uids = ['over', 'gone', 'other'].map((name) => first.cluster.pod(name)?.metadata.uid ?? '');
    await first.clock.advance(1_000);
    await first.agent.stop();
    first.cluster.remove(pods, podKey('gone'), { gracePeriodSeconds: 0 });
    // The stopped agent heard of that, as a killed one would not have.
    for (const uid of uids) first.journal.begun.add(uid);
    const next = await world(() => ({}), { before: first });
    const cleaned: string[] = [];
    next.journal.clean = async (uid) => void cleaned.push(uid);
    next.journal.forget = async (uid) => void cleaned.push(`all of ${uid}`);
    await next.clock.advance(200_000);
    assert.deepEqual(new Set(cleaned), new Set([uids[0], `all of ${uids[1]}`, uids[2]]));
    assert.equal(cleaned.length, 3);
  });

  it('confirms deletions that came while it was down', async () => {
    const first = await world(() => ({ durationMs: 60_000 }));
    first.cluster.createPod('running', one());
    await first.clock.advance(1_000);
    await first.agent.stop();
    first.cluster.remove(pods, podKey('running'));
    const next = await world(() => ({}), { before: first });
    await next.clock.advance(1_000);
    assert.equal(next.cluster.pod('running'), undefined);
    assert.equal(last(next.cluster, 'running')?.reason, 'PenstockRestarted');
  });
});

describe('many pods', () => {
  it('run at most maxPods at a time, in the order they came', async () => {
    let most = 0;
    const made = await world(() => ({ durationMs: 1_000 }), { maxPods: 7 });
    const { cluster, clock, runtime, started } = made;
    for (let index = 0; index < 200; index++) cluster.createPod(`p${index}`, { containers: [{ name: `c${index}` }] });
    for (let step = 0; step < 400; step++) {
      await clock.advance(100);
      most = Math.max(most, runtime.running);
    }
    assert.equal(most, 7);
    assert.deepEqual(
      started,
      Array.from({ length: 200 }, (_, index) => `c${index}`),
    );
    assert.ok(
      Array.from({ length: 200 }, (_, index) => cluster.pod(`p${index}`)).every(
        (pod) => pod?.status?.phase === 'Succeeded',
      ),
    );
  });

  it('deleted while they wait for their turn are ended at once', async () => {
    const { cluster, clock, started } = await world(() => ({ durationMs: Infinity }), { maxPods: 1 });
    cluster.createPod('first', one());
    cluster.createPod('second', { containers: [{ name: 'never' }] });
    await clock.advance(1_000);
    cluster.remove(pods, podKey('second'));
    await clock.advance(10);
    assert.equal(cluster.pod('second'), undefined);
    assert.deepEqual(started, ['step']);
  });
});
