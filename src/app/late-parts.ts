/** The API server is made from parts that need the API themselves: these stand in for them until they are there. */
import type { JsonObject } from '../base/json.ts';
import type { AdmissionPlugin, AdmissionRequest } from '../kube/admission.ts';
import { ApiStatusError } from '../kube/api-error.ts';
import type { PodLogSource } from '../kube/pod-log-source.ts';

/** The node agent needs the API and the API the agent's logs: this is where the circle is closed. */
export class LateLogs implements PodLogSource {
  source: PodLogSource | undefined;

  open(...args: Parameters<PodLogSource['open']>): AsyncIterable<Uint8Array> {
    if (!this.source) throw new ApiStatusError('NotFound', 'this node keeps no logs');
    return this.source.open(...args);
  }
}

/** The gate's rules need its caches, which need the API that asks for the rules. */
export class LateAdmission implements AdmissionPlugin {
  readonly name: string;
  plugin: AdmissionPlugin | undefined;

  constructor(name: string) {
    this.name = name;
  }

  mutate(request: AdmissionRequest): JsonObject | undefined {
    return this.plugin?.mutate?.(request);
  }

  validate(request: AdmissionRequest): ReturnType<NonNullable<AdmissionPlugin['validate']>> {
    return this.plugin?.validate?.(request);
  }
}
