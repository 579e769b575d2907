import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isApiError } from '../kube/api-error.ts';
import { type PipelineRun, pipelineRuns } from '../tekton/types.ts';
import { gateAdmission } from './admission.ts';
import { summaryEveryMs } from './gate-reconciler.ts';
import { GateRig } from './gate-rig.ts';
import { notedRunsMax } from './queue-notes.ts';
import { repositories } from './repository.ts';
import { stateOf } from './run-facts.ts';
import {
  type GateSpec,
  bumpKey,
  gates,
  managedGateKey,
  priorityKey,
  queueKey,
  repositoryKey,
  sourceBranchKey,
} from './types.ts';

async function rigWith(spec: GateSpec, seed = 1): Promise<GateRig> {
  const rig = new GateRig(seed);
  await rig.gate('default', spec);
  await rig.start(0);
  return rig;
}

const ofRepository = (name: string): Partial<PipelineRun['metadata']> => ({ labels: { [repositoryKey]: name } });

/** Finishes runs one after another as they start, until none is left; gives the names in the order of their starts. */
async function drain(rig: GateRig): Promise<readonly string[]> {
  for (let round = 0; round < 10_000; round++) {
    await rig.clock.advance(100);
    await rig.runEngine();
    const running = (await rig.runs()).find((run) => stateOf(run) === 'running');
    if (running) await rig.finish(running);
    else if ((await rig.counts()).waiting === 0) return rig.started;
  }
  throw new Error('runs are left');
}

describe('a gate', () => {
  it('holds back what it governs at its creation, and lets go what fits', async () => {
    const rig = await rigWith({ maxRunning: 2 });
    for (const name of ['a', 'b', 'c']) await rig.create(name);
    const [first] = await rig.runs();
    assert.equal(first?.spec.status, 'PipelineRunPending');
    assert.equal(first.metadata.annotations?.[managedGateKey], 'default');
    await rig.clock.advance(10);
    assert.deepEqual(await rig.counts(), { waiting: 1, running: 2, over: 0 });
    assert.deepEqual(await drain(rig), ['a', 'b', 'c']);
  });

  it('counts a run that somebody started by hand, and lets nothing else through in its place', async () => {
    const rig = await rigWith({ maxRunning: 1 });
    for (const name of ['a', 'b', 'c']) await rig.create(name);
    await rig.clock.advance(10);
    const byHand = { namespace: 'default', name: 'c' };
    await rig.client.patch(pipelineRuns, byHand, { spec: { status: null } }, { type: 'merge' });
    await rig.clock.advance(10);
    const { status } = await rig.client.get(gates, { namespace: '', name: 'default' });
    assert.deepEqual(
      status?.slots?.map(({ name }) => name),
      ['a', 'c'],
    );
    const [a] = await rig.runs();
    await rig.finish(a as PipelineRun);
    await rig.clock.advance(10);
    assert.deepEqual(await rig.counts(), { waiting: 1, running: 1, over: 1 });
  });

  it('says on a waiting run and in its own status where things stand', async () => {
    const rig = await rigWith({ maxRunning: 1 });
    for (const name of ['a', 'b', 'c']) await rig.create(name, ofRepository('app'));
    await rig.clock.advance(20_000);
    const notes = (await rig.runs()).map((run) => run.metadata.annotations?.[queueKey]);
    assert.deepEqual(notes, [
      undefined,
      'position 1 in gate "default" (1 of 1 slot taken); 1st for repository app',
      'position 2 in gate "default" (1 of 1 slot taken); 2nd for repository app',
    ]);
    const { status } = await rig.client.get(gates, { namespace: '', name: 'default' });
    assert.deepEqual(
      [status?.running, status?.waiting, status?.limit, status?.limitReason],
      [1, 2, 1, 'maxRunning is 1'],
    );
  });

  it('is measured: queue, age of the oldest, starts and how long they took', async () => {
    const rig = await rigWith({ maxRunning: 1 });
    for (const name of ['a', 'b', 'c']) await rig.create(name);
    await rig.clock.advance(30_000);
    await rig.finish((await rig.runs())[0] as PipelineRun);
    await rig.clock.advance(0);
    const measured = (await rig.metrics.text())
      .split('\n')
      .filter((line) => /^penstock_gate_\w+{gate="default"}/.test(line));
    assert.deepEqual(measured.sort(), [
      'penstock_gate_limit_runs{gate="default"} 1',
      'penstock_gate_oldest_waiting_seconds{gate="default"} 30',
      'penstock_gate_running_runs{gate="default"} 1',
      'penstock_gate_started_runs_total{gate="default"} 2',
      'penstock_gate_wait_seconds_count{gate="default"} 2',
      'penstock_gate_wait_seconds_sum{gate="default"} 30',
      'penstock_gate_waiting_runs{gate="default"} 1',
    ]);
    await rig.client.delete(gates, { namespace: '', name: 'default' });
    await rig.clock.advance(1_000);
    assert.doesNotMatch(await rig.metrics.text(), /^penstock_gate_(waiting|running|limit)_runs{/m);
  });

  it('starts by bump, priority, age and name', async () => {
    const rig = await rigWith({ maxRunning: 1, paused: true });
    await rig.create('old');
    await rig.create('older-by-name-a');
    await rig.clock.advance(5_000);
    await rig.create('late-important', { annotations: { [priorityKey]: '5' } });
    await rig.create('late-bumped', { annotations: { [bumpKey]: '1' } });
    await rig.create('late-unreadable', { annotations: { [priorityKey]: 'high' } });
    await rig.clock.advance(100);
    assert.equal((await rig.counts()).running, 0, 'nothing starts while it is paused');
    await rig.client.patch(gates, { namespace: '', name: 'default' }, { spec: { paused: false } }, { type: 'merge' });
    assert.deepEqual(await drain(rig), ['late-bumped', 'late-important', 'old', 'older-by-name-a', 'late-unreadable']);
  });

  it('goes by the creation times that are stored, also when the clock has jumped back', async () => {
    const rig = await rigWith({ maxRunning: 1, paused: true });
    await rig.create('before');
    rig.clock.jump(-3_600_000);
    await rig.create('after');
    await rig.clock.advance(60_000);
    await rig.client.patch(gates, { namespace: '', name: 'default' }, { spec: { paused: false } }, { type: 'merge' });
    assert.deepEqual(await drain(rig), ['after', 'before']);
  });

  it('limits Repositories, also by their own concurrency_limit, and branches', async () => {
    const rig = await rigWith({ maxRunning: 10, maxRunningPerRepository: 3, maxRunningPerBranch: 2 });
    await rig.client.create(
      {
        group: 'pipelinesascode.tekton.dev',
        version: 'v1alpha1',
        resource: 'repositories',
        kind: 'Repository',
        namespaced: true,
      },
      Object.assign(
        {
          apiVersion: 'pipelinesascode.tekton.dev/v1alpha1',
          kind: 'Repository',
          metadata: { namespace: 'default', name: 'small' },
        },
        { spec: { url: 'https://example.com/small', concurrency_limit: 1 } },
      ),
    );
    await rig.clock.advance(0);
    for (let index = 0; index < 4; index++) {
      await rig.create(`small-${index}`, ofRepository('small'));
      await rig.create(`main-${index}`, { ...ofRepository('big'), annotations: { [sourceBranchKey]: 'main' } });
      await rig.create(`next-${index}`, { ...ofRepository('big'), annotations: { [sourceBranchKey]: 'next' } });
    }
    await rig.clock.advance(100);
    await rig.runEngine();
    assert.deepEqual([...rig.started].sort(), ['main-0', 'main-1', 'next-0', 'small-0']);
  });

  it('shares fairly by weight', async () => {
    const rig = await rigWith({ maxRunning: 6, order: 'FairShare', weights: { big: 2 } });
    for (let index = 0; index < 6; index++) await rig.create(`big-${index}`, ofRepository('big'));
    for (let index = 0; index < 6; index++) await rig.create(`small-${index}`, ofRepository('small'));
    await rig.clock.advance(100);
    // The first six were there first, so they took the slots; what follows evens it out.
    for (let round = 0; round < 4; round++) {
      const run = (await rig.runs()).find(
        (candidate) => stateOf(candidate) === 'running' && candidate.metadata.name?.startsWith('big'),
      );
      if (run) await rig.finish(run);
      await rig.clock.advance(100);
    }
    const running = (await rig.runs())
      .filter((run) => stateOf(run) === 'running')
      .map((run) => run.metadata.labels?.[repositoryKey]);
    assert.deepEqual(
      [running.filter((name) => name === 'big').length, running.filter((name) => name === 'small').length],
      [2, 4],
    );
  });

  it('leaves alone what asks for it, and what it does not select', async () => {
    const rig = await rigWith({ maxRunning: 1, namespaces: ['ci'], selector: { matchLabels: { heavy: 'yes' } } });
    await rig.create('free', { annotations: { [managedGateKey]: 'none' }, labels: { heavy: 'yes' } });
    await rig.create('light');
    assert.deepEqual(await rig.counts(), { waiting: 0, running: 2, over: 0 });
  });

  it('opens and closes with its windows', async () => {
    // The virtual clock starts on Thursday 2026-01-01 00:00 UTC.
    const rig = await rigWith({
      maxRunning: 5,
      windows: [{ days: ['Thu'], from: '08:00', to: '09:00', maxRunning: 1 }],
    });
    for (const name of ['a', 'b']) await rig.create(name);
    await rig.clock.advance(7 * 3_600_000 + 59 * 60_000);
    assert.equal((await rig.counts()).running, 0);
    await rig.clock.advance(61_000);
    assert.equal((await rig.counts()).running, 1);
    rig.clock.jump(3_600_000);
    await rig.clock.advance(60_000);
    const { status } = await rig.client.get(gates, { namespace: '', name: 'default' });
    assert.equal(
      status?.limitReason,
      'the gate is closed at this time',
      'a clock that jumps is noticed within a minute',
    );
  });

  it('lets a run through two gates only where both have room, and says that they overlap', async () => {
    const rig = new GateRig(1);
    await rig.gate('all', { maxRunning: 3 });
    await rig.gate('heavy', { maxRunning: 1, selector: { matchLabels: { heavy: 'yes' } } });
    await rig.start(0);
    for (const name of ['h1', 'h2', 'h3']) await rig.create(name, { labels: { heavy: 'yes' } });
    for (const name of ['l1', 'l2', 'l3']) await rig.create(name);
    await rig.clock.advance(10_000);
    await rig.runEngine();
    assert.deepEqual([...rig.started].sort(), ['h1', 'l1', 'l2']);
    const { status } = await rig.client.get(gates, { namespace: '', name: 'all' });
    assert.match(status?.conditions?.[0]?.message ?? '', /also governed by "heavy": the stricter holds/);
    assert.equal((await drain(rig)).length, 6);
  });

  it('releases its runs when it is deleted, or holds them', async () => {
    for (const [onDelete, waiting] of [
      ['Release', 0],
      ['Hold', 2],
    ] as const) {
      const rig = await rigWith({ maxRunning: 1, onDelete });
      for (const name of ['a', 'b', 'c']) await rig.create(name);
      await rig.clock.advance(10);
      await rig.client.delete(gates, { namespace: '', name: 'default' });
      await rig.clock.advance(1_000);
      assert.equal((await rig.counts()).waiting, waiting, onDelete);
      assert.deepEqual((await rig.client.list(gates)).items, [], 'the gate itself is gone');
    }
  });

  it('releases also the run that came last before its end', async () => {
    const rig = await rigWith({ maxRunning: 1 });
    for (const name of ['a', 'b']) await rig.create(name);
    await rig.clock.advance(10);
    await rig.client.delete(gates, { namespace: '', name: 'default' });
    // Admission does not know of the deletion yet.
    await rig.create('late');
    await rig.refreshGates();
    await rig.create('later');
    await rig.clock.advance(1_000);
    assert.deepEqual(await rig.counts(), { waiting: 0, running: 4, over: 0 });
  });

  it('leaves its runs to the other gates that govern them when it is deleted', async () => {
    for (const [deleted, left] of [
      ['first', 'second'],
      ['second', 'first'],
    ] as const) {
      const rig = new GateRig(1);
      await rig.gate('first', { maxRunning: 1 });
      await rig.gate('second', { maxRunning: 1, paused: true });
      await rig.start(0);
      for (const name of ['a', 'b', 'c']) await rig.create(name);
      await rig.clock.advance(1_000);
      assert.equal((await rig.counts()).running, 0, 'the stricter holds');
      await rig.client.delete(gates, { namespace: '', name: deleted });
      await rig.clock.advance(1_000);
      assert.equal((await rig.counts()).running, deleted === 'first' ? 0 : 1, deleted);
      await rig.client.patch(gates, { namespace: '', name: left }, { spec: { paused: false } }, { type: 'merge' });
      await rig.clock.advance(1_000);
      assert.equal((await rig.counts()).running, 1, `the limit of ${left} holds`);
      await rig.client.delete(gates, { namespace: '', name: left });
      await rig.clock.advance(1_000);
      assert.deepEqual(await rig.counts(), { waiting: 0, running: 3, over: 0 });
    }
  });

  it('lets a gate that comes later hold what still waits', async () => {
    const rig = await rigWith({ maxRunning: 2 });
    for (const name of ['a', 'b', 'c', 'd']) await rig.create(name);
    await rig.clock.advance(10);
    await rig.gate('another', { maxRunning: 3, paused: true });
    await rig.clock.advance(1_000);
    for (const run of await rig.runs()) if (stateOf(run) === 'running') await rig.finish(run);
    await rig.clock.advance(1_000);
    assert.deepEqual(await rig.counts(), { waiting: 2, running: 0, over: 2 });
    await rig.client.delete(gates, { namespace: '', name: 'another' });
    await rig.clock.advance(1_000);
    assert.deepEqual(await rig.counts(), { waiting: 0, running: 2, over: 2 });
  });

  it('starts a run that its creator made pending, unless that one keeps gates away', async () => {
    const rig = await rigWith({ maxRunning: 5 });
    const create = async (name: string, annotations: Record<string, string>): Promise<void> => {
      await rig.client.create(pipelineRuns, {
        apiVersion: 'tekton.dev/v1',
        kind: 'PipelineRun',
        metadata: { namespace: 'default', name, annotations },
        spec: { pipelineRef: { name: 'p' }, status: 'PipelineRunPending' },
      });
    };
    await create('governed', {});
    await create('own', { [managedGateKey]: 'none' });
    await rig.clock.advance(60_000);
    const states = (await rig.runs()).map((run) => `${run.metadata.name} ${stateOf(run)}`);
    assert.deepEqual(states, ['governed running', 'own waiting']);
    const [, own] = await rig.runs();
    assert.equal(own?.metadata.annotations?.[queueKey], undefined, 'nothing is written on it either');
  });

  it('enforces what Repositories ask for without a limit of its own', async () => {
    const rig = new GateRig(1);
    await rig.gate('repositories', { selector: { matchExpressions: [{ key: repositoryKey, operator: 'Exists' }] } });
    await rig.start(0);
    const spec = { url: 'https://example.com/app', concurrency_limit: 2 };
    const metadata = { namespace: 'default', name: 'app' };
    const kind = { apiVersion: 'pipelinesascode.tekton.dev/v1alpha1', kind: 'Repository' };
    await rig.client.create(repositories, { ...kind, metadata, spec });
    await rig.clock.advance(0);
    for (const name of ['a', 'b', 'c']) await rig.create(name, ofRepository('app'));
    for (const name of ['d', 'e']) await rig.create(name, ofRepository('free'));
    await rig.create('f');
    await rig.clock.advance(1_000);
    const waiting = (await rig.runs()).filter((run) => stateOf(run) === 'waiting');
    assert.deepEqual(
      waiting.map(({ metadata: { name } }) => name),
      ['c'],
    );
  });

  it('has the strictest of its open windows hold, with its own limit where a window has none', async () => {
    const rig = await rigWith({
      maxRunning: 1,
      windows: [
        { from: '00:00', to: '12:00' },
        { from: '00:00', to: '06:00', maxRunning: 3 },
      ],
    });
    for (const name of ['a', 'b']) await rig.create(name);
    await rig.clock.advance(1_000);
    const { status } = await rig.client.get(gates, { namespace: '', name: 'default' });
    assert.deepEqual([status?.running, status?.limitReason], [1, 'maxRunning is 1']);
  });

  it('has its counts written a moment after they changed, also when nothing else happens', async () => {
    const rig = await rigWith({ maxRunning: 1 });
    for (const name of ['a', 'b', 'c']) await rig.create(name);
    await rig.clock.advance(12_000);
    for (const name of ['b', 'c']) {
      await rig.client.delete(pipelineRuns, { namespace: 'default', name });
      await rig.clock.advance(100);
    }
    await rig.clock.advance(summaryEveryMs);
    const { status } = await rig.client.get(gates, { namespace: '', name: 'default' });
    assert.deepEqual([status?.running, status?.waiting, status?.oldestWaiting], [1, 0, undefined]);
  });

  it('names the limit that holds a run back, whosever it is', async () => {
    const rig = await rigWith({ maxRunning: 5, maxRunningPerRepository: 1 });
    for (const name of ['a', 'b']) await rig.create(name, ofRepository('app'));
    await rig.clock.advance(12_000);
    const [, b] = await rig.runs();
    assert.equal(
      b?.metadata.annotations?.[queueKey],
      'position 1 in gate "default" (1 of 1 of its repository running); 1st for repository app',
    );
  });

  it('takes back the place of a run that many have overtaken', async () => {
    const rig = await rigWith({ maxRunning: 1 });
    for (const name of ['a', 'b']) await rig.create(name);
    await rig.clock.advance(12_000);
    const noteOfB = async (): Promise<string | undefined> =>
      (await rig.client.get(pipelineRuns, { namespace: 'default', name: 'b' })).metadata.annotations?.[queueKey];
    assert.equal(await noteOfB(), 'position 1 in gate "default" (1 of 1 slot taken)');
    for (let index = 0; index < notedRunsMax; index++)
      await rig.create(`urgent-${index}`, { annotations: { [priorityKey]: '1' } });
    await rig.clock.advance(30_000);
    assert.equal(await noteOfB(), 'waiting in gate "default"');
  });

  it('follows the limit of a Repository at once', async () => {
    const rig = await rigWith({ maxRunning: 5 });
    const metadata = { namespace: 'default', name: 'app' };
    const spec = { url: 'https://example.com/app', concurrency_limit: 1 };
    const kind = { apiVersion: 'pipelinesascode.tekton.dev/v1alpha1', kind: 'Repository' };
    await rig.client.create(repositories, { ...kind, metadata, spec });
    await rig.clock.advance(0);
    for (const name of ['a', 'b', 'c']) await rig.create(name, ofRepository('app'));
    await rig.clock.advance(20_000);
    assert.deepEqual(await rig.counts(), { waiting: 2, running: 1, over: 0 });
    await rig.client.patch(repositories, metadata, { spec: { concurrency_limit: 3 } }, { type: 'merge' });
    await rig.clock.advance(100);
    assert.deepEqual(await rig.counts(), { waiting: 0, running: 3, over: 0 });
  });

  it('can be taken away although it is invalid by rules that came later', () => {
    const admission = gateAdmission(() => []);
    const object = { metadata: { name: 'old', finalizers: [] }, spec: { maxRunning: 0 } };
    const oldObject = { ...object, metadata: { name: 'old', finalizers: ['penstock.dev/gate'] } };
    const key = { namespace: '', name: 'old' };
    const request = { type: gates, key, object, user: { name: 'u', groups: [] }, dryRun: false } as const;
    assert.equal(admission.validate?.({ ...request, operation: 'UPDATE', oldObject }), undefined);
    const asked = admission.validate?.({
      ...request,
      operation: 'UPDATE',
      oldObject: { ...oldObject, spec: { maxRunning: 2 } },
    });
    assert.match(JSON.stringify(asked), /no run could ever start/);
  });

  it('releases runs that its selector no longer matches', async () => {
    const rig = await rigWith({ maxRunning: 1 });
    for (const name of ['a', 'b']) await rig.create(name);
    await rig.clock.advance(10);
    const spec = { selector: { matchLabels: { heavy: 'yes' } } };
    await rig.client.patch(gates, { namespace: '', name: 'default' }, { spec }, { type: 'merge' });
    await rig.clock.advance(1_000);
    assert.equal((await rig.counts()).waiting, 0);
  });

  it('lets a cancel or a delete of a waiting run win', async () => {
    const rig = await rigWith({ maxRunning: 1 });
    for (const name of ['a', 'b', 'c', 'd']) await rig.create(name);
    await rig.clock.advance(10);
    await rig.client.patch(
      pipelineRuns,
      { namespace: 'default', name: 'b' },
      { spec: { status: 'Cancelled' } },
      { type: 'merge' },
    );
    await rig.client.delete(pipelineRuns, { namespace: 'default', name: 'c' });
    assert.deepEqual(
      (await drain(rig)).filter((name) => name !== 'b'),
      ['a', 'd'],
    );
    const cancelled = await rig.client.get(pipelineRuns, { namespace: 'default', name: 'b' });
    assert.equal(cancelled.spec.status, 'Cancelled');
  });

  for (const [title, spec, message] of [
    ['a negative limit', { maxRunning: -1 }, /spec.maxRunning/],
    ['a limit that lets nothing run', { maxRunning: 0 }, /no run could ever start/],
    ['an unknown order', { order: 'Random' }, /spec.order/],
    ['an unreadable selector', { selector: { matchExpressions: [{ key: 'a', operator: 'Like' }] } }, /spec.selector/],
    [
      'a time zone that does not exist',
      { windows: [{ from: '08:00', to: '09:00', timeZone: 'Mars/Olympus' }] },
      /no such time zone/,
    ],
    ['a time that is none', { windows: [{ from: '25:00', to: '09:00' }] }, /spec.windows\[0\].from/],
    ['namespaces that are none', { namespaces: [] }, /would govern nothing/],
    ['windows that are none', { windows: [] }, /would never open/],
    ['weights without shares', { weights: { a: 2 } }, /FairShare only/],
    ['an adaptive minimum above the limit', { maxRunning: 2, adaptive: { minRunning: 5 } }, /must not exceed/],
  ] as const) {
    it(`refuses ${title}`, async () => {
      const rig = new GateRig(1);
      await assert.rejects(rig.gate('bad', spec as unknown as GateSpec), (thrown) => {
        return isApiError(thrown, 'Invalid') && message.test(thrown.message);
      });
    });
  }
});
