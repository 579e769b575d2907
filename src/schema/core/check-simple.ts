/** What no schema says about claims, leases and events. */
import { isJsonList, isJsonObject, type Json, type JsonObject } from '../../base/json.ts';
import type { StatusCause } from '../../kube/api-error.ts';
import type { UnknownObject } from '../../kube/object.ts';
import { invalidCause, requiredCause, unsupportedCause } from '../causes.ts';
import { quantityValue } from '../quantity.ts';

const accessModes: readonly string[] = ['ReadOnlyMany', 'ReadWriteMany', 'ReadWriteOnce', 'ReadWriteOncePod'];
const volumeModes: readonly string[] = ['Block', 'Filesystem'];

/** What is wrong with a new PersistentVolumeClaim. */
export function checkClaim(claim: UnknownObject): readonly StatusCause[] {
  const spec = membersOf(claim['spec']);
  const modes = isJsonList(spec['accessModes']) ? spec['accessModes'] : [];
  const mode = spec['volumeMode'];
  return [
    ...(modes.length === 0
      ? [{ ...requiredCause('spec.accessModes'), message: 'Required value: at least 1 access mode is required' }]
      : []),
    ...modes
      .filter((one) => !accessModes.includes(String(one)))
      .map((one) => unsupportedCause('spec.accessModes', one, accessModes)),
    ...storageCauses(membersOf(membersOf(spec['resources'])['requests'])['storage']),
    ...(mode === undefined || volumeModes.includes(String(mode))
      ? []
      : [unsupportedCause('spec.volumeMode', mode, volumeModes)]),
  ];
}

function storageCauses(storage: Json | undefined): readonly StatusCause[] {
  if (storage === undefined) return [requiredCause('spec.resources[storage]')];
  const amount = quantityValue(storage);
  if (amount === undefined) return [invalidCause('spec.resources[storage]', storage, notQuantity)];
  return amount > 0 ? [] : [invalidCause('spec.resources[storage]', storage, 'must be greater than zero')];
}

/** Why a text is no quantity. */
export const notQuantity = 'must be a quantity, such as 100m, 1.5 or 2Gi';

/** What is wrong with a Lease. */
export function checkLease(lease: UnknownObject): readonly StatusCause[] {
  const { leaseDurationSeconds: seconds = 1, leaseTransitions: transitions = 0 } = membersOf(lease['spec']);
  return [
    ...(Number(seconds) > 0 ? [] : [invalidCause('spec.leaseDurationSeconds', seconds, 'must be greater than 0')]),
    ...(Number(transitions) >= 0
      ? []
      : [invalidCause('spec.leaseTransitions', transitions, 'must be greater than or equal to 0')]),
  ];
}

/** What is wrong with a new Event: it lies in the namespace of what it is about, or in `default`. */
export function checkEvent(event: UnknownObject): readonly StatusCause[] {
  const about = String(membersOf(event['involvedObject'])['namespace'] ?? '');
  if ((event.metadata.namespace ?? '') === (about === '' ? 'default' : about)) return [];
  return [invalidCause('involvedObject.namespace', about, 'does not match event.namespace')];
}

function membersOf(value: unknown): JsonObject {
  return isJsonObject(value) ? value : {};
}
