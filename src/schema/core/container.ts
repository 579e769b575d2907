// tidy: table
import {
  flag,
  freeObject,
  integer,
  intOrString,
  keyedList,
  list,
  long,
  mapOf,
  object,
  quantity,
  text,
  textList,
} from '../builders.ts';
import { fieldReference, resourceFieldReference } from './volumes.ts';
import type { StructuralSchema } from '../structural-schema.ts';

const optional = flag('Whether the object or key may be missing.');

function keyReference(of: string): StructuralSchema {
  return object(
    `A key of a ${of}.`,
    { name: text(`Name of the ${of}.`), key: text('The key.'), optional },
    { required: ['key'], 'x-kubernetes-map-type': 'atomic' },
  );
}

/** `env` of a container. Equal names are tolerated, as Kubernetes does; the last one counts. */
export const env: StructuralSchema = keyedList(
  'Environment variables.',
  ['name'],
  object(
    'A variable.',
    {
      name: text('Name.'),
      value: text('Value; $(NAME) refers to variables before it.'),
      valueFrom: object('Where the value comes from.', {
        fieldRef: fieldReference,
        resourceFieldRef: resourceFieldReference,
        configMapKeyRef: keyReference('ConfigMap'),
        secretKeyRef: keyReference('Secret'),
      }),
    },
    { required: ['name'] },
  ),
  { 'x-penstock-duplicates-allowed': true },
);

/** `envFrom` of a container. */
export const envFrom: StructuralSchema = list(
  'ConfigMaps and Secrets whose keys become variables.',
  object('One source.', {
    prefix: text('Put in front of each key.'),
    configMapRef: object('A ConfigMap.', { name: text('Name.'), optional }),
    secretRef: object('A Secret.', { name: text('Name.'), optional }),
  }),
);

/** `volumeMounts` of a container. */
export const volumeMounts: StructuralSchema = keyedList(
  'Where volumes appear in the container.',
  ['mountPath'],
  object(
    'One mount.',
    {
      name: text('Name of the volume.'),
      mountPath: text('Path in the container.'),
      subPath: text('Path in the volume.'),
      subPathExpr: text('Path in the volume; $(NAME) refers to variables.'),
      readOnly: flag('Whether it is read-only.'),
      recursiveReadOnly: text('Disabled, IfPossible or Enabled.'),
      mountPropagation: text('None, HostToContainer or Bidirectional.'),
    },
    { required: ['name', 'mountPath'] },
  ),
);

/** `volumeDevices` of a container. */
export const volumeDevices: StructuralSchema = keyedList(
  'Block devices in the container.',
  ['devicePath'],
  object(
    'One device.',
    { name: text('Name of the volume.'), devicePath: text('Path in the container.') },
    { required: ['name', 'devicePath'] },
  ),
);

/** `resources` of a container. */
export const resources: StructuralSchema = object('CPU, memory and other resources.', {
  limits: mapOf('The most the container may use.', quantity('Amount.')),
  requests: mapOf('What is set aside for the container.', quantity('Amount.')),
  claims: keyedList(
    'Devices claimed by the pod that this container uses.',
    ['name'],
    object(
      'One claim.',
      { name: text('Name in resourceClaims of the pod.'), request: text('Part of the claim.') },
      { required: ['name'] },
    ),
  ),
});

const handlers: Readonly<Record<string, StructuralSchema>> = {
  exec: object('A command in the container; exit code 0 is a success.', {
    command: textList('The command and its arguments.'),
  }),
  httpGet: object(
    'An HTTP request; a status of 200 to 399 is a success.',
    {
      path: text('Path.', { default: '/' }),
      port: intOrString('Number or name of the port.'),
      host: text('Host; the pod by default.'),
      scheme: text('HTTP or HTTPS.', { default: 'HTTP' }),
      httpHeaders: list(
        'Headers.',
        object('A header.', { name: text('Name.'), value: text('Value.') }, { required: ['name', 'value'] }),
      ),
    },
    { required: ['port'] },
  ),
  tcpSocket: object(
    'A connection; being accepted is a success.',
    { port: intOrString('Number or name of the port.'), host: text('Host; the pod by default.') },
    { required: ['port'] },
  ),
};

/** A probe of a container. */
export const probe: StructuralSchema = object('A check that is made again and again.', {
  ...handlers,
  grpc: object(
    'A gRPC health check.',
    { port: integer('Port.'), service: text('Service.', { default: '' }) },
    { required: ['port'] },
  ),
  initialDelaySeconds: integer('Seconds before the first check.'),
  timeoutSeconds: integer('Seconds one check may take.', { default: 1 }),
  periodSeconds: integer('Seconds between checks.', { default: 10 }),
  successThreshold: integer('Successes in a row that count.', { default: 1 }),
  failureThreshold: integer('Failures in a row that count.', { default: 3 }),
  terminationGracePeriodSeconds: long('Seconds to end in after a failed check.'),
});

const handler = object('What is done.', {
  ...handlers,
  sleep: object('Wait.', { seconds: long('Seconds.') }, { required: ['seconds'] }),
});

/** `lifecycle` of a container. */
export const lifecycle: StructuralSchema = object('Actions at start and before the end.', {
  postStart: handler,
  preStop: handler,
  stopSignal: text('Signal that ends the container.'),
});

const seLinuxOptions = object('SELinux labels.', {
  user: text('User.'),
  role: text('Role.'),
  type: text('Type.'),
  level: text('Level.'),
});
const windowsOptions = object('Windows settings.', {
  gmsaCredentialSpecName: text('Name of the credential.'),
  gmsaCredentialSpec: text('The credential.'),
  runAsUserName: text('User.'),
  hostProcess: flag('Whether it runs on the host.'),
});
function profile(of: string): StructuralSchema {
  return object(
    `${of} profile.`,
    { type: text('RuntimeDefault, Unconfined or Localhost.'), localhostProfile: text('Profile on the node.') },
    { required: ['type'] },
  );
}

const identity: Readonly<Record<string, StructuralSchema>> = {
  runAsUser: long('User id.'),
  runAsGroup: long('Group id.'),
  runAsNonRoot: flag('Whether root is refused.'),
  seLinuxOptions,
  windowsOptions,
  seccompProfile: profile('Seccomp'),
  appArmorProfile: profile('AppArmor'),
};

/** `securityContext` of a container. */
export const containerSecurityContext: StructuralSchema = object("Rights of the container; wins over the pod's.", {
  ...identity,
  privileged: flag('Whether it is as good as root on the node.'),
  allowPrivilegeEscalation: flag('Whether a process may gain more rights than its parent.'),
  readOnlyRootFilesystem: flag('Whether the root file system is read-only.'),
  procMount: text('Default or Unmasked.'),
  capabilities: object('Linux capabilities.', { add: textList('Added.'), drop: textList('Taken away.') }),
});

/** `securityContext` of a pod. */
export const podSecurityContext: StructuralSchema = object('Rights of all containers.', {
  ...identity,
  fsGroup: long('Group that owns the volumes.'),
  fsGroupChangePolicy: text('Always or OnRootMismatch.'),
  supplementalGroups: list('Further groups.', long('Group id.')),
  supplementalGroupsPolicy: text('Merge or Strict.'),
  seLinuxChangePolicy: text('MountOption or Recursive.'),
  sysctls: list(
    'Kernel settings.',
    object('One setting.', { name: text('Name.'), value: text('Value.') }, { required: ['name', 'value'] }),
  ),
});

/** `ports` of a container. */
export const ports: StructuralSchema = keyedList(
  'Ports the container listens on.',
  ['containerPort', 'protocol'],
  object(
    'One port.',
    {
      name: text('Name.'),
      containerPort: integer('Number.'),
      protocol: text('TCP, UDP or SCTP.', { default: 'TCP' }),
      hostPort: integer('Number on the node.'),
      hostIP: text('Address on the node.'),
    },
    { required: ['containerPort'] },
  ),
  { 'x-penstock-duplicates-allowed': true },
);

/** The members of a container that a Tekton step shares, without their defaults. */
export const stepMembers: Readonly<Record<string, StructuralSchema>> = {
  image: text('Image the container runs.'),
  command: textList('Replaces the entrypoint of the image.'),
  args: textList('Arguments of the command.'),
  workingDir: text('Directory the command starts in.'),
  env,
  envFrom,
  volumeMounts,
  volumeDevices,
  imagePullPolicy: text('Always, Never or IfNotPresent.'),
  securityContext: containerSecurityContext,
};

/** The members of a container that a Tekton sidecar has besides those of a step, without defaults. */
export const sidecarMembers: Readonly<Record<string, StructuralSchema>> = {
  ports,
  livenessProbe: probe,
  readinessProbe: probe,
  startupProbe: probe,
  lifecycle,
  terminationMessagePath: text('File whose content becomes the termination message.'),
  terminationMessagePolicy: text('File or FallbackToLogsOnError.'),
  stdin: flag('Whether standard input is kept open.'),
  stdinOnce: flag('Whether standard input is closed after the first client.'),
  tty: flag('Whether there is a terminal.'),
  restartPolicy: text('Always makes an init container a sidecar.'),
};

/** A container of a pod, with the defaults of Kubernetes. */
export const container: StructuralSchema = object(
  'A container.',
  {
    name: text('Name, unique in the pod.'),
    ...stepMembers,
    ...sidecarMembers,
    resources: { ...resources, default: {} },
    resizePolicy: list('What a change of resources does.', freeObject('A rule.')),
    restartPolicyRules: list('Exit codes that decide about a restart.', freeObject('A rule.')),
    terminationMessagePath: text('File whose content becomes the termination message.', {
      default: '/dev/termination-log',
    }),
    terminationMessagePolicy: text('File or FallbackToLogsOnError.', { default: 'File' }),
  },
  { required: ['name'] },
);
