import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { configMaps, persistentVolumeClaims, pods } from '../../kube/core-types.ts';
import { taskRuns, tasks, type Task, type TaskSpec } from '../../tekton/types.ts';
import { TaskRunBench } from './bench.ts';
import { held, newBench, one, podKey, running, three } from './bench-cases.ts';

const script = { image: 'x', script: 'true' };

describe('a TaskRun that goes well', () => {
  it('costs a pod, a status and the removal of the finalizer, in this order', async () => {
    const bench = newBench(three);
    await bench.pass();
    bench.kubelet.run(bench.pod());
    await bench.settle();
    assert.deepEqual(bench.calls(), ['create pods/run-pod', 'status taskruns/run', 'patch pods/run-pod']);
    assert.equal(bench.verdict, 'True/Succeeded');
    assert.equal(held(bench.pod()), false);
    await bench.clock.advance(60_000);
    await bench.pass();
    assert.deepEqual(bench.calls(), []);
  });

  it('says what ran, when, and with what Task', async () => {
    const bench = await running(three, { params: [{ name: 'who', value: 'me' }] });
    await bench.clock.advance(5000);
    bench.kubelet.run(bench.pod());
    await bench.settle();
    const { steps, podName, startTime, completionTime, taskSpec } = bench.status;
    assert.deepEqual(
      steps?.map(({ name, container, terminated, terminationReason }) => [
        name,
        container,
        terminated?.exitCode,
        terminationReason,
      ]),
      [
        ['a', 'step-a', 0, 'Completed'],
        ['b', 'step-b', 0, 'Completed'],
        ['c', 'step-c', 0, 'Completed'],
      ],
    );
    assert.deepEqual([podName, startTime, completionTime], ['run-pod', '2026-11-21T08:00:00Z', '2026-11-21T08:00:05Z']);
    assert.equal(taskSpec?.steps?.length, 3);
    assert.equal(bench.message, 'All Steps have completed executing');
  });

  it('shows progress only if it goes on for a while, then whenever something changed', async () => {
    const bench = await running(three);
    await bench.pass();
    assert.deepEqual(bench.calls(), ['create pods/run-pod']);
    await bench.clock.advance(300);
    await bench.pass();
    assert.deepEqual(bench.calls(), ['status taskruns/run']);
    assert.equal(bench.verdict, 'Unknown/Running');
    assert.deepEqual(
      bench.status.steps?.map(({ running: is, waiting }) => is?.startedAt ?? waiting?.reason),
      ['2026-11-21T08:00:00Z', 'PodInitializing', 'PodInitializing'],
    );
    await bench.clock.advance(60_000);
    await bench.pass();
    assert.deepEqual(bench.calls(), []);
  });

  it('shows progress later when many do, and the end at once', async () => {
    const bench = new TaskRunBench({ taskSpec: three }, { progressRate: { perSecond: 0.1, burst: 1 } });
    await bench.pass();
    const seen: number[] = [];
    for (let seconds = 0; seconds < 25; seconds++) {
      if (seconds % 4 === 0) bench.kubelet.step(bench.pod());
      await bench.pass();
      await bench.clock.advance(1_000);
      await bench.pass();
      if (bench.calls().includes('status taskruns/run')) seen.push(seconds);
    }
    assert.equal(bench.verdict, 'True/Succeeded');
    const [first, second = 0, last] = seen;
    assert.deepEqual([first, second >= 10 && second <= 11, last, seen.length], [0, true, 20, 3], seen.join());
  });

  it('adopts the pod that a lost answer left behind', async () => {
    const bench = newBench();
    bench.api.after = (call) => {
      if (call.startsWith('create')) throw new Error('socket hang up');
    };
    await assert.rejects(bench.pass(), /hang up/);
    bench.api.after = () => undefined;
    bench.restart();
    await bench.look();
    assert.deepEqual(
      bench.calls(),
      ['create pods/run-pod', 'get taskruns/run', 'create pods/run-pod', 'get pods/run-pod'].toSpliced(1, 1),
    );
    assert.equal(bench.api.all(pods).length, 1);
  });

  it('lets go of the pod also after a crash right after the verdict', async () => {
    const bench = await running();
    bench.kubelet.run(bench.pod());
    bench.api.before = (call) => {
      if (call.startsWith('patch')) throw new Error('killed');
    };
    await assert.rejects(bench.pass(), /killed/);
    assert.equal(bench.verdict, 'True/Succeeded');
    assert.equal(held(bench.pod()), true);
    bench.api.before = () => undefined;
    bench.restart();
    await bench.pass();
    assert.equal(held(bench.pod()), false);
  });

  it('makes the claims of its workspaces, and a ConfigMap for long scripts, before the pod', async () => {
    const spec: TaskSpec = { steps: [{ image: 'x', script: 'x'.repeat(210 * 1024) }], workspaces: [{ name: 'w' }] };
    const bench = newBench(spec, { workspaces: [{ name: 'w', volumeClaimTemplate: { spec: {} } }] });
    await bench.pass();
    const kinds = bench.calls().map((call) => call.split('/')[0]);
    assert.deepEqual(kinds, ['create persistentvolumeclaims', 'create configmaps', 'create pods']);
    const made = [...bench.api.all(persistentVolumeClaims), ...bench.api.all(configMaps)];
    assert.ok(made.every(({ metadata }) => metadata.ownerReferences?.[0]?.uid === 'run-uid'));
  });

  it('waits while it is pending', async () => {
    const bench = newBench(one, { status: 'TaskRunPending' });
    await bench.settle();
    assert.equal(bench.verdict, 'Unknown/TaskRunPending');
    assert.equal(bench.status.startTime, undefined);
    bench.api.put(taskRuns, { ...bench.run, spec: { taskSpec: one } });
    await bench.pass();
    assert.equal(bench.api.all(pods).length, 1);
  });
});

describe('a TaskRun whose steps fail', () => {
  it('names the step, and says that the others were skipped', async () => {
    const bench = await running(three);
    bench.kubelet.ends = (_pod, container) => (container === 'step-b' ? 4 : 0);
    bench.kubelet.run(bench.pod());
    await bench.settle();
    assert.equal(bench.verdict, 'False/StepFailed');
    assert.equal(bench.message, '"step-b" exited with code 4');
    assert.deepEqual(
      bench.status.steps?.map(({ terminated, terminationReason }) => [terminated?.exitCode, terminationReason]),
      [
        [0, 'Completed'],
        [4, 'Error'],
        [1, 'Skipped'],
      ],
    );
    assert.deepEqual(bench.warnings, ['StepFailed']);
    assert.equal(held(bench.pod()), false);
  });

  it('is forgiven by the pipeline under another reason', async () => {
    const bench = newBench();
    const metadata = {
      ...bench.run.metadata,
      annotations: { 'pipeline.tekton.dev/pipeline-task-on-error': 'continue' },
    };
    bench.api.put(taskRuns, { ...bench.run, metadata });
    bench.kubelet.ends = () => 1;
    await bench.pass();
    bench.kubelet.run(bench.pod());
    await bench.settle();
    assert.equal(bench.verdict, 'False/FailureIgnored');
  });

  it('tries again with a new pod as often as it may, and keeps what was', async () => {
    const bench = newBench(one, { retries: 2 });
    bench.kubelet.ends = (pod) => (pod.metadata.name === 'run-pod-retry2' ? 0 : 5);
    for (const name of ['run-pod', 'run-pod-retry1', 'run-pod-retry2']) {
      await bench.settle(3);
      bench.kubelet.run(bench.pod(name));
      await bench.pass();
      assert.equal(held(bench.pod(name)), false);
    }
    await bench.settle();
    assert.equal(bench.verdict, 'True/Succeeded');
    const attempts = bench.status.retriesStatus ?? [];
    assert.deepEqual(
      attempts.map(({ podName, conditions }) => [podName, conditions?.[0]?.reason]),
      [
        ['run-pod', 'StepFailed'],
        ['run-pod-retry1', 'StepFailed'],
      ],
    );
    assert.ok(
      attempts.every(
        ({ retriesStatus, completionTime }) => retriesStatus === undefined && completionTime !== undefined,
      ),
    );
    assert.equal(bench.status.podName, 'run-pod-retry2');
  });

  it('shows the exit code of a step whose failure is ignored', async () => {
    const bench = await running({
      steps: [
        { name: 'a', ...script, onError: 'continue' },
        { name: 'b', ...script },
      ],
    });
    bench.kubelet.ends = (_pod, container) =>
      container === 'step-a' ? { exitCode: 0, message: 'penstock/1 exited 9\n.\n' } : 0;
    bench.kubelet.run(bench.pod());
    await bench.settle();
    assert.equal(bench.verdict, 'True/Succeeded');
    const [a] = bench.status.steps ?? [];
    assert.deepEqual(
      [a?.terminated?.exitCode, a?.terminationReason, a?.terminated?.message],
      [9, 'Continued', undefined],
    );
  });
});

describe('results', () => {
  const declared: TaskSpec = {
    steps: [{ name: 'a', ...script, results: [{ name: 'inner' }] }],
    results: [
      { name: 'text' },
      { name: 'list', type: 'array' },
      { name: 'missing' },
      { name: 'own', value: '$(steps.a.results.inner)' },
    ],
  };
  const reporting = (list: string): string =>
    `penstock/1 exited 0\nresult text 3\nhi\n\nresult list ${list.length}\n${list}\nstep-result inner 2\nin\n.\n`;

  async function endWith(message: string, exitCode = 0): Promise<TaskRunBench> {
    const bench = await running(declared);
    bench.kubelet.ends = (_pod, container) => (container === 'step-a' ? { exitCode, message } : 0);
    bench.kubelet.run(bench.pod());
    await bench.settle();
    return bench;
  }

  it('have the types that the Task declares, to the last byte', async () => {
    const bench = await endWith(reporting('["x","y"]'));
    assert.equal(bench.verdict, 'True/Succeeded');
    assert.deepEqual(bench.status.results, [
      { name: 'text', type: 'string', value: 'hi\n' },
      { name: 'list', type: 'array', value: ['x', 'y'] },
      { name: 'own', type: 'string', value: 'in' },
    ]);
    assert.deepEqual(bench.status.steps?.[0]?.results, [{ name: 'inner', type: 'string', value: 'in' }]);
  });

  it('of a step have the types that the step declares, or are shown as the texts they are', async () => {
    const results = [
      { name: 'list', type: 'array' },
      { name: 'keys', properties: { k: {} } },
      { name: 'broken', type: 'array' },
    ] as const;
    const bench = await running({ steps: [{ name: 'a', ...script, results }] });
    const texts = { list: '["x","y"]', keys: '{"k":"v"}', broken: 'no list' };
    const entries = Object.entries(texts).map(([name, text]) => `step-result ${name} ${text.length}\n${text}\n`);
    const message = `penstock/1 exited 0\n${entries.join('')}.\n`;
    bench.kubelet.ends = () => ({ exitCode: 0, message });
    bench.kubelet.run(bench.pod());
    await bench.settle();
    assert.deepEqual(bench.status.steps?.[0]?.results, [
      { name: 'list', type: 'array', value: ['x', 'y'] },
      { name: 'keys', type: 'object', value: { k: 'v' } },
      { name: 'broken', type: 'string', value: 'no list' },
    ]);
  });

  it('of another type end the run', async () => {
    const bench = await endWith(reporting('[1,"y"]'));
    assert.equal(bench.verdict, 'False/TaskRunValidationFailed');
    assert.match(bench.message, /result "list" must be a JSON list of strings, but a step wrote "\[1,\\"y\\"\]"/);
    assert.equal(bench.status.results, undefined);
  });

  it('of a failed step count too', async () => {
    const bench = await endWith(reporting('[]').replace('exited 0', 'exited 3'), 3);
    assert.equal(bench.verdict, 'False/StepFailed');
    assert.equal(bench.status.results?.[0]?.value, 'hi\n');
  });

  it('that are too large end the run and say which', async () => {
    const bench = await endWith('penstock/1 too-large 0 text 9000\n.\n', 1);
    assert.equal(bench.verdict, 'False/TaskRunResultLargerThanAllowedLimit');
    assert.match(bench.message, /result "text" alone has 9000 bytes/);
  });
});

describe('cancelling', () => {
  it('before there is a pod makes none', async () => {
    const bench = newBench();
    bench.cancel('TaskRun cancelled as the PipelineRun it belongs to has been cancelled.');
    await bench.settle();
    assert.equal(bench.verdict, 'False/TaskRunCancelled');
    assert.equal(
      bench.message,
      'TaskRun "run" was cancelled. TaskRun cancelled as the PipelineRun it belongs to has been cancelled.',
    );
    assert.equal(bench.api.all(pods).length, 0);
  });

  it('stops the pod, and is reported once it is down', async () => {
    const bench = await running(three, { retries: 3 });
    bench.kubelet.step(bench.pod());
    bench.kubelet.step(bench.pod());
    await bench.clock.advance(60_000);
    bench.cancel();
    await bench.pass();
    assert.ok(bench.calls().includes('delete pods/run-pod'));
    await bench.clock.advance(10_000);
    await bench.pass();
    assert.equal(bench.verdict, '-/-');
    bench.kubelet.kill(bench.pod(), 0);
    await bench.settle();
    assert.equal(bench.verdict, 'False/TaskRunCancelled');
    assert.deepEqual(
      bench.status.steps?.map(({ terminated, terminationReason }) => [terminated?.exitCode, terminationReason]),
      [
        [0, 'Completed'],
        [0, 'TaskRunCancelled'],
        [1, 'TaskRunCancelled'],
      ],
    );
    assert.equal(bench.api.all(pods).length, 0);
  });

  it('does not touch another pod that has taken the name', async () => {
    const bench = await running();
    bench.sync();
    bench.api.remove(pods, podKey);
    bench.api.put(pods, {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { ...podKey, uid: 'other' },
      spec: { containers: [] },
    });
    bench.cancel();
    bench.runs.sync();
    await bench.look();
    assert.ok(bench.calls().includes('delete pods/run-pod'));
    assert.equal(bench.pod().metadata.uid, 'other');
    assert.equal(bench.pod().metadata.deletionTimestamp, undefined);
    await bench.settle();
    assert.equal(bench.verdict, 'False/TaskRunCancelled');
    assert.equal(bench.pod().metadata.deletionTimestamp, undefined);
  });

  it('does not wait for ever for a node that is gone', async () => {
    const bench = await running();
    bench.cancel();
    await bench.pass();
    await bench.clock.advance(59_000);
    await bench.pass();
    assert.equal(bench.verdict, '-/-');
    await bench.clock.advance(2_000);
    await bench.settle();
    assert.equal(bench.verdict, 'False/TaskRunCancelled');
    assert.equal(bench.status.steps?.[0]?.terminationReason, 'TaskRunCancelled');
  });
});

describe('a timeout', () => {
  it('leaves a run its whole time: a stored instant may be almost a second before what it stands for', async () => {
    const bench = await running(one, { timeout: '1m' });
    await bench.pass();
    await bench.clock.advance(60_500);
    await bench.pass();
    assert.ok(!bench.calls().includes('delete pods/run-pod'));
    await bench.clock.advance(500);
    await bench.pass();
    assert.ok(bench.calls().includes('delete pods/run-pod'));
  });

  it('stops the pod and is a failure of its own, tried again where the run may', async () => {
    const bench = await running(one, { timeout: '1m', retries: 1 });
    await bench.pass();
    await bench.clock.advance(61_000);
    await bench.pass();
    assert.ok(bench.calls().includes('delete pods/run-pod'));
    bench.kubelet.kill(bench.pod());
    await bench.settle(3);
    const [first] = bench.status.retriesStatus ?? [];
    assert.deepEqual(
      [first?.conditions?.[0]?.reason, first?.conditions?.[0]?.message],
      ['TaskRunTimeout', 'TaskRun "run" failed to finish within "1m0s"'],
    );
    assert.equal(first?.steps?.[0]?.terminated?.exitCode, 137);
    assert.ok(bench.pod('run-pod-retry1'));
  });

  it('does not undo what had ended in time', async () => {
    const bench = await running(one, { timeout: '1m' });
    bench.kubelet.run(bench.pod());
    await bench.clock.advance(600_000);
    bench.restart();
    await bench.settle();
    assert.equal(bench.verdict, 'True/Succeeded');
  });
});

describe('a Task by reference', () => {
  const task = (generation: number, names: readonly string[]): Task => ({
    apiVersion: 'tekton.dev/v1',
    kind: 'Task',
    metadata: { namespace: 'ns', name: 'build', uid: 'task-uid', generation },
    spec: { steps: names.map((name) => ({ name, ...script })) },
  });

  const refBench = (): TaskRunBench => new TaskRunBench({ taskRef: { name: 'build' } });

  it('that does not exist ends the run, once the API has said so', async () => {
    const bench = refBench();
    await bench.pass();
    assert.deepEqual(bench.calls(), ['get tasks/build', 'status taskruns/run']);
    assert.equal(bench.verdict, 'False/TaskRunResolutionFailed');
    assert.match(bench.message, /spec\.taskRef\.name: there is no Task "build" in namespace "ns"/);
  });

  it('that the cache does not have yet is read', async () => {
    const bench = refBench();
    bench.api.put(tasks, task(1, ['a']));
    await bench.look();
    assert.ok(bench.pod());
  });

  it('that changes meanwhile is not said to be what ran', async () => {
    const bench = refBench();
    bench.api.put(tasks, task(1, ['a']));
    await bench.pass();
    bench.restart();
    bench.api.put(tasks, task(2, ['a', 'b']));
    bench.kubelet.run(bench.pod());
    await bench.settle();
    assert.equal(bench.verdict, 'True/Succeeded');
    assert.deepEqual(
      bench.status.steps?.map(({ name }) => name),
      ['a'],
    );
    assert.equal(bench.status.taskSpec, undefined);
  });
});

describe('a run of another controller', () => {
  it('is left alone', async () => {
    const bench = newBench(one, { managedBy: 'kueue.x-k8s.io/multikueue' });
    await bench.settle();
    assert.deepEqual(bench.calls(), []);
  });
});
