import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { toRfc3339 } from '../base/clock.ts';
import { seededRandom } from '../base/random.ts';
import { VirtualClock } from '../base/virtual-clock.ts';
import { pods } from '../kube/core-types.ts';
import type { Pod } from '../kube/pod.ts';
import type { PodLogKeeper } from '../kube/pod-log-keeper.ts';
import { silentLogger } from '../telemetry/logger.ts';
import { succeededCondition } from '../tekton/pipeline-run/children.ts';
import { embedded } from '../tekton/pipeline-run/decision-fixture.ts';
import { pipelineRuns, taskRuns, type PipelineRunSpec } from '../tekton/types.ts';
import { createEngine } from './engine.ts';
import { MemoryApi } from './memory-api.ts';
import { MemoryHost } from './memory-host.ts';
import { MemoryKubelet } from './memory-kubelet.ts';
import { verdictFinalizer } from './pod/names.ts';

const fan = { tasks: [embedded('a'), embedded('b', { runAfter: ['a'] }), embedded('c', { runAfter: ['a'] })] };

/** The whole engine at work on an API in memory, with a node on which every container takes `containerMs`. */
class Works {
  readonly api: MemoryApi = new MemoryApi();
  readonly clock: VirtualClock = new VirtualClock({ startMs: Date.UTC(2026, 10, 21, 8) });
  readonly host: MemoryHost = new MemoryHost(this.api, this.clock);
  readonly kubelet: MemoryKubelet = new MemoryKubelet(this.api);

  constructor(containerMs: number, logKeeper?: PodLogKeeper) {
    this.api.now = () => this.clock.now();
    createEngine({
      client: this.api.client,
      clock: this.clock,
      random: seededRandom(1),
      logger: silentLogger,
      ...(logKeeper === undefined ? {} : { logKeeper }),
    }).register(this.host);
    const advance = (pod: Pod): void => {
      if (!this.kubelet.step(pod)) return;
      this.clock.schedule(containerMs / 2, () => advance(pod));
    };
    this.api.watch(pods, (previous, pod) => {
      if (previous === undefined && pod !== undefined) this.clock.schedule(1, () => advance(pod));
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

  verdict(name: string): string {
    const condition = succeededCondition(this.api.read(pipelineRuns, { namespace: 'ns', name })?.status);
    return `${condition?.status ?? '-'}/${condition?.reason ?? '-'}`;
  }
}

describe('the engine', () => {
  it('takes a hundred runs of three tasks to success in at most 16 calls each', async () => {
    const works = new Works(200);
    for (let index = 0; index < 100; index++) works.create(`run-${index}`);
    await works.clock.advance(5000);
    for (let index = 0; index < 100; index++) assert.equal(works.verdict(`run-${index}`), 'True/Succeeded');
    assert.deepEqual(works.host.errors, []);
    assert.ok(works.api.calls.length <= 1600, `${works.api.calls.length} calls`);
    const perTask = works.api.calls.filter((call) => /taskruns|pods/.test(call)).length / 300;
    assert.ok(perTask <= 4, `${perTask} calls a TaskRun`);
    assert.ok(works.api.all(pods).every((pod) => !pod.metadata.finalizers?.includes(verdictFinalizer)));
  });

  it('reports the step that failed, and rests', async () => {
    const works = new Works(200);
    works.kubelet.ends = (pod) => (pod.metadata.name === 'run-b-pod' ? 7 : 0);
    works.create('run');
    await works.clock.advance(20_000);
    assert.equal(works.verdict('run'), 'False/Failed');
    const condition = succeededCondition(works.api.read(taskRuns, { namespace: 'ns', name: 'run-b' })?.status);
    assert.equal(condition?.reason, 'StepFailed');
    assert.equal(condition.message, '"step-work" exited with code 7');
    works.api.calls.length = 0;
    await works.clock.advance(7_200_000);
    assert.deepEqual(works.api.calls, []);
  });

  it('holds pods until their logs are settled, without a further call', async () => {
    const settled = new Set<string>();
    const listeners: ((pod: Pod) => void)[] = [];
    const works = new Works(200, {
      isSettled: (pod) => settled.has(pod.metadata.name ?? ''),
      onSettled: (listener) => listeners.push(listener),
    });
    works.create('run');
    await works.clock.advance(20_000);
    assert.equal(works.verdict('run'), 'True/Succeeded');
    const held = works.api.all(pods).filter((pod) => pod.metadata.finalizers?.includes(verdictFinalizer));
    assert.equal(held.length, 3);
    const [first] = held;
    settled.add(first?.metadata.name ?? '');
    if (first) for (const listener of listeners) listener(first);
    await works.clock.advance(1000);
    assert.equal(works.api.all(pods).filter((pod) => pod.metadata.finalizers?.length === 1).length, 2);
    for (const pod of held) {
      settled.add(pod.metadata.name ?? '');
      for (const listener of listeners) listener(pod);
    }
    await works.clock.advance(1000);
    assert.ok(works.api.all(pods).every((pod) => !pod.metadata.finalizers?.includes(verdictFinalizer)));
    assert.ok(works.api.calls.length <= 16, `${works.api.calls.length} calls`);
    assert.deepEqual(works.host.errors, []);
  });
});
