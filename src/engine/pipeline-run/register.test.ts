import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { toRfc3339 } from '../../base/clock.ts';
import { seededRandom } from '../../base/random.ts';
import { VirtualClock } from '../../base/virtual-clock.ts';
import { silentLogger } from '../../telemetry/logger.ts';
import { isDone, succeededCondition } from '../../tekton/pipeline-run/children.ts';
import { embedded } from '../../tekton/pipeline-run/decision-fixture.ts';
import { pipelineRuns, taskRuns, type PipelineRun, type PipelineRunSpec, type TaskRun } from '../../tekton/types.ts';
import { MemoryApi } from '../memory-api.ts';
import { MemoryHost } from '../memory-host.ts';
import { concernsRun, registerPipelineRuns } from './register.ts';

const minuteMs = 60_000;
const fan = { tasks: [embedded('a'), embedded('b', { runAfter: ['a'] }), embedded('c', { runAfter: ['a'] })] };

/** The PipelineRun controller at work; children take `childMs`, or for ever when that is not set. */
class Works {
  readonly api: MemoryApi = new MemoryApi();
  readonly clock: VirtualClock = new VirtualClock({ startMs: Date.UTC(2026, 10, 21, 8) });
  readonly host: MemoryHost = new MemoryHost(this.api, this.clock);

  constructor(childMs?: number) {
    const parts = { client: this.api.client, clock: this.clock, random: seededRandom(1), logger: silentLogger };
    registerPipelineRuns(this.host, parts);
    this.api.watch(taskRuns, (previous, child) => {
      if (child === undefined || isDone(child)) return;
      if (child.spec.status === 'TaskRunCancelled')
        this.clock.schedule(10, () => this.#finish(child, 'TaskRunCancelled'));
      else if (previous === undefined && childMs !== undefined)
        this.clock.schedule(childMs, () => this.#finish(child, 'Succeeded'));
    });
  }

  #finish({ metadata }: TaskRun, reason: string): void {
    const child = this.api.read(taskRuns, { namespace: 'ns', name: metadata.name ?? '' });
    if (child === undefined || isDone(child)) return;
    const condition = { type: 'Succeeded', status: reason === 'Succeeded' ? 'True' : 'False', reason } as const;
    this.api.put(taskRuns, {
      ...child,
      status: { conditions: [condition], completionTime: toRfc3339(this.clock.now()) },
    });
  }

  create(name: string, spec: Partial<PipelineRunSpec> = {}): void {
    const metadata = { namespace: 'ns', name, creationTimestamp: toRfc3339(this.clock.now()) };
    this.api.put(pipelineRuns, {
      apiVersion: 'tekton.dev/v1',
      kind: 'PipelineRun',
      metadata,
      spec: { pipelineSpec: fan, ...spec },
    });
  }

  run(name: string): PipelineRun {
    const run = this.api.read(pipelineRuns, { namespace: 'ns', name });
    assert.ok(run);
    return run;
  }

  ask(name: string, status: NonNullable<PipelineRunSpec['status']>): void {
    const run = this.run(name);
    this.api.put(pipelineRuns, { ...run, spec: { ...run.spec, status } });
  }

  reason(name: string): string | undefined {
    return succeededCondition(this.run(name).status)?.reason;
  }
}

describe('the PipelineRun controller with its queue and caches', () => {
  it('takes a hundred runs to their end in at most 7 calls each', async () => {
    const works = new Works(200);
    for (let index = 0; index < 100; index++) works.create(`run-${index}`);
    await works.clock.advance(5000);
    for (let index = 0; index < 100; index++) assert.equal(works.reason(`run-${index}`), 'Succeeded');
    assert.deepEqual(works.host.errors, []);
    assert.ok(works.api.calls.length <= 700, `${works.api.calls.length} calls`);
  });

  it('notices a timeout by the clock alone', async () => {
    const works = new Works();
    works.create('run', { timeouts: { pipeline: '10m' } });
    await works.clock.advance(9 * minuteMs);
    assert.equal(works.reason('run'), 'Running');
    await works.clock.advance(2 * minuteMs);
    assert.equal(works.reason('run'), 'PipelineRunTimeout');
    assert.ok(works.api.all(taskRuns).every(isDone));
  });

  it('starts a pending run when it is released, and cancels it when asked', async () => {
    const works = new Works();
    works.create('run', { status: 'PipelineRunPending' });
    await works.clock.advance(minuteMs);
    assert.equal(works.api.all(taskRuns).length, 0);
    works.ask('run', '');
    await works.clock.advance(1000);
    assert.equal(works.api.all(taskRuns).length, 1);
    works.ask('run', 'Cancelled');
    await works.clock.advance(1000);
    assert.equal(works.reason('run'), 'Cancelled');
    assert.ok(works.api.all(taskRuns).every(isDone));
  });

  it('makes a child again that somebody deleted', async () => {
    const works = new Works();
    works.create('run');
    await works.clock.advance(1000);
    works.api.remove(taskRuns, { namespace: 'ns', name: 'run-a' });
    await works.clock.advance(1000);
    assert.equal(works.api.all(taskRuns).length, 1);
  });

  it('rests once runs are done', async () => {
    const works = new Works(200);
    works.create('run');
    await works.clock.advance(20_000);
    works.api.calls.length = 0;
    await works.clock.advance(120 * minuteMs);
    assert.deepEqual(works.api.calls, []);
  });
});

describe('concernsRun', () => {
  it('lets through what ends or cancels a child, not what its steps do', () => {
    const child = { apiVersion: 'tekton.dev/v1', kind: 'TaskRun', metadata: { name: 'x' }, spec: {} } as const;
    const running: TaskRun = {
      ...child,
      status: { conditions: [{ type: 'Succeeded', status: 'Unknown' }], steps: [] },
    };
    const ended: TaskRun = { ...child, status: { conditions: [{ type: 'Succeeded', status: 'False' }] } };
    assert.equal(concernsRun(child, running), false);
    assert.equal(concernsRun(running, ended), true);
    assert.equal(concernsRun(running, { ...running, spec: { status: 'TaskRunCancelled' } }), true);
  });
});
