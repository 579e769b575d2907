import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { seededRandom, type Random } from '../../base/random.ts';
import { ApiStatusError } from '../../kube/api-error.ts';
import { isDone } from '../../tekton/pipeline-run/children.ts';
import { embedded } from '../../tekton/pipeline-run/decision-fixture.ts';
import { taskRuns, type PipelineSpec } from '../../tekton/types.ts';
import { Bench } from './bench.ts';

const seeds = 300;

/** Looks under faults, then looks after they have stopped: the second number is what "bounded time" means here. */
const faultyLooks = 25;
const healthyLooksMax = 40;

const chance = (random: Random, percent: number): boolean => random.integer(1, 100) <= percent;

function drawPipeline(random: Random): PipelineSpec {
  const names = Array.from({ length: random.integer(1, 6) }, (_, index) => `t${index}`);
  const tasks = names.map((name, index) =>
    embedded(name, { runAfter: names.slice(0, index).filter(() => chance(random, 35)) }),
  );
  return { tasks, ...(chance(random, 50) ? { finally: [embedded('f')] } : {}) };
}

/** How a child ends depends on nothing but its seed and name, so that histories can be compared. */
function outcomeOf(seed: number, name: string): 'Succeeded' | 'Failed' {
  const mixed = [...name].reduce((sum, letter) => sum * 31 + letter.charCodeAt(0), seed * 7919);
  return seededRandom(mixed).integer(1, 100) <= 12 ? 'Failed' : 'Succeeded';
}

/** Plays the TaskRun controller: those told to stop stop, some of the others end; but not once their run is over. */
function moveChildren(bench: Bench, seed: number, random: Random, percent: number): void {
  for (const child of bench.api.all(taskRuns)) {
    if (isDone(child) || !chance(random, percent)) continue;
    const stopped = child.spec.status === 'TaskRunCancelled';
    if (isDone(bench.run) && !stopped) continue;
    bench.finish(child, stopped ? 'TaskRunCancelled' : outcomeOf(seed, child.metadata.name ?? ''));
  }
}

/** A call is lost, or only its answer; sometimes the run is cancelled while a call is on its way. */
function disturb(bench: Bench, random: Random, cancel: () => void): void {
  const fail = (percent: number) => (): void => {
    if (chance(random, percent))
      throw random.integer(0, 1) ? new Error('socket hang up') : new ApiStatusError('ServiceUnavailable', 'busy');
  };
  bench.api.before = (call) => {
    if (call.startsWith('status') && chance(random, 3)) cancel();
    fail(15)();
  };
  bench.api.after = fail(10);
}

function catchUpSometimes(bench: Bench, random: Random): void {
  if (chance(random, 50)) bench.listers.runs.sync();
  if (chance(random, 50)) bench.listers.taskRuns.sync();
}

interface Ended {
  readonly bench: Bench;
  readonly cancelled: boolean;
}

async function playFaulty(seed: number): Promise<Ended> {
  const random = seededRandom(seed);
  const bench = new Bench({ pipelineSpec: drawPipeline(seededRandom(seed)) });
  const wantsCancel = chance(random, 40);
  let cancelled = false;
  let childrenAtCancel = 0;
  const cancel = (): void => {
    if (!wantsCancel || cancelled || isDone(bench.run)) return;
    bench.ask('Cancelled');
    cancelled = true;
    childrenAtCancel = bench.api.all(taskRuns).length;
  };
  for (let look = 0; look < faultyLooks; look++) {
    disturb(bench, random, cancel);
    catchUpSometimes(bench, random);
    if (chance(random, 10)) bench.restart();
    await bench.look().catch(() => undefined);
    moveChildren(bench, seed, random, 40);
    if (chance(random, 5)) cancel();
    await bench.clock.advance(random.integer(1, 2000));
  }
  bench.api.before = () => undefined;
  bench.api.after = () => undefined;
  await heal(bench, seed);
  if (cancelled)
    assert.equal(bench.api.all(taskRuns).length, childrenAtCancel, `seed ${seed}: a task started after the cancel`);
  return { bench, cancelled };
}

/** Without faults everything must come to rest: the run and its children done, and nothing more to say. */
async function heal(bench: Bench, seed: number): Promise<void> {
  const random = seededRandom(seed + 1);
  for (let look = 0; look < healthyLooksMax; look++) {
    bench.calls();
    await bench.pass();
    const rests = bench.calls().length === 0 && isDone(bench.run) && bench.api.all(taskRuns).every(isDone);
    if (rests) return;
    moveChildren(bench, seed, random, 100);
    await bench.clock.advance(1000);
  }
  assert.fail(`seed ${seed}: no rest after ${healthyLooksMax} looks: ${bench.verdict} ${bench.message}`);
}

async function verdictWithoutFaults(seed: number): Promise<string> {
  const bench = new Bench({ pipelineSpec: drawPipeline(seededRandom(seed)) });
  await heal(bench, seed);
  return bench.verdict;
}

describe('lost calls, lost answers, lagging caches, crashes and cancels', () => {
  it(`change no verdict in ${seeds} histories, start nothing after a cancel, and leave nothing running (laws 1, 8, 10)`, async () => {
    const seen = new Set<string>();
    for (let seed = 1; seed <= seeds; seed++) {
      const { bench, cancelled } = await playFaulty(seed);
      const expected = cancelled ? 'False/Cancelled' : await verdictWithoutFaults(seed);
      assert.equal(bench.verdict, expected, `seed ${seed}: ${bench.message}`);
      seen.add(bench.verdict);
    }
    assert.deepEqual([...seen].sort(), ['False/Cancelled', 'False/Failed', 'True/Succeeded']);
  });
});
