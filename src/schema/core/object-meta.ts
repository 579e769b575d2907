// tidy: table
import { flag, instant, keyedList, list, long, object, text, textMap, textSet, freeObject } from '../builders.ts';
import type { StructuralSchema } from '../structural-schema.ts';

const ownerReference = object(
  'An owner: when it is gone, this object is deleted.',
  {
    apiVersion: text('API version of the owner.'),
    kind: text('Kind of the owner.'),
    name: text('Name of the owner.'),
    uid: text('UID of the owner; a new object of the same name is not the owner.'),
    controller: flag('Whether this owner manages the object.'),
    blockOwnerDeletion: flag('Whether a foreground deletion of the owner waits for this object.'),
  },
  { required: ['apiVersion', 'kind', 'name', 'uid'], 'x-kubernetes-map-type': 'atomic' },
);

const managedFieldsEntry = object('The fields one manager has set.', {
  manager: text('Name of the manager.'),
  operation: text('Apply or Update.'),
  apiVersion: text('API version the fields belong to.'),
  time: instant('When the set of fields last changed.'),
  fieldsType: text('Always FieldsV1.'),
  fieldsV1: freeObject('The set of fields, as a trie.'),
  subresource: text('The subresource the fields were written through.'),
});

/** `metadata` of every object. */
export const objectMeta: StructuralSchema = object('Name, identity, labels and life cycle of the object.', {
  name: text('Name, unique among the objects of this kind in the namespace.'),
  generateName: text('Prefix of a name that the server completes when `name` is absent.'),
  namespace: text('Namespace the object is in.'),
  selfLink: text('Not set any more.'),
  uid: text('Identity in time and space, set by the server.'),
  resourceVersion: text('Opaque version of the stored object, for optimistic concurrency.'),
  generation: long('Counts changes of the desired state.'),
  creationTimestamp: { ...instant('When the server created the object.'), nullable: true },
  deletionTimestamp: instant('When the object may be removed; set once deletion was asked for.'),
  deletionGracePeriodSeconds: long('Seconds the object has to end gracefully.'),
  labels: textMap('Keys and values to select objects by.'),
  annotations: textMap('Keys and values for tools; not selectable.'),
  ownerReferences: keyedList('Objects this one depends on.', ['uid'], ownerReference, {
    'x-penstock-duplicates-allowed': true,
  }),
  finalizers: textSet('Names that must be removed before the object can be.', {
    'x-kubernetes-patch-strategy': 'merge',
    'x-penstock-duplicates-allowed': true,
  }),
  managedFields: list('Who has set which fields.', managedFieldsEntry),
});

/** `metadata` of a template: what is copied to the objects made from it. */
export const templateMeta: StructuralSchema = object('Metadata of the objects made from this.', {
  name: text('Name of the object made from this, where it is used.'),
  generateName: text('Prefix of the name.'),
  namespace: text('Namespace.'),
  creationTimestamp: { ...instant('Ignored.'), nullable: true },
  labels: textMap('Labels.'),
  annotations: textMap('Annotations.'),
  finalizers: textSet('Finalizers.'),
  ownerReferences: keyedList('Owners.', ['uid'], ownerReference),
});

/** The schema of a whole object with these members besides `apiVersion`, `kind` and `metadata`. */
export function topLevel(
  description: string,
  properties: Readonly<Record<string, StructuralSchema>>,
  rest: Omit<StructuralSchema, 'type' | 'description' | 'properties'> = {},
): StructuralSchema {
  return object(
    description,
    {
      apiVersion: text('Version of the schema this object is written in: group/version.'),
      kind: text('Kind of the object.'),
      metadata: objectMeta,
      ...properties,
    },
    rest,
  );
}

/** A custom resource's schema (the root of a CRD's `openAPIV3Schema`) completed with the members every object has. */
export function customResourceSchema(root: StructuralSchema): StructuralSchema {
  const properties = { ...root.properties, ...topLevel('', {}).properties };
  return { ...root, type: 'object', properties };
}
