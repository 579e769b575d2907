import { ApiStatusError } from '../../kube/api-error.ts';
import type { ObjectKey, UnknownObject } from '../../kube/object.ts';
import type { KindDefinition } from '../../schema/kind-definition.ts';
import type { ServerParts } from '../server-parts.ts';
import { conflict, notFound } from '../status-errors.ts';
import { storeKeyOf } from '../store-keys.ts';
import { deletionStep } from './deletion.ts';
import type { DeletionStep, DeletionWish } from './deletion.ts';
import { validateDelete } from './judge-write.ts';
import { refuseStandardNamespace } from './namespace-rules.ts';
import { inStorageVersion, inVersion, readObject, stamped } from './stored-objects.ts';
import type { StoredObject } from './stored-objects.ts';
import { uidMismatch } from './update-object.ts';
import type { WriteOptions, WriteResult } from './write-options.ts';

/** How often a delete that loses a race against another process is tried again. */
const attemptsMax = 5;

/** A delete. */
export interface DeleteRequest extends DeletionWish {
  readonly kind: KindDefinition;
  readonly key: ObjectKey;
  readonly options: WriteOptions;
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string };
}

/**
 * Deletes an object, or marks it for deletion when finalizers or a node still have a say (`updated`; `unchanged` when it
 * was marked before). Throws `NotFound`, `Conflict` for a precondition that does not hold, and what admission says.
 */
export function deleteObject(parts: ServerParts, request: DeleteRequest): WriteResult {
  const { kind, key, options } = request;
  for (let attempt = 0; attempt < attemptsMax; attempt++) {
    const stored = readObject(parts.store, kind, key);
    if (stored === undefined) throw notFound(kind.type, key.name);
    refuseStandardNamespace(kind.type, key.name);
    refuseOtherObject(request, stored.object);
    validateDelete(kind, key, stored.object, options, parts.admission);
    const step = deletionStep(kind.type, stored.object, request, parts.clock.now());
    const result = carryOut(parts, request, stored, step);
    if (result) return result;
  }
  throw new ApiStatusError('ServerTimeout', `the object kept changing: ${attemptsMax} attempts failed; try again`);
}

function refuseOtherObject({ kind, key, preconditions = {} }: DeleteRequest, { metadata }: UnknownObject): void {
  const { uid, resourceVersion } = preconditions;
  if (uid !== undefined && uid !== metadata.uid) throw conflict(kind.type, key.name, uidMismatch(uid, metadata.uid));
  if (resourceVersion !== undefined && resourceVersion !== metadata.resourceVersion) {
    const why =
      `Precondition failed: ResourceVersion in precondition: ${resourceVersion}, ` +
      `ResourceVersion in object meta: ${metadata.resourceVersion ?? ''}`;
    throw conflict(kind.type, key.name, why);
  }
}

/** Undefined when the object changed in between. */
function carryOut(
  { store, registry }: ServerParts,
  { kind, key, options }: DeleteRequest,
  stored: StoredObject,
  step: DeletionStep,
): WriteResult | undefined {
  if (step.step === 'wait') return { object: stored.object, outcome: 'unchanged', warnings: [] };
  const object = step.step === 'mark' ? step.object : stored.object;
  const outcome = step.step === 'mark' ? 'updated' : 'removed';
  if (options.dryRun) return { object, outcome, warnings: [] };
  let result = object;
  const stamp = (next: number): ReturnType<typeof stamped> => {
    const value = stamped(inStorageVersion(registry, kind, object), next);
    result = inVersion(kind, value);
    return value;
  };
  const storeKey = storeKeyOf(kind.type, key);
  const written =
    step.step === 'mark' ? store.put(storeKey, stored.revision, stamp) : store.delete(storeKey, stored.revision, stamp);
  return written.done ? { object: result, outcome, warnings: [] } : undefined;
}
