/** What becomes of a run whose pod ends in every odd way there is, on a real API server. Never green without a witness. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { JsonObject } from '../../src/base/json.ts';
import { verdictFinalizer } from '../../src/engine/pod/names.ts';
import { pods } from '../../src/kube/core-types.ts';
import type { Pod } from '../../src/kube/pod.ts';
import { type TaskRun, taskRuns } from '../../src/tekton/types.ts';
import { CallCounter } from '../bench/engine/call-counter.ts';
import { Cluster } from '../support/cluster.ts';
import { injectedNames, injectLabel, startInjectingWebhook } from '../support/injecting-webhook.ts';
import { byHand, PodByHand, secondsAgo, type Shown } from '../support/pod-by-hand.ts';
import { whyNoRealApi } from '../support/real-api-binaries.ts';
import { noNode, nodeLabel } from '../support/simulated-nodes.ts';
import { waitUntil } from '../support/wait-until.ts';
import {
  isDone,
  messageOf,
  simulatedBehaviour,
  simulatedStep,
  simulatedTask,
  taskRun,
  verdictOf,
} from '../support/simulated-work.ts';

const one = simulatedTask(simulatedStep('a'));
const three = simulatedTask(simulatedStep('a'), simulatedStep('b'), simulatedStep('c'));
/** In mid-step until it is told to end, which it does as if all were well. */
const trapping = simulatedTask(simulatedStep('a'), simulatedStep('b', { durationMs: 600_000, onTerminate: 0 }));
const disrupted = (reason: string): JsonObject => ({
  conditions: [{ type: 'DisruptionTarget', status: 'True', reason, lastTransitionTime: secondsAgo(85) }],
});

describe('evidence on a real API server', { skip: whyNoRealApi(), timeout: 300_000 }, () => {
  const calls = new CallCounter();
  let cluster: Cluster;
  let namespace: string;

  before(async () => {
    cluster = await Cluster.start({
      behaviour: simulatedBehaviour,
      observeCalls: (transport) => calls.observe(transport),
      engine: {
        // Waited for as long as a slow machine may take between two writes of a test.
        taskRun: { evidenceBackoff: { baseMs: 100, capMs: 500 }, evidenceWaitMsMax: 12_000, stopWaitMs: 1_000 },
      },
    });
    namespace = await cluster.namespace('evidence');
  });
  after(() => cluster[Symbol.asyncDispose]());

  const create = async (
    name: string,
    spec = one,
    labels = byHand,
    more: Partial<TaskRun['spec']> = {},
  ): Promise<void> => {
    await cluster.client.create(taskRuns, taskRun({ name, namespace, labels }, spec, more));
  };
  /** A run whose pod is there and on its node. */
  const begin = async (...args: Parameters<typeof create>): Promise<PodByHand> => {
    await create(...args);
    const key = { namespace, name: `${args[0]}-pod` };
    await cluster.until(pods, key, ({ spec }) => spec.nodeName !== undefined);
    return new PodByHand(cluster.client, cluster.api.connect(), key);
  };
  const read = (name: string): Promise<TaskRun> => cluster.client.get(taskRuns, { namespace, name });
  const ended = (name: string): Promise<TaskRun> => cluster.until(taskRuns, { namespace, name }, isDone);
  const verdict = async (name: string): Promise<string> => verdictOf(await ended(name));
  const reasonOf = (run: TaskRun): string => run.status?.conditions?.[0]?.reason ?? '';
  /** Resolves when the controllers have read pods from the API itself so many times more. */
  const liveReads = async (count: number): Promise<void> => {
    const reads = (): number => calls.counts().find(([name]) => name === 'get pods')?.[1] ?? 0;
    const enough = reads() + count;
    await waitUntil(`${enough} reads of pods`, () => reads() >= enough, { seen: reads });
  };
  const shownInMidStep: Readonly<Record<string, Shown>> = {
    'step-a': 0,
    'step-b': 'running',
    'step-c': { waiting: 'PodInitializing' },
  };

  describe('that is late or incomplete', () => {
    it('is waited for when the phase comes before the states', async () => {
      const pod = await begin('late', three);
      await pod.write({ phase: 'Succeeded' });
      await liveReads(2);
      assert.equal(isDone(await read('late')), false);
      await pod.show('Succeeded', { 'step-a': 0, 'step-b': 0 });
      await liveReads(1);
      assert.equal(isDone(await read('late')), false, 'one state is still missing');
      await pod.show('Succeeded', { 'step-a': 0, 'step-b': 0, 'step-c': 0 });
      assert.equal(await verdict('late'), 'True/Succeeded');
    });

    it('is lost when the states never come', async () => {
      const pod = await begin('never', three);
      await pod.show('Succeeded', { 'step-a': 0, 'step-b': 0 });
      const run = await ended('never');
      assert.equal(verdictOf(run), 'False/EvidenceLost');
      assert.match(messageOf(run), /the end of "step-c" is not known/);
    });

    it('is found by name, in whatever order and between whatever containers', async () => {
      const pod = await begin('order', three);
      await pod.show('Succeeded', { 'step-b': 0, 'a-stranger': 5, 'step-a': 0, 'step-c': 0 });
      assert.equal(await verdict('order'), 'True/Succeeded');
      const { status } = await read('order');
      assert.deepEqual(
        status?.steps?.map(({ name }) => name),
        ['a', 'b', 'c'],
      );
    });
  });

  describe('beside injected containers', () => {
    const labels = { ...byHand, [injectLabel]: '' };
    let webhook: AsyncDisposable;
    before(async () => {
      webhook = await startInjectingWebhook(cluster.client);
    });
    after(() => webhook[Symbol.asyncDispose]());
    /** The API server takes a moment to learn of a webhook. */
    const injected = async (name: string): Promise<PodByHand> => {
      for (let attempt = 0; ; attempt++) {
        assert.ok(attempt < 200, 'the webhook is never called');
        const pod = await begin(`${name}-${attempt}`, three, labels);
        if ((await pod.read()).spec.containers.length > 1) return pod;
      }
    };
    const runOf = (pod: PodByHand): string => pod.key.name.replace(/-pod$/, '');

    it('counts the steps only, and lets nothing of a strange container run on', async () => {
      const pod = await injected('sidecar');
      const { spec } = await pod.read();
      assert.equal(spec.containers[0]?.name, injectedNames.container);
      await pod.show('Running', {
        [injectedNames.initContainer]: 0,
        [injectedNames.container]: 'running',
        'step-a': 0,
        'step-b': 0,
        'step-c': 0,
      });
      assert.equal(await verdict(runOf(pod)), 'True/Succeeded');
      const isFree = ({ finalizers = [] }: Pod['metadata']): boolean => !finalizers.includes(verdictFinalizer);
      const going = await cluster.until(pods, pod.key, ({ metadata }) => isFree(metadata));
      assert.ok(going.metadata.deletionTimestamp);
      await pod.confirmDeletion();
    });

    it('is not made red by a strange container that fails after the steps', async () => {
      const pod = await injected('stranger-fails');
      await pod.show('Failed', {
        [injectedNames.initContainer]: 0,
        [injectedNames.container]: 1,
        'step-a': 0,
        'step-b': 0,
        'step-c': 0,
      });
      assert.equal(await verdict(runOf(pod)), 'True/Succeeded');
    });

    it('says so when a strange init container keeps the steps from running', async () => {
      const pod = await injected('setup-fails');
      await pod.show('Failed', {
        [injectedNames.initContainer]: 9,
        'step-a': { waiting: 'PodInitializing' },
        'step-b': { waiting: 'PodInitializing' },
        'step-c': { waiting: 'PodInitializing' },
        [injectedNames.container]: { waiting: 'PodInitializing' },
      });
      const run = await ended(runOf(pod));
      assert.equal(verdictOf(run), 'False/InitContainerFailed');
      assert.match(messageOf(run), /"a-setup" exited with code 9/);
    });
  });

  describe('of a pod that is deleted', () => {
    it('in mid-step is lost, though the step traps the signal and exits with 0', async () => {
      await create('deleted', trapping, {});
      const key = { namespace, name: 'deleted-pod' };
      await cluster.until(pods, key, isInSecondStep);
      await cluster.client.delete(pods, key);
      const run = await ended('deleted');
      assert.equal(verdictOf(run), 'False/EvidenceLost');
      assert.match(messageOf(run), /the pod was deleted/);
      await cluster.untilGone(pods, key);
    });

    it('in mid-step without grace is lost as well', async () => {
      await create('forced', trapping, {});
      const key = { namespace, name: 'forced-pod' };
      await cluster.until(pods, key, isInSecondStep);
      await cluster.client.delete(pods, key, { gracePeriodSeconds: 0 });
      assert.equal(await verdict('forced'), 'False/EvidenceLost');
    });

    it('in mid-step is tried again where the run may', async () => {
      const again = simulatedTask(simulatedStep('a', { durationMs: 600_000, onTerminate: 0 }, {}));
      await create('deleted-retry', again, {}, { retries: 1 });
      const key = { namespace, name: 'deleted-retry-pod' };
      await cluster.until(pods, key, ({ status }) => status?.phase === 'Running');
      await cluster.client.delete(pods, key);
      const run = await ended('deleted-retry');
      assert.equal(verdictOf(run), 'True/Succeeded');
      assert.equal(run.status?.retriesStatus?.[0]?.conditions?.[0]?.reason, 'EvidenceLost');
      assert.equal(run.status.podName, 'deleted-retry-pod-retry1');
    });

    it('before any controller saw it run is lost', async () => {
      const pod = await begin('unseen');
      await cluster.until(taskRuns, { namespace, name: 'unseen' }, ({ status }) => status?.podName !== undefined);
      await cluster.stopControllers();
      await pod.show('Succeeded', { 'step-a': 0 });
      await pod.vanish();
      await cluster.resumeControllers();
      const run = await ended('unseen');
      assert.equal(verdictOf(run), 'False/EvidenceLost');
      assert.match(messageOf(run), /is gone, and its end was not seen/);
    });

    it('after it succeeded, while nobody looked, still counts: its finalizer kept it', async () => {
      const pod = await begin('kept');
      await cluster.stopControllers();
      await pod.show('Succeeded', {
        'step-a': { exitCode: 0, startedAt: secondsAgo(300), finishedAt: secondsAgo(200) },
      });
      await pod.delete();
      await pod.confirmDeletion();
      assert.ok((await pod.read()).metadata.deletionTimestamp, 'the finalizer holds it');
      await cluster.resumeControllers();
      assert.equal(await verdict('kept'), 'True/Succeeded');
      await cluster.untilGone(pods, pod.key);
    });

    it('just when it succeeded, while nobody looked, proves nothing', async () => {
      const pod = await begin('doubtful');
      await cluster.stopControllers();
      await pod.delete();
      await pod.show('Succeeded', { 'step-a': { exitCode: 0, startedAt: secondsAgo(9), finishedAt: secondsAgo(0) } });
      await pod.confirmDeletion();
      await cluster.resumeControllers();
      assert.equal(await verdict('doubtful'), 'False/EvidenceLost');
    });

    it('without a step having run is lost', async () => {
      const pod = await begin('unstarted', three);
      await pod.delete();
      await pod.confirmDeletion();
      assert.equal(await verdict('unstarted'), 'False/EvidenceLost');
      await cluster.untilGone(pods, pod.key);
    });
  });

  describe('of a pod that is driven away', () => {
    it('by the Eviction API is lost, though the step exits with 0', async () => {
      await create('evicted', trapping, {});
      const pod = new PodByHand(cluster.client, cluster.api.connect(), { namespace, name: 'evicted-pod' });
      await cluster.until(pods, pod.key, isInSecondStep);
      assert.equal(await pod.evict(), 201);
      const run = await ended('evicted');
      assert.equal(verdictOf(run), 'False/PodEvicted');
      assert.match(messageOf(run), /EvictionByEvictionAPI/);
    });

    const enders: readonly (readonly [name: string, status: JsonObject, reason: string])[] = [
      ['preempted', disrupted('PreemptionByScheduler'), 'EvidenceLost'],
      ['tainted', disrupted('DeletionByTaintManager'), 'EvidenceLost'],
      ['pressed', { ...disrupted('TerminationByKubelet'), reason: 'Evicted', message: 'low on memory' }, 'PodEvicted'],
      [
        'shut-down',
        { ...disrupted('TerminationByKubelet'), reason: 'Terminated', message: 'node shutdown' },
        'PodEvicted',
      ],
      ['node-lost', { reason: 'NodeLost', message: 'node was unresponsive' }, 'EvidenceLost'],
      ['collected', disrupted('DeletionByPodGC'), 'EvidenceLost'],
    ];
    for (const [name, status, reason] of enders) {
      it(`is lost, not green: ${name}`, async () => {
        const pod = await begin(name, three);
        await pod.show('Failed', { ...shownInMidStep, 'step-b': 0 }, status);
        assert.equal(await verdict(name), `False/${reason}`);
        const { status: shown } = await read(name);
        assert.equal(shown?.steps?.[2]?.terminationReason, 'Skipped');
      });
    }

    it('is lost when the kubelet was restarted and does not know the end', async () => {
      const pod = await begin('unknown', one);
      await pod.show('Failed', { 'step-a': { exitCode: 137, reason: 'ContainerStatusUnknown' } });
      assert.equal(await verdict('unknown'), 'False/EvidenceLost');
    });

    it('is lost when the node refused it', async () => {
      const pod = await begin('refused', one);
      await pod.write({ phase: 'Failed', reason: 'OutOfcpu', message: 'Node did not have enough resource' });
      const run = await ended('refused');
      assert.equal(verdictOf(run), 'False/EvidenceLost');
      assert.match(messageOf(run), /OutOfcpu/);
    });
  });

  describe('of a pod that fails by itself', () => {
    it('says out of memory', async () => {
      const pod = await begin('memory', three);
      await pod.show('Failed', { ...shownInMidStep, 'step-b': { exitCode: 137, reason: 'OOMKilled' } });
      assert.equal(await verdict('memory'), 'False/StepOOM');
    });

    it('is red by its exit code, whatever comes after', async () => {
      const pod = await begin('red', three);
      await pod.show('Failed', { ...shownInMidStep, 'step-b': 4 });
      const run = await ended('red');
      assert.equal(`${verdictOf(run)} ${messageOf(run)}`, 'False/StepFailed "step-b" exited with code 4');
    });

    it('is a timeout when the node ended it for its deadline', async () => {
      const pod = await begin('deadline', one);
      await pod.write({ phase: 'Failed', reason: 'DeadlineExceeded', message: 'Pod was active too long' });
      assert.equal(await verdict('deadline'), 'False/TaskRunTimeout');
    });
  });

  describe('of a pod that cannot start', () => {
    const stuck: readonly (readonly [reason: string, verdict: string])[] = [
      ['ImagePullBackOff', 'False/TaskRunImagePullFailed'],
      ['InvalidImageName', 'False/TaskRunImagePullFailed'],
      ['CreateContainerConfigError', 'False/CreateContainerConfigError'],
      ['CreateContainerError', 'False/PodCreationFailed'],
    ];
    for (const [reason, expected] of stuck) {
      it(`is the node's own words: ${reason}`, async () => {
        const name = reason.toLowerCase();
        const pod = await begin(name, one);
        await pod.show('Pending', { 'step-a': { waiting: reason, message: 'says the node' } });
        const run = await ended(name);
        assert.equal(verdictOf(run), expected);
        assert.match(messageOf(run), new RegExp(`${reason}: says the node`));
        await cluster.until(pods, pod.key, ({ metadata }) => metadata.deletionTimestamp !== undefined);
        await pod.confirmDeletion();
        await cluster.untilGone(pods, pod.key);
      });
    }

    it('waits as long as the image may still come', async () => {
      const pod = await begin('pulling', one);
      await pod.show('Pending', { 'step-a': { waiting: 'ErrImagePull', message: 'try later' } });
      await cluster.until(taskRuns, { namespace, name: 'pulling' }, (run) => reasonOf(run) === 'PullImageFailed');
      await pod.show('Succeeded', { 'step-a': 0 });
      assert.equal(await verdict('pulling'), 'True/Succeeded');
    });

    it('waits for a node, and says so', async () => {
      await create('unschedulable', one, { [nodeLabel]: noNode });
      const pod = new PodByHand(cluster.client, cluster.api.connect(), { namespace, name: 'unschedulable-pod' });
      await cluster.until(pods, pod.key, () => true);
      const condition = { type: 'PodScheduled', status: 'False', reason: 'Unschedulable' };
      await pod.write({ conditions: [{ ...condition, message: '0/3 nodes are available: 3 Insufficient cpu.' }] });
      const seen = (run: TaskRun): boolean => reasonOf(run) === 'ExceededNodeResources';
      assert.match(
        messageOf(await cluster.until(taskRuns, { namespace, name: 'unschedulable' }, seen)),
        /Insufficient cpu/,
      );
      await pod.show('Succeeded', { 'step-a': 0 });
      assert.equal(await verdict('unschedulable'), 'True/Succeeded');
    });
  });
});

function isInSecondStep({ status }: Pod): boolean {
  const states = [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])];
  return states.some(({ name, state }) => name === 'step-b' && state?.running !== undefined);
}
