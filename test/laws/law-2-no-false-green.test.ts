/** Law 2: green needs a witness; a task whose evidence went is lost, and neither passed nor failed. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Random, seededRandom } from '../../src/base/random.ts';
import { isApiError } from '../../src/kube/api-error.ts';
import { pods } from '../../src/kube/core-types.ts';
import { keyOf } from '../../src/kube/object.ts';
import type { Pod } from '../../src/kube/pod.ts';
import { type TaskRun, pipelineRuns } from '../../src/tekton/types.ts';
import { behaviourOf, drawRun } from '../support/drawn-runs.ts';
import { PenstockWorld } from '../support/penstock-world.ts';
import { verdictOf } from '../support/verdicts.ts';

const seeds = 40;
const runsPerSeed = 3;
const faultsPercent = 10;
/** So long somebody meddles with the pods, in ms; in each piece of time with so many of a hundred of them. */
const meddlingMs = 12_000;
const meddlingPercent = 4;

type Meddling = (world: PenstockWorld, pod: Pod) => Promise<unknown>;

const meddlings: Readonly<Record<string, Meddling>> = {
  deletes: ({ client }, pod) => client.delete(pods, keyOf(pod)),
  'deletes at once': ({ client }, pod) => client.delete(pods, keyOf(pod), { gracePeriodSeconds: 0 }),
  'deletes with everything that holds it': async ({ client }, pod) => {
    await client.delete(pods, keyOf(pod), { gracePeriodSeconds: 0 });
    await client.patch(pods, keyOf(pod), { metadata: { finalizers: null } }, { type: 'merge' });
  },
  evicts: ({ evict }, pod) => evict(keyOf(pod)),
  'loses what the containers did': async ({ client }, pod) => {
    const status = { containerStatuses: null, initContainerStatuses: null };
    await client.patch(pods, keyOf(pod), { status }, { type: 'merge', subresource: 'status' });
  },
};

async function meddle(world: PenstockWorld, random: Random, touched: Set<string>): Promise<void> {
  for (const pod of (await world.client.list(pods)).items) {
    if (random.integer(1, 100) > meddlingPercent) continue;
    const names = Object.keys(meddlings);
    touched.add(pod.metadata.name ?? '');
    try {
      await meddlings[names[random.integer(0, names.length - 1)] ?? '']?.(world, pod);
    } catch (thrown) {
      if (!isApiError(thrown, 'NotFound')) throw thrown; // It went while we meddled.
    }
  }
}

async function play(seed: number): Promise<readonly string[]> {
  await using world = await PenstockWorld.start({ seed, behaviour: behaviourOf(seed) });
  world.faults.percent = faultsPercent;
  for (let index = 0; index < runsPerSeed; index++) {
    await world.client.create(pipelineRuns, drawRun(seed, `run-${index}`));
  }
  const touched = new Set<string>();
  const random = seededRandom(seed + 77);
  await world.pass(meddlingMs, () => meddle(world, random, touched));
  await world.heal();
  const taskRuns = await world.taskRuns();
  for (const taskRun of taskRuns) checkTaskRun(world, taskRun, touched, seed);
  for (const run of await world.runs()) {
    const own = taskRuns.filter(({ metadata }) => metadata.labels?.['tekton.dev/pipelineRun'] === run.metadata.name);
    const allGreen = own.every((taskRun) => verdictOf(taskRun)[0] === 'True');
    assert.equal(verdictOf(run)[0], allGreen ? 'True' : 'False', `seed ${seed}: ${run.metadata.name}`);
  }
  return taskRuns.map((taskRun) => verdictOf(taskRun).join('/'));
}

/** What a TaskRun says of its last attempt is what its containers did. */
function checkTaskRun(world: PenstockWorld, taskRun: TaskRun, touched: ReadonlySet<string>, seed: number): void {
  const podName = taskRun.status?.podName ?? '';
  const [status, reason] = verdictOf(taskRun);
  const truths = world.truths.filter((truth) => truth.podName === podName);
  const what = `seed ${seed}: ${podName} ${status}/${reason}, but ${JSON.stringify(truths)}`;
  assert.ok(new Set(truths.map(({ podUid }) => podUid)).size <= 1, `${what}: one attempt, one pod`);
  const steps = taskRun.status?.taskSpec?.steps ?? [];
  const passed = truths.filter(({ exit, signalled }) => exit?.exitCode === 0 && !signalled);
  const failed = truths.filter(({ exit, signalled }) => exit !== undefined && exit.exitCode !== 0 && !signalled);
  if (status === 'True') assert.ok(steps.length > 0 && passed.length === steps.length, what);
  else if (reason === 'StepFailed') assert.ok(failed.length > 0, what);
  else assert.ok(['EvidenceLost', 'PodEvicted'].includes(reason) && touched.has(podName), what);
}

describe('law 2: no false green', () => {
  it(`holds in ${seeds} histories in which pods are deleted, evicted and robbed of their evidence`, async () => {
    const seen = new Set<string>();
    for (let seed = 1; seed <= seeds; seed++) for (const verdict of await play(seed)) seen.add(verdict);
    const expected = ['False/EvidenceLost', 'False/PodEvicted', 'False/StepFailed', 'True/Succeeded'];
    assert.deepEqual([...seen].toSorted(), expected, 'every end was seen');
  });
});
