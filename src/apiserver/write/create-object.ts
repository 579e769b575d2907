import { toRfc3339 } from '../../base/clock.ts';
import { assert } from '../../base/assert.ts';
import { randomSuffix, randomUuid } from '../../base/random.ts';
import type { ManagedFieldsEntry, ObjectMeta, UnknownObject } from '../../kube/object.ts';
import type { KindDefinition } from '../../schema/kind-definition.ts';
import { managedFieldsForUpdate } from '../apply/managed-fields.ts';
import type { ServerParts } from '../server-parts.ts';
import { alreadyExists, badRequest, invalid } from '../status-errors.ts';
import { storeKeyOf } from '../store-keys.ts';
import { hasGeneration } from './generation.ts';
import { prepareWrite, refuseOtherKind, refuseTooLarge, validateWrite } from './judge-write.ts';
import type { PendingWrite } from './judge-write.ts';
import { refuseUnusableNamespace } from './namespace-rules.ts';
import { withEachOwnerOnce } from './given-metadata.ts';
import {
  finalizerWarnings,
  generatedPrefixCharactersMax,
  generatedSuffixCharacters,
  metadataCauses,
  nameCauses,
} from './object-names.ts';
import { inStorageVersion, inVersion, stamped } from './stored-objects.ts';
import type { WriteOptions, WriteResult } from './write-options.ts';

/** How many names are tried for a `generateName` before the create fails. */
const generatedNamesMax = 8;

/** A create: what is written, and where. */
export interface CreateRequest {
  readonly kind: KindDefinition;
  readonly written: UnknownObject;
  /** From the path; `''` for a cluster-scoped kind. */
  readonly namespace: string;
  readonly options: WriteOptions;
  /** Ownership the object comes with, from an apply; otherwise the writer owns everything. */
  readonly managedFields?: readonly ManagedFieldsEntry[];
}

/** Creates an object. Throws `AlreadyExists`, `Invalid`, `BadRequest`, and what admission says. */
export function createObject(parts: ServerParts, request: CreateRequest): WriteResult {
  const { kind, options } = request;
  const warnings: string[] = [];
  const draft = withEachOwnerOnce(newObject(parts, request), warnings);
  const write: PendingWrite = {
    kind,
    operation: 'CREATE',
    key: { namespace: request.namespace, name: draft.metadata.name ?? '' },
    subresource: '',
    object: draft,
    options,
  };
  const prepared = prepareWrite(write, parts.admission, warnings);
  const { metadata } = prepared;
  refuseUnusableNamespace(parts.store, kind.type, metadata.name ?? metadata.generateName ?? '', request.namespace);
  const causes = [...nameCauses(kind.type, metadata), ...metadataCauses(kind, metadata)];
  if (causes.length > 0) throw invalid(kind.type, metadata.name ?? '', causes);
  if (!kind.strategicMerge) warnings.push(...finalizerWarnings(metadata));
  const object = metadata.name
    ? storeNew(parts, request, write, prepared)
    : storeGenerated(parts, request, write, prepared);
  return { object, outcome: 'created', warnings };
}

/** What the client wrote, with the metadata the server decides. */
function newObject({ clock, random }: ServerParts, { kind, written, namespace }: CreateRequest): UnknownObject {
  refuseOtherKind(kind, written);
  const given = written.metadata ?? {};
  if (given.namespace && given.namespace !== namespace) {
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
  }
  if (given.resourceVersion && given.resourceVersion !== '0')
    throw badRequest('resourceVersion should not be set on objects to be created');
  const {
    resourceVersion: _version,
    deletionTimestamp: _deletion,
    deletionGracePeriodSeconds: _grace,
    managedFields: _managed,
    selfLink: _link,
    generation: _generation,
    ...kept
  } = given as ObjectMeta & { readonly selfLink?: string };
  const metadata: ObjectMeta = {
    ...kept,
    ...(kind.type.namespaced ? { namespace } : {}),
    uid: randomUuid(random),
    creationTimestamp: toRfc3339(clock.now()),
    ...(hasGeneration(kind) ? { generation: 1 } : {}),
  };
  if (!kind.subresources.status) return { ...written, metadata };
  const { status: _status, ...rest } = written;
  return { ...rest, metadata };
}

function storeGenerated(
  parts: ServerParts,
  request: CreateRequest,
  write: PendingWrite,
  prepared: UnknownObject,
): UnknownObject {
  const prefix = (prepared.metadata.generateName ?? '').slice(0, generatedPrefixCharactersMax);
  let name = '';
  for (let attempt = 0; attempt < generatedNamesMax; attempt++) {
    name = prefix + randomSuffix(parts.random, generatedSuffixCharacters);
    if (parts.store.get(storeKeyOf(request.kind.type, { namespace: request.namespace, name }))) continue;
    const named = { ...prepared, metadata: { ...prepared.metadata, name } };
    return storeNew(parts, request, write, request.kind.complete?.(named) ?? named);
  }
  throw alreadyExists(request.kind.type, name, true);
}

function storeNew(
  parts: ServerParts,
  { kind, options, managedFields }: CreateRequest,
  write: PendingWrite,
  prepared: UnknownObject,
): UnknownObject {
  const key = { ...write.key, name: prepared.metadata.name ?? '' };
  assert(key.name !== '', 'an object that is stored has a name');
  if (parts.store.get(storeKeyOf(kind.type, key))) throw alreadyExists(kind.type, key.name);
  const object = withOwners(parts, kind, prepared, options, managedFields);
  validateWrite({ ...write, key, object }, parts.admission);
  refuseTooLarge(object);
  if (options.dryRun) return object;
  let stored = object;
  const outcome = parts.store.put(storeKeyOf(kind.type, key), 0, (revision) => {
    const value = stamped(inStorageVersion(parts.registry, kind, object), revision);
    stored = inVersion(kind, value);
    return value;
  });
  if (!outcome.done) throw alreadyExists(kind.type, key.name);
  return stored;
}

function withOwners(
  { clock }: ServerParts,
  kind: KindDefinition,
  object: UnknownObject,
  { manager }: WriteOptions,
  given: readonly ManagedFieldsEntry[] | undefined,
): UnknownObject {
  const time = toRfc3339(clock.now());
  const hasStatus = kind.subresources.status === true;
  const managedFields =
    given ??
    managedFieldsForUpdate(undefined, object, { schema: kind.schema, hasStatus, manager, subresource: '', time });
  return managedFields.length === 0 ? object : { ...object, metadata: { ...object.metadata, managedFields } };
}
