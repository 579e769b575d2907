// tidy: table
import {
  anything,
  flag,
  freeObject,
  instant,
  integer,
  keyedList,
  list,
  mapOf,
  object,
  quantity,
  text,
  textList,
  textMap,
  textSet,
} from '../builders.ts';
import { topLevel } from './object-meta.ts';
import { conditions } from './pod.ts';
import { localReference, objectReference } from './selectors.ts';
import { claimSpec } from './volumes.ts';
import type { StructuralSchema } from '../structural-schema.ts';

/** core/v1 Namespace. */
export const namespaceSchema: StructuralSchema = topLevel('A room for names.', {
  spec: object('What is wanted.', { finalizers: textList('Who must agree before the namespace goes.') }),
  status: object('What is.', { phase: text('Active or Terminating.'), conditions }),
});

const bytesMap = (description: string): StructuralSchema => mapOf(description, { type: 'string', format: 'byte' });

/** core/v1 ConfigMap. */
export const configMapSchema: StructuralSchema = topLevel('Settings as keys and values.', {
  data: textMap('Keys and texts.'),
  binaryData: bytesMap('Keys and bytes, as base64.'),
  immutable: flag('Whether data can never change again.'),
});

/** core/v1 Secret. */
export const secretSchema: StructuralSchema = topLevel('Secret keys and values.', {
  data: bytesMap('Keys and bytes, as base64.'),
  stringData: textMap('Keys and texts; written only, moved into data.'),
  immutable: flag('Whether data can never change again.'),
  type: text('What the secret is for; Opaque by default.'),
});

/** core/v1 ServiceAccount. */
export const serviceAccountSchema: StructuralSchema = topLevel('An identity of pods.', {
  secrets: keyedList('Secrets pods of this account may use.', ['name'], {
    ...objectReference,
    'x-kubernetes-map-type': 'granular',
    required: ['name'],
  }),
  imagePullSecrets: list('Registry credentials of pods of this account.', localReference),
  automountServiceAccountToken: flag('Whether pods get a token.'),
});

/** core/v1 PersistentVolumeClaim. */
export const persistentVolumeClaimSchema: StructuralSchema = topLevel('A wish for storage.', {
  spec: claimSpec,
  status: object('What was given.', {
    phase: text('Pending, Bound or Lost.'),
    accessModes: textList('How it may be mounted.'),
    capacity: mapOf('How large it is.', quantity('Amount.')),
    allocatedResources: mapOf('What is set aside.', quantity('Amount.')),
    allocatedResourceStatuses: textMap('State of a change of size.', { 'x-kubernetes-map-type': 'granular' }),
    conditions,
    currentVolumeAttributesClassName: text('Class of attributes in use.'),
    modifyVolumeStatus: freeObject('State of a change of attributes.'),
  }),
});

/** core/v1 Event. */
export const eventSchema: StructuralSchema = topLevel(
  'Something that happened to an object.',
  {
    involvedObject: objectReference,
    related: objectReference,
    reason: text('One word: what happened.'),
    message: text('A sentence: what happened.'),
    type: text('Normal or Warning.'),
    action: text('What was done.'),
    count: integer('How often it happened.'),
    firstTimestamp: { ...instant('First time.'), nullable: true },
    lastTimestamp: { ...instant('Last time.'), nullable: true },
    eventTime: { ...instant('Time, to the microsecond.'), nullable: true },
    source: object('Who says so.', { component: text('Component.'), host: text('Host.') }),
    reportingComponent: text('Who says so.'),
    reportingInstance: text('Which instance of it.'),
    series: object('A series of equal events.', {
      count: integer('How many.'),
      lastObservedTime: instant('Last time.'),
    }),
  },
  { required: ['involvedObject'] },
);

/** core/v1 Node. */
export const nodeSchema: StructuralSchema = topLevel('A machine that runs pods.', {
  spec: object('What is wanted.', {
    podCIDR: text('Addresses of pods.'),
    podCIDRs: textSet('Addresses of pods.', { 'x-kubernetes-patch-strategy': 'merge' }),
    providerID: text('Id at the cloud.'),
    unschedulable: flag('Whether no new pods come here.'),
    taints: list(
      'What pods must put up with.',
      object(
        'A taint.',
        { key: text('Key.'), value: text('Value.'), effect: text('Effect.'), timeAdded: instant('Since when.') },
        { required: ['key', 'effect'] },
      ),
    ),
  }),
  status: {
    ...object('What is.', {
      capacity: mapOf('All resources.', quantity('Amount.')),
      allocatable: mapOf('Resources for pods.', quantity('Amount.')),
      phase: text('Not used.'),
      conditions,
      addresses: keyedList(
        'Addresses.',
        ['type'],
        object('An address.', { type: text('Type.'), address: text('Address.') }, { required: ['type', 'address'] }),
        { 'x-penstock-duplicates-allowed': true },
      ),
      nodeInfo: freeObject('Versions of what runs on the node.'),
      images: anything('Images on the node.'),
    }),
    'x-kubernetes-preserve-unknown-fields': true,
  },
});

/** coordination.k8s.io/v1 Lease. */
export const leaseSchema: StructuralSchema = topLevel('Who leads.', {
  spec: object('The lease.', {
    holderIdentity: text('Who holds it.'),
    leaseDurationSeconds: integer('How long it holds after renewal.'),
    acquireTime: instant('When it was taken.'),
    renewTime: instant('When it was last renewed.'),
    leaseTransitions: integer('How often the holder changed.'),
    strategy: text('How holders are chosen.'),
    preferredHolder: text('Who should hold it.'),
  }),
});
