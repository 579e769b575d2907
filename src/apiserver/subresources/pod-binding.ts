import { toRfc3339 } from '../../base/clock.ts';
import { isJsonObject, type JsonObject } from '../../base/json.ts';
import { pods } from '../../kube/core-types.ts';
import type { Condition, UnknownObject } from '../../kube/object.ts';
import { requiredCause, unsupportedCause } from '../../schema/causes.ts';
import { objectBody } from '../request-body.ts';
import { jsonResponse, type ResourceCall, type SubresourceHandler } from '../resource-call.ts';
import type { ServerParts } from '../server-parts.ts';
import { badRequest, conflict, invalid, methodNotAllowed } from '../status-errors.ts';
import { writeOptionsOf } from '../verbs/write-options-of.ts';
import { updateObject } from '../write/update-object.ts';
import { withCondition } from './pod-conditions.ts';

/** `POST pods/NAME/binding`: assigns a pod to a node, once. */
export function podBinding(parts: ServerParts): SubresourceHandler {
  return {
    type: pods,
    name: 'binding',
    bodyKind: { group: '', version: 'v1', kind: 'Binding' },
    verbs: ['create'],
    handle(call) {
      if (call.request.method !== 'POST') throw methodNotAllowed();
      const binding = objectBody(call.request);
      const node = targetNode(call, binding);
      updateObject(parts, {
        ...call,
        options: writeOptionsOf(call),
        change: (current) => ({ object: bound(call, current, binding, node, toRfc3339(parts.clock.now())) }),
        restrict: (_current, wanted) => wanted,
      });
      return jsonResponse(201, { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 });
    },
  };
}

/** The name of the node the body asks for. */
function targetNode({ kind, key }: ResourceCall, binding: UnknownObject): string {
  const { name } = binding.metadata;
  if (name !== undefined && name !== key.name) throw badRequest('name in URL does not match name in Binding object');
  const target = isJsonObject(binding['target']) ? binding['target'] : {};
  const targetKind = target['kind'] ?? '';
  if (targetKind !== '' && targetKind !== 'Node')
    throw invalid(kind.type, key.name, [unsupportedCause('target.kind', targetKind, ['Node', '<empty>'])]);
  if (typeof target['name'] !== 'string' || target['name'] === '')
    throw invalid(kind.type, key.name, [requiredCause('target.name')]);
  return target['name'];
}

function bound(
  { kind, key }: ResourceCall,
  pod: UnknownObject,
  binding: UnknownObject,
  node: string,
  now: string,
): UnknownObject {
  const spec = (pod['spec'] ?? {}) as JsonObject;
  const refuse = (why: string): never => {
    throw conflict({ ...kind.type, resource: 'pods/binding' }, key.name, why);
  };
  const { uid } = binding.metadata;
  if (uid !== undefined && uid !== pod.metadata.uid)
    refuse(`uid mismatch: the provided object specified uid ${uid}, and no existing object was found`);
  if (pod.metadata.deletionTimestamp !== undefined)
    refuse(`pod ${key.name} is being deleted, cannot be assigned to a host`);
  if (spec['nodeName']) refuse(`pod ${key.name} is already assigned to node ${JSON.stringify(spec['nodeName'])}`);
  const scheduled: Condition = { type: 'PodScheduled', status: 'True', lastTransitionTime: now };
  const annotations = { ...pod.metadata.annotations, ...binding.metadata.annotations };
  const metadata = Object.keys(annotations).length === 0 ? pod.metadata : { ...pod.metadata, annotations };
  return { ...withCondition(pod, scheduled), metadata, spec: { ...spec, nodeName: node } };
}
