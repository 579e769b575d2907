import type { Container, EnvVar, VolumeMount } from '../../kube/pod.ts';
import type { WorkspaceVolumes } from '../../tekton/task-run/workspaces.ts';
import { mergedMembers } from '../../tekton/task-run/step-template.ts';
import type { PodTemplate, Step, TaskRun } from '../../tekton/types.ts';
import { podPaths, podVolumes } from './names.ts';
import type { StepPlan } from './step-plan.ts';

/** What the containers of one pod share. */
export interface ContainerContext {
  readonly taskRun: TaskRun;
  readonly podTemplate: PodTemplate;
  readonly workspaces: WorkspaceVolumes;
  /** Whether any step of the pod is wrapped: then all see the directories of the steps. */
  readonly wrapped: boolean;
  /** What runs the wrapper; absent = what `prepare` puts into /tekton/bin. */
  readonly shell?: string;
  readonly scripts: boolean;
  /** The Secrets with credentials, where each step finds them. */
  readonly credentialMounts: readonly VolumeMount[];
  /** For the results that one step reports, in bytes. */
  readonly reportBytesMax: number;
}

/** The shell that `prepare` puts in place. */
export const preparedShell: string = `${podPaths.bin}/sh`;

/** The container of a step. */
export function stepContainer(plan: StepPlan, context: ContainerContext): Container {
  const { step } = plan;
  const resources = resourcesOf(step, context.taskRun);
  return {
    name: plan.container,
    ...(step.image === undefined ? {} : { image: step.image }),
    ...commandOf(plan, context),
    ...(step.workingDir ? { workingDir: absolute(step.workingDir) } : {}),
    env: environmentOf(step, context.podTemplate),
    ...(step.envFrom ? { envFrom: step.envFrom } : {}),
    volumeMounts: mountsOf(plan, context),
    ...(step['volumeDevices'] ? { volumeDevices: step['volumeDevices'] } : {}),
    ...(step.imagePullPolicy ? { imagePullPolicy: step.imagePullPolicy } : {}),
    ...(step.securityContext ? { securityContext: step.securityContext } : {}),
    ...(resources === undefined ? {} : { resources }),
    terminationMessagePath: podPaths.termination,
  };
}

function commandOf(plan: StepPlan, context: ContainerContext): Pick<Container, 'command' | 'args'> {
  const { step, wrapperFlags } = plan;
  const command = plan.script === undefined ? (step.command ?? []) : [`${podPaths.scripts}/script-${plan.index}`];
  const args = step.args ?? [];
  if (wrapperFlags !== undefined) {
    const wrapped = [...wrapperCommand(wrapperFlags, context), ...command];
    return { command: wrapped, ...(args.length === 0 ? {} : { args }) };
  }
  return { ...(command.length === 0 ? {} : { command }), ...(args.length === 0 ? {} : { args }) };
}

/** The wrapper with its flags, up to where the command follows. */
export function wrapperCommand(
  flags: readonly string[],
  { reportBytesMax, shell = preparedShell }: ContainerContext,
): readonly string[] {
  return [shell, `${podPaths.scripts}/wrapper`, ...flags, '--limit', String(reportBytesMax), '--'];
}

/** Relative directories are relative to where a Task works by default. */
function absolute(path: string): string {
  return path.startsWith('/') ? path : `${podPaths.workspace}/${path}`;
}

/** HOME first, so that others may refer to it; the pod template has the last word (reference/tekton 2.14). */
function environmentOf(step: Step, template: PodTemplate): readonly EnvVar[] {
  const variables = new Map<string, EnvVar>([['HOME', { name: 'HOME', value: podPaths.home }]]);
  for (const variable of [...(step.env ?? []), ...(template.env ?? [])]) variables.set(variable.name, variable);
  return [...variables.values()];
}

/** The step's own mounts, its workspaces, and what every step gets unless one of those is in its place. */
function mountsOf({ step, index, credentials }: StepPlan, context: ContainerContext): readonly VolumeMount[] {
  const { workspaces } = context;
  const own = (step.volumeMounts ?? []).map((mount) => ({ ...mount, name: workspaces.canonicalName(mount.name) }));
  const explicit = [...own, ...workspaces.mountsFor(step)];
  const taken = new Set(explicit.map(({ mountPath }) => mountPath.replace(/(.)\/+$/, '$1')));
  const implicit = [
    ...implicitMounts(context),
    ...(credentials ? credentialMounts(podVolumes.credentials(index), context) : []),
  ];
  return [...implicit.filter(({ mountPath }) => !taken.has(mountPath)), ...explicit];
}

/** What every step gets. */
export function implicitMounts({ wrapped, shell, scripts }: ContainerContext): readonly VolumeMount[] {
  return [
    { name: podVolumes.workspace, mountPath: podPaths.workspace },
    { name: podVolumes.home, mountPath: podPaths.home },
    { name: podVolumes.results, mountPath: podPaths.results },
    ...(wrapped ? [{ name: podVolumes.steps, mountPath: podPaths.steps }] : []),
    ...(wrapped && shell === undefined ? [{ name: podVolumes.bin, mountPath: podPaths.bin, readOnly: true }] : []),
    ...(scripts ? [{ name: podVolumes.scripts, mountPath: podPaths.scripts, readOnly: true }] : []),
  ];
}

/** The Secrets, and `volume` for what is made of them. */
export function credentialMounts(volume: string, context: ContainerContext): readonly VolumeMount[] {
  return [{ name: volume, mountPath: podPaths.credentials }, ...context.credentialMounts];
}

/**
 * The run's resources for the whole Task, else the step's own under the run's override for it. The former need no
 * division among steps as in Tekton: ours run one after another, so a pod's request is the largest of them, not the sum.
 */
function resourcesOf(step: Step, run: TaskRun): Readonly<Record<string, unknown>> | undefined {
  const override = run.spec.stepSpecs?.find(({ name }) => name === step.name)?.computeResources;
  if (override === undefined) return run.spec.computeResources ?? step.computeResources;
  return step.computeResources === undefined ? override : mergedMembers(step.computeResources, override);
}
