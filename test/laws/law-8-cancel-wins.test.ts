/** Law 8: after a cancel is accepted no new task starts, what runs is stopped, and the status says so. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { seededRandom } from '../../src/base/random.ts';
import type { ApiRequest } from '../../src/kube/transport.ts';
import { type PipelineRun, type TaskRun, pipelineRuns } from '../../src/tekton/types.ts';
import { behaviourOf, drawRun } from '../support/drawn-runs.ts';
import { PenstockWorld } from '../support/penstock-world.ts';
import { verdictOf } from '../support/verdicts.ts';

const seeds = 60;
const faultsPercent = 20;
/** The cancel comes at some moment of the first so many ms. */
const cancelWithinMs = 8_000;

interface Played {
  readonly verdict: string;
  /** Whether something ran when the cancel came. */
  readonly ran: boolean;
}

async function play(seed: number): Promise<Played> {
  await using world = await PenstockWorld.start({ seed, behaviour: behaviourOf(seed) });
  const random = seededRandom(seed + 5);
  world.faults.percent = faultsPercent;
  await world.client.create(pipelineRuns, drawRun(seed, 'run'));
  await world.pass(random.integer(0, cancelWithinMs));
  const key = { namespace: 'default', name: 'run' };
  const ran = world.running > 0;
  const before = await world.client.get(pipelineRuns, key);
  const cancel = world.client.patch(pipelineRuns, key, { spec: { status: 'Cancelled' } }, { type: 'merge' });
  if (before.status?.completionTime !== undefined) {
    // What is over is not cancelled any more: that is not accepted.
    await assert.rejects(cancel, { reason: 'Invalid' });
    return { verdict: verdictOf(before).join('/'), ran };
  }
  await cancel;
  const sentThen = world.faults.sent.length;
  await world.pass(2_000);
  await world.heal();
  const run = await world.client.get(pipelineRuns, key);
  const createsLater = world.faults.sent.slice(sentThen).filter(isCreateOfTask);
  assert.deepEqual(createsLater, [], `seed ${seed}: a task was asked for after the cancel was accepted`);
  checkStopped(world, run, await world.taskRuns(), seed);
  assert.deepEqual(verdictOf(run), ['False', 'Cancelled'], `seed ${seed}`);
  return { verdict: verdictOf(run).join('/'), ran };
}

/** A call that was on its way when the cancel came may arrive after it; none is sent any more. */
function isCreateOfTask({ method, path }: ApiRequest): boolean {
  return method === 'POST' && path.endsWith('/taskruns');
}

/** A task that was stopped says so; one that had ended before keeps its own verdict. */
function checkStopped(world: PenstockWorld, run: PipelineRun, taskRuns: readonly TaskRun[], seed: number): void {
  for (const taskRun of taskRuns) {
    const podName = taskRun.status?.podName ?? '';
    const [status, reason] = verdictOf(taskRun);
    const truths = world.truths.filter((truth) => truth.podName === podName);
    const what = `seed ${seed}: ${podName} ${status}/${reason} of ${verdictOf(run).join('/')}: ${JSON.stringify(truths)}`;
    if (truths.some(({ signalled }) => signalled))
      assert.deepEqual([status, reason], ['False', 'TaskRunCancelled'], what);
    if (status === 'True')
      assert.ok(
        truths.every(({ exit }) => exit?.exitCode === 0),
        what,
      );
  }
}

describe('law 8: cancel wins', () => {
  it(`holds in ${seeds} histories of faults with a cancel at some moment`, async () => {
    const played: Played[] = [];
    for (let seed = 1; seed <= seeds; seed++) played.push(await play(seed));
    const verdicts = new Set(played.map(({ verdict }) => verdict));
    assert.ok(verdicts.has('False/Cancelled') && verdicts.has('True/Succeeded'), `seen: ${[...verdicts].join(' ')}`);
    assert.ok(played.filter(({ ran }) => ran).length > seeds / 4, 'steps ran when the cancel came');
  });
});
