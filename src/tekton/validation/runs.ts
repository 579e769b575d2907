import { controllerOf } from '../../kube/object.ts';
import { parseGoDuration } from '../durations.ts';
import type { PipelineRun, PipelineRunSpec, PipelineTaskRunSpec, PodTemplate, TaskRun, TaskRunSpec } from '../types.ts';
import {
  type Causes,
  collect,
  duplicates,
  forbidden,
  invalid,
  notSupported,
  type Problem,
  required,
} from './causes.ts';
import { checkDuration } from './durations.ts';
import { checkCount, retriesMax, taskRunSpecsMax, volumesMax } from './limits.ts';
import { checkLabelName, checkObjectName } from './names.ts';
import { checkParams } from './param-specs.ts';
import { checkPipelineSpec } from './pipeline.ts';
import { checkReference } from './pipeline-task.ts';
import { givenParams } from './scope.ts';
import { checkTaskSpec } from './task.ts';
import { checkBindings } from './volumes.ts';

/** How long a run may take when it does not say so. */
const defaultTimeoutMs = 3_600_000;

const pipelineRunStates: readonly string[] = [
  'PipelineRunPending',
  'Cancelled',
  'CancelledRunFinally',
  'StoppedRunFinally',
];
/** Why `TaskRunPending` is refused: only a whole run can wait to be started. */
export const pendingTaskRunMessage: string =
  'TaskRunPending is refused: pending TaskRuns do not exist, and running tasks cannot be paused; ' +
  'create a PipelineRun with status PipelineRunPending instead';
const taskRunStates: readonly string[] = ['TaskRunCancelled'];

/** What is wrong with a PipelineRun by itself; empty when nothing is. What it refers to is not looked at. */
export function validatePipelineRun(run: PipelineRun): readonly Problem[] {
  return collect(checkPipelineRun(run));
}

/** What is wrong with a TaskRun by itself; empty when nothing is. */
export function validateTaskRun(run: TaskRun): readonly Problem[] {
  return collect(checkTaskRun(run));
}

function* checkPipelineRun({ metadata, spec }: PipelineRun): Causes {
  yield* checkObjectName(metadata.name, 'metadata.name');
  yield* checkPipeline(spec);
  yield* checkParams(spec.params, 'spec.params', true);
  yield* checkState(spec.status, pipelineRunStates);
  yield* checkTimeouts(spec);
  yield* checkBindings(spec.workspaces, 'spec.workspaces');
  yield* checkPodTemplate(spec.taskRunTemplate?.podTemplate, 'spec.taskRunTemplate.podTemplate');
  yield* checkTaskRunSpecs(spec);
}

function* checkPipeline(spec: PipelineRunSpec): Causes {
  const { pipelineRef, pipelineSpec } = spec;
  if (pipelineRef === undefined && pipelineSpec === undefined) {
    yield required('spec.pipelineRef', 'expected exactly one of pipelineRef and pipelineSpec, but none is given');
  } else if (pipelineRef !== undefined && pipelineSpec !== undefined) {
    yield forbidden('spec.pipelineSpec', 'expected exactly one of pipelineRef and pipelineSpec, but both are given');
  }
  if (pipelineRef) yield* checkReference(pipelineRef, 'spec.pipelineRef');
  if (pipelineSpec) {
    const run = { params: spec.params ?? [], workspaces: spec.workspaces ?? [] };
    yield* checkPipelineSpec(pipelineSpec, 'spec.pipelineSpec', run);
  }
}

function* checkState(status: string | undefined, states: readonly string[]): Causes {
  if (!status || states.includes(status)) return;
  yield notSupported(
    'spec.status',
    `${JSON.stringify(status)} is not recognized; valid values: ${states.join(', ')}, or none`,
  );
}

function* checkTimeouts({ timeouts }: PipelineRunSpec): Causes {
  if (timeouts === undefined) return;
  for (const member of ['pipeline', 'tasks', 'finally'] as const)
    yield* checkDuration(timeouts[member], `spec.timeouts.${member}`);
  const pipelineMs = spanOf(timeouts.pipeline) ?? defaultTimeoutMs;
  const [tasksMs, finallyMs] = [spanOf(timeouts.tasks), spanOf(timeouts.finally)];
  const whole = timeouts.pipeline ?? '1h';
  for (const [member, spanMs] of [
    ['tasks', tasksMs],
    ['finally', finallyMs],
  ] as const) {
    if (spanMs === undefined || pipelineMs <= 0) continue;
    const field = `spec.timeouts.${member}`;
    if (spanMs === 0) yield invalid(field, `0 (no timeout) should be <= pipeline duration (${whole})`);
    else if (spanMs > pipelineMs)
      yield invalid(field, `${timeouts[member] ?? ''} should be <= pipeline duration (${whole})`);
  }
  if (tasksMs !== undefined && finallyMs !== undefined && tasksMs + finallyMs > pipelineMs) {
    const sum = `${timeouts.tasks ?? ''} + ${timeouts.finally ?? ''}`;
    yield invalid('spec.timeouts', `tasks and finally together (${sum}) should be <= pipeline duration (${whole})`);
  }
}

function spanOf(text: string | undefined): number | undefined {
  return text === undefined ? undefined : parseGoDuration(text);
}

function* checkTaskRunSpecs(spec: PipelineRunSpec): Causes {
  const entries = spec.taskRunSpecs ?? [];
  yield* checkCount(entries, taskRunSpecsMax, 'spec.taskRunSpecs');
  yield* duplicates(entries, 'spec.taskRunSpecs', 'pipelineTaskName', ({ pipelineTaskName }) => pipelineTaskName);
  const names = spec.pipelineSpec && taskNames(spec.pipelineSpec);
  for (const [index, entry] of entries.entries()) {
    const field = `spec.taskRunSpecs[${index}]`;
    yield* checkTaskRunName(entry.pipelineTaskName, `${field}.pipelineTaskName`, names);
    yield* checkTaskRunTimeout(entry, spec, `${field}.timeout`);
    yield* checkResources(entry, field);
    yield* checkPodTemplate(entry.podTemplate, `${field}.podTemplate`);
  }
}

function taskNames({
  tasks = [],
  finally: finals = [],
}: NonNullable<PipelineRunSpec['pipelineSpec']>): ReadonlySet<string> {
  return new Set([...tasks, ...finals].map(({ name }) => name));
}

function* checkTaskRunName(name: string | undefined, field: string, known: ReadonlySet<string> | undefined): Causes {
  if (!name) yield required(field, 'name the task of the pipeline that this is for');
  else if (known !== undefined && !known.has(name)) {
    yield { ...invalid(field, `the pipeline has no task "${name}"`), runReason: 'InvalidTaskRunSpecs' };
  }
}

function* checkTaskRunTimeout(entry: PipelineTaskRunSpec, { timeouts }: PipelineRunSpec, field: string): Causes {
  yield* checkDuration(entry.timeout, field);
  const spanMs = spanOf(entry.timeout);
  const [name, limit] = timeouts?.tasks ? ['tasks', timeouts.tasks] : ['pipeline', timeouts?.pipeline ?? '1h'];
  const limitMs = spanOf(limit) ?? defaultTimeoutMs;
  if (spanMs !== undefined && limitMs > 0 && spanMs > limitMs) {
    yield invalid(field, `${entry.timeout ?? ''} should be <= ${name} duration (${limit})`);
  }
}

/** Resources are either those of the whole task or those of its steps. */
function* checkResources(entry: PipelineTaskRunSpec | TaskRunSpec, field: string): Causes {
  const { stepSpecs = [], sidecarSpecs = [], computeResources } = entry;
  if (computeResources !== undefined && stepSpecs.some((step) => step.computeResources !== undefined)) {
    yield forbidden(
      `${field}.computeResources`,
      'resources are either those of the task or those of its steps, not both',
    );
  }
  for (const [member, list] of [
    ['stepSpecs', stepSpecs],
    ['sidecarSpecs', sidecarSpecs],
  ] as const) {
    yield* checkCount(list, taskRunSpecsMax, `${field}.${member}`);
    yield* duplicates(list, `${field}.${member}`, 'name', ({ name }) => name);
    for (const [index, { name }] of list.entries()) {
      if (!name) yield required(`${field}.${member}[${index}].name`, 'name what this is for');
    }
  }
}

function* checkPodTemplate(template: PodTemplate | undefined, field: string): Causes {
  const volumes = template?.volumes ?? [];
  yield* checkCount(volumes, volumesMax, `${field}.volumes`);
  yield* duplicates(volumes, `${field}.volumes`, 'name', ({ name }) => name);
  for (const [index, { name }] of volumes.entries()) {
    if (!name.includes('$(')) yield* checkLabelName(name, `${field}.volumes[${index}].name`, 'a volume');
  }
}

function* checkTaskRun(run: TaskRun): Causes {
  const { metadata, spec } = run;
  yield* checkObjectName(metadata.name, 'metadata.name');
  yield* checkTask(run);
  yield* checkParams(spec.params, 'spec.params', true);
  if (spec.status === 'TaskRunPending') yield invalid('spec.status', pendingTaskRunMessage);
  else yield* checkState(spec.status, taskRunStates);
  if (spec.statusMessage && !spec.status) {
    yield forbidden(
      'spec.statusMessage',
      `statusMessage should not be set if status is not set, but it is currently set to ${JSON.stringify(spec.statusMessage)}`,
    );
  }
  yield* checkRetries(spec);
  yield* checkDuration(spec.timeout, 'spec.timeout');
  yield* checkBindings(spec.workspaces, 'spec.workspaces');
  yield* checkPodTemplate(spec.podTemplate, 'spec.podTemplate');
  yield* checkResources(spec, 'spec');
}

function* checkTask(run: TaskRun): Causes {
  const { taskRef, taskSpec, params = [], workspaces = [] } = run.spec;
  if (taskRef === undefined && taskSpec === undefined) {
    yield required('spec.taskRef', 'expected exactly one of taskRef and taskSpec, but none is given');
  } else if (taskRef !== undefined && taskSpec !== undefined) {
    yield forbidden('spec.taskSpec', 'expected exactly one of taskRef and taskSpec, but both are given');
  }
  if (taskRef) yield* checkReference(taskRef, 'spec.taskRef');
  if (taskSpec === undefined) return;
  // In a pipeline's child values of params stand in the spec already: what looks like a variable there is none.
  const isChild = controllerOf(run)?.kind === 'PipelineRun';
  const outer = { params: givenParams(params), workspaces: new Set(workspaces.map(({ name }) => name)) };
  yield* checkTaskSpec(taskSpec, 'spec.taskSpec', isChild ? {} : outer);
}

function* checkRetries({ retries = 0 }: TaskRunSpec): Causes {
  if (!Number.isInteger(retries) || retries < 0) yield invalid('spec.retries', `${retries} should be >= 0`);
  else if (retries > retriesMax) yield invalid('spec.retries', `${retries} should be <= ${retriesMax}`);
}
