import { isJsonObject } from '../../base/json.ts';
import { namespaces } from '../../kube/core-types.ts';
import type { UnknownObject } from '../../kube/object.ts';
import { objectBody } from '../request-body.ts';
import { jsonResponse, type SubresourceHandler } from '../resource-call.ts';
import type { ServerParts } from '../server-parts.ts';
import { methodNotAllowed } from '../status-errors.ts';
import { writeOptionsOf } from '../verbs/write-options-of.ts';
import { updateObject } from '../write/update-object.ts';

/** `PUT namespaces/NAME/finalize`: sets `spec.finalizers`, by which a namespace waits for its content to be gone. */
export function namespaceFinalize(parts: ServerParts): SubresourceHandler {
  return {
    type: namespaces,
    name: 'finalize',
    bodyKind: { group: '', version: 'v1', kind: 'Namespace' },
    verbs: ['update'],
    handle(call) {
      if (call.request.method !== 'PUT') throw methodNotAllowed();
      const object = objectBody(call.request);
      const { object: result, warnings } = updateObject(parts, {
        ...call,
        options: writeOptionsOf(call),
        change: () => ({ object }),
        restrict: withFinalizersOf,
      });
      return jsonResponse(200, result as unknown as Parameters<typeof jsonResponse>[1], warnings);
    },
  };
}

function withFinalizersOf(current: UnknownObject, wanted: UnknownObject): UnknownObject {
  const finalizers = isJsonObject(wanted['spec']) ? (wanted['spec']['finalizers'] ?? []) : [];
  const spec = isJsonObject(current['spec']) ? current['spec'] : {};
  return { ...current, spec: { ...spec, finalizers } };
}
