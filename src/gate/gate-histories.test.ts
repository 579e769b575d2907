import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isApiError } from '../kube/api-error.ts';
import { keyOf } from '../kube/object.ts';
import { type PipelineRun, pipelineRuns } from '../tekton/types.ts';
import { GateRig, noFaults } from './gate-rig.ts';
import { stateOf } from './run-facts.ts';
import { type GateSpec, gates, repositoryKey, sourceBranchKey } from './types.ts';

/** Seeds tried. Taking the version out of the write of the status, or the slots out of it, is found within these. */
const histories = 15;
/** Of several gates: they cost more. */
const historiesTogether = 8;
const stepsOfHistory = 60;
const limit = 3;

/** One history: replicas that fail, see late and crash, while runs come, end, and are cancelled and deleted. */
async function live(seed: number): Promise<void> {
  const rig = new GateRig(seed);
  await rig.gate('default', { maxRunning: limit, maxRunningPerRepository: 2 });
  await rig.start(0);
  await rig.start(1);
  rig.faults = { lostPercent: 10, watchDelayMsMax: 800 };
  for (let step = 0; step < stepsOfHistory; step++) {
    await act(rig, step);
    await rig.clock.advance(rig.random.integer(0, 400));
    await checkLimits(rig, seed);
  }
  await heal(rig, seed);
}

async function act(rig: GateRig, step: number, marks: Readonly<Record<string, string>> = {}): Promise<void> {
  const runs = await rig.runs();
  const one = (state: string): PipelineRun | undefined => {
    const candidates = runs.filter((run) => stateOf(run) === state);
    return candidates[rig.random.integer(0, Math.max(0, candidates.length - 1))];
  };
  const lot = rig.random.integer(0, 99);
  const replica = rig.random.integer(0, 1);
  const waiting = one('waiting');
  const running = one('running');
  const labels = { ...marks, [repositoryKey]: `repo-${rig.random.integer(0, 2)}` };
  if (lot < 45) await rig.create(`run-${step}`, { labels, annotations: { [sourceBranchKey]: 'main' } });
  else if (lot < 75 && running) await rig.finish(running);
  else if (lot < 80 && waiting) await cancel(rig, waiting);
  else if (lot < 85 && (waiting ?? running))
    await rig.client.delete(pipelineRuns, keyOf((waiting ?? running) as PipelineRun));
  else if (lot < 95) {
    rig.crash(replica);
    await rig.start(replica);
  }
  await rig.runEngine();
}

async function cancel(rig: GateRig, run: PipelineRun): Promise<void> {
  try {
    await rig.client.patch(pipelineRuns, keyOf(run), { spec: { status: 'Cancelled' } }, { type: 'merge' });
  } catch (thrown) {
    assert.ok(isApiError(thrown, 'NotFound'), String(thrown));
  }
}

async function checkLimits(rig: GateRig, seed: number): Promise<void> {
  const running = (await rig.runs()).filter((run) => stateOf(run) === 'running');
  assert.ok(running.length <= limit, `seed ${seed}: ${running.length} run, and at most ${limit} may`);
  const repositories = running.map((run) => run.metadata.labels?.[repositoryKey]);
  for (const name of new Set(repositories)) {
    const count = repositories.filter((other) => other === name).length;
    assert.ok(count <= 2, `seed ${seed}: ${count} runs of ${name}`);
  }
}

/** When faults stop, everything that waits gets its turn, and the gate ends with no slot taken. */
async function heal(rig: GateRig, seed: number, check: typeof checkLimits = checkLimits): Promise<void> {
  rig.faults = noFaults;
  for (let round = 0; round < 500; round++) {
    await rig.clock.advance(1_000);
    await rig.runEngine();
    await check(rig, seed);
    const running = (await rig.runs()).filter((run) => stateOf(run) === 'running');
    for (const run of running) await rig.finish(run);
    const { waiting } = await rig.counts();
    if (waiting === 0 && running.length === 0) break;
  }
  await rig.clock.advance(120_000);
  const counts = await rig.counts();
  assert.deepEqual([counts.waiting, counts.running], [0, 0], `seed ${seed}: nothing is left behind`);
  for (const { metadata, status } of (await rig.client.list(gates)).items) {
    assert.deepEqual(status?.slots, [], `seed ${seed}: every slot of ${metadata.name} is free again`);
  }
}

/** One history of three gates whose runs overlap, which people edit and take away, with and without their finalizers. */
async function liveTogether(seed: number): Promise<void> {
  const rig = new GateRig(seed);
  const names = ['a', 'm', 'z'];
  const specs: readonly GateSpec[] = [
    { maxRunning: limit, maxRunningPerRepository: 2 },
    { maxRunning: 2, selector: { matchLabels: { heavy: 'yes' } } },
    { maxRunning: limit + 1, maxRunningPerBranch: 2, order: 'FairShare' },
  ];
  // Which of them comes first by name differs from history to history.
  for (const [index, name] of names.entries()) await rig.gate(name, specs[(index + seed) % 3] as GateSpec);
  await rig.start(0);
  await rig.start(1);
  rig.faults = { lostPercent: 10, watchDelayMsMax: 800 };
  for (let step = 0; step < stepsOfHistory; step++) {
    const lot = rig.random.integer(0, 99);
    const name = names[rig.random.integer(0, 2)] as string;
    if (lot < 6) await change(rig, name, { paused: rig.random.integer(0, 1) === 0 });
    else if (lot < 9) await takeAway(rig, name, rig.random.integer(0, 1) === 0);
    else await act(rig, step, { heavy: rig.random.integer(0, 1) === 0 ? 'yes' : 'no' });
    await rig.clock.advance(rig.random.integer(0, 400));
    await checkAll(rig, seed);
  }
  for (const name of names) await change(rig, name, { paused: false });
  await heal(rig, seed, checkAll);
}

async function change(rig: GateRig, name: string, spec: { readonly paused: boolean }): Promise<void> {
  try {
    await rig.client.patch(gates, { namespace: '', name }, { spec }, { type: 'merge' });
  } catch (thrown) {
    assert.ok(isApiError(thrown, 'NotFound'), String(thrown));
  }
  await rig.refreshGates();
}

/** Takes a gate away, and puts it back a moment later. */
async function takeAway(rig: GateRig, name: string, byForce: boolean): Promise<void> {
  const key = { namespace: '', name };
  const { spec } = await rig.client.get(gates, key);
  await rig.client.delete(gates, key);
  if (byForce) await rig.client.patch(gates, key, { metadata: { finalizers: null } }, { type: 'merge' }).catch(gone);
  for (let round = 0; (await rig.client.list(gates)).items.some(({ metadata }) => metadata.name === name); round++) {
    assert.ok(round < 200, `gate ${name} goes`);
    await rig.clock.advance(500);
  }
  await rig.refreshGates();
  await rig.clock.advance(rig.random.integer(0, 2_000));
  await rig.gate(name, { ...spec, paused: false });
}

function gone(thrown: unknown): void {
  assert.ok(isApiError(thrown, 'NotFound'), String(thrown));
}

/** No gate holds more slots than its limit, unless runs came in while it was not there. */
async function checkAll(rig: GateRig, seed: number): Promise<void> {
  const runs = await rig.runs();
  for (const gate of (await rig.client.list(gates)).items) {
    const waiting = runs.filter((run) => stateOf(run) === 'waiting').map(({ metadata: { uid } }) => uid);
    const slots = gate.status?.slots ?? [];
    const given = slots.filter(({ uid }) => waiting.includes(uid)).length;
    const most = gate.spec.maxRunning ?? 0;
    assert.ok(
      given === 0 || slots.length <= most,
      `seed ${seed}: ${slots.length} slots of ${most} in ${gate.metadata.name}`,
    );
  }
}

describe('gates in two replicas, under faults', () => {
  it(`never let through more than fits, and let everything through, in ${histories} histories`, async () => {
    for (let seed = 1; seed <= histories; seed++) await live(seed);
  });

  it(`let everything through also where they overlap and come and go, in ${historiesTogether} histories`, async () => {
    for (let seed = 1; seed <= historiesTogether; seed++) await liveTogether(seed);
  });
});

describe('a gate with two thousand waiting runs', () => {
  it('starts them in exact order, never more than twenty at once, with at most three calls each', async () => {
    const rig = new GateRig(7);
    const total = 2_000;
    await rig.gate('default', { maxRunning: 20, paused: true });
    for (let index = 0; index < total; index++) {
      const priority = String(rig.random.integer(0, 3));
      await rig.create(`run-${String(index).padStart(4, '0')}`, { annotations: { 'penstock.dev/priority': priority } });
    }
    const expected = (await rig.runs())
      .map((run) => ({
        name: run.metadata.name ?? '',
        priority: Number(run.metadata.annotations?.['penstock.dev/priority']),
      }))
      .sort((a, b) => b.priority - a.priority || (a.name < b.name ? -1 : 1))
      .map(({ name }) => name);
    await rig.start(0);
    await rig.client.patch(gates, { namespace: '', name: 'default' }, { spec: { paused: false } }, { type: 'merge' });
    rig.calls.clear();
    const order = await startAll(rig, total);
    assert.deepEqual(order, expected);
    const writes = (rig.calls.get('PATCH') ?? 0) + (rig.calls.get('PUT') ?? 0) + (rig.calls.get('GET') ?? 0);
    assert.ok(writes / total <= 3, `${writes / total} calls for each start`);
  });
});

/** Follows the truth by a watch, ends what runs, and gives the names in the order of their starts. */
async function startAll(rig: GateRig, total: number): Promise<readonly string[]> {
  const order: string[] = [];
  const running = new Map<string, PipelineRun>();
  const ended = new AbortController();
  const watching = (async () => {
    const { resourceVersion } = (await rig.client.list(pipelineRuns, { limit: 1 })).metadata;
    for await (const event of rig.client.watch(pipelineRuns, { resourceVersion, signal: ended.signal })) {
      if (event.type !== 'MODIFIED') continue;
      const name = event.object.metadata.name ?? '';
      if (stateOf(event.object) === 'running' && !running.has(name)) {
        order.push(name);
        running.set(name, event.object);
        assert.ok(running.size <= 20, 'never more than twenty');
      }
    }
  })().catch((thrown: unknown) => assert.ok(ended.signal.aborted, String(thrown)));
  await rig.clock.advance(0);
  while (order.length < total || running.size > 0) {
    await rig.clock.advance(10);
    const [oldest] = running.values();
    assert.ok(oldest, 'something runs while something waits');
    await rig.finish(oldest);
    running.delete(oldest.metadata.name ?? '');
  }
  ended.abort();
  await watching;
  return order;
}
