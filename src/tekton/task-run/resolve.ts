import type { Refusal } from '../pipeline-run/contract.ts';
import { userErrorPrefix } from '../pipeline-run/reasons.ts';
import { expansionProblem } from '../expansion.ts';
import { checkParams } from '../params.ts';
import { paramReferencesOfTaskSpec } from '../references.ts';
import type { Replacements } from '../replacements.ts';
import { substitutePodTemplate, substituteWorkspaceBinding } from '../substitution.ts';
import { substituteTaskRun, taskParamReplacements, taskReplacements } from '../task-variables.ts';
import type { Task, TaskRun, TaskSpec, WorkspaceBinding } from '../types.ts';
import type { ResolvedTask, ResolveInput, TaskResolution } from './contract.ts';
import { checkFilledSpec, checkRun, checkSpec } from './check-spec.ts';
import { taskRunReason } from './reasons.ts';
import { checkBindings, checkSubPaths, effectiveBindings, withPropagatedWorkspaces } from './workspaces.ts';

/**
 * Makes the Task that a run runs: from its reference or its own spec, checked against the run's params and workspaces,
 * with every variable filled in that is known before the pod starts. Pure; a Task that was not read yet is asked for.
 */
export function resolveTask(input: ResolveInput): TaskResolution {
  const { taskRun } = input;
  const unsupported = checkRun(taskRun);
  if (unsupported) return refused(unsupported);
  const source = sourceOf(input);
  if (source.kind !== 'spec') return source;
  const spec = taskRun.spec.taskSpec === undefined ? source.spec : withPropagatedWorkspaces(taskRun, source.spec);
  const raw = effectiveBindings(taskRun, spec, input.options);
  const problem = checkSpec(taskRun, spec) ?? checkParamsOf(taskRun, spec) ?? checkBindings(spec, raw);
  if (problem) return refused(problem);
  const task = fillIn(taskRun, spec, raw);
  const refusal = checkFilledSpec(task.spec) ?? checkSubPaths(task.spec, task.workspaces);
  if (refusal) return refused(refusal);
  return { kind: 'ready', task: { ...task, ...originOf(source.task) } };
}

/** What tells one version of a Task from another: `uid/generation`. */
function sourceId(task: Task): string {
  return `${task.metadata.uid ?? ''}/${task.metadata.generation ?? task.metadata.resourceVersion ?? ''}`;
}

function originOf(task: Task | undefined): Pick<ResolvedTask, 'source' | 'metadata'> {
  if (task === undefined) return {};
  const { labels, annotations } = task.metadata;
  const metadata = { ...(labels ? { labels } : {}), ...(annotations ? { annotations } : {}) };
  return { source: sourceId(task), ...(labels || annotations ? { metadata } : {}) };
}

type Source =
  | Exclude<TaskResolution, { kind: 'ready' }>
  | { readonly kind: 'spec'; readonly spec: TaskSpec; readonly task?: Task };

function sourceOf({ taskRun, findTask }: ResolveInput): Source {
  const { taskRef, taskSpec } = taskRun.spec;
  if (taskSpec !== undefined) return { kind: 'spec', spec: taskSpec };
  if (taskRef?.name === undefined) return unresolved('the run names no Task: set spec.taskRef.name or spec.taskSpec');
  const found = findTask(taskRef.name);
  if (found.state === 'found') return { kind: 'spec', spec: found.object.spec, task: found.object };
  if (found.state === 'unread') return { kind: 'read', name: taskRef.name };
  const where = `namespace "${taskRun.metadata.namespace ?? ''}"`;
  return unresolved(`spec.taskRef.name: there is no Task "${taskRef.name}" in ${where}`);
}

function checkParamsOf(run: TaskRun, spec: TaskSpec): Refusal | undefined {
  const problem = checkParams(spec.params ?? [], run.spec.params ?? [], paramReferencesOfTaskSpec(spec));
  if (problem === undefined) return checkExpansion(run, spec);
  const { invalidParamValue, validationFailed } = taskRunReason;
  return {
    reason: problem.reason === invalidParamValue ? invalidParamValue : validationFailed,
    message: problem.message,
  };
}

function checkExpansion(run: TaskRun, spec: TaskSpec): Refusal | undefined {
  const message = expansionProblem(spec, taskParamReplacements(run, spec), 'the task');
  return message === undefined ? undefined : { reason: taskRunReason.validationFailed, message };
}

/** Params first, then contexts and paths, in the Task, the bindings and the pod template alike. */
function fillIn(run: TaskRun, spec: TaskSpec, raw: readonly WorkspaceBinding[]): ResolvedTask {
  const variables = { workspaces: raw, retryCount: (run.status?.retriesStatus ?? []).length };
  const own: readonly Replacements[] = [taskParamReplacements(run, spec), taskReplacements(run, spec, variables)];
  const workspaces = raw.map((binding) => own.reduce(substituteWorkspaceBinding, binding));
  return {
    spec: substituteTaskRun(run, spec, { ...variables, workspaces }),
    workspaces,
    podTemplate: own.reduce(substitutePodTemplate, run.spec.podTemplate ?? {}),
  };
}

function unresolved(message: string): TaskResolution & { kind: 'refused' } {
  return refused({ reason: taskRunReason.resolutionFailed, message });
}

function refused({ reason, message }: Refusal): TaskResolution & { kind: 'refused' } {
  return { kind: 'refused', refusal: { reason, message: userErrorPrefix + message } };
}
