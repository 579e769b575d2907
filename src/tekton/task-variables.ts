import { fnv32a } from '../base/fnv32a.ts';
import { paramReplacements } from './params.ts';
import { newReplacements, textReplacements, type Replacements, type ReplacementsBuilder } from './replacements.ts';
import { substituteStep, substituteTaskSpec } from './substitution.ts';
import type { Step, StepWorkspace, TaskRun, TaskSpec, WorkspaceBinding, WorkspaceDeclaration } from './types.ts';

/** Where a step finds things in its container. Users write these paths in scripts, so they are Tekton's. */
export const taskPaths = {
  workspaces: '/workspace',
  results: '/tekton/results',
  steps: '/tekton/steps',
  credentials: '/tekton/creds',
} as const;

/** What the variables of a Task need to know beside the run itself. */
export interface TaskVariables {
  /** The run's bindings as its pod gets them: a claim made from a template is a `persistentVolumeClaim` here. */
  readonly workspaces: readonly WorkspaceBinding[];
  /** Attempts that have ended before this one. */
  readonly retryCount: number;
}

/** `step-<name>`, or `step-unnamed-<index>`: the container of a step and its directory. */
export function stepContainerName(step: Step, index: number): string {
  return step.name ? `step-${step.name}` : `step-unnamed-${index}`;
}

/** The name of the pod's volume behind a workspace. */
export function workspaceVolumeName(workspace: string): string {
  return `ws-${fnv32a(workspace).toString(16).padStart(8, '0').slice(0, 5)}`;
}

/** Where a bound workspace appears in a step's container. */
export function workspacePath(declaration: WorkspaceDeclaration): string {
  return declaration.mountPath || `${taskPaths.workspaces}/${declaration.name}`;
}

/**
 * The Task as `run` runs it: every variable known before the pod starts is replaced. First the params, then contexts and
 * paths, which a param's value may name.
 */
export function substituteTaskRun(run: TaskRun, spec: TaskSpec, variables: TaskVariables): TaskSpec {
  const withParams = substituteTaskSpec(spec, taskParamReplacements(run, spec));
  const withStepPaths = substituteStepPaths(withParams, variables.workspaces);
  return substituteTaskSpec(withStepPaths, taskReplacements(run, withStepPaths, variables));
}

/** The params of a run's Task: those given and the defaults, also in the old spelling `$(inputs.params.N)`. */
export function taskParamReplacements(run: TaskRun, spec: TaskSpec): Replacements {
  return paramReplacements(spec.params ?? [], run.spec.params ?? [], { legacyInputs: true });
}

/** What a TaskRun defines beside its params. `spec` has its params replaced: paths of workspaces may have named one. */
export function taskReplacements(run: TaskRun, spec: TaskSpec, variables: TaskVariables): Replacements {
  const bound = new Map(variables.workspaces.map((binding) => [binding.name, binding]));
  const found = newReplacements();
  for (const [name, value] of contextVariables(run, variables)) found.strings.set(name, value);
  for (const { name } of spec.results ?? []) addPath(found, 'results', name, `${taskPaths.results}/${name}`);
  (spec.steps ?? []).forEach((step, index) => {
    const container = stepContainerName(step, index);
    found.strings.set(`steps.${container}.exitCode.path`, `${taskPaths.steps}/${container}/exitCode`);
  });
  for (const declaration of spec.workspaces ?? []) {
    for (const [name, value] of workspaceVariables(declaration, bound.get(declaration.name)))
      found.strings.set(name, value);
  }
  found.strings.set('credentials.path', taskPaths.credentials);
  return found;
}

function contextVariables(run: TaskRun, { retryCount }: TaskVariables): readonly (readonly [string, string])[] {
  return [
    ['context.taskRun.name', run.metadata.name ?? ''],
    ['context.taskRun.namespace', run.metadata.namespace ?? ''],
    ['context.taskRun.uid', run.metadata.uid ?? ''],
    ['context.task.name', run.spec.taskRef?.name ?? run.metadata.name ?? ''],
    ['context.task.retry-count', String(retryCount)],
  ];
}

function workspaceVariables(
  declaration: WorkspaceDeclaration,
  binding: WorkspaceBinding | undefined,
): readonly (readonly [string, string])[] {
  const { name } = declaration;
  const isBound = binding !== undefined;
  return [
    [`workspaces.${name}.path`, isBound || !declaration.optional ? workspacePath(declaration) : ''],
    [`workspaces.${name}.bound`, String(isBound)],
    [`workspaces.${name}.claim`, binding?.persistentVolumeClaim?.claimName ?? ''],
    [`workspaces.${name}.volume`, isBound ? workspaceVolumeName(name) : ''],
  ];
}

/** What differs from step to step: paths of its own results, and of workspaces that it mounts elsewhere. */
function substituteStepPaths(spec: TaskSpec, bindings: readonly WorkspaceBinding[]): TaskSpec {
  const bound = new Set(bindings.map(({ name }) => name));
  const { steps, sidecars } = spec;
  return {
    ...spec,
    ...(steps ? { steps: steps.map((step, index) => substituteStep(step, stepReplacements(step, index, bound))) } : {}),
    ...(sidecars
      ? {
          sidecars: sidecars.map((one) => ({
            ...one,
            ...substituteStep(one, mountReplacements(one.workspaces ?? [], bound)),
          })),
        }
      : {}),
  };
}

function stepReplacements(step: Step, index: number, bound: ReadonlySet<string>): Replacements {
  const found = newReplacements();
  const directory = `${taskPaths.steps}/${stepContainerName(step, index)}/results`;
  for (const { name } of step.results ?? []) addPath(found, 'step.results', name, `${directory}/${name}`);
  for (const [name, path] of mountReplacements(step.workspaces ?? [], bound).strings) found.strings.set(name, path);
  return found;
}

function mountReplacements(workspaces: readonly StepWorkspace[], bound: ReadonlySet<string>): Replacements {
  return textReplacements(
    workspaces.flatMap(({ name, mountPath }) =>
      mountPath && bound.has(name) ? [[`workspaces.${name}.path`, mountPath] as const] : [],
    ),
  );
}

/** The path of the result `name` in the three spellings, `$(results.R.path)` and with quotes. */
function addPath(to: ReplacementsBuilder, prefix: string, name: string, path: string): void {
  for (const variable of [`${prefix}.${name}`, `${prefix}['${name}']`, `${prefix}["${name}"]`]) {
    to.strings.set(`${variable}.path`, path);
  }
}
