// tidy: table
/**
 * Messages of the Kubernetes API that programs in Go send as protocol buffers to create core objects, as far as they are
 * small. Field numbers are those of Kubernetes' published `generated.proto` files.
 */

/** What a field holds. `json` is JSON text inside a message (FieldsV1). */
export type FieldType = 'text' | 'integer' | 'flag' | 'bytes' | 'instant' | 'microInstant' | 'json' | Message;

/** One field of a message. */
export interface Field {
  readonly name: string;
  readonly type: FieldType;
  readonly shape?: 'list' | 'map';
  /**
   * Go writes fields that are no pointers even when they are empty, and leaves those out of JSON. A pointer is only
   * written when it is set: then 0 and false mean something.
   */
  readonly pointer?: true;
}

/** The fields of a message by their numbers. */
export type Message = Readonly<Record<number, Field>>;

const text = (name: string): Field => ({ name, type: 'text' });
const texts = (name: string): Field => ({ name, type: 'text', shape: 'list' });
const textMap = (name: string): Field => ({ name, type: 'text', shape: 'map' });
const bytesMap = (name: string): Field => ({ name, type: 'bytes', shape: 'map' });
const integer = (name: string): Field => ({ name, type: 'integer' });
const flag = (name: string): Field => ({ name, type: 'flag' });
const instant = (name: string): Field => ({ name, type: 'instant' });
const microInstant = (name: string): Field => ({ name, type: 'microInstant' });
const part = (name: string, type: Message): Field => ({ name, type });
const parts = (name: string, type: Message): Field => ({ name, type, shape: 'list' });
const pointer = (field: Field): Field => ({ ...field, pointer: true });

const ownerReference: Message = {
  1: text('kind'),
  3: text('name'),
  4: text('uid'),
  5: text('apiVersion'),
  6: pointer(flag('controller')),
  7: pointer(flag('blockOwnerDeletion')),
};

const managedFieldsEntry: Message = {
  1: text('manager'),
  2: text('operation'),
  3: text('apiVersion'),
  4: instant('time'),
  6: text('fieldsType'),
  7: { name: 'fieldsV1', type: 'json' },
  8: text('subresource'),
};

const metadata: Field = part('metadata', {
  1: text('name'),
  2: text('generateName'),
  3: text('namespace'),
  5: text('uid'),
  6: text('resourceVersion'),
  7: integer('generation'),
  8: instant('creationTimestamp'),
  9: instant('deletionTimestamp'),
  10: pointer(integer('deletionGracePeriodSeconds')),
  11: textMap('labels'),
  12: textMap('annotations'),
  13: parts('ownerReferences', ownerReference),
  14: texts('finalizers'),
  17: parts('managedFields', managedFieldsEntry),
});

const objectReference: Message = {
  1: text('kind'),
  2: text('namespace'),
  3: text('name'),
  4: text('uid'),
  5: text('apiVersion'),
  6: text('resourceVersion'),
  7: text('fieldPath'),
};

const localObjectReference: Message = { 1: text('name') };

const deleteOptions: Message = {
  1: pointer(integer('gracePeriodSeconds')),
  2: part('preconditions', { 1: text('uid'), 2: text('resourceVersion') }),
  3: pointer(flag('orphanDependents')),
  4: text('propagationPolicy'),
  5: texts('dryRun'),
};

const namespace: Message = {
  1: metadata,
  2: part('spec', { 1: texts('finalizers') }),
  3: part('status', { 1: text('phase') }),
};

const configMap: Message = {
  1: metadata,
  2: textMap('data'),
  3: bytesMap('binaryData'),
  4: pointer(flag('immutable')),
};

const secret: Message = {
  1: metadata,
  2: bytesMap('data'),
  3: text('type'),
  4: textMap('stringData'),
  5: pointer(flag('immutable')),
};

const serviceAccount: Message = {
  1: metadata,
  2: parts('secrets', objectReference),
  3: parts('imagePullSecrets', localObjectReference),
  4: pointer(flag('automountServiceAccountToken')),
};

const event: Message = {
  1: metadata,
  2: part('involvedObject', objectReference),
  3: text('reason'),
  4: text('message'),
  5: part('source', { 1: text('component'), 2: text('host') }),
  6: instant('firstTimestamp'),
  7: instant('lastTimestamp'),
  8: integer('count'),
  9: text('type'),
  10: microInstant('eventTime'),
  11: part('series', { 1: integer('count'), 2: microInstant('lastObservedTime') }),
  12: text('action'),
  13: part('related', objectReference),
  14: text('reportingComponent'),
  15: text('reportingInstance'),
};

const leaseSpec: Message = {
  1: text('holderIdentity'),
  2: pointer(integer('leaseDurationSeconds')),
  3: microInstant('acquireTime'),
  4: microInstant('renewTime'),
  5: pointer(integer('leaseTransitions')),
};

const accessReviewSpec: Message = {
  1: part('resourceAttributes', {
    1: text('namespace'),
    2: text('verb'),
    3: text('group'),
    4: text('version'),
    5: text('resource'),
    6: text('subresource'),
    7: text('name'),
  }),
  2: part('nonResourceAttributes', { 1: text('path'), 2: text('verb') }),
};

/** The messages by `apiVersion` and kind, a space between. */
export const messagesByKind: Readonly<Record<string, Message>> = {
  'v1 Namespace': namespace,
  'v1 ConfigMap': configMap,
  'v1 Secret': secret,
  'v1 ServiceAccount': serviceAccount,
  'v1 Event': event,
  'v1 Binding': { 1: metadata, 2: part('target', objectReference) },
  'v1 DeleteOptions': deleteOptions,
  'meta.k8s.io/v1 DeleteOptions': deleteOptions,
  'coordination.k8s.io/v1 Lease': { 1: metadata, 2: part('spec', leaseSpec) },
  'policy/v1 Eviction': { 1: metadata, 2: part('deleteOptions', deleteOptions) },
  'authorization.k8s.io/v1 SelfSubjectAccessReview': { 1: metadata, 2: part('spec', accessReviewSpec) },
  'authorization.k8s.io/v1 SelfSubjectRulesReview': { 1: metadata, 2: part('spec', { 1: text('namespace') }) },
  'authentication.k8s.io/v1 SelfSubjectReview': { 1: metadata },
};
