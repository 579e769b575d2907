/** What becomes of metadata as a client wrote it, before anything is judged. */
import type { StatusCause } from '../../kube/api-error.ts';
import type { ObjectMeta, OwnerReference, UnknownObject } from '../../kube/object.ts';
import { invalidCause } from '../../schema/causes.ts';

/** The object with each owner once; warns of what was there twice. Owners of one uid that differ otherwise both stay. */
export function withEachOwnerOnce(object: UnknownObject, warnings: string[]): UnknownObject {
  const { ownerReferences: owners = [] } = object.metadata;
  if (owners.length < 2) return object;
  const [uids, twice, texts] = [new Set<string>(), new Set<string>(), new Set<string>()];
  const kept = owners.filter((owner) => {
    if (uids.has(owner.uid)) twice.add(owner.uid);
    uids.add(owner.uid);
    const text = textOf(owner);
    const isNew = !texts.has(text);
    texts.add(text);
    return isNew;
  });
  if (twice.size === 0) return object;
  warnings.push(
    '.metadata.ownerReferences contains duplicate entries; API server dedups owner references in 1.20+, and may reject ' +
      `such requests as early as 1.24; please fix your requests; duplicate UID(s) observed: ${[...twice].join(', ')}`,
  );
  return { ...object, metadata: { ...object.metadata, ownerReferences: kept } };
}

/** Equal for equal owners, in whatever order their members are. */
function textOf({ apiVersion, kind, name, uid, controller, blockOwnerDeletion }: OwnerReference): string {
  return JSON.stringify([apiVersion, kind, name, uid, controller ?? false, blockOwnerDeletion ?? false]);
}

const fixedMembers = ['deletionTimestamp', 'deletionGracePeriodSeconds'] as const;

/** What an update may not say otherwise than it is. What it leaves out stays as it is. */
export function fixedMetadataCauses(before: ObjectMeta, given: ObjectMeta): readonly StatusCause[] {
  return fixedMembers
    .filter((member) => (given[member] ?? undefined) !== undefined && given[member] !== before[member])
    .map((member) => invalidCause(`metadata.${member}`, given[member] ?? '', 'field is immutable'));
}
