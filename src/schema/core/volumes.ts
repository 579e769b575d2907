// tidy: table
import {
  flag,
  freeObject,
  integer,
  keyedList,
  list,
  long,
  object,
  quantity,
  text,
  textList,
  textMap,
  withDefault,
} from '../builders.ts';
import { templateMeta } from './object-meta.ts';
import { labelSelector, localReference, typedReference } from './selectors.ts';
import type { StructuralSchema } from '../structural-schema.ts';

const mode = integer('Permission bits of the file, 0 to 0777.');
const defaultMode = integer('Permission bits of files that do not say; 0644 by default.', { default: 0o644 });

const keyToPath = list(
  'Which keys become files; all of them when absent.',
  object(
    'One file.',
    { key: text('Key.'), path: text('Relative path of the file.'), mode },
    { required: ['key', 'path'] },
  ),
);

/** A reference to a member of the pod itself. */
export const fieldReference: StructuralSchema = object(
  'A member of the pod.',
  {
    apiVersion: text('Version of the schema.', { default: 'v1' }),
    fieldPath: text("Path of the member, such as metadata.annotations['key']."),
  },
  { required: ['fieldPath'], 'x-kubernetes-map-type': 'atomic' },
);

/** A reference to a resource limit or request of a container. */
export const resourceFieldReference: StructuralSchema = object(
  'A resource of a container.',
  {
    containerName: text('Container; required in volumes.'),
    resource: text('Such as limits.cpu.'),
    divisor: quantity('Unit of the output.'),
  },
  { required: ['resource'], 'x-kubernetes-map-type': 'atomic' },
);

const downwardItems = list(
  'The files.',
  object(
    'One file.',
    {
      path: text('Relative path of the file.'),
      fieldRef: fieldReference,
      resourceFieldRef: resourceFieldReference,
      mode,
    },
    { required: ['path'] },
  ),
);

const optional = flag('Whether the object or key may be missing.');

const configMapVolume = object('Keys of a ConfigMap as files.', {
  name: text('Name of the ConfigMap.'),
  items: keyToPath,
  defaultMode,
  optional,
});

const secretVolume = object('Keys of a Secret as files.', {
  secretName: text('Name of the Secret.'),
  items: keyToPath,
  defaultMode,
  optional,
});

const projection = object('One source.', {
  secret: object('Keys of a Secret.', { name: text('Name of the Secret.'), items: keyToPath, optional }),
  configMap: object('Keys of a ConfigMap.', { name: text('Name of the ConfigMap.'), items: keyToPath, optional }),
  downwardAPI: object('Members of the pod.', { items: downwardItems }),
  serviceAccountToken: object(
    "A token of the pod's service account.",
    {
      audience: text('Who the token is for.'),
      expirationSeconds: long('Life time of the token.', { default: 3600 }),
      path: text('Relative path of the file.'),
    },
    { required: ['path'] },
  ),
  clusterTrustBundle: freeObject('Trust anchors.'),
});

const projectedVolume = object('Several sources in one directory.', {
  sources: list('The sources.', projection),
  defaultMode,
});

const emptyDirVolume = object('A directory that lives as long as the pod.', {
  medium: text('Empty for disk, Memory for a RAM disk.'),
  sizeLimit: quantity('Most it may hold.'),
});

const claimVolume = object(
  'A PersistentVolumeClaim of the same namespace.',
  { claimName: text('Name of the claim.'), readOnly: flag('Whether it is mounted read-only.') },
  { required: ['claimName'] },
);

const csiVolume = object(
  'A volume of a storage driver.',
  {
    driver: text('Name of the driver.'),
    readOnly: flag('Whether it is mounted read-only.'),
    fsType: text('File system.'),
    volumeAttributes: textMap('Settings for the driver.'),
    nodePublishSecretRef: localReference,
  },
  { required: ['driver'] },
);

const resourceRequirements = object('Size.', {
  limits: { type: 'object', description: 'Most it may be.', additionalProperties: quantity('Amount.') },
  requests: { type: 'object', description: 'Least it must be.', additionalProperties: quantity('Amount.') },
});

/** `spec` of a PersistentVolumeClaim. */
export const claimSpec: StructuralSchema = object('The storage that is asked for.', {
  accessModes: textList('ReadWriteOnce, ReadOnlyMany, ReadWriteMany or ReadWriteOncePod.'),
  selector: labelSelector,
  resources: resourceRequirements,
  volumeName: text('The volume the claim is bound to.'),
  storageClassName: text('The class of storage.'),
  volumeMode: text('Filesystem or Block.', { default: 'Filesystem' }),
  volumeAttributesClassName: text('Class of further attributes.'),
  dataSource: { ...typedReference, 'x-kubernetes-map-type': 'atomic' },
  dataSourceRef: typedReference,
});

/** `volumeClaimTemplate`: a claim that is made for each run. */
export const claimTemplate: StructuralSchema = object('A claim that is made for each run and deleted with it.', {
  apiVersion: text('v1.'),
  kind: text('PersistentVolumeClaim.'),
  metadata: templateMeta,
  spec: claimSpec,
  status: freeObject('Ignored.'),
});

/** The volume sources that Tekton workspaces take too. */
export const workspaceSources: Readonly<Record<string, StructuralSchema>> = {
  persistentVolumeClaim: claimVolume,
  emptyDir: emptyDirVolume,
  configMap: configMapVolume,
  secret: secretVolume,
  projected: projectedVolume,
  csi: csiVolume,
};

const rareSources: Readonly<Record<string, StructuralSchema>> = Object.fromEntries(
  [
    'awsElasticBlockStore',
    'azureDisk',
    'azureFile',
    'cephfs',
    'cinder',
    'fc',
    'flexVolume',
    'flocker',
    'gcePersistentDisk',
    'gitRepo',
    'glusterfs',
    'iscsi',
    'photonPersistentDisk',
    'portworxVolume',
    'quobyte',
    'rbd',
    'scaleIO',
    'storageos',
    'vsphereVolume',
  ].map((name) => [name, freeObject('A source this server keeps but does not interpret.')]),
);

/** One volume of a pod or task. */
export const volume: StructuralSchema = object(
  'A volume: a name and one source.',
  {
    name: text('Name, unique in the pod.'),
    ...workspaceSources,
    downwardAPI: object('Members of the pod as files.', { items: downwardItems, defaultMode }),
    hostPath: object(
      'A path of the node.',
      { path: text('Path on the node.'), type: withDefault(text('What the path must be; empty: anything.'), '') },
      { required: ['path'] },
    ),
    nfs: object(
      'A directory of an NFS server.',
      {
        server: text('Server.'),
        path: text('Path on the server.'),
        readOnly: flag('Whether it is mounted read-only.'),
      },
      { required: ['server', 'path'] },
    ),
    ephemeral: object('A claim that lives as long as the pod.', { volumeClaimTemplate: claimTemplate }),
    image: object('An OCI image or artifact.', {
      reference: text('Image.'),
      pullPolicy: text('Always, Never or IfNotPresent.'),
    }),
    ...rareSources,
  },
  { required: ['name'] },
);

/** `volumes` of a pod. */
export const volumes: StructuralSchema = keyedList('Volumes that containers may mount.', ['name'], volume, {
  'x-kubernetes-patch-strategy': 'merge,retainKeys',
});
