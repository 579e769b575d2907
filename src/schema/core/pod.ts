// tidy: table
import {
  flag,
  freeObject,
  instant,
  integer,
  keyedList,
  list,
  long,
  object,
  text,
  textMap,
  withDefault,
  anything,
} from '../builders.ts';
import { container, podSecurityContext, resources } from './container.ts';
import { topLevel } from './object-meta.ts';
import {
  affinity,
  dnsConfig,
  hostAliases,
  localReference,
  readinessGates,
  schedulingGates,
  tolerations,
  topologySpreadConstraints,
} from './selectors.ts';
import { volumes } from './volumes.ts';
import type { StructuralSchema } from '../structural-schema.ts';

/** `imagePullSecrets` of a pod. */
export const imagePullSecrets: StructuralSchema = keyedList('Secrets with registry credentials.', ['name'], {
  ...localReference,
  required: ['name'],
});

/** Members of a pod spec that a Tekton podTemplate shares, without their defaults. */
export const podTemplateMembers: Readonly<Record<string, StructuralSchema>> = {
  nodeSelector: textMap('Labels a node must have.', { 'x-kubernetes-map-type': 'atomic' }),
  tolerations,
  affinity,
  securityContext: podSecurityContext,
  volumes,
  runtimeClassName: text('Name of the runtime class.'),
  automountServiceAccountToken: flag('Whether a token of the service account is mounted.'),
  dnsPolicy: text('ClusterFirst, ClusterFirstWithHostNet, Default or None.'),
  dnsConfig,
  enableServiceLinks: flag('Whether services appear as environment variables.'),
  priorityClassName: text('Name of the priority class.'),
  schedulerName: text('Who places the pod.'),
  imagePullSecrets,
  hostAliases,
  hostNetwork: flag('Whether the pod uses the network of the node.'),
  hostUsers: flag('Whether the pod uses the user namespace of the node.'),
  topologySpreadConstraints,
};

const podSpec = object(
  'What runs.',
  {
    ...podTemplateMembers,
    containers: keyedList('Containers that run together; at least one.', ['name'], container),
    initContainers: keyedList('Containers that run one after another before the others.', ['name'], container),
    ephemeralContainers: keyedList('Containers added for debugging.', ['name'], {
      ...container,
      properties: { ...container.properties, targetContainerName: text('Container to look into.') },
    }),
    restartPolicy: text('Always, OnFailure or Never.', { default: 'Always' }),
    terminationGracePeriodSeconds: long('Seconds between asking containers to end and ending them.', { default: 30 }),
    activeDeadlineSeconds: long('Seconds the pod may run.'),
    dnsPolicy: text('ClusterFirst, ClusterFirstWithHostNet, Default or None.', { default: 'ClusterFirst' }),
    schedulerName: text('Who places the pod.', { default: 'default-scheduler' }),
    enableServiceLinks: flag('Whether services appear as environment variables.', { default: true }),
    securityContext: withDefault(podSecurityContext, {}),
    serviceAccountName: text('Service account of the pod.'),
    serviceAccount: text('Old name of serviceAccountName.'),
    nodeName: text('Node the pod runs on.'),
    hostPID: flag('Whether the pod sees the processes of the node.'),
    hostIPC: flag('Whether the pod shares the IPC of the node.'),
    hostname: text('Host name of the pod.'),
    hostnameOverride: text('Host name that replaces every other.'),
    subdomain: text('Domain below the namespace.'),
    setHostnameAsFQDN: flag('Whether the full name is the host name.'),
    shareProcessNamespace: flag("Whether containers see each other's processes."),
    priority: integer('Importance.'),
    preemptionPolicy: text('PreemptLowerPriority or Never.'),
    overhead: freeObject('Resources the runtime itself takes.'),
    readinessGates,
    schedulingGates,
    os: object('Operating system.', { name: text('linux or windows.') }, { required: ['name'] }),
    resources,
    resourceClaims: keyedList('Devices the pod claims.', ['name'], {
      ...freeObject('A claim.'),
      properties: { name: text('Name.') },
      required: ['name'],
    }),
  },
  { required: ['containers'] },
);

/** `conditions` of core kinds. */
export const conditions: StructuralSchema = keyedList(
  'What is known about the object, by type.',
  ['type'],
  object(
    'One condition.',
    {
      type: text('What it is about.'),
      status: text('True, False or Unknown.'),
      reason: text('One word that says why.'),
      message: text('A sentence that says why.'),
      lastTransitionTime: { ...instant('When the status last changed.'), nullable: true },
      lastProbeTime: { ...instant('When it was last checked.'), nullable: true },
      lastHeartbeatTime: { ...instant('When it was last reported.'), nullable: true },
      lastUpdateTime: instant('When it was last written.'),
      observedGeneration: long('Generation the condition is about.'),
    },
    { required: ['type', 'status'] },
  ),
);

const containerState = object('Waiting, running or terminated.', {
  waiting: object('It has not started.', { reason: text('One word.'), message: text('A sentence.') }),
  running: object('It runs.', { startedAt: { ...instant('Since when.'), nullable: true } }),
  terminated: object(
    'It has ended.',
    {
      exitCode: integer('Exit code.'),
      signal: integer('Signal that ended it.'),
      reason: text('One word.'),
      message: text('Its termination message.'),
      startedAt: { ...instant('When it started.'), nullable: true },
      finishedAt: { ...instant('When it ended.'), nullable: true },
      containerID: text('Id in the runtime.'),
    },
    { required: ['exitCode'] },
  ),
});

const containerStatuses = list('What the containers do.', {
  ...object(
    'What one container does.',
    {
      name: text('Name of the container.'),
      state: containerState,
      lastState: containerState,
      ready: flag('Whether it is ready.'),
      started: flag('Whether it has started.'),
      restartCount: integer('How often it was started again.'),
      image: text('Image.'),
      imageID: text('Id of the image.'),
      containerID: text('Id in the runtime.'),
    },
    { required: ['name', 'ready', 'restartCount', 'image', 'imageID'] },
  ),
  'x-kubernetes-preserve-unknown-fields': true,
});

const podStatus: StructuralSchema = {
  ...object('What the pod does.', {
    phase: text('Pending, Running, Succeeded, Failed or Unknown.'),
    reason: text('One word that says why.'),
    message: text('A sentence that says why.'),
    conditions,
    startTime: instant('When the node took it.'),
    podIP: text('Address.'),
    podIPs: keyedList('Addresses.', ['ip'], object('An address.', { ip: text('Address.') }, { required: ['ip'] })),
    hostIP: text('Address of the node.'),
    hostIPs: list('Addresses of the node.', object('An address.', { ip: text('Address.') })),
    nominatedNodeName: text('Node that room is made on.'),
    qosClass: text('Guaranteed, Burstable or BestEffort.'),
    observedGeneration: long('Generation the status is about.'),
    initContainerStatuses: containerStatuses,
    containerStatuses,
    ephemeralContainerStatuses: containerStatuses,
    resize: text('State of a change of resources.'),
    resourceClaimStatuses: anything('Devices.'),
  }),
  'x-kubernetes-preserve-unknown-fields': true,
};

/** core/v1 Pod. */
export const podSchema: StructuralSchema = topLevel(
  'Containers that run together on one node.',
  { spec: podSpec, status: podStatus },
  { required: ['spec'] },
);
