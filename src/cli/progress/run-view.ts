import { fromRfc3339 } from '../../base/clock.ts';
import type { Condition } from '../../kube/object.ts';
import type { ContainerState, Pod } from '../../kube/pod.ts';
import { stepEnd, taskRunReason } from '../../tekton/task-run/reasons.ts';
import type { PipelineRun, StepState, TaskRun } from '../../tekton/types.ts';

/** How far a run, task or step has come, as a person sees it. */
export type Phase = 'waiting' | 'running' | 'succeeded' | 'failed' | 'cancelled' | 'skipped' | 'lost';

export interface StepView {
  readonly name: string;
  readonly container: string;
  readonly phase: Phase;
  readonly reason?: string;
  readonly exitCode?: number;
  readonly startMs?: number;
  readonly endMs?: number;
}

export interface TaskView {
  /** The name in the pipeline; the TaskRun's own name when it stands alone. */
  readonly name: string;
  readonly phase: Phase;
  readonly reason?: string;
  readonly message?: string;
  readonly startMs?: number;
  readonly endMs?: number;
  readonly steps: readonly StepView[];
  readonly podName?: string;
  readonly finally: boolean;
}

/** All that is shown of one run. */
export interface RunView {
  readonly kind: 'PipelineRun' | 'TaskRun';
  readonly namespace: string;
  readonly name: string;
  readonly phase: Phase;
  readonly reason?: string;
  readonly message?: string;
  readonly startMs?: number;
  readonly endMs?: number;
  readonly tasks: readonly TaskView[];
}

/** Whether nothing of it will change any more. */
export function isOver(phase: Phase): boolean {
  return phase !== 'waiting' && phase !== 'running';
}

/** The view of a PipelineRun from its own status, its TaskRuns and their pods (whose states are fresher). */
export function viewPipelineRun(run: PipelineRun, taskRuns: readonly TaskRun[], pods: readonly Pod[]): RunView {
  const podByName = new Map(pods.map((pod) => [pod.metadata.name, pod]));
  const taskRunByTask = new Map(taskRuns.map((taskRun) => [pipelineTaskOf(taskRun), taskRun]));
  const spec = run.status?.pipelineSpec ?? run.spec.pipelineSpec;
  const names = [...(spec?.tasks ?? []), ...(spec?.finally ?? [])].map((task) => task.name);
  const finallyNames = new Set((spec?.finally ?? []).map((task) => task.name));
  const skipped = new Map((run.status?.skippedTasks ?? []).map((task) => [task.name, task.reason]));
  const tasks = names.map((name): TaskView => {
    const taskRun = taskRunByTask.get(name);
    const isFinally = finallyNames.has(name);
    if (taskRun) return viewTask(name, taskRun, podByName.get(podNameOf(taskRun)), isFinally);
    const reason = skipped.get(name);
    const phase = reason === undefined ? 'waiting' : 'skipped';
    return { name, phase, steps: [], finally: isFinally, ...(reason === undefined ? {} : { reason }) };
  });
  return { kind: 'PipelineRun', ...runMembers(run, run.status), tasks };
}

/** The view of a TaskRun that stands alone. */
export function viewTaskRun(run: TaskRun, pods: readonly Pod[]): RunView {
  const pod = pods.find((candidate) => candidate.metadata.name === podNameOf(run));
  return {
    kind: 'TaskRun',
    ...runMembers(run, run.status),
    tasks: [viewTask(run.metadata.name ?? '', run, pod, false)],
  };
}

interface RunStatus {
  readonly conditions?: readonly Condition[];
  readonly startTime?: string;
  readonly completionTime?: string;
}

function runMembers(run: PipelineRun | TaskRun, status: RunStatus | undefined): Omit<RunView, 'kind' | 'tasks'> {
  return {
    namespace: run.metadata.namespace ?? '',
    name: run.metadata.name ?? '',
    ...conditionMembers(status?.conditions),
    ...timeMembers(status?.startTime, status?.completionTime),
  };
}

function conditionMembers(conditions: readonly Condition[] | undefined): {
  phase: Phase;
  reason?: string;
  message?: string;
} {
  const condition = conditions?.find((candidate) => candidate.type === 'Succeeded');
  if (!condition) return { phase: 'waiting' };
  const { reason, message } = condition;
  return { phase: phaseOf(condition), ...(reason ? { reason } : {}), ...(message ? { message } : {}) };
}

/** What a run or task says whose end nobody knows. */
const lostReasons: ReadonlySet<string> = new Set([taskRunReason.evidenceLost, taskRunReason.podEvicted]);

function phaseOf(condition: Condition): Phase {
  if (condition.status === 'True') return 'succeeded';
  const reason = condition.reason ?? '';
  if (condition.status === 'Unknown') return reason.endsWith('Pending') ? 'waiting' : 'running';
  if (reason.endsWith('Cancelled')) return 'cancelled';
  return lostReasons.has(reason) ? 'lost' : 'failed';
}

function timeMembers(start: string | undefined, end: string | undefined): { startMs?: number; endMs?: number } {
  const startMs = fromRfc3339(start);
  const endMs = fromRfc3339(end);
  return { ...(startMs === undefined ? {} : { startMs }), ...(endMs === undefined ? {} : { endMs }) };
}

function pipelineTaskOf(taskRun: TaskRun): string {
  return taskRun.metadata.labels?.['tekton.dev/pipelineTask'] ?? taskRun.metadata.name ?? '';
}

function podNameOf(taskRun: TaskRun): string {
  const attempt = taskRun.status?.retriesStatus?.length ?? 0;
  return taskRun.status?.podName ?? `${taskRun.metadata.name}-pod${attempt > 0 ? `-retry${attempt}` : ''}`;
}

function viewTask(name: string, taskRun: TaskRun, pod: Pod | undefined, isFinally: boolean): TaskView {
  const steps = taskRun.status?.completionTime ? storedSteps(taskRun) : (podSteps(pod) ?? storedSteps(taskRun));
  const condition = conditionMembers(taskRun.status?.conditions);
  // A TaskRun's own status is written a little later than its pod starts. Without one it is about to run; with one that
  // says it waits, its steps are the fresher witnesses.
  const isUnderWay = condition.reason === undefined || steps.some((step) => step.phase !== 'waiting');
  const phase = condition.phase === 'waiting' && isUnderWay ? 'running' : condition.phase;
  const podName = pod?.metadata.name ?? taskRun.status?.podName;
  return {
    name,
    ...condition,
    phase,
    ...timeMembers(taskRun.status?.startTime ?? pod?.status?.startTime, taskRun.status?.completionTime),
    steps,
    finally: isFinally,
    ...(podName === undefined ? {} : { podName }),
  };
}

function storedSteps(taskRun: TaskRun): readonly StepView[] {
  return (taskRun.status?.steps ?? []).map((step) => stepView(step.name, step.container, step, step));
}

function podSteps(pod: Pod | undefined): readonly StepView[] | undefined {
  if (!pod) return undefined;
  const containers = [...(pod.spec.initContainers ?? []), ...pod.spec.containers];
  const statuses = [...(pod.status?.initContainerStatuses ?? []), ...(pod.status?.containerStatuses ?? [])];
  return containers
    .filter((container) => container.name.startsWith('step-'))
    .map((container) => {
      const status = statuses.find((candidate) => candidate.name === container.name);
      return stepView(container.name.slice('step-'.length), container.name, status?.state ?? {});
    });
}

function stepView(name: string, container: string, state: ContainerState, stored?: StepState): StepView {
  const { terminated, running } = state;
  if (running) return { name, container, phase: 'running', ...timeMembers(running.startedAt, undefined) };
  if (!terminated) return { name, container, phase: 'waiting' };
  const reason = stored?.terminationReason ?? terminated.reason;
  return {
    name,
    container,
    phase: stepPhase(terminated.exitCode, reason),
    exitCode: terminated.exitCode,
    ...(reason ? { reason } : {}),
    ...timeMembers(terminated.startedAt, terminated.finishedAt),
  };
}

function stepPhase(exitCode: number, reason: string | undefined): Phase {
  if (reason === 'Skipped') return 'skipped';
  if (reason === 'TaskRunCancelled' || reason === 'Cancelled') return 'cancelled';
  if (reason === stepEnd.lost) return 'lost';
  return exitCode === 0 || reason === 'Continued' ? 'succeeded' : 'failed';
}
