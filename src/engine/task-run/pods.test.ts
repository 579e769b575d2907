import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { toRfc3339 } from '../../base/clock.ts';
import { ApiStatusError } from '../../kube/api-error.ts';
import { pods } from '../../kube/core-types.ts';
import { controllerReference } from '../../kube/object.ts';
import type { Pod } from '../../kube/pod.ts';
import { taskRuns } from '../../tekton/types.ts';
import { verdictFinalizer } from '../pod/names.ts';
import { benchKey, type TaskRunBench } from './bench.ts';
import { held, newBench, one, podKey, running, three } from './bench-cases.ts';

describe('evidence', () => {
  it('that comes late is waited for, with growing pauses', async () => {
    const bench = await running();
    bench.kubelet.run(bench.pod());
    const { status } = bench.pod();
    bench.api.put(pods, { ...bench.pod(), status: { phase: 'Succeeded' } });
    const pauses: number[] = [];
    for (let look = 0; look < 4; look++) {
      const { requeueAfterMs = 0 } = await bench.pass();
      pauses.push(requeueAfterMs);
      await bench.clock.advance(requeueAfterMs);
    }
    assert.ok(
      pauses.every((pause, index) => pause >= 100 * 2 ** index && pause <= 200 * 2 ** index),
      String(pauses),
    );
    assert.equal(bench.calls().filter((call) => call === 'get pods/run-pod').length, 4);
    if (status) bench.api.put(pods, { ...bench.pod(), status });
    await bench.settle();
    assert.equal(bench.verdict, 'True/Succeeded');
  });

  it('that never comes is lost after fifteen seconds', async () => {
    const bench = await running();
    bench.kubelet.run(bench.pod());
    bench.api.put(pods, { ...bench.pod(), status: { phase: 'Succeeded' } });
    const startMs = bench.clock.now();
    await bench.settle();
    assert.equal(bench.verdict, 'False/EvidenceLost');
    assert.match(bench.message, /^evidence lost: the pod has ended, but the end of "step-a" is not known/);
    const tookMs = bench.clock.now() - startMs;
    assert.ok(tookMs >= 15_000 && tookMs <= 21_000, String(tookMs));
  });

  it('of a pod that is gone is what was seen last', async () => {
    const bench = await running();
    bench.kubelet.run(bench.pod());
    bench.syncPods();
    bench.api.remove(pods, podKey);
    await bench.settle();
    assert.equal(bench.verdict, 'True/Succeeded');
  });

  it('of a pod that is gone in the middle is lost at once, and nothing runs twice', async () => {
    const bench = await running();
    bench.syncPods();
    bench.api.remove(pods, podKey);
    await bench.settle();
    assert.equal(bench.verdict, 'False/EvidenceLost');
    assert.equal(bench.api.all(pods).length, 0);
    assert.deepEqual(
      bench.status.steps?.map(({ terminationReason }) => terminationReason),
      ['EvidenceLost'],
    );
  });

  it('of a step that ended when its pod was deleted is lost, whatever the exit code', async () => {
    const bench = await running(three);
    await bench.clock.advance(60_000);
    bench.kubelet.step(bench.pod());
    bench.kubelet.step(bench.pod());
    await bench.clock.advance(60_000);
    await bench.api.client.delete(pods, podKey);
    bench.syncPods();
    await bench.clock.advance(1_000);
    bench.kubelet.kill(bench.pod(), 0);
    await bench.settle();
    assert.equal(bench.verdict, 'False/EvidenceLost');
    const said = 'evidence lost: the pod was deleted: "step-b" ended with exit code 0 when the pod was being stopped';
    assert.equal(bench.message, said);
    assert.deepEqual(
      bench.status.steps?.map(({ terminated, terminationReason }) => [terminated?.exitCode, terminationReason]),
      [
        [0, 'Completed'],
        [0, 'EvidenceLost'],
        [1, 'Skipped'],
      ],
    );
  });

  it('of a pod that no cache has ever shown is not made up: it is not made again', async () => {
    const bench = newBench();
    await bench.look();
    bench.api.remove(pods, podKey);
    await bench.clock.advance(10_000);
    await bench.settle();
    assert.equal(bench.verdict, 'False/EvidenceLost');
    assert.equal(bench.calls().filter((call) => call.startsWith('create')).length, 1);
  });

  it('that is lost is a reason to try again where the run may', async () => {
    const bench = await running(one, { retries: 1 });
    bench.api.put(pods, {
      ...bench.pod(),
      status: { ...bench.pod().status, phase: 'Failed', reason: 'Evicted', message: 'disk' },
    });
    await bench.settle(4);
    assert.equal(bench.status.retriesStatus?.[0]?.conditions?.[0]?.reason, 'PodEvicted');
    bench.kubelet.run(bench.pod('run-pod-retry1'));
    await bench.settle();
    assert.equal(bench.verdict, 'True/Succeeded');
  });
});

describe('a pod that cannot run', () => {
  const pulling = (bench: TaskRunBench): Pod => {
    const pod = bench.pod();
    const state = { waiting: { reason: 'ImagePullBackOff', message: 'no such image' } };
    const step = { name: 'step-a', image: 'x', imageID: '', ready: false, restartCount: 0, state };
    return { ...pod, status: { phase: 'Pending', containerStatuses: [step] } };
  };

  it('ends the run with the words of the node, and is deleted', async () => {
    const bench = newBench();
    await bench.pass();
    bench.api.put(pods, pulling(bench));
    await bench.settle();
    assert.equal(bench.verdict, 'False/TaskRunImagePullFailed');
    assert.equal(bench.message, 'container "step-a" with image "x" waits: ImagePullBackOff: no such image');
    assert.equal(bench.api.all(pods).length, 0);
  });

  it('is not condemned by a cache: the API is asked', async () => {
    const bench = newBench();
    await bench.pass();
    bench.api.put(pods, pulling(bench));
    bench.sync();
    bench.api.put(pods, { ...bench.pod(), status: {} });
    bench.kubelet.run(bench.pod());
    await bench.look();
    assert.equal(bench.verdict, 'True/Succeeded');
  });
});

describe('a pod that cannot be made', () => {
  const refuse = (bench: TaskRunBench, error: Error): void => {
    bench.api.before = (call) => {
      if (call.startsWith('create pods')) throw error;
    };
  };

  it('ends the run with the words of admission', async () => {
    const bench = newBench();
    refuse(bench, new ApiStatusError('Forbidden', 'violates PodSecurity "restricted"'));
    await bench.settle();
    assert.equal(bench.verdict, 'False/PodAdmissionFailed');
    assert.equal(bench.message, 'cannot create Pod "ns/run-pod": violates PodSecurity "restricted"');
  });

  it('knows the words of policies and webhooks under whatever reason they come', async () => {
    const denials = [
      new ApiStatusError('Invalid', `ValidatingAdmissionPolicy 'p' with binding 'b' denied request: not from here`),
      new ApiStatusError('BadRequest', 'admission webhook "w.example.com" denied the request: not from here'),
    ];
    for (const denial of denials) {
      const bench = newBench();
      refuse(bench, denial);
      await bench.settle();
      assert.equal(bench.verdict, 'False/PodAdmissionFailed');
      assert.match(bench.message, /not from here$/);
    }
  });

  it('ends the run when it is invalid', async () => {
    const bench = newBench();
    refuse(bench, new ApiStatusError('Invalid', 'spec.containers[0].image: required'));
    await bench.settle();
    assert.equal(bench.verdict, 'False/PodCreationFailed');
  });

  it('waits for room where a quota is used up, without its time running', async () => {
    const bench = newBench(one, { timeout: '1m' });
    refuse(bench, new ApiStatusError('Forbidden', 'exceeded quota: pods=1'));
    for (let look = 0; look < 20; look++) {
      const { requeueAfterMs = 0 } = await bench.pass();
      await bench.clock.advance(requeueAfterMs);
    }
    assert.equal(bench.verdict, 'Unknown/ExceededResourceQuota');
    assert.equal(bench.status.startTime, undefined);
    assert.match(bench.message, /exceeded quota: pods=1/);
    assert.equal(bench.calls().filter((call) => call.startsWith('status')).length, 1);
    bench.api.before = () => undefined;
    await bench.pass();
    bench.kubelet.run(bench.pod());
    await bench.settle();
    assert.equal(bench.verdict, 'True/Succeeded');
  });

  it('is tried again when the API has a bad moment', async () => {
    const bench = newBench();
    refuse(bench, new ApiStatusError('InternalError', 'failed calling webhook'));
    await assert.rejects(bench.pass(), /webhook/);
    assert.equal(bench.verdict, '-/-');
  });

  it('says whose the name is that it needs', async () => {
    const bench = newBench();
    bench.api.put(pods, { apiVersion: 'v1', kind: 'Pod', metadata: podKey, spec: { containers: [] } });
    await bench.settle();
    assert.equal(bench.verdict, 'False/PodCreationFailed');
    assert.match(
      bench.message,
      /the name of Pod "ns\/run-pod" is taken by one that is controlled by nobody; delete or rename it/,
    );
  });

  it('waits for the pod of a run of the same name that is no more', async () => {
    const bench = await running();
    bench.api.remove(taskRuns, benchKey);
    bench.createRun({ taskSpec: one }, 'other-uid');
    bench.runs.sync();
    await bench.look();
    assert.equal(bench.verdict, 'Unknown/Pending');
    bench.kubelet.kill(bench.pod());
    await bench.settle(5);
    assert.equal(bench.pod().metadata.ownerReferences?.[0]?.uid, 'other-uid');
    bench.kubelet.run(bench.pod());
    await bench.settle();
    assert.equal(bench.verdict, 'True/Succeeded');
  });
});

describe('pods without a run', () => {
  it('are stopped and let go once the API says that the run is gone', async () => {
    const bench = await running();
    bench.api.remove(taskRuns, benchKey);
    await bench.pass();
    assert.deepEqual(bench.calls().slice(-3), ['get taskruns/run', 'delete pods/run-pod', 'patch pods/run-pod']);
    bench.kubelet.kill(bench.pod());
    assert.equal(bench.api.all(pods).length, 0);
  });

  it('are left alone while only a cache says so', async () => {
    const bench = await running();
    bench.syncPods();
    const run = bench.run;
    bench.api.remove(taskRuns, benchKey);
    bench.runs.sync();
    bench.api.put(taskRuns, run);
    bench.calls();
    await bench.look();
    assert.deepEqual(bench.calls(), ['get taskruns/run']);
    assert.equal(held(bench.pod()), true);
  });

  it('of a run that is about to be deleted are stopped', async () => {
    const bench = await running();
    const metadata = {
      ...bench.run.metadata,
      deletionTimestamp: toRfc3339(bench.clock.now()),
      finalizers: ['foregroundDeletion'],
    };
    bench.api.put(taskRuns, { ...bench.run, metadata });
    await bench.pass();
    assert.ok(bench.pod().metadata.deletionTimestamp);
    assert.equal(held(bench.pod()), false);
  });

  it('that appear after the end are stopped', async () => {
    const bench = newBench();
    bench.cancel();
    await bench.settle();
    const run = bench.run;
    const late: Pod = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { ...podKey, ownerReferences: [controllerReference(run)], finalizers: [verdictFinalizer] },
      spec: { containers: [{ name: 'step-a' }] },
    };
    bench.api.put(pods, late);
    await bench.settle();
    assert.equal(bench.api.all(pods).length, 0);
  });
});

describe('a container that others put into the pod', () => {
  it('does not keep the pod alive once the steps are done', async () => {
    const bench = newBench();
    await bench.pass();
    const pod = bench.pod();
    const proxy = { name: 'proxy', image: 'p' };
    bench.api.put(pods, { ...pod, spec: { ...pod.spec, containers: [...pod.spec.containers, proxy] } });
    for (let change = 0; change < 2; change++) bench.kubelet.step(bench.pod());
    bench.kubelet.step(bench.pod());
    assert.equal(bench.pod().status?.phase, 'Running');
    await bench.settle();
    assert.equal(bench.verdict, 'True/Succeeded');
    assert.ok(bench.pod().metadata.deletionTimestamp);
    assert.deepEqual(
      bench.status.steps?.map(({ name }) => name),
      ['a'],
    );
  });
});
