import type { Clock } from '../base/clock.ts';
import type { Random } from '../base/random.ts';
import type { AdmissionPlugin } from '../kube/admission.ts';
import type { Store } from '../store/store.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { KindRegistry } from './kind-registry.ts';

/** What the parts of one API server share. */
export interface ServerParts {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly registry: KindRegistry;
  readonly admission: readonly AdmissionPlugin[];
}
