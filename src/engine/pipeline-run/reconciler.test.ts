import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { JsonObject } from '../../base/json.ts';
import { ApiStatusError } from '../../kube/api-error.ts';
import { persistentVolumeClaims } from '../../kube/core-types.ts';
import { controllerReference } from '../../kube/object.ts';
import { embedded } from '../../tekton/pipeline-run/decision-fixture.ts';
import {
  pipelineRuns,
  pipelines,
  taskRuns,
  tasks,
  type PipelineRunSpec,
  type PipelineSpec,
} from '../../tekton/types.ts';
import { Bench, benchKey } from './bench.ts';

const fan: PipelineSpec = {
  tasks: [embedded('a'), embedded('b', { runAfter: ['a'] }), embedded('c', { runAfter: ['a'] })],
};

/** The run of most tests: `a`, then `b` and `c`. */
function newBench(spec: Partial<PipelineRunSpec> = {}): Bench {
  return new Bench({ pipelineSpec: fan, ...spec });
}

const overload = (): ApiStatusError => new ApiStatusError('ServiceUnavailable', 'the server is overloaded');

describe('PipelineRunReconciler', () => {
  it('takes a run of three tasks to its end in 3 creates and 3 or 4 status writes', async () => {
    const bench = newBench();
    await bench.pass();
    await bench.pass();
    bench.end('a', true);
    await bench.pass();
    bench.end('b', true);
    await bench.pass();
    bench.end('c', true);
    await bench.pass();
    await bench.pass();
    assert.equal(bench.verdict, 'True/Succeeded');
    assert.deepEqual(bench.calls(), [
      'status pipelineruns/run',
      'create taskruns/run-a',
      'status pipelineruns/run',
      'create taskruns/run-b',
      'create taskruns/run-c',
      'status pipelineruns/run',
    ]);
  });

  it('writes a mere count after a while', async () => {
    const bench = newBench();
    await bench.pass();
    bench.end('a', true);
    await bench.pass();
    bench.end('b', true);
    bench.calls();
    const { requeueAfterMs = 0 } = await bench.pass();
    assert.deepEqual(bench.calls(), []);
    bench.clock.jump(requeueAfterMs);
    await bench.pass();
    assert.deepEqual(bench.calls(), ['status pipelineruns/run']);
    assert.match(bench.message, /Completed: 2 .*Incomplete: 1/);
  });

  it('repeats nothing while the caches lag behind its own writes', async () => {
    const bench = newBench();
    await bench.look();
    bench.calls();
    await bench.look();
    await bench.look();
    assert.deepEqual(bench.calls(), []);
  });

  it('adopts its children when it comes back without memory and with stale caches', async () => {
    const bench = newBench();
    await bench.look();
    bench.listers.runs.sync();
    bench.restart();
    bench.calls();
    await bench.look();
    assert.deepEqual(bench.calls(), ['get pipelineruns/run', 'create taskruns/run-a', 'get taskruns/run-a']);
    assert.equal(bench.verdict, 'Unknown/Running');
    assert.equal(bench.api.all(taskRuns).length, 1);
  });

  it('adopts the child whose create was carried out but not answered', async () => {
    const bench = newBench();
    bench.api.after = (call) => {
      if (call.startsWith('create')) throw new Error('socket hang up');
    };
    await assert.rejects(bench.look(), /socket hang up/);
    bench.api.after = () => undefined;
    await bench.look();
    assert.equal(bench.verdict, 'Unknown/Running');
    assert.equal(bench.api.all(taskRuns).length, 1);
  });

  it('a foreign TaskRun of the same name fails the run and is named', async () => {
    const bench = newBench();
    bench.api.put(taskRuns, {
      apiVersion: 'tekton.dev/v1',
      kind: 'TaskRun',
      metadata: { namespace: 'ns', name: 'run-a' },
      spec: {},
    });
    await bench.look();
    assert.equal(bench.verdict, 'False/CreateRunFailed');
    assert.match(bench.message, /TaskRun "ns\/run-a": one of that name exists already and is controlled by nobody/);
    assert.equal(bench.run.status?.childReferences, undefined);
    assert.deepEqual(bench.warnings, ['CreateRunFailed']);
  });

  it('a child that the API refuses for good fails the run in the words of the API; its siblings stop', async () => {
    const bench = newBench({ pipelineSpec: { tasks: [embedded('a'), embedded('b')] } });
    bench.api.before = (call) => {
      if (call === 'create taskruns/run-b') throw new ApiStatusError('Forbidden', 'policy says no');
    };
    await bench.look();
    assert.equal(bench.verdict, 'False/CreateRunFailed');
    assert.match(bench.message, /policy says no/);
    await bench.pass();
    assert.equal(bench.child('a').spec.status, 'TaskRunCancelled');
  });

  for (const call of ['status pipelineruns/run', 'create taskruns/run-a', 'get tasks/build', 'get pipelines/p']) {
    it(`law 1: trouble at "${call}" is thrown for a retry, never shown as a failure`, async () => {
      const bench = newBench(
        call.startsWith('get')
          ? { pipelineRef: { name: 'p' }, pipelineSpec: undefined as unknown as PipelineSpec }
          : {},
      );
      const tasksOf = { tasks: [{ name: 'a', taskRef: { name: 'build' } }] };
      bench.api.put(pipelines, {
        apiVersion: 'tekton.dev/v1',
        kind: 'Pipeline',
        metadata: { namespace: 'ns', name: 'p' },
        spec: tasksOf,
      });
      bench.api.put(tasks, {
        apiVersion: 'tekton.dev/v1',
        kind: 'Task',
        metadata: { namespace: 'ns', name: 'build' },
        spec: {},
      });
      bench.api.before = (made) => {
        if (made === call) throw overload();
      };
      await assert.rejects(bench.look(), /overloaded/);
      await assert.rejects(bench.look(), /overloaded/);
      assert.notEqual(bench.verdict.split('/')[0], 'False');
      bench.api.before = () => undefined;
      await bench.look();
      assert.equal(bench.verdict, 'Unknown/Running');
      assert.equal(bench.api.all(taskRuns).length, 1);
    });
  }

  it('only the API says that a Pipeline does not exist', async () => {
    const bench = newBench({ pipelineRef: { name: 'p' }, pipelineSpec: undefined as unknown as PipelineSpec });
    await bench.look();
    assert.deepEqual(bench.calls(), ['get pipelines/p', 'status pipelineruns/run']);
    assert.equal(bench.verdict, 'False/CouldntGetPipeline');
    assert.match(bench.message, /there is no Pipeline "p" in namespace "ns"/);
  });

  it('law 8: a cancel that the cache has not shown yet still stops the wave', async () => {
    const bench = newBench();
    bench.ask('Cancelled');
    const { requeueAfterMs } = await bench.look();
    assert.deepEqual(bench.calls(), ['status pipelineruns/run']);
    assert.ok(requeueAfterMs);
    await bench.pass();
    assert.equal(bench.verdict, 'False/Cancelled');
    assert.equal(bench.api.all(taskRuns).length, 0);
  });

  it('law 8: also when the status was written before and only the creates are left', async () => {
    const bench = newBench();
    bench.api.before = (call) => {
      if (call.startsWith('create')) throw overload();
    };
    await assert.rejects(bench.look());
    bench.api.before = () => undefined;
    bench.ask('Cancelled');
    await bench.look();
    assert.equal(bench.api.all(taskRuns).length, 0);
    await bench.pass();
    assert.equal(bench.verdict, 'False/Cancelled');
  });

  it('law 8: a cancel in the middle of a wave ends it; what was created is cancelled, also after the end', async () => {
    const wide = Array.from({ length: 40 }, (_, index) => embedded(`t${index}`));
    const bench = newBench({ pipelineSpec: { tasks: wide } });
    bench.api.before = (call) => {
      if (call !== 'create taskruns/run-t20') return;
      bench.ask('Cancelled');
      bench.listers.runs.sync();
    };
    await bench.look();
    bench.api.before = () => undefined;
    const made = bench.api.all(taskRuns).length;
    assert.ok(made < 40, `${made} of 40 created`);
    // The cancel is seen before the cache shows any child: the run ends, the children are found afterwards.
    bench.restart();
    await bench.look();
    assert.equal(bench.verdict, 'False/Cancelled');
    await bench.pass();
    assert.ok(bench.api.all(taskRuns).every((child) => child.spec.status === 'TaskRunCancelled'));
    await bench.pass();
    bench.calls();
    await bench.pass();
    assert.deepEqual(bench.calls(), []);
  });

  it('a child that will not be cancelled keeps the run from ending, and says so', async () => {
    const bench = newBench();
    await bench.pass();
    bench.ask('Cancelled');
    bench.api.before = (call) => {
      if (call.startsWith('patch')) throw new ApiStatusError('Forbidden', 'not allowed to patch');
    };
    await assert.rejects(bench.pass(), /cannot cancel TaskRun "run-a": not allowed to patch/);
    assert.equal(bench.verdict, 'Unknown/PipelineRunCouldntCancel');
    bench.api.before = () => undefined;
    await bench.pass();
    assert.equal(bench.verdict, 'False/Cancelled');
    assert.equal(
      bench.child('a').spec.statusMessage,
      'TaskRun cancelled as the PipelineRun it belongs to has been cancelled.',
    );
  });

  it('trouble while cancelling is thrown for a retry and leaves the status alone', async () => {
    const bench = newBench();
    await bench.pass();
    bench.ask('Cancelled');
    bench.api.before = (call) => {
      if (call.startsWith('patch')) throw overload();
    };
    await assert.rejects(bench.pass(), /overloaded/);
    assert.equal(bench.verdict, 'Unknown/Running');
  });

  it('a child that ends while it is being cancelled is no trouble', async () => {
    const bench = newBench();
    await bench.pass();
    bench.ask('Cancelled');
    bench.sync();
    bench.end('a', true);
    bench.api.before = (call) => {
      if (call.startsWith('patch')) throw new ApiStatusError('Invalid', 'the TaskRun is done');
    };
    await bench.look();
    assert.equal(bench.verdict, 'False/Cancelled');
  });

  it('law 4: a pending run gets its condition and nothing else', async () => {
    const bench = newBench({ status: 'PipelineRunPending' });
    await bench.pass();
    await bench.pass();
    assert.deepEqual(bench.calls(), ['status pipelineruns/run']);
    assert.equal(bench.run.status?.startTime, undefined);
    bench.ask('');
    await bench.pass();
    assert.equal(bench.verdict, 'Unknown/Running');
  });

  it('creates a claim before the first child and never again', async () => {
    const bench = newBench({
      workspaces: [{ name: 'w', volumeClaimTemplate: { spec: { accessModes: ['ReadWriteOnce'] } } }],
    });
    await bench.pass();
    bench.end('a', true);
    await bench.pass();
    const creates = bench.calls().filter((call) => call.startsWith('create'));
    assert.match(creates[0] ?? '', /^create persistentvolumeclaims\/pvc-[0-9a-f]{10}$/);
    assert.deepEqual(creates.slice(1), ['create taskruns/run-a', 'create taskruns/run-b', 'create taskruns/run-c']);
    assert.deepEqual(bench.api.all(persistentVolumeClaims)[0]?.metadata.ownerReferences, [
      controllerReference(bench.run),
    ]);
  });

  it('waits for a quota that forbids a claim, and fails for any other refusal', async () => {
    const workspaces = [{ name: 'w', volumeClaimTemplate: { spec: {} } }];
    const quota = newBench({ workspaces });
    quota.api.before = (call) => {
      if (call.startsWith('create persistent')) throw new ApiStatusError('Forbidden', 'exceeded quota: storage');
    };
    const { requeueAfterMs } = await quota.pass();
    assert.ok(requeueAfterMs);
    assert.equal(quota.verdict, 'Unknown/Pending');
    quota.api.before = () => undefined;
    await quota.pass();
    assert.equal(quota.verdict, 'Unknown/Running');

    const refused = newBench({ workspaces });
    refused.api.before = (call) => {
      if (call.startsWith('create persistent')) throw new ApiStatusError('Invalid', 'no such storage class');
    };
    await refused.pass();
    assert.equal(refused.verdict, 'False/CouldntCreateWorkspacePVC');
    assert.match(refused.message, /workspace "w".*no such storage class/);
    assert.equal(refused.api.all(taskRuns).length, 0);
  });

  it('leaves foreign and vanished runs alone', async () => {
    const foreign = newBench({ managedBy: 'example.com/other' });
    await foreign.pass();
    assert.deepEqual(foreign.calls(), []);
    const gone = newBench();
    gone.api.remove(pipelineRuns, benchKey);
    await gone.look();
    assert.deepEqual(gone.calls(), ['status pipelineruns/run']);
    await gone.pass();
    assert.equal(gone.api.all(taskRuns).length, 0);
  });

  it('stops creating when told to shut down', async () => {
    const bench = newBench();
    await bench.reconciler.reconcile(benchKey, AbortSignal.abort());
    assert.equal(bench.api.all(taskRuns).length, 0);
  });

  it('sends the version it has read with every status', async () => {
    const bench = newBench();
    const version = bench.run.metadata.resourceVersion;
    let sent: unknown;
    bench.api.before = (call, body) => {
      if (call.startsWith('status')) sent = ((body as JsonObject)['metadata'] as JsonObject)['resourceVersion'];
    };
    await bench.look();
    assert.equal(sent, version);
  });
});
