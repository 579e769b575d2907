import type { Clock } from '../base/clock.ts';
import { toRfc3339 } from '../base/clock.ts';
import { errorText } from '../base/errors.ts';
import type { ApiClient } from '../client/api-client.ts';
import { events } from '../kube/core-types.ts';
import type { KubeObject } from '../kube/object.ts';
import type { Logger } from '../telemetry/logger.ts';

/** Tells people about a failure where they look: Kubernetes Events. Never waits, never fails. */
export interface WarningRecorder {
  warn(about: KubeObject, reason: string, message: string): void;
}

/** The longest message the API takes in an Event. */
const messageCharactersMax = 1024;

/** A recorder that writes Events of type Warning through `client`; a failure to do so is only logged. */
export function eventRecorder(options: {
  readonly client: ApiClient;
  readonly clock: Clock;
  readonly logger: Logger;
}): WarningRecorder {
  const { client, clock, logger } = options;
  return {
    warn(about, reason, message) {
      const { name = '', namespace = '', uid = '' } = about.metadata;
      const now = toRfc3339(clock.now());
      const event = {
        apiVersion: 'v1',
        kind: 'Event',
        metadata: { generateName: `${name.slice(0, 200)}.`, namespace },
        involvedObject: { apiVersion: about.apiVersion, kind: about.kind, namespace, name, uid },
        reason,
        message: message.slice(0, messageCharactersMax),
        type: 'Warning',
        count: 1,
        firstTimestamp: now,
        lastTimestamp: now,
        source: { component: 'penstock' },
      };
      client.create(events, event).catch((thrown: unknown) => {
        logger.warn('cannot write an event', { about: `${namespace}/${name}`, reason, error: errorText(thrown) });
      });
    },
  };
}
