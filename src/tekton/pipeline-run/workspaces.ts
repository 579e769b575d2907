import { substituteWorkspaceBinding } from '../substitution.ts';
import type {
  EmbeddedTask,
  PipelineRun,
  PipelineSpec,
  PipelineTask,
  TaskSpec,
  WorkspaceBinding,
  WorkspaceDeclaration,
} from '../types.ts';
import { claimName } from './claims.ts';
import type { Refusal } from './contract.ts';
import { runReason } from './reasons.ts';
import { runReplacements } from './run-variables.ts';

/** Bindings of a run by workspace name. */
export type BindingsByName = ReadonlyMap<string, WorkspaceBinding>;

/** The workspace bindings that `run` gives, by name. */
export function bindingsOf(run: PipelineRun): BindingsByName {
  return new Map((run.spec.workspaces ?? []).map((binding) => [binding.name, binding]));
}

/** The same with the run's params and contexts filled in, as its children get them. */
export function substitutedBindings(run: PipelineRun, spec: PipelineSpec): BindingsByName {
  if ((run.spec.workspaces ?? []).length === 0) return new Map();
  const variables = runReplacements(run, spec);
  return new Map(
    (run.spec.workspaces ?? []).map((raw) => [raw.name, variables.reduce(substituteWorkspaceBinding, raw)]),
  );
}

/** Refuses sub-paths that lead out of their volume: `..`, or from the root. */
export function checkSubPaths(spec: PipelineSpec, bindings: BindingsByName): Refusal | undefined {
  for (const { name, subPath = '' } of bindings.values()) {
    if (leadsOut(subPath)) return subPathRefusal(`workspace "${name}" of the run`, subPath);
  }
  for (const task of [...(spec.tasks ?? []), ...(spec.finally ?? [])]) {
    for (const { name, subPath = '' } of task.workspaces ?? []) {
      if (leadsOut(subPath)) return subPathRefusal(`workspace "${name}" of pipeline task "${task.name}"`, subPath);
    }
  }
  return undefined;
}

/** Refuses a run that leaves a workspace unbound which its pipeline requires. */
export function checkBindings(spec: PipelineSpec, bindings: BindingsByName): Refusal | undefined {
  const missing = (spec.workspaces ?? []).filter((workspace) => !workspace.optional && !bindings.has(workspace.name));
  if (missing.length === 0) return undefined;
  const names = missing.map(({ name }) => `"${name}"`).join(', ');
  return {
    reason: runReason.invalidWorkspaceBindings,
    message: `the pipeline requires workspace ${names}, but the run binds no such workspace in spec.workspaces`,
  };
}

/**
 * Refuses a pipeline task that feeds a required workspace of its Task from an optional one of the pipeline, or from
 * none that exists.
 */
export function checkTaskWorkspaces(
  spec: PipelineSpec,
  task: PipelineTask,
  declared: readonly WorkspaceDeclaration[],
  bindings: BindingsByName,
): Refusal | undefined {
  for (const { name, workspace = name } of task.workspaces ?? []) {
    const required = declared.some((declaration) => declaration.name === name && !declaration.optional);
    const source = spec.workspaces?.find((candidate) => candidate.name === workspace);
    if (required && source?.optional) {
      return { reason: runReason.requiredWorkspaceMarkedOptional, message: optionalText(task.name, name, workspace) };
    }
    if (required && source === undefined && !bindings.has(workspace)) {
      return { reason: runReason.invalidWorkspaceBindings, message: unboundText(task.name, name, workspace) };
    }
  }
  return undefined;
}

/**
 * The bindings a child gets: each workspace of the pipeline task with the run's source for it, sub-paths joined, a
 * claim template replaced by the claim made from it. What the run leaves unbound is left out. A task with an embedded
 * spec also gets those workspaces of the run which its spec declares or uses by name (propagation).
 */
export function childBindings(
  run: PipelineRun,
  task: PipelineTask,
  bindings: BindingsByName,
): readonly WorkspaceBinding[] {
  const listed = task.workspaces ?? [];
  const names = new Set(listed.map(({ name }) => name));
  const propagated = propagatedNames(task, bindings).filter((name) => !names.has(name));
  const wanted = [...listed, ...propagated.map((name) => ({ name }))];
  return wanted.flatMap(({ name, workspace = name, subPath }: NonNullable<PipelineTask['workspaces']>[number]) => {
    const source = bindings.get(workspace);
    return source === undefined ? [] : [childBinding(run, source, name, subPath)];
  });
}

/** An embedded spec that declares every workspace it is given, so that the TaskRun can be understood on its own. */
export function declareWorkspaces(spec: TaskSpec, given: readonly WorkspaceBinding[]): TaskSpec {
  const declared = new Set((spec.workspaces ?? []).map(({ name }) => name));
  const added = given.filter(({ name }) => !declared.has(name)).map(({ name }) => ({ name }));
  return added.length === 0 ? spec : { ...spec, workspaces: [...(spec.workspaces ?? []), ...added] };
}

function leadsOut(subPath: string): boolean {
  return subPath.startsWith('/') || subPath.split('/').includes('..');
}

function subPathRefusal(whose: string, subPath: string): Refusal {
  const message = `${whose} has the subPath "${subPath}"; it must stay inside the volume: relative, without ".."`;
  return { reason: runReason.invalidWorkspaceBindings, message };
}

function childBinding(run: PipelineRun, source: WorkspaceBinding, name: string, subPath?: string): WorkspaceBinding {
  const { volumeClaimTemplate, subPath: sourcePath, ...rest } = source;
  const joined = [sourcePath, subPath].filter((part) => part !== undefined && part !== '').join('/');
  const claim = volumeClaimTemplate && {
    persistentVolumeClaim: { claimName: claimName(source, run.metadata.uid ?? '') },
  };
  return { ...rest, name, ...claim, ...(joined === '' ? {} : { subPath: joined.replace(/\/{2,}/g, '/') }) };
}

function propagatedNames(task: PipelineTask, bindings: BindingsByName): readonly string[] {
  if (task.taskSpec === undefined || bindings.size === 0) return [];
  const declared = (task.taskSpec.workspaces ?? []).map(({ name }) => name);
  const used = workspacesNamedIn(task.taskSpec);
  return [...new Set([...declared, ...used])].filter((name) => bindings.has(name));
}

/** Matches `$(workspaces.NAME.path)` and its siblings; group 1 is the name. */
const workspaceVariable = /\$\(workspaces\.([^.()]+)\.(?:path|bound|claim|volume)\)/g;

function workspacesNamedIn(spec: EmbeddedTask): readonly string[] {
  const steps = [...(spec.steps ?? []), ...(spec.sidecars ?? []), ...(spec.stepTemplate ? [spec.stepTemplate] : [])];
  const text = JSON.stringify(steps);
  const variables = [...text.matchAll(workspaceVariable)].map((match) => match[1] ?? '');
  const listed = [...(spec.steps ?? []), ...(spec.sidecars ?? [])].flatMap((step) => step.workspaces ?? []);
  return [...variables, ...listed.map(({ name }) => name)];
}

function optionalText(task: string, name: string, workspace: string): string {
  return `pipeline task "${task}" requires workspace "${name}", but the pipeline marks workspace "${workspace}" optional`;
}

function unboundText(task: string, name: string, workspace: string): string {
  return `pipeline task "${task}" requires workspace "${name}", but neither the pipeline nor the run has "${workspace}"`;
}
