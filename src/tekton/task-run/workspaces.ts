import type { Volume, VolumeMount } from '../../kube/pod.ts';
import { claimName } from '../pipeline-run/claims.ts';
import type { Refusal } from '../pipeline-run/contract.ts';
import { workspacePath, workspaceVolumeName } from '../task-variables.ts';
import type { Step, TaskRun, TaskSpec, WorkspaceBinding, WorkspaceDeclaration } from '../types.ts';
import type { TaskRunOptions } from './contract.ts';
import { taskRunReason } from './reasons.ts';

/** What a binding may bind; exactly one of these. */
const sources = [
  'volumeClaimTemplate',
  'persistentVolumeClaim',
  'emptyDir',
  'configMap',
  'secret',
  'projected',
  'csi',
] as const;

/**
 * `spec` with the workspaces declared that an embedded Task uses and its run binds, though it declares them not
 * (propagation, reference/tekton 2.11).
 */
export function withPropagatedWorkspaces(run: TaskRun, spec: TaskSpec): TaskSpec {
  const declared = new Set((spec.workspaces ?? []).map(({ name }) => name));
  const missing = (run.spec.workspaces ?? []).filter(({ name }) => !declared.has(name));
  if (missing.length === 0) return spec;
  const used = missing.filter(({ name }) => usesWorkspace(spec, name)).map(({ name }) => ({ name }));
  return used.length === 0 ? spec : { ...spec, workspaces: [...(spec.workspaces ?? []), ...used] };
}

/**
 * The binding of each declared workspace that has one, as a pod needs it: a claim template stands for the claim made
 * from it, an unbound required workspace gets the default binding if there is one.
 */
export function effectiveBindings(run: TaskRun, spec: TaskSpec, options: TaskRunOptions): readonly WorkspaceBinding[] {
  const given = new Map((run.spec.workspaces ?? []).map((binding) => [binding.name, binding]));
  return (spec.workspaces ?? []).flatMap(({ name, optional }) => {
    const own = given.get(name);
    if (own !== undefined) return [withClaim(own, run)];
    const byDefault = optional ? undefined : options.defaultWorkspaceBinding;
    return byDefault === undefined ? [] : [withClaim({ ...byDefault, name }, run)];
  });
}

/** Refuses required workspaces that are unbound, and bindings that bind nothing or more than one thing. */
export function checkBindings(spec: TaskSpec, bindings: readonly WorkspaceBinding[]): Refusal | undefined {
  const bound = new Set(bindings.map(({ name }) => name));
  const missing = (spec.workspaces ?? []).find(({ name, optional }) => !optional && !bound.has(name));
  if (missing) {
    return refusal(
      `the Task requires workspace "${missing.name}", but the run binds no such workspace in spec.workspaces`,
    );
  }
  for (const binding of bindings) {
    const given = sources.filter((source) => binding[source] !== undefined);
    if (given.length === 1) continue;
    const what = given.length === 0 ? 'binds no volume' : `binds several volumes (${given.join(', ')})`;
    return refusal(`spec.workspaces: workspace "${binding.name}" ${what}; give exactly one of ${sources.join(', ')}`);
  }
  return undefined;
}

/** Refuses sub-paths that lead out of their volume, wherever they came from: `..`, or from the root. */
export function checkSubPaths(spec: TaskSpec, bindings: readonly WorkspaceBinding[]): Refusal | undefined {
  for (const { name, subPath = '' } of bindings) {
    if (leadsOut(subPath)) return subPathRefusal(`workspace "${name}"`, subPath);
  }
  for (const step of [...(spec.steps ?? []), ...(spec.stepTemplate ? [spec.stepTemplate] : [])]) {
    for (const { name, subPath = '' } of step.volumeMounts ?? []) {
      if (leadsOut(subPath))
        return subPathRefusal(`the mount of volume "${name}" in step "${step.name ?? ''}"`, subPath);
    }
  }
  return undefined;
}

/** The volumes behind the workspaces of a pod, and how its steps mount them. */
export interface WorkspaceVolumes {
  readonly volumes: readonly Volume[];
  /** The mounts that `step` gets: all workspaces but those that only other steps list. */
  mountsFor(step: Step): readonly VolumeMount[];
  /** The volume that `$(workspaces.W.volume)` names; the given name when it is none of ours. */
  canonicalName(volume: string): string;
}

/**
 * One volume for each bound workspace, except that workspaces on one claim share a volume: the kubelet does not like a
 * claim mounted twice in a pod.
 */
export function workspaceVolumes(
  spec: TaskSpec,
  steps: readonly Step[],
  bindings: readonly WorkspaceBinding[],
): WorkspaceVolumes {
  const volumes = new Map<string, Volume>();
  const byClaim = new Map<string, string>();
  const aliases = new Map<string, string>();
  const bound = new Map(bindings.map((binding) => [binding.name, binding]));
  for (const binding of bindings) {
    const name = workspaceVolumeName(binding.name);
    const claim = binding.persistentVolumeClaim && JSON.stringify(binding.persistentVolumeClaim);
    const shared = claim === undefined ? undefined : byClaim.get(claim);
    if (shared !== undefined) aliases.set(name, shared);
    else volumes.set(name, volumeOf(name, binding));
    if (claim !== undefined && shared === undefined) byClaim.set(claim, name);
  }
  const canonicalName = (volume: string): string => aliases.get(volume) ?? volume;
  const isolated = new Set(steps.flatMap((step) => (step.workspaces ?? []).map(({ name }) => name)));
  const mountsFor = (step: Step): readonly VolumeMount[] =>
    (spec.workspaces ?? []).flatMap((declaration) => {
      const binding = bound.get(declaration.name);
      const own = step.workspaces?.find(({ name }) => name === declaration.name);
      if (binding === undefined || (isolated.has(declaration.name) && own === undefined)) return [];
      const volume = canonicalName(workspaceVolumeName(declaration.name));
      return [mountOf(volume, declaration, binding, own?.mountPath || workspacePath(declaration))];
    });
  return { volumes: [...volumes.values()], mountsFor, canonicalName };
}

function mountOf(
  volume: string,
  declaration: WorkspaceDeclaration,
  binding: WorkspaceBinding,
  mountPath: string,
): VolumeMount {
  return {
    name: volume,
    mountPath,
    ...(binding.subPath ? { subPath: binding.subPath } : {}),
    ...(declaration.readOnly ? { readOnly: true } : {}),
  };
}

function volumeOf(name: string, binding: WorkspaceBinding): Volume {
  const { name: _name, subPath: _subPath, volumeClaimTemplate: _template, ...source } = binding;
  return { name, ...source } as Volume;
}

function withClaim(binding: WorkspaceBinding, run: TaskRun): WorkspaceBinding {
  if (binding.volumeClaimTemplate === undefined) return binding;
  const { volumeClaimTemplate: _template, ...rest } = binding;
  return { ...rest, persistentVolumeClaim: { claimName: claimName(binding, run.metadata.uid ?? '') } };
}

function usesWorkspace(spec: TaskSpec, name: string): boolean {
  const users = [...(spec.steps ?? []), ...(spec.sidecars ?? [])];
  if (users.some((step) => (step.workspaces ?? []).some((one) => one.name === name))) return true;
  return JSON.stringify([users, spec.stepTemplate ?? {}]).includes(`$(workspaces.${name}.`);
}

/** Whether a sub-path leaves the volume it is in. */
export function leadsOut(subPath: string): boolean {
  return subPath.startsWith('/') || subPath.split('/').includes('..');
}

function subPathRefusal(whose: string, subPath: string): Refusal {
  return refusal(`${whose} has the subPath "${subPath}"; it must stay inside the volume: relative, without ".."`);
}

function refusal(message: string): Refusal {
  return { reason: taskRunReason.validationFailed, message };
}
