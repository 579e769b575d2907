import type { ConfigMap, Secret } from '../../kube/core-types.ts';
import { controllerReference } from '../../kube/object.ts';
import type { Container, Pod, PodSpec, SecurityContext, Volume } from '../../kube/pod.ts';
import { childName } from '../../tekton/names.ts';
import type { AttemptRecord, ResolvedTask, TaskRunOptions } from '../../tekton/task-run/contract.ts';
import { timeoutOf } from '../../tekton/task-run/timeout.ts';
import { workspaceVolumes } from '../../tekton/task-run/workspaces.ts';
import type { PodTemplate, TaskRun } from '../../tekton/types.ts';
import { claimAffinity } from './claim-affinity.ts';
import {
  collectContainer,
  credentialsContainer,
  podAnnotation,
  podLabel,
  podPaths,
  podVolumes,
  prepareContainer,
  verdictFinalizer,
} from './names.ts';
import { podCredentials, type PodCredentials } from './credentials.ts';
import type { PodOptions } from './options.ts';
import { deliverScripts } from './scripts.ts';
import {
  credentialMounts,
  implicitMounts,
  preparedShell,
  stepContainer,
  wrapperCommand,
  type ContainerContext,
} from './step-container.ts';
import { planSteps, usesWrapper, type PodSteps } from './step-plan.ts';
import { prepareScript } from './wrapper-script.ts';

/** A pod, and the ConfigMap that must exist before it, if its scripts are too long for annotations. */
export interface PodPlan {
  readonly pod: Pod;
  readonly configMap?: ConfigMap;
}

/** Fields of a pod template that go into the pod as they are (reference/tekton 2.14). */
const templateFields = [
  'nodeSelector',
  'tolerations',
  'securityContext',
  'runtimeClassName',
  'automountServiceAccountToken',
  'dnsPolicy',
  'dnsConfig',
  'enableServiceLinks',
  'priorityClassName',
  'schedulerName',
  'imagePullSecrets',
  'hostAliases',
  'hostNetwork',
  'hostUsers',
  'topologySpreadConstraints',
] as const;

/** Annotations of a run that its pod does not need, or that mean something on a pod. */
const notForPods = /^(?:chains\.tekton\.dev\/|penstock\.dev\/|kubectl\.kubernetes\.io\/last-applied-configuration$)/;

/** The kubelet ends a pod whose controller does not: after this many times the run's own limit. */
const deadlineFactor = 1.5;

/** The name of the pod of attempt number `attempt` (0 is the first), the same every time. */
export function podName(taskRunName: string, attempt: number): string {
  return childName(taskRunName, attempt === 0 ? '-pod' : `-pod-retry${attempt}`);
}

/** What stands around a pod and has a say in it. */
export interface PodSurroundings {
  /** Those of its service account. */
  readonly secrets?: readonly Secret[];
  /** Pods that share one of these claims go to one node. */
  readonly singleNodeClaims?: readonly string[];
}

/**
 * The pod that runs `task` for attempt number `attempt` of `taskRun` (decision 7): every step but the last an init
 * container, the last the container, so that the kubelet keeps the order. Throws `PodPlanError` for what no pod can do.
 */
export function buildPod(
  taskRun: TaskRun,
  task: ResolvedTask,
  attempt: number,
  options: PodOptions & TaskRunOptions,
  { secrets = [], singleNodeClaims = [] }: PodSurroundings = {},
): PodPlan {
  const credentials = podCredentials(secrets);
  const name = podName(taskRun.metadata.name ?? '', attempt);
  const plan = planSteps(task, credentials?.script);
  const wrapped = usesWrapper(plan);
  const annotations = { ...annotationsOf(taskRun, task), ...recordOf(task, plan) };
  const delivery = deliverScripts(taskRun, name, plan, annotations);
  const steps = plan.steps.map(({ step }) => step);
  const workspaces = workspaceVolumes(task.spec, steps, task.workspaces);
  const prepared = wrapped && options.shell === undefined;
  const count = steps.length + (prepared ? 1 : 0) + (plan.collectorFlags ? 1 : 0);
  const context: ContainerContext = {
    taskRun,
    podTemplate: task.podTemplate,
    workspaces,
    wrapped,
    ...(options.shell === undefined ? {} : { shell: options.shell }),
    scripts: delivery.volume !== undefined,
    credentialMounts: credentials?.mounts ?? [],
    reportBytesMax: Math.min(options.terminationMessageBytesMax, Math.floor(options.podMessageBytesMax / count)),
  };
  const bareWithCredentials = credentials !== undefined && plan.steps.some((step) => step.wrapperFlags === undefined);
  const containers = [
    ...(prepared ? [prepareContainerOf(options.toolsImage)] : []),
    ...(bareWithCredentials ? [credentialsContainerOf(options.toolsImage, context)] : []),
    ...plan.steps.map((one) => stepContainer(one, context)),
    ...(plan.collectorFlags ? [collectorOf(options.toolsImage, plan.collectorFlags, context)] : []),
  ];
  const volumes = [
    ...internalVolumes(wrapped, prepared),
    ...(delivery.volume ? [delivery.volume] : []),
    ...credentialVolumes(plan, bareWithCredentials, credentials),
    ...workspaces.volumes,
    ...(task.spec.volumes ?? []).map(withSource),
    ...(task.podTemplate.volumes ?? []).map(withSource),
  ];
  const together = claimAffinity(singleNodeClaims, task.podTemplate);
  const pod: Pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      ...(taskRun.metadata.namespace === undefined ? {} : { namespace: taskRun.metadata.namespace }),
      labels: { ...labelsOf(taskRun, task), ...together.labels },
      annotations: { ...annotations, ...delivery.annotations },
      ownerReferences: [controllerReference(taskRun)],
      finalizers: [verdictFinalizer],
    },
    spec: {
      ...specOf(taskRun, task.podTemplate, containers, volumes, options),
      ...(together.affinity === undefined ? {} : { affinity: together.affinity }),
    },
  };
  return { pod, ...(delivery.configMap === undefined ? {} : { configMap: delivery.configMap }) };
}

function specOf(
  taskRun: TaskRun,
  template: PodTemplate,
  containers: readonly Container[],
  volumes: readonly Volume[],
  options: PodOptions & TaskRunOptions,
): PodSpec {
  const initContainers = containers.slice(0, -1);
  const timeoutMs = timeoutOf(taskRun, options);
  const inherited = Object.fromEntries(
    templateFields.filter((field) => template[field] !== undefined).map((field) => [field, template[field]]),
  );
  return {
    ...inherited,
    restartPolicy: 'Never',
    serviceAccountName: taskRun.spec.serviceAccountName ?? options.defaultServiceAccountName,
    ...(timeoutMs === undefined ? {} : { activeDeadlineSeconds: Math.ceil((timeoutMs / 1000) * deadlineFactor) }),
    ...(initContainers.length === 0 ? {} : { initContainers }),
    containers: containers.slice(-1),
    volumes,
  };
}

/** Our own containers need nothing: with it a pod passes the restricted Pod Security profile whenever its steps do. */
const restricted: SecurityContext = {
  runAsNonRoot: true,
  runAsUser: 65_532,
  allowPrivilegeEscalation: false,
  capabilities: { drop: ['ALL'] },
  seccompProfile: { type: 'RuntimeDefault' },
};

function prepareContainerOf(image: string): Container {
  return {
    name: prepareContainer,
    image,
    command: ['/bin/sh', '-c', prepareScript],
    volumeMounts: [{ name: podVolumes.bin, mountPath: podPaths.bin }],
    securityContext: restricted,
    terminationMessagePath: podPaths.termination,
  };
}

/** Writes credentials to the HOME of steps that nobody can wrap. */
function credentialsContainerOf(image: string, context: ContainerContext): Container {
  return {
    name: credentialsContainer,
    image,
    command: [context.shell ?? '/bin/sh', `${podPaths.scripts}/credentials`],
    env: [{ name: 'HOME', value: podPaths.home }],
    ...(context.shell === undefined ? { securityContext: restricted } : {}),
    volumeMounts: [...implicitMounts(context), ...credentialMounts(podVolumes.homeCredentials, context)],
    terminationMessagePath: podPaths.termination,
  };
}

function credentialVolumes(
  { steps }: PodSteps,
  withHome: boolean,
  credentials: PodCredentials | undefined,
): readonly Volume[] {
  const names = [
    ...(withHome ? [podVolumes.homeCredentials] : []),
    ...steps.filter((step) => step.credentials).map(({ index }) => podVolumes.credentials(index)),
  ];
  return [...names.map((name) => ({ name, emptyDir: { medium: 'Memory' } })), ...(credentials?.volumes ?? [])];
}

/** Reports what the last step wrote, which runs bare. */
function collectorOf(image: string, flags: readonly string[], context: ContainerContext): Container {
  return {
    name: collectContainer,
    image,
    command: [...wrapperCommand(flags, context), context.shell ?? preparedShell, '-c', ':'],
    volumeMounts: implicitMounts(context),
    ...(context.shell === undefined ? { securityContext: restricted } : {}),
    terminationMessagePath: podPaths.termination,
  };
}

function internalVolumes(wrapped: boolean, prepared: boolean): readonly Volume[] {
  const { workspace, home, results, steps, bin } = podVolumes;
  const names = [workspace, home, results, ...(wrapped ? [steps] : []), ...(prepared ? [bin] : [])];
  return names.map((name) => ({ name, emptyDir: {} }));
}

/** A volume without a source is an empty directory. */
function withSource(volume: Volume): Volume {
  return Object.keys(volume).length === 1 ? { ...volume, emptyDir: {} } : volume;
}

/** A run's own labels win over those of its Task (reference/tekton 1.0), and what tells runs apart over both. */
function labelsOf({ metadata }: TaskRun, task: ResolvedTask): Record<string, string> {
  return {
    ...task.metadata?.labels,
    [podLabel.managedBy]: 'penstock',
    ...metadata.labels,
    [podLabel.taskRun]: metadata.name ?? '',
    [podLabel.taskRunUid]: metadata.uid ?? '',
  };
}

function annotationsOf({ metadata }: TaskRun, task: ResolvedTask): Record<string, string> {
  const all = { ...task.metadata?.annotations, ...metadata.annotations };
  return Object.fromEntries(Object.entries(all).filter(([key]) => !notForPods.test(key)));
}

function recordOf(task: ResolvedTask, { steps, collectorFlags }: PodSteps): Record<string, string> {
  const record: AttemptRecord = {
    ...(task.source === undefined ? {} : { source: task.source }),
    results: (task.spec.results ?? []).map(({ description: _description, ...result }) => result),
  };
  const wrapped = [
    ...steps.filter(({ wrapperFlags }) => wrapperFlags !== undefined).map(({ container }) => container),
    ...(collectorFlags === undefined ? [] : [collectContainer]),
  ];
  return {
    [podAnnotation.attempt]: JSON.stringify(record),
    ...(wrapped.length === 0 ? {} : { [podAnnotation.wrapped]: wrapped.join(',') }),
  };
}
