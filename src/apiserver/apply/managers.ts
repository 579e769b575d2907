/** `metadata.managedFields` as a list of managers with their sets of fields. */
import { isJsonObject } from '../../base/json.ts';
import type { ManagedFieldsEntry } from '../../kube/object.ts';
import { emptySet, isEmptySet, union } from './field-set.ts';
import type { FieldSet } from './field-set.ts';
import { knownFieldSet, sharedFieldsV1 } from './shared-fields.ts';

/** One manager: who, how, through which version and subresource, and what. */
export interface FieldManager {
  readonly manager: string;
  readonly operation: 'Apply' | 'Update';
  readonly apiVersion: string;
  readonly subresource: string;
  /** RFC 3339, to the second; when the set last changed. */
  readonly time: string | undefined;
  readonly fields: FieldSet;
}

/** Most managers with operation Update; the oldest are folded into one beyond that. */
export const updateManagersMax = 10;

/** Longest name of a manager, in characters. */
export const managerCharactersMax = 128;

/** Whose fields those of many former managers become. */
const ancientManager = 'ancient-changes';

/** Members every object has that belong to no manager. */
const unmanagedTop: readonly string[] = ['f:apiVersion', 'f:kind'];
const unmanagedMetadata: readonly string[] = [
  'f:name',
  'f:namespace',
  'f:creationTimestamp',
  'f:uid',
  'f:resourceVersion',
  'f:generation',
  'f:managedFields',
  'f:selfLink',
  'f:deletionTimestamp',
  'f:deletionGracePeriodSeconds',
];

/** Reads `metadata.managedFields`. Entries that are not understood are left out. */
export function managersOf(entries: readonly ManagedFieldsEntry[]): readonly FieldManager[] {
  return entries
    .filter((entry) => isJsonObject(entry.fieldsV1))
    .map((entry) => ({
      manager: entry.manager,
      operation: entry.operation,
      apiVersion: entry.apiVersion,
      subresource: entry.subresource ?? '',
      time: entry.time,
      fields: knownFieldSet(entry.fieldsV1),
    }));
}

/** The managers as they are stored: those without fields left out, Apply first, then by time and name. */
export function managedFieldsOf(managers: readonly FieldManager[]): readonly ManagedFieldsEntry[] {
  return capped(managers.filter((manager) => !isEmptySet(manager.fields)))
    .sort(byOperationTimeAndName)
    .map((manager) => ({
      manager: manager.manager,
      operation: manager.operation,
      apiVersion: manager.apiVersion,
      ...(manager.time === undefined ? {} : { time: manager.time }),
      fieldsType: 'FieldsV1',
      fieldsV1: sharedFieldsV1(manager.fields),
      ...(manager.subresource === '' ? {} : { subresource: manager.subresource }),
    }));
}

function byOperationTimeAndName(a: FieldManager, b: FieldManager): number {
  return (
    compareTexts(a.operation, b.operation) ||
    compareTexts(a.time ?? '', b.time ?? '') ||
    compareTexts(a.manager, b.manager)
  );
}

function compareTexts(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function capped(managers: readonly FieldManager[]): FieldManager[] {
  const updates = managers
    .filter((manager) => manager.operation === 'Update')
    .sort((a, b) => compareTexts(a.time ?? '', b.time ?? ''));
  const excess = updates.length - updateManagersMax;
  if (excess <= 0) return [...managers];
  const folded = new Set(updates.slice(0, excess + 1));
  const last = updates[excess];
  const fields = [...folded].reduce((set, manager) => union(set, manager.fields), emptySet());
  const ancient: FieldManager = {
    manager: ancientManager,
    operation: 'Update',
    apiVersion: last?.apiVersion ?? 'v1',
    subresource: '',
    time: last?.time,
    fields,
  };
  return [...managers.filter((manager) => !folded.has(manager)), ancient];
}

/** Whether two entries are of the same manager in the same role; what is applied may change its version. */
export function isSameManager(
  a: Omit<FieldManager, 'fields' | 'time'>,
  b: Omit<FieldManager, 'fields' | 'time'>,
): boolean {
  if (a.manager !== b.manager || a.operation !== b.operation || a.subresource !== b.subresource) return false;
  return a.operation === 'Apply' || a.apiVersion === b.apiVersion;
}

/**
 * The fields that can have owners when a write goes through `subresource`: through `status` only the status, otherwise
 * everything but the status of kinds that have that subresource; never identity and what the server sets.
 */
export function managedPart(set: FieldSet, subresource: string, hasStatus: boolean): FieldSet {
  const children = new Map(
    [...set.children].filter(([step]) => {
      if (subresource === 'status') return step === 'f:status';
      return !unmanagedTop.includes(step) && !(hasStatus && step === 'f:status');
    }),
  );
  const metadata = children.get('f:metadata');
  if (metadata) {
    const kept = new Map([...metadata.children].filter(([step]) => !unmanagedMetadata.includes(step)));
    if (kept.size === 0) children.delete('f:metadata');
    else children.set('f:metadata', { owned: false, children: kept });
  }
  return { owned: false, children };
}
