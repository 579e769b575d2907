/**
 * Random histories of runs, gates, people and crashes over the real controllers; laws 4, 7 and 8 after every write. The same
 * histories with something broken on purpose must be found out.
 * A seed is a whole history: `live(seed)` plays it again.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { JsonObject } from '../../src/base/json.ts';
import { stateOf } from '../../src/gate/run-facts.ts';
import { bumpKey, type GateSpec, gates, managedGateKey, priorityKey, repositoryKey } from '../../src/gate/types.ts';
import { isApiError } from '../../src/kube/api-error.ts';
import { keyOf } from '../../src/kube/object.ts';
import { type PipelineRun, type PipelineRunSpec, pipelineRuns, taskRuns } from '../../src/tekton/types.ts';
import { GateWorld, type Part, type Sabotage } from './gate-world.ts';
import { sabotages } from './sabotages.ts';

/** Histories of the ordinary run. */
const histories = 5;
/** Histories within which each sabotage is found. */
const historiesOfSabotage = 12;
const steps = 50;

const parts: readonly Part[] = ['gate 0', 'gate 1', 'engine'];
const ends = ['Cancelled', 'Cancelled', 'CancelledRunFinally', 'StoppedRunFinally'] as const;

/** One history. Throws when a law does not hold, or when something is left in the end. */
async function live(seed: number, sabotage?: Sabotage): Promise<GateWorld> {
  const world = new GateWorld(seed, sabotage);
  await addGate(world, 'all', { maxRunning: 3, maxRunningPerRepository: 2 });
  await addGate(world, 'heavy', { maxRunning: 1, selector: { matchLabels: { heavy: 'yes' } } });
  await world.start();
  for (let step = 0; step < steps; step++) {
    await act(world, step);
    await world.clock.advance(world.random.integer(0, 1_000));
    if (world.checker.broken) throw world.checker.broken;
  }
  await heal(world);
  return world;
}

async function addGate(world: GateWorld, name: string, spec: GateSpec): Promise<void> {
  await world.people.create(gates, { apiVersion: 'penstock.dev/v1alpha1', kind: 'Gate', metadata: { name }, spec });
  await world.refreshGates();
}

async function act(world: GateWorld, step: number): Promise<void> {
  const { random } = world;
  const lot = random.integer(0, 99);
  if (lot < 45) await create(world, `run-${step}`);
  else if (lot < 55) await withRun(world, ['waiting', 'running'], (run) => ask(world, run, pick(world, ends)));
  else if (lot < 60)
    await withRun(world, ['waiting', 'running', 'over'], (run) => world.people.delete(pipelineRuns, keyOf(run)));
  else if (lot < 65) await withRun(world, ['waiting'], (run) => startByHand(world, run));
  else if (lot < 69) await withRun(world, ['running'], (run) => refusedToPause(world, run));
  else if (lot < 73) await withRun(world, ['waiting'], (run) => annotate(world, run, bumpKey, String(step)));
  else if (lot < 81) await changeGate(world, { maxRunning: random.integer(1, 4) });
  else if (lot < 85) await changeGate(world, { paused: true });
  else if (lot < 90) await changeGate(world, { paused: false });
  else {
    const part = pick(world, parts);
    world.crash(part);
    await world.clock.advance(random.integer(0, 1_000));
    world.startPart(part);
  }
}

function pick<T>(world: GateWorld, list: readonly T[]): T {
  const chosen = list[world.random.integer(0, list.length - 1)];
  assert.ok(chosen !== undefined);
  return chosen;
}

async function create({ random, people }: GateWorld, name: string): Promise<void> {
  const step = { name: 'work', image: 'busybox', script: 'true' };
  const task = { taskSpec: { steps: [step] } };
  const pipelineSpec = {
    tasks: [
      { name: 'a', ...task, retries: random.integer(0, 1) },
      ...(random.integer(0, 1) === 0 ? [] : [{ name: 'b', ...task, runAfter: ['a'] }]),
    ],
    ...(random.integer(0, 2) === 0 ? { finally: [{ name: 'f', ...task }] } : {}),
  };
  const leftAlone = random.integer(0, 9) === 0;
  const pending = leftAlone && random.integer(0, 1) === 0;
  const spec: PipelineRunSpec = { pipelineSpec, ...(pending ? { status: 'PipelineRunPending' } : {}) };
  const labels = {
    ...(random.integer(0, 3) === 0 ? {} : { [repositoryKey]: `repo-${random.integer(0, 2)}` }),
    ...(random.integer(0, 3) === 0 ? { heavy: 'yes' } : {}),
  };
  const annotations = {
    [priorityKey]: String(random.integer(-1, 1)),
    ...(leftAlone ? { [managedGateKey]: 'none' } : {}),
  };
  const metadata = { namespace: 'default', name, labels, annotations };
  await people.create(pipelineRuns, { apiVersion: 'tekton.dev/v1', kind: 'PipelineRun', metadata, spec });
}

async function withRun(
  world: GateWorld,
  states: readonly string[],
  action: (run: PipelineRun) => Promise<unknown>,
): Promise<void> {
  const { items } = await world.people.list(pipelineRuns);
  const candidates = items.filter((run) => states.includes(stateOf(run)));
  if (candidates.length === 0) return;
  try {
    await action(pick(world, candidates));
  } catch (thrown) {
    // The world goes on between a look and a write: it may be over, gone, or cancelled already.
    assert.ok(
      ['NotFound', 'Invalid', 'Conflict'].some((reason) => isApiError(thrown, reason as 'Invalid')),
      String(thrown),
    );
  }
}

function ask(world: GateWorld, run: PipelineRun, status: PipelineRunSpec['status']): Promise<unknown> {
  return patch(world, run, { spec: { status: status ?? null } });
}

function annotate(world: GateWorld, run: PipelineRun, key: string, value: string): Promise<unknown> {
  return patch(world, run, { metadata: { annotations: { [key]: value } } });
}

function patch(
  world: GateWorld,
  run: PipelineRun,
  change: Parameters<GateWorld['people']['patch']>[2],
): Promise<unknown> {
  return world.people.patch(pipelineRuns, keyOf(run), change, { type: 'merge' });
}

async function startByHand(world: GateWorld, run: PipelineRun): Promise<void> {
  world.checker.byHand = true;
  await patch(world, run, { spec: { status: null } }).finally(() => (world.checker.byHand = false));
}

/** Somebody wants a run to pause that has been let go. */
async function refusedToPause(world: GateWorld, run: PipelineRun): Promise<void> {
  await ask(world, run, 'PipelineRunPending').then(
    () => assert.ok(world.checker.broken, 'the checker sees it'),
    (thrown: unknown) => assert.ok(isApiError(thrown, 'Invalid') || isApiError(thrown, 'NotFound'), String(thrown)),
  );
}

async function changeGate(world: GateWorld, spec: Pick<GateSpec, 'paused' | 'maxRunning'>): Promise<void> {
  const name = 'maxRunning' in spec ? 'all' : pick(world, ['all', 'heavy']);
  await world.people.patch(gates, { namespace: '', name }, { spec: spec as JsonObject }, { type: 'merge' });
  await world.refreshGates();
}

/** When faults stop, every run that may start does, all end, nothing runs on, and no slot is taken. */
async function heal(world: GateWorld): Promise<void> {
  world.faults = { lostPercent: 0, watchDelayMsMax: 0 };
  for (const name of ['all', 'heavy']) {
    await world.people.patch(gates, { namespace: '', name }, { spec: { paused: false } }, { type: 'merge' });
  }
  const left = async (): Promise<readonly string[]> =>
    (await world.people.list(pipelineRuns)).items
      .filter((run) => stateOf(run) !== 'over' && !isOnItsOwn(run))
      .map((run) => `${run.metadata.name} ${stateOf(run)}`);
  for (let round = 0; round < 200 && (await left()).length > 0; round++) {
    await world.clock.advance(5_000);
    if (world.checker.broken) throw world.checker.broken;
  }
  await world.clock.advance(70_000);
  assert.deepEqual(await left(), []);
  const { items } = await world.people.list(taskRuns);
  const going = items.filter(({ status }) => status?.completionTime === undefined);
  assert.deepEqual(
    going.map(({ metadata }) => metadata.name),
    [],
    'nothing goes on',
  );
  for (const gate of (await world.people.list(gates)).items) {
    assert.deepEqual(gate.status?.slots ?? [], [], `every slot of ${gate.metadata.name} is free`);
  }
}

/** Made pending by its creator, who keeps gates away: it waits for somebody else. */
function isOnItsOwn(run: PipelineRun): boolean {
  return stateOf(run) === 'waiting' && run.metadata.annotations?.[managedGateKey] === 'none';
}

describe('gates, engine and node in random histories', () => {
  it(`keep laws 4, 7 and 8 at every write, and finish, in ${histories} histories`, async () => {
    let admissions = 0;
    for (let seed = 1; seed <= histories; seed++) {
      const world = await live(seed).catch((thrown: unknown) => {
        throw new Error(`seed ${seed}: ${String(thrown)}`, { cause: thrown });
      });
      admissions += world.checker.admissions;
    }
    assert.ok(admissions > histories * 5, `${admissions} runs were let go by gates`);
  });

  for (const [title, { law, seed: first = 1, ...sabotage }] of Object.entries(sabotages)) {
    it(`find out: ${title} (law ${law})`, async () => {
      for (let seed = first; seed < first + historiesOfSabotage; seed++) {
        const found = await live(seed, sabotage).then(
          () => undefined,
          (thrown: unknown) => thrown,
        );
        if (found instanceof Error && found.message.startsWith(`law ${law}:`)) return;
      }
      assert.fail(`not found within ${historiesOfSabotage} histories`);
    });
  }
});
