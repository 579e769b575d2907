import { jsonEqual } from '../../base/json.ts';
import type { UnknownObject } from '../../kube/object.ts';
import type { KindDefinition } from '../../schema/kind-definition.ts';

/** Whether objects of the kind count changes of their desired state: all but most core kinds. */
export function hasGeneration(kind: KindDefinition): boolean {
  return kind.type.group !== '' || kind.type.resource === 'pods';
}

/** Whether `after` wants something else than `before`: any member but `metadata` and, where it is a subresource, `status`. */
export function changesDesiredState(kind: KindDefinition, before: UnknownObject, after: UnknownObject): boolean {
  const ignored = (member: string): boolean =>
    member === 'metadata' || (member === 'status' && kind.subresources.status === true);
  const members = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...members].some((member) => !ignored(member) && !jsonEqual(before[member], after[member]));
}
