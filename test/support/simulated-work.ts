/** Tasks whose steps say themselves what the simulated kubelet shall do with them. */
import type { JsonObject } from '../../src/base/json.ts';
import type { ContainerPlan } from '../../src/executor/runtime/container-runtime.ts';
import type { SimulatedBehaviour } from '../../src/executor/simulated/simulated-runtime.ts';
import type { KubeObject } from '../../src/kube/object.ts';
import type {
  PipelineRun,
  PipelineRunSpec,
  PipelineTask,
  TaskRun,
  TaskRunSpec,
  TaskSpec,
} from '../../src/tekton/types.ts';

/** The command of a simulated step; its arguments are behaviours as JSON, one an attempt, the last for all that follow. */
const simulateCommand = 'simulate';

/** What a simulated step does, and which results it would write. */
export interface SimulatedStep extends Pick<SimulatedBehaviour, 'durationMs' | 'exitCode' | 'reason' | 'onTerminate'> {
  readonly results?: Readonly<Record<string, string>>;
}

/** A step that behaves as told, attempt by attempt. */
export function simulatedStep(
  name: string,
  ...attempts: readonly SimulatedStep[]
): JsonObject & { readonly name: string } {
  const args = (attempts.length === 0 ? [{}] : attempts).map((attempt) => JSON.stringify(attempt));
  return { name, image: 'simulated', command: [simulateCommand], args };
}

/** The `behaviour` of simulated nodes that do what {@link simulatedStep} says. */
export function simulatedBehaviour(plan: ContainerPlan): SimulatedBehaviour {
  const words = [...plan.command, ...plan.args];
  const at = words.indexOf(simulateCommand);
  if (at < 0) return {};
  const attempts = words.slice(at + 1);
  const attempt = Number(/-retry(\d+)$/.exec(plan.podName)?.[1] ?? 0);
  const { results, ...step } = JSON.parse(attempts[Math.min(attempt, attempts.length - 1)] ?? '{}') as SimulatedStep;
  return at === 0 ? step : { ...step, message: reportOf(step.exitCode ?? 0, results ?? {}) };
}

/** What the wrapper around a step reports: see `termination-message.ts`. */
function reportOf(exitCode: number, results: Readonly<Record<string, string>>): string {
  const entries = Object.entries(results).map(
    ([name, value]) => `result ${name} ${Buffer.byteLength(value)}\n${value}\n`,
  );
  return `penstock/1 exited ${exitCode}\n${entries.join('')}.\n`;
}

/** A Task of such steps. */
export function simulatedTask(...steps: readonly (JsonObject & { readonly name: string })[]): TaskSpec {
  return { steps };
}

/** A task of a pipeline with one such step. */
export function pipelineTask(name: string, step: SimulatedStep, more: Partial<PipelineTask> = {}): PipelineTask {
  return { name, taskSpec: simulatedTask(simulatedStep('work', step)), ...more };
}

/** A PipelineRun to create. */
export function pipelineRun(
  metadata: KubeObject['metadata'],
  tasks: readonly PipelineTask[],
  spec: Partial<PipelineRunSpec> = {},
): PipelineRun {
  return { apiVersion: 'tekton.dev/v1', kind: 'PipelineRun', metadata, spec: { pipelineSpec: { tasks }, ...spec } };
}

/** A TaskRun to create. */
export function taskRun(
  metadata: KubeObject['metadata'],
  taskSpec: TaskSpec,
  spec: Partial<TaskRunSpec> = {},
): TaskRun {
  return { apiVersion: 'tekton.dev/v1', kind: 'TaskRun', metadata, spec: { taskSpec, ...spec } };
}

/** `status/reason` of the condition that tells how a run ended; `-` while it has not. */
export function verdictOf(run: PipelineRun | TaskRun): string {
  const succeeded = run.status?.conditions?.find(({ type }) => type === 'Succeeded');
  if (succeeded === undefined || succeeded.status === 'Unknown') return '-';
  return `${succeeded.status}/${succeeded.reason ?? ''}`;
}

/** The words of that condition. */
export function messageOf(run: PipelineRun | TaskRun): string {
  return run.status?.conditions?.find(({ type }) => type === 'Succeeded')?.message ?? '';
}

/** Whether a run has ended, in whatever way. */
export function isDone(run: PipelineRun | TaskRun): boolean {
  return verdictOf(run) !== '-';
}
