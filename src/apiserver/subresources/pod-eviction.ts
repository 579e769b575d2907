import { toRfc3339 } from '../../base/clock.ts';
import { isJsonObject } from '../../base/json.ts';
import { pods } from '../../kube/core-types.ts';
import type { Condition, UnknownObject } from '../../kube/object.ts';
import { objectBody } from '../request-body.ts';
import { jsonResponse, type ResourceCall, type SubresourceHandler } from '../resource-call.ts';
import type { ServerParts } from '../server-parts.ts';
import { badRequest, methodNotAllowed } from '../status-errors.ts';
import { deletionOf } from '../verbs/write-options-of.ts';
import { deleteObject } from '../write/delete-object.ts';
import { updateObject } from '../write/update-object.ts';
import { withCondition } from './pod-conditions.ts';

/**
 * `POST pods/NAME/eviction` (policy/v1): a delete that first says on the pod why it goes. There are no disruption budgets
 * here, so nothing holds it back.
 */
export function podEviction(parts: ServerParts): SubresourceHandler {
  return {
    type: pods,
    name: 'eviction',
    bodyKind: { group: 'policy', version: 'v1', kind: 'Eviction' },
    verbs: ['create'],
    handle(call) {
      if (call.request.method !== 'POST') throw methodNotAllowed();
      evict(parts, call, objectBody(call.request));
      return jsonResponse(201, { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 });
    },
  };
}

function evict(parts: ServerParts, call: ResourceCall, eviction: UnknownObject): void {
  const { kind, key } = call;
  const { name } = eviction.metadata;
  if (name !== undefined && name !== key.name) throw badRequest('name in URL does not match name in Eviction object');
  const body = isJsonObject(eviction['deleteOptions']) ? eviction['deleteOptions'] : {};
  const deletion = deletionOf({ ...call, request: { ...call.request, body } });
  // Asked first: a pod that stays must not say that it was evicted. Nothing comes in between, nothing is awaited.
  deleteObject(parts, { kind, key, ...deletion, options: { ...deletion.options, dryRun: true } });
  updateObject(parts, {
    kind,
    key,
    subresource: 'status',
    options: deletion.options,
    change: (pod) => ({ object: toBeEvicted(pod) ? withCondition(pod, evicted(parts.clock.now())) : pod }),
  });
  const { preconditions: _checked, ...rest } = deletion;
  deleteObject(parts, { kind, key, ...rest });
}

/** One that has ended, or is going already, is not disrupted by this. */
function toBeEvicted(pod: UnknownObject): boolean {
  const phase = isJsonObject(pod['status']) ? pod['status']['phase'] : undefined;
  return pod.metadata.deletionTimestamp === undefined && phase !== 'Succeeded' && phase !== 'Failed';
}

function evicted(nowMs: number): Condition {
  return {
    type: 'DisruptionTarget',
    status: 'True',
    reason: 'EvictionByEvictionAPI',
    message: 'Eviction API: evicting',
    lastTransitionTime: toRfc3339(nowMs),
  };
}
