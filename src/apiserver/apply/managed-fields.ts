/** Field ownership of ordinary writes: create, update, and the patches that are not applies. */
import { isJsonObject, jsonEqual } from '../../base/json.ts';
import type { Json } from '../../base/json.ts';
import type { ManagedFieldsEntry, UnknownObject } from '../../kube/object.ts';
import type { StructuralSchema } from '../../schema/structural-schema.ts';
import { compare } from './compare.ts';
import type { Comparison } from './compare.ts';
import { difference, differenceBelow, emptySet, isEmptySet, setsEqual, union } from './field-set.ts';
import type { FieldSet } from './field-set.ts';
import { isSameManager, managedFieldsOf, managedPart, managersOf } from './managers.ts';
import type { FieldManager } from './managers.ts';

/** A write by somebody, as far as ownership is concerned. */
export interface ManagedWrite {
  readonly schema: StructuralSchema;
  /** Whether the kind has a status subresource. */
  readonly hasStatus: boolean;
  /** Name of the manager: the `fieldManager` parameter, or the user agent up to the first `/`. */
  readonly manager: string;
  /** `''`, or `status`. */
  readonly subresource: string;
  /** The instant of the write, RFC 3339 to the second. */
  readonly time: string;
}

/**
 * `metadata.managedFields` after an ordinary write that turned `before` (undefined on create) into `after`: the writer
 * owns what it changed, the others lose that, and nobody owns what is gone. Costs a comparison; gives back the very
 * list it started from when nothing changed.
 *
 * A write may rewrite the list itself (kubectl does, to become an applier): then `after.metadata.managedFields` is what
 * it starts from. `[]` and `[{}]` reset it; a list that cannot be understood is as good as none.
 */
export function managedFieldsForUpdate(
  before: UnknownObject | undefined,
  after: UnknownObject,
  write: ManagedWrite,
): readonly ManagedFieldsEntry[] {
  const stored = before?.metadata.managedFields ?? [];
  const given = before && after.metadata.managedFields;
  if (given && isReset(given)) return [];
  const entries = given?.every(isEntry) ? given : stored;
  const comparison = comparisonOf(before, after, write);
  const { added, modified, removed } = comparison;
  if ([added, modified, removed].every(isEmptySet)) return entries;
  return managedFieldsOf(afterUpdate(managersOf(entries), comparison, after.apiVersion, write));
}

function isReset(entries: readonly ManagedFieldsEntry[]): boolean {
  return entries.length === 0 || (entries.length === 1 && Object.keys(entries[0] ?? {}).length === 0);
}

/** A client wrote it: anything may be there. */
function isEntry({ operation, fieldsType, fieldsV1, apiVersion }: Partial<ManagedFieldsEntry>): boolean {
  const isKnown = operation === 'Apply' || operation === 'Update';
  return isKnown && fieldsType === 'FieldsV1' && isJsonObject(fieldsV1) && typeof apiVersion === 'string';
}

function comparisonOf(before: UnknownObject | undefined, after: UnknownObject, write: ManagedWrite): Comparison {
  const { added, modified, removed } = compare(
    write.schema,
    before as unknown as Json | undefined,
    after as unknown as Json,
  );
  const part = (set: FieldSet): FieldSet => managedPart(set, write.subresource, write.hasStatus);
  // What is gone is gone whoever wrote it: a status that disappears has no owner any more.
  return { added: part(added), modified: part(modified), removed: managedPart(removed, '', false) };
}

function afterUpdate(
  managers: readonly FieldManager[],
  comparison: Comparison,
  apiVersion: string,
  write: ManagedWrite,
): readonly FieldManager[] {
  const { manager, subresource, time } = write;
  const self = { manager, operation: 'Update', apiVersion, subresource } as const;
  const changed = union(comparison.added, comparison.modified);
  const rest = managers.map((entry) => {
    const fields = differenceBelow(entry.fields, comparison.removed);
    return { ...entry, fields: isSameManager(entry, self) ? fields : difference(fields, changed) };
  });
  const own = rest.find((entry) => isSameManager(entry, self));
  const fields = union(own?.fields ?? emptySet(), changed);
  const unchanged = own !== undefined && setsEqual(own.fields, fields) && isEmptySet(changed);
  return [...rest.filter((entry) => entry !== own), { ...self, time: unchanged ? own.time : time, fields }];
}

/** Whether two objects differ in anything but their `managedFields`. */
export function isSameContent(a: UnknownObject, b: UnknownObject): boolean {
  if (a === b) return true;
  const { managedFields: _a, ...metadata } = a.metadata;
  const { managedFields: _b, ...otherMetadata } = b.metadata;
  return jsonEqual({ ...a, metadata }, { ...b, metadata: otherMetadata });
}
