import type { ObjectMeta, UnknownObject } from '../../kube/object.ts';

const optionalParts = ['labels', 'annotations', 'finalizers', 'ownerReferences'] as const;

/** The object without empty lists and maps in its metadata: Kubernetes does not keep those. */
export function withoutEmptyMetadata(object: UnknownObject): UnknownObject {
  const empty = optionalParts.filter((part) => isEmpty(object.metadata[part]));
  if (empty.length === 0) return object;
  const kept = Object.entries(object.metadata).filter(([member]) => !(empty as readonly string[]).includes(member));
  return { ...object, metadata: Object.fromEntries(kept) as ObjectMeta };
}

function isEmpty(part: object | undefined): boolean {
  if (part === undefined) return false;
  for (const _member in part) return false;
  return true;
}
