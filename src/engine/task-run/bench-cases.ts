/** What tests of the TaskRun reconciler start from. */
import type { Pod } from '../../kube/pod.ts';
import type { TaskRunSpec, TaskSpec } from '../../tekton/types.ts';
import { verdictFinalizer } from '../pod/names.ts';
import { TaskRunBench } from './bench.ts';

const script = { image: 'x', script: 'true' };

/** Tasks of one step, `a`, and of three, `a` to `c`. */
export const one: TaskSpec = { steps: [{ name: 'a', ...script }] };
export const three: TaskSpec = { steps: ['a', 'b', 'c'].map((name) => ({ name, ...script })) };

/** The first pod of every bench. */
export const podKey = { namespace: 'ns', name: 'run-pod' } as const;

/** A bench on which nothing has happened yet. */
export function newBench(taskSpec: TaskSpec = one, spec: Partial<TaskRunSpec> = {}): TaskRunBench {
  return new TaskRunBench({ taskSpec, ...spec });
}

/** A bench whose pod has been made and runs its first step. */
export async function running(taskSpec: TaskSpec = one, spec: Partial<TaskRunSpec> = {}): Promise<TaskRunBench> {
  const bench = newBench(taskSpec, spec);
  await bench.pass();
  bench.kubelet.step(bench.pod());
  return bench;
}

/** Whether `pod` still has our finalizer. */
export function held(pod: Pod): boolean {
  return pod.metadata.finalizers?.includes(verdictFinalizer) === true;
}
