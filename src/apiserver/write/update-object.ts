import { toRfc3339 } from '../../base/clock.ts';
import { jsonEqual } from '../../base/json.ts';
import type { StatusCause } from '../../kube/api-error.ts';
import { ApiStatusError } from '../../kube/api-error.ts';
import type { ManagedFieldsEntry, ObjectKey, ObjectMeta, UnknownObject } from '../../kube/object.ts';
import { forbiddenCause } from '../../schema/causes.ts';
import type { KindDefinition } from '../../schema/kind-definition.ts';
import { managedFieldsForUpdate } from '../apply/managed-fields.ts';
import type { ServerParts } from '../server-parts.ts';
import { badRequest, conflict, invalid, notFound, staleVersion } from '../status-errors.ts';
import { storeKeyOf } from '../store-keys.ts';
import { isReadyToGo } from './deletion.ts';
import { changesDesiredState, hasGeneration } from './generation.ts';
import { immutableFieldCauses } from './immutable-fields.ts';
import { prepareWrite, refuseOtherKind, refuseTooLarge, validateWrite } from './judge-write.ts';
import type { PendingWrite } from './judge-write.ts';
import { fixedMetadataCauses, withEachOwnerOnce } from './given-metadata.ts';
import { finalizerWarnings, metadataCauses } from './object-names.ts';
import { inStorageVersion, inVersion, readObject, stamped } from './stored-objects.ts';
import type { StoredObject } from './stored-objects.ts';
import type { WriteOptions, WriteResult } from './write-options.ts';

/** How often a write that loses a race against another process is tried again. */
const attemptsMax = 5;

/** What an update wants the object to be. */
export interface WantedObject {
  readonly object: UnknownObject;
  /** Ownership as an apply leaves it; otherwise the writer owns what it changed. */
  readonly managedFields?: readonly ManagedFieldsEntry[];
}

/** An update: which object, and what it shall be. */
export interface UpdateRequest {
  readonly kind: KindDefinition;
  readonly key: ObjectKey;
  /** `''`, `status`, or a subresource that writes more than its own part, such as `finalize`. */
  readonly subresource: string;
  readonly options: WriteOptions;
  /** The whole object as it is wanted, from the one that is stored. Called again when the write loses a race. */
  readonly change: (current: UnknownObject) => WantedObject;
  /** Members this subresource may write; by default what `subresource` says. */
  readonly restrict?: (current: UnknownObject, wanted: UnknownObject) => UnknownObject;
}

/** Replaces a stored object. Throws `NotFound`, `Conflict`, `Invalid`, and what admission says. */
export function updateObject(parts: ServerParts, request: UpdateRequest): WriteResult {
  for (let attempt = 0; attempt < attemptsMax; attempt++) {
    const stored = readObject(parts.store, request.kind, request.key);
    if (stored === undefined) throw notFound(request.kind.type, request.key.name);
    const result = attemptUpdate(parts, request, stored);
    if (result) return result;
  }
  throw new ApiStatusError('ServerTimeout', `the object kept changing: ${attemptsMax} attempts failed; try again`);
}

/** Undefined when the object changed in between. */
function attemptUpdate(parts: ServerParts, request: UpdateRequest, stored: StoredObject): WriteResult | undefined {
  const { kind, key, options } = request;
  const before = stored.object;
  const warnings: string[] = [];
  const given = request.change(before);
  const wanted = { ...given, object: withEachOwnerOnce(given.object, warnings) };
  refuseOtherKind(kind, wanted.object);
  refuseOtherIdentity(request, before, wanted.object.metadata);
  const restricted = (request.restrict ?? restrictFor(kind, request.subresource))(before, wanted.object);
  const draft = { ...restricted, metadata: keptMetadata(before.metadata, restricted.metadata) };
  const write: PendingWrite = {
    kind,
    operation: 'UPDATE',
    key,
    subresource: request.subresource,
    object: draft,
    before,
    options,
  };
  const prepared = sharing(before, prepareWrite(write, parts.admission, warnings));
  const object = completed(parts, request, before, prepared, wanted.managedFields);
  const fixed = fixedMetadataCauses(before.metadata, wanted.object.metadata);
  if (fixed.length === 0 && jsonEqual(before, object)) return { object: before, outcome: 'unchanged', warnings };
  const causes = [...fixed, ...updateCauses(request, before, object)];
  if (causes.length > 0) throw invalid(kind.type, key.name, causes);
  if (!kind.strategicMerge) warnings.push(...finalizerWarnings(object.metadata, before.metadata));
  validateWrite({ ...write, object }, parts.admission);
  refuseTooLarge(object);
  return storeUpdate(parts, request, stored.revision, object, warnings);
}

/** `after` with the very members of `before` that it equals: unchanged parts are stored, compared and judged once. */
function sharing(before: UnknownObject, after: UnknownObject): UnknownObject {
  const members = Object.entries(after).map(([member, value]) => [
    member,
    jsonEqual(before[member], value) ? before[member] : value,
  ]);
  return Object.fromEntries(members) as UnknownObject;
}

function refuseOtherIdentity({ kind, key }: UpdateRequest, before: UnknownObject, given: ObjectMeta): void {
  const { type } = kind;
  if (given.name !== undefined && given.name !== key.name) {
    throw badRequest(`the name of the object (${given.name}) does not match the name on the URL (${key.name})`);
  }
  if (given.namespace && given.namespace !== key.namespace) {
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
  }
  if (given.uid && given.uid !== before.metadata.uid) {
    throw conflict(type, key.name, uidMismatch(given.uid, before.metadata.uid));
  }
  const version = given.resourceVersion;
  if (version && version !== '0' && version !== before.metadata.resourceVersion) throw staleVersion(type, key.name);
}

/** Why a write that names a uid is refused. */
export function uidMismatch(wanted: string, found: string | undefined): string {
  return `Precondition failed: UID in precondition: ${wanted}, UID in object meta: ${found ?? ''}`;
}

/** Members each endpoint takes from what is written; the rest stays as it is stored. */
function restrictFor(
  kind: KindDefinition,
  subresource: string,
): (current: UnknownObject, wanted: UnknownObject) => UnknownObject {
  if (subresource === 'status')
    return (current, wanted) => withStatusOf(current, wanted, wanted.metadata.managedFields);
  if (kind.subresources.status !== true) return (_current, wanted) => wanted;
  return (current, wanted) => withStatusOf(wanted, current, wanted.metadata.managedFields);
}

function withStatusOf(
  object: UnknownObject,
  source: UnknownObject,
  managedFields: readonly ManagedFieldsEntry[] | undefined,
): UnknownObject {
  const { status: _status, ...rest } = object;
  const status = source['status'];
  const metadata = managedFields === undefined ? object.metadata : { ...object.metadata, managedFields };
  return { ...rest, metadata, ...(status === undefined ? {} : { status }) };
}

/** The metadata as it may be written: what the server decides stays. */
function keptMetadata(before: ObjectMeta, wanted: ObjectMeta): ObjectMeta {
  if (wanted === before) return before;
  const {
    selfLink: _link,
    generation: _generation,
    deletionTimestamp: _deletion,
    deletionGracePeriodSeconds: _grace,
    ...writable
  } = wanted as ObjectMeta & { readonly selfLink?: string };
  return {
    ...writable,
    ...picked(before, [
      'name',
      'namespace',
      'uid',
      'resourceVersion',
      'generation',
      'creationTimestamp',
      'deletionTimestamp',
      'deletionGracePeriodSeconds',
    ]),
  };
}

function picked(metadata: ObjectMeta, members: readonly (keyof ObjectMeta)[]): ObjectMeta {
  return Object.fromEntries(
    members.flatMap((member) => (metadata[member] === undefined ? [] : [[member, metadata[member]]])),
  );
}

/** The object with its generation and its owners. */
function completed(
  { clock }: ServerParts,
  { kind, options, subresource }: UpdateRequest,
  before: UnknownObject,
  object: UnknownObject,
  given: readonly ManagedFieldsEntry[] | undefined,
): UnknownObject {
  const { generation = 0 } = before.metadata;
  const bumps = hasGeneration(kind) && changesDesiredState(kind, before, object);
  const counted = bumps ? { ...object, metadata: { ...object.metadata, generation: generation + 1 } } : object;
  const managedFields =
    given ??
    managedFieldsForUpdate(before, counted, {
      schema: kind.schema,
      hasStatus: kind.subresources.status === true,
      manager: options.manager,
      subresource,
      time: toRfc3339(clock.now()),
    });
  const { managedFields: _written, ...metadata } = counted.metadata;
  return { ...counted, metadata: managedFields.length === 0 ? metadata : { ...metadata, managedFields } };
}

function updateCauses(
  { kind, subresource }: UpdateRequest,
  before: UnknownObject,
  after: UnknownObject,
): readonly StatusCause[] {
  return [
    ...metadataCauses(kind, after.metadata, before.metadata),
    ...newFinalizerCauses(before.metadata, after.metadata),
    // A binding is the one way to set what is fixed afterwards.
    ...(subresource === 'binding' ? [] : immutableFieldCauses(kind.type, before, after)),
  ];
}

function newFinalizerCauses(before: ObjectMeta, after: ObjectMeta): readonly StatusCause[] {
  if (before.deletionTimestamp === undefined) return [];
  const added = (after.finalizers ?? []).filter((name) => !before.finalizers?.includes(name));
  if (added.length === 0) return [];
  const list = added.map((name) => JSON.stringify(name)).join(', ');
  const why = `no new finalizers can be added if the object is being deleted, found new finalizers []string{${list}}`;
  return [forbiddenCause('metadata.finalizers', why)];
}

function storeUpdate(
  { store, registry }: ServerParts,
  { kind, key, options }: UpdateRequest,
  revision: number,
  object: UnknownObject,
  warnings: readonly string[],
): WriteResult | undefined {
  const goes = isReadyToGo(kind.type, object);
  const outcome = goes ? 'removed' : 'updated';
  if (options.dryRun) return { object, outcome, warnings };
  let result = object;
  const stamp = (next: number): ReturnType<typeof stamped> => {
    const value = stamped(inStorageVersion(registry, kind, object), next);
    result = inVersion(kind, value);
    return value;
  };
  const storeKey = storeKeyOf(kind.type, key);
  const written = goes ? store.delete(storeKey, revision, stamp) : store.put(storeKey, revision, stamp);
  return written.done ? { object: result, outcome, warnings } : undefined;
}
