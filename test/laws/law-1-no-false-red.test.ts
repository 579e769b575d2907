/** Law 1: a fault of the control plane is never shown as a failed run. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type PipelineRun, type TaskRun, pipelineRuns } from '../../src/tekton/types.ts';
import { behaviourOf, drawRun } from '../support/drawn-runs.ts';
import { PenstockWorld } from '../support/penstock-world.ts';
import { verdictOf } from '../support/verdicts.ts';

const seeds = 20;
const runsPerSeed = 3;
/** Of a hundred calls, so many meet a fault, for so long in ms. */
const faultsPercent = 30;
const faultyMs = 15_000;

interface Played {
  /** `True` or `False` of each run, by name. */
  readonly verdicts: Readonly<Record<string, string>>;
  readonly faults: number;
}

async function play(seed: number, percent: number): Promise<Played> {
  await using world = await PenstockWorld.start({ seed, behaviour: behaviourOf(seed) });
  world.faults.percent = percent;
  for (let index = 0; index < runsPerSeed; index++) {
    await world.client.create(pipelineRuns, drawRun(seed, `run-${index}`));
  }
  await world.pass(faultyMs);
  await world.heal();
  checkReds(world, seed);
  const entries = (await world.runs()).map((run) => [run.metadata.name ?? '', verdictOf(run)[0]] as const);
  return { verdicts: Object.fromEntries(entries), faults: world.faults.count };
}

/** Whatever was shown red at any time has a container that failed by itself. */
function checkReds(world: PenstockWorld, seed: number): void {
  const failed = world.truths.filter(({ exit, signalled }) => exit !== undefined && exit.exitCode !== 0 && !signalled);
  const taskRunsWithCause = new Set(failed.map(({ podName }) => podName.replace(/-pod(-retry\d+)?$/, '')));
  const runsWithCause = new Set([...taskRunsWithCause].map((name) => name.slice(0, name.lastIndexOf('-'))));
  for (const object of world.history) {
    if (object.kind === 'Pod') continue;
    const shown = object as PipelineRun | TaskRun;
    if (verdictOf(shown)[0] !== 'False') continue;
    const causes = object.kind === 'TaskRun' ? taskRunsWithCause : runsWithCause;
    const what = `seed ${seed}: ${object.kind} ${object.metadata.name} was shown as ${JSON.stringify(shown.status)}`;
    assert.ok(causes.has(object.metadata.name ?? ''), what);
  }
}

describe('law 1: no false red', () => {
  it(`holds in ${seeds} histories of lost calls, refusals, conflicts, delays and broken watches`, async () => {
    let faults = 0;
    const seen = new Set<string>();
    for (let seed = 1; seed <= seeds; seed++) {
      const clean = await play(seed, 0);
      const faulty = await play(seed, faultsPercent);
      assert.deepEqual(faulty.verdicts, clean.verdicts, `seed ${seed}`);
      faults += faulty.faults;
      for (const verdict of Object.values(clean.verdicts)) seen.add(verdict);
    }
    assert.deepEqual([...seen].toSorted(), ['False', 'True'], 'both ends were seen');
    assert.ok(faults > seeds * 20, `only ${faults} faults`);
  });
});
