/** Runs and what their containers do, drawn from a seed: the same seed, the same run. */
import { fnv32a } from '../../src/base/fnv32a.ts';
import { type Random, seededRandom } from '../../src/base/random.ts';
import type { ContainerPlan } from '../../src/executor/runtime/container-runtime.ts';
import type { SimulatedBehaviour } from '../../src/executor/simulated/simulated-runtime.ts';
import type { PipelineRun, PipelineTask } from '../../src/tekton/types.ts';
import { pipelineRun } from './run-manifests.ts';

const tasksMax = 5;
const stepsMax = 3;
const durationMsMax = 4_000;
/** Of a hundred containers, so many fail. */
const failuresPercent = 8;

/** A run of a few tasks, some of which wait for others, may be retried, or come last. */
export function drawRun(seed: number, name: string): PipelineRun {
  const random = seededRandom(seed * 1_009 + fnv32a(name));
  const names = Array.from({ length: random.integer(1, tasksMax) }, (_, index) => `t${index}`);
  const tasks = names.map((task, index) => drawTask(random, task, names.slice(0, index)));
  const run = pipelineRun(name, tasks);
  const last = random.integer(0, 1) ? { finally: [drawTask(random, 'f', [])] } : {};
  return {
    ...run,
    metadata: { name, namespace: 'default' },
    spec: { pipelineSpec: { tasks, ...last } },
  };
}

function drawTask(random: Random, name: string, before: readonly string[]): PipelineTask {
  const steps = Array.from({ length: random.integer(1, stepsMax) }, (_, index) => {
    return { name: `s${index}`, image: 'busybox', command: ['work'] };
  });
  const runAfter = before.filter(() => random.integer(1, 100) <= 35);
  const retries = random.integer(0, 1);
  return {
    name,
    taskSpec: { steps },
    ...(runAfter.length > 0 ? { runAfter } : {}),
    ...(retries > 0 ? { retries } : {}),
  };
}

/** What each container does depends on nothing but the seed and its name, so that histories can be compared. */
export function behaviourOf(seed: number): (plan: ContainerPlan) => SimulatedBehaviour {
  return ({ podName, container }) => {
    const random = seededRandom(seed * 7_919 + fnv32a(`${podName}/${container}`));
    const exitCode = random.integer(1, 100) <= failuresPercent ? random.integer(1, 5) : 0;
    const durationMs = random.integer(0, durationMsMax);
    const onTerminate = ([0, 143, 'ignore'] as const)[random.integer(0, 2)] ?? 143;
    return { exitCode, durationMs, onTerminate };
  };
}
