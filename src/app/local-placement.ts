import type { JsonObject } from '../base/json.ts';
import { isJsonObject } from '../base/json.ts';
import type { AdmissionPlugin } from '../kube/admission.ts';
import { pods } from '../kube/core-types.ts';

/**
 * Puts every new pod on the one node there is, at its creation: what a scheduler would decide with another write.
 * Node selectors and affinities are no reason not to: there is no other machine, and steps are checked by what they find.
 */
export function localPlacement(nodeName: string): AdmissionPlugin {
  return {
    name: 'local-placement',
    mutate({ operation, type, subresource, object }) {
      if (operation !== 'CREATE' || subresource !== undefined || type.resource !== pods.resource || type.group !== '')
        return undefined;
      const spec = object?.['spec'];
      if (!object || !isJsonObject(spec) || spec['nodeName']) return undefined;
      return { ...object, spec: { ...spec, nodeName } } satisfies JsonObject;
    },
  };
}
