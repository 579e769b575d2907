import { isJsonObject, type JsonObject } from '../../base/json.ts';
import type { AdmissionPlugin } from '../../kube/admission.ts';

/**
 * Puts every new pod that names no node on `nodeName`, within its create: the embedded home has one node, so its
 * scheduler needs no write of its own. Selectors and affinities are not looked at.
 */
export function assignNode(nodeName: string): AdmissionPlugin {
  return {
    name: 'node-assignment',
    mutate({ operation, type, subresource, object }): JsonObject | undefined {
      const isPod = type.group === '' && type.resource === 'pods' && subresource === undefined;
      const spec = object?.['spec'];
      if (!isPod || operation !== 'CREATE' || !isJsonObject(spec) || spec['nodeName']) return undefined;
      return { ...object, spec: { ...spec, nodeName } };
    },
  };
}
