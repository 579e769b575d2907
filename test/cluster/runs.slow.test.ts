/** PipelineRuns from their creation to their verdict, on a real API server with simulated nodes. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { toRfc3339 } from '../../src/base/clock.ts';
import { systemClock } from '../../src/base/system-clock.ts';
import { pods } from '../../src/kube/core-types.ts';
import type { ObjectKey } from '../../src/kube/object.ts';
import type { PipelineTask, PipelineRun, PipelineRunSpec } from '../../src/tekton/types.ts';
import { pipelineRuns, taskRuns } from '../../src/tekton/types.ts';
import { CallCounter } from '../bench/engine/call-counter.ts';
import { Cluster } from '../support/cluster.ts';
import { whyNoRealApi } from '../support/real-api-binaries.ts';
import {
  isDone,
  messageOf,
  pipelineRun,
  pipelineTask,
  simulatedBehaviour,
  simulatedStep,
  simulatedTask,
  verdictOf,
} from '../support/simulated-work.ts';

describe('PipelineRuns on a real API server', { skip: whyNoRealApi() }, () => {
  const calls = new CallCounter();
  let cluster: Cluster;
  let namespace: string;

  before(async () => {
    cluster = await Cluster.start({
      behaviour: simulatedBehaviour,
      observeCalls: (transport) => calls.observe(transport),
    });
    namespace = await cluster.namespace('runs');
  });
  after(() => cluster[Symbol.asyncDispose]());

  const create = async (
    name: string,
    tasks: readonly PipelineTask[],
    spec: Partial<PipelineRunSpec> = {},
  ): Promise<ObjectKey> => {
    await cluster.client.create(pipelineRuns, pipelineRun({ name, namespace }, tasks, spec));
    return { namespace, name };
  };
  const ended = (key: ObjectKey): Promise<PipelineRun> => cluster.until(pipelineRuns, key, isDone);
  const podsOf = async (run: string): Promise<readonly string[]> => {
    const labelSelector = `tekton.dev/pipelineRun=${run}`;
    const { items } = await cluster.client.list(pods, { namespace, labelSelector });
    return items.map(({ metadata }) => metadata.name ?? '').toSorted();
  };

  it('succeed, each step with its witness, in few calls', async () => {
    calls.reset();
    const key = await create('good', [
      pipelineTask('a', { durationMs: 100 }),
      pipelineTask('b', {}, { runAfter: ['a'] }),
      pipelineTask('c', {}, { runAfter: ['a'] }),
    ]);
    const run = await ended(key);
    assert.equal(verdictOf(run), 'True/Succeeded', messageOf(run));
    assert.deepEqual(await podsOf('good'), ['good-a-pod', 'good-b-pod', 'good-c-pod']);
    for (const task of ['a', 'b', 'c']) {
      const { status } = await cluster.client.get(taskRuns, { namespace, name: `good-${task}` });
      assert.equal(status?.podName, `good-${task}-pod`);
      assert.deepEqual(
        status.steps?.map(({ name, container, terminated }) => [name, container, terminated?.exitCode]),
        [['work', 'step-work', 0]],
      );
      const pod = await cluster.until(
        pods,
        { namespace, name: `good-${task}-pod` },
        ({ metadata }) => !metadata.finalizers,
      );
      assert.equal(pod.status?.phase, 'Succeeded');
    }
    const own = Object.fromEntries(calls.counts().filter(([name]) => !/^(watch|list) /.test(name)));
    const { 'create taskruns': tasksMade, 'create pods': podsMade, 'patch pods': podsFreed, ...rest } = own;
    assert.deepEqual([tasksMade, podsMade, podsFreed], [3, 3, 3]);
    // Ends and progress of three tasks and their run; on a busy machine caches lag, and the API itself is asked.
    const others = Object.values(rest).reduce((sum, count) => sum + count, 0);
    assert.ok(others <= 14, JSON.stringify(own));
  });

  it('fail with the step that failed; what waits for it is skipped', async () => {
    const key = await create('bad', [pipelineTask('a', { exitCode: 7 }), pipelineTask('b', {}, { runAfter: ['a'] })]);
    const run = await ended(key);
    assert.equal(verdictOf(run), 'False/Failed');
    const task = await cluster.client.get(taskRuns, { namespace, name: 'bad-a' });
    assert.equal(`${verdictOf(task)} ${messageOf(task)}`, 'False/StepFailed "step-work" exited with code 7');
    assert.deepEqual(
      run.status?.skippedTasks?.map(({ name }) => name),
      ['b'],
    );
    assert.deepEqual(await podsOf('bad'), ['bad-a-pod']);
  });

  it('run the steps of a task in order, and none after one that failed', async () => {
    const steps = [simulatedStep('one'), simulatedStep('two', { exitCode: 3 }), simulatedStep('three')];
    const run = await ended(await create('order', [{ name: 'a', taskSpec: simulatedTask(...steps) }]));
    assert.equal(verdictOf(run), 'False/Failed');
    const task = await cluster.client.get(taskRuns, { namespace, name: 'order-a' });
    assert.deepEqual(
      task.status?.steps?.map(({ name, terminated, terminationReason }) => [
        name,
        terminated?.exitCode,
        terminationReason,
      ]),
      [
        ['one', 0, 'Completed'],
        ['two', 3, 'Error'],
        ['three', 1, 'Skipped'],
      ],
    );
  });

  it('hand results from task to task and to their own results', async () => {
    const results = [{ name: 'image' }];
    const work = simulatedStep('work', { results: { image: 'sha256:é"1' } });
    const uses = simulatedStep('use');
    const tasks: readonly PipelineTask[] = [
      { name: 'make', taskSpec: { results, steps: [work] } },
      {
        name: 'use',
        params: [{ name: 'image', value: '$(tasks.make.results.image)' }],
        taskSpec: { params: [{ name: 'image' }], steps: [uses] },
      },
    ];
    const key = await create('results', [], {
      pipelineSpec: { tasks, results: [{ name: 'built', value: 'at $(tasks.make.results.image)' }] },
    });
    const run = await ended(key);
    assert.equal(verdictOf(run), 'True/Succeeded', messageOf(run));
    assert.deepEqual(
      run.status?.results?.map(({ name, value }) => [name, value]),
      [['built', 'at sha256:é"1']],
    );
    const use = await cluster.client.get(taskRuns, { namespace, name: 'results-use' });
    assert.deepEqual(use.spec.params, [{ name: 'image', value: 'sha256:é"1' }]);
  });

  it('try again as often as they may, in a pod of its own each time', async () => {
    const flaky = { taskSpec: simulatedTask(simulatedStep('work', { exitCode: 1 }, { exitCode: 1 }, {})) };
    const run = await ended(await create('retries', [{ name: 'a', retries: 2, ...flaky }]));
    assert.equal(verdictOf(run), 'True/Succeeded', messageOf(run));
    const task = await cluster.client.get(taskRuns, { namespace, name: 'retries-a' });
    assert.equal(task.status?.retriesStatus?.length, 2);
    assert.deepEqual(await podsOf('retries'), ['retries-a-pod', 'retries-a-pod-retry1', 'retries-a-pod-retry2']);
    const exhausted = await ended(await create('retries-end', [pipelineTask('a', { exitCode: 1 }, { retries: 1 })]));
    assert.equal(verdictOf(exhausted), 'False/Failed');
    assert.equal((await podsOf('retries-end')).length, 2);
  });

  it('end when their time is over; what ran is stopped first', async () => {
    const tasks = [pipelineTask('a', { durationMs: 600_000 })];
    const run = await ended(await create('late', tasks, { timeouts: { pipeline: '2s' } }));
    assert.equal(verdictOf(run), 'False/PipelineRunTimeout');
    await cluster.untilGone(pods, { namespace, name: 'late-a-pod' });
    const key = await create('late-task', [pipelineTask('a', { durationMs: 600_000 }, { timeout: '2s' })]);
    assert.equal(verdictOf(await ended(key)), 'False/Failed');
    const task = await cluster.client.get(taskRuns, { namespace, name: 'late-task-a' });
    assert.equal(verdictOf(task), 'False/TaskRunTimeout');
  });

  it('stop when they are cancelled, and start nothing more', async () => {
    const key = await create('cancelled', [
      pipelineTask('a', { durationMs: 600_000, onTerminate: 0 }),
      pipelineTask('b', {}, { runAfter: ['a'] }),
    ]);
    const pod = { namespace, name: 'cancelled-a-pod' };
    await cluster.until(pods, pod, ({ status }) => status?.phase === 'Running');
    await cluster.client.patch(pipelineRuns, key, { spec: { status: 'Cancelled' } }, { type: 'merge' });
    assert.equal(verdictOf(await ended(key)), 'False/Cancelled');
    // The run has ended once its tasks are told to; theirs comes when nothing runs any more.
    const task = await cluster.until(taskRuns, { namespace, name: 'cancelled-a' }, isDone);
    assert.equal(verdictOf(task), 'False/TaskRunCancelled');
    await cluster.untilGone(pods, pod);
    assert.deepEqual(await podsOf('cancelled'), []);
  });

  it('run what is left to run finally, also after a failure', async () => {
    const key = await create('finally', [], {
      pipelineSpec: {
        tasks: [pipelineTask('a', { exitCode: 1 })],
        finally: [pipelineTask('clean', {})],
      },
    });
    assert.equal(verdictOf(await ended(key)), 'False/Failed');
    const clean = await cluster.client.get(taskRuns, { namespace, name: 'finally-clean' });
    assert.equal(verdictOf(clean), 'True/Succeeded');
  });

  it('do nothing while they are pending', async () => {
    const key = await create('pending', [pipelineTask('a', {})], { status: 'PipelineRunPending' });
    const held = await cluster.until(pipelineRuns, key, ({ status }) => status?.conditions !== undefined);
    assert.equal(held.status?.conditions?.[0]?.reason, 'PipelineRunPending');
    assert.equal(held.status.startTime, undefined);
    assert.deepEqual(await podsOf('pending'), []);
    await cluster.client.patch(pipelineRuns, key, { spec: { status: null } }, { type: 'merge' });
    assert.equal(verdictOf(await ended(key)), 'True/Succeeded');
  });

  it('go on under controllers that know nothing of the ones before', async () => {
    const key = await create('restart', [
      pipelineTask('a', { durationMs: 500 }),
      pipelineTask('b', { durationMs: 200 }, { runAfter: ['a'] }),
    ]);
    await cluster.until(pods, { namespace, name: 'restart-a-pod' }, ({ status }) => status?.phase === 'Running');
    await cluster.stopControllers();
    await cluster.until(pods, { namespace, name: 'restart-a-pod' }, ({ status }) => status?.phase === 'Succeeded');
    await cluster.resumeControllers();
    assert.equal(verdictOf(await ended(key)), 'True/Succeeded');
    assert.deepEqual(await podsOf('restart'), ['restart-a-pod', 'restart-b-pod']);
  });

  it('are told apart by creation time only as the API tells it', async () => {
    const run = await ended(await create('times', [pipelineTask('a', {})]));
    const { startTime = '', completionTime = '' } = run.status ?? {};
    assert.ok(startTime >= (run.metadata.creationTimestamp ?? '~'), startTime);
    assert.ok(completionTime >= startTime && completionTime <= toRfc3339(systemClock.now() + 1_000), completionTime);
  });
});
