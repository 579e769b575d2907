import { variablesIn } from '../variables.ts';
import type { PipelineRunSpec, PipelineSpec, PipelineTask, Reference, Step, TaskRunSpec, TaskSpec } from '../types.ts';
import { type Causes, collect, notSupported, type Problem } from './causes.ts';
import { taskUses } from './task.ts';

/**
 * What this version cannot run yet: one cause each, naming the feature, the field and what to do instead. Better refused
 * than half done. `field` is where the spec stands.
 */
export function unsupportedFeatures(spec: PipelineSpec, field = 'spec'): readonly Problem[] {
  return collect(inPipeline(spec, field));
}

/** The same for a Task. */
export function unsupportedTaskFeatures(spec: TaskSpec, field = 'spec'): readonly Problem[] {
  return collect(inTask(spec, field));
}

/** The same for a PipelineRun, its embedded pipeline included. */
export function unsupportedPipelineRunFeatures(spec: PipelineRunSpec, field = 'spec'): readonly Problem[] {
  return collect(inPipelineRun(spec, field));
}

/** The same for a TaskRun, its embedded task included. */
export function unsupportedTaskRunFeatures(spec: TaskRunSpec, field = 'spec'): readonly Problem[] {
  return collect(inTaskRun(spec, field));
}

function* inPipelineRun(spec: PipelineRunSpec, field: string): Causes {
  if (spec.pipelineRef) yield* inReference(spec.pipelineRef, `${field}.pipelineRef`, 'Pipeline');
  if (spec.pipelineSpec) yield* inPipeline(spec.pipelineSpec, `${field}.pipelineSpec`);
}

function* inTaskRun(spec: TaskRunSpec, field: string): Causes {
  if (spec.taskRef) yield* inReference(spec.taskRef, `${field}.taskRef`, 'Task');
  if (spec.taskSpec) yield* inTask(spec.taskSpec, `${field}.taskSpec`);
  if ('debug' in spec && spec.debug !== undefined) {
    yield unsupported(`${field}.debug`, 'a debug breakpoint', 'remove the field and look at the logs of the steps');
  }
}

function* inPipeline(spec: PipelineSpec, field: string): Causes {
  for (const part of ['tasks', 'finally'] as const) {
    for (const [index, task] of (spec[part] ?? []).entries()) {
      for (const cause of inPipelineTask(task, `${field}.${part}[${index}]`)) {
        yield { ...cause, message: `task "${task.name}": ${cause.message}` };
      }
    }
  }
}

function* inPipelineTask(task: PipelineTask, field: string): Causes {
  if (task.matrix) yield unsupported(`${field}.matrix`, 'a matrix', 'write one task for each combination');
  for (const member of ['pipelineRef', 'pipelineSpec'] as const) {
    if (task[member])
      yield unsupported(`${field}.${member}`, 'a pipeline in a pipeline', 'put its tasks into this pipeline');
  }
  for (const [index, { cel }] of (task.when ?? []).entries()) {
    if (cel)
      yield unsupported(
        `${field}.when[${index}].cel`,
        'a CEL expression in when',
        'compare with input, operator and values',
      );
  }
  if (task.taskRef) yield* inReference(task.taskRef, `${field}.taskRef`, 'Task');
  const { taskSpec } = task;
  if (taskSpec?.apiVersion) yield unsupported(`${field}.taskSpec.apiVersion`, 'a custom task', 'use a Task');
  else if (taskSpec) yield* inTask(taskSpec, `${field}.taskSpec`);
  for (const text of textsOf(task)) {
    if (variablesIn(text).some(({ variable }) => variable.kind === 'artifacts')) yield artifacts(`${field}.params`);
  }
}

function textsOf({ params }: PipelineTask): readonly string[] {
  return (params ?? []).flatMap(({ value }) => (typeof value === 'string' ? [value] : []));
}

function* inReference(
  reference: Reference & { readonly bundle?: string },
  field: string,
  kind: 'Task' | 'Pipeline',
): Causes {
  const remedy = `apply the ${kind} and refer to it by name, or embed its spec`;
  if (reference.resolver) yield unsupported(`${field}.resolver`, `the resolver "${reference.resolver}"`, remedy);
  if (reference.bundle) yield unsupported(`${field}.bundle`, 'a bundle', remedy);
  const { apiVersion, kind: given = kind } = reference;
  const isOther = apiVersion !== undefined && apiVersion !== '' && !apiVersion.startsWith('tekton.dev/');
  if (isOther) yield unsupported(`${field}.apiVersion`, 'a custom task', `use a ${kind}`);
  else if (given === 'ClusterTask')
    yield unsupported(`${field}.kind`, 'a ClusterTask', 'use a Task in the namespace of the run');
  else if (given !== kind && given !== '') yield unsupported(`${field}.kind`, `the kind "${given}"`, `use a ${kind}`);
}

function* inTask(spec: TaskSpec, field: string): Causes {
  for (const [index, sidecar] of (spec.sidecars ?? []).entries()) {
    yield unsupported(
      `${field}.sidecars[${index}]`,
      sidecar.name ? `a sidecar ("${sidecar.name}")` : 'a sidecar',
      'start the program in the background of the step that needs it',
    );
  }
  for (const [index, step] of (spec.steps ?? []).entries()) yield* inStep(step, `${field}.steps[${index}]`);
  yield* inVariables(spec, field);
}

/** One cause a field. In a script what looks like the result of another step may as well be the shell's. */
function* inVariables(spec: TaskSpec, field: string): Causes {
  const reported = new Set<string>();
  for (const { field: where, variable } of taskUses(spec, field)) {
    if (reported.has(where)) continue;
    const isStepResult = variable.kind === 'stepResult' && !where.endsWith('.script');
    if (variable.kind !== 'artifacts' && !isStepResult) continue;
    reported.add(where);
    yield isStepResult
      ? unsupported(where, 'the result of another step', 'hand it on in a file under /workspace')
      : artifacts(where);
  }
}

function* inStep(step: Step, field: string): Causes {
  if (step.ref) yield unsupported(`${field}.ref`, 'a StepAction', 'write its image and script into the step');
  if (step.when)
    yield unsupported(`${field}.when`, 'when on a step', 'test the condition in the script, or put when on the task');
  if (step.script?.startsWith('#!win')) yield unsupported(`${field}.script`, 'a Windows script', 'use a Linux image');
}

function artifacts(field: string): Problem {
  return unsupported(field, 'a variable of artifacts', 'use results or a workspace');
}

function unsupported(field: string, feature: string, remedy: string): Problem {
  return notSupported(field, `${feature} is not supported yet; ${remedy}`);
}
