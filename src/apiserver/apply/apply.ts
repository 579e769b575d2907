/** Server-side apply: one manager says what it wants of an object, and owns exactly that. */
import { isJsonObject } from '../../base/json.ts';
import type { Json } from '../../base/json.ts';
import { ApiStatusError } from '../../kube/api-error.ts';
import type { UnknownObject } from '../../kube/object.ts';
import { refuseAmbiguousItems } from './applied-lists.ts';
import { compare, fieldsOf } from './compare.ts';
import { conflictError } from './conflict.ts';
import type { ApplyConflict } from './conflict.ts';
import { difference, differenceBelow, intersection, isEmptySet, setsEqual, union } from './field-set.ts';
import type { FieldSet } from './field-set.ts';
import { isSameManager, managedFieldsOf, managedPart, managerCharactersMax, managersOf } from './managers.ts';
import type { FieldManager } from './managers.ts';
import type { ManagedWrite } from './managed-fields.ts';
import { mergeApplied, removeFields } from './merge.ts';

/** A server-side apply. */
export interface ApplyRequest extends ManagedWrite {
  /** The stored object; undefined when there is none, and the apply creates it. */
  readonly live: UnknownObject | undefined;
  /** What the manager wants: a partial object with `apiVersion`, `kind` and `metadata.name`. */
  readonly applied: UnknownObject;
  /** Take over fields others have set to other values, instead of a conflict. */
  readonly force: boolean;
}

/** Owner of everything an object held before anybody applied to it and ownership was not tracked. */
const beforeFirstApply = 'before-first-apply';

/**
 * The object after the apply, with its `managedFields`; before defaulting, validation and admission, which are the
 * caller's. Applying the same thing again gives back an object equal to `live`. Throws a `Conflict` with one cause a
 * field when others own different values and `force` is off, and `BadRequest` for what can not be applied.
 */
export function applyObject(request: ApplyRequest): UnknownObject {
  const { live, applied } = request;
  refuseUnusable(request);
  const managers = trackedManagers(request);
  const fields = managedPart(
    fieldsOf(request.schema, applied as unknown as Json),
    request.subresource,
    request.hasStatus,
  );
  const self = {
    manager: request.manager,
    operation: 'Apply',
    apiVersion: applied.apiVersion,
    subresource: request.subresource,
  } as const;
  const own = managers.find((entry) => isSameManager(entry, self));
  const others = managers.filter((entry) => entry !== own);
  const merged = merge(request, own, others, fields);
  const comparison = compare(request.schema, live as unknown as Json | undefined, merged as unknown as Json);
  const kept = withoutConflicts(
    others,
    union(comparison.added, comparison.modified),
    comparison.removed,
    request.force,
  );
  const changed = own === undefined || !setsEqual(own.fields, fields);
  const entry: FieldManager = { ...self, time: changed ? request.time : own.time, fields };
  return withManagedFields(merged, [...kept, entry]);
}

function refuseUnusable({ applied, live, manager, schema }: ApplyRequest): void {
  if (manager === '') {
    throw new ApiStatusError(
      'Invalid',
      'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply patch',
      {
        details: {
          group: 'meta.k8s.io',
          kind: 'PatchOptions',
          causes: [
            {
              reason: 'FieldValueRequired',
              message: 'Required value: is required for apply patch',
              field: 'fieldManager',
            },
          ],
        },
      },
    );
  }
  if (manager.length > managerCharactersMax) {
    throw new ApiStatusError('Invalid', `fieldManager: Too long: may not be more than ${managerCharactersMax} bytes`);
  }
  if (!isJsonObject(applied.metadata)) throw new ApiStatusError('BadRequest', 'metadata must be an object');
  if (applied.metadata.managedFields !== undefined) {
    throw new ApiStatusError('BadRequest', 'metadata.managedFields must be nil');
  }
  if (live && (applied.kind !== live.kind || applied.apiVersion !== live.apiVersion)) {
    throw new ApiStatusError(
      'BadRequest',
      `the object is ${live.apiVersion} ${live.kind}, the patch ${applied.apiVersion} ${applied.kind}`,
    );
  }
  refuseAmbiguousItems(schema, applied as unknown as Json);
}

function trackedManagers({ live, schema, hasStatus, subresource }: ApplyRequest): readonly FieldManager[] {
  const entries = live?.metadata.managedFields ?? [];
  if (!live || entries.length > 0) return managersOf(entries);
  const fields = managedPart(fieldsOf(schema, live as unknown as Json), subresource, hasStatus);
  return [
    {
      manager: beforeFirstApply,
      operation: 'Update',
      apiVersion: live.apiVersion,
      subresource: '',
      time: undefined,
      fields,
    },
  ];
}

/** Merges, then removes what this manager applied before, applies no longer, and nobody else wants. */
function merge(
  request: ApplyRequest,
  own: FieldManager | undefined,
  others: readonly FieldManager[],
  fields: FieldSet,
): UnknownObject {
  const { schema, live } = request;
  const applied = appliedPart(request);
  const merged = mergeApplied(schema, live as unknown as Json | undefined, applied as unknown as Json);
  if (!own) return merged as unknown as UnknownObject;
  const gone = difference(own.fields, fields);
  const kept = others.reduce((set, other) => union(set, other.fields), fields);
  const rest = removeFields(schema, merged, gone, kept) ?? {};
  return rest as unknown as UnknownObject;
}

/** What of the applied object this endpoint takes: its status is for the status endpoint, and the other way round. */
function appliedPart({ applied, live, subresource, hasStatus }: ApplyRequest): UnknownObject {
  const { apiVersion, kind, metadata } = applied;
  if (subresource === 'status') {
    const status = applied['status'];
    return { apiVersion, kind, metadata: live?.metadata ?? metadata, ...(status === undefined ? {} : { status }) };
  }
  if (!hasStatus || !('status' in applied)) return applied;
  const { status: _status, ...rest } = applied;
  return rest;
}

function withoutConflicts(
  others: readonly FieldManager[],
  changed: FieldSet,
  removed: FieldSet,
  force: boolean,
): readonly FieldManager[] {
  const conflicts: ApplyConflict[] = others
    .map((manager) => ({ manager, fields: intersection(manager.fields, changed) }))
    .filter(({ fields }) => !isEmptySet(fields));
  if (conflicts.length > 0 && !force) throw conflictError(conflicts);
  return others.map((manager) => ({
    ...manager,
    fields: differenceBelow(difference(manager.fields, changed), removed),
  }));
}

function withManagedFields(object: UnknownObject, managers: readonly FieldManager[]): UnknownObject {
  return { ...object, metadata: { ...object.metadata, managedFields: managedFieldsOf(managers) } };
}
