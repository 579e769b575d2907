import { type Clock, toRfc3339 } from '../../base/clock.ts';
import { errorText } from '../../base/errors.ts';
import type { ApiClient } from '../../client/api-client.ts';
import type { Repository } from '../../forge/kinds/repository.ts';
import { events } from '../../kube/core-types.ts';
import { keyOf, keyText } from '../../kube/object.ts';
import type { Logger } from '../../telemetry/logger.ts';

/** Tells the owners of a Repository what became of events. Never waits, never fails. */
export interface RepositoryEvents {
  tell(repository: Repository, type: 'Normal' | 'Warning', reason: string, message: string): void;
}

/** Most Events in a minute for one Repository: a flood of webhooks must not become a flood of Events. */
const eventsPerMinuteMax = 20;
const minuteMs = 60_000;
const messageCharactersMax = 1024;

/** Writes Kubernetes Events through `client`; those beyond the limit, and those that cannot be written, are logged only. */
export function repositoryEvents(options: {
  readonly client: ApiClient;
  readonly clock: Clock;
  readonly logger: Logger;
}): RepositoryEvents {
  const { client, clock, logger } = options;
  const counts = new Map<string, { sinceMs: number; count: number }>();
  const hasRoom = (name: string): boolean => {
    const nowMs = clock.monotonicMs();
    for (const [other, { sinceMs }] of counts) if (nowMs - sinceMs >= minuteMs) counts.delete(other);
    const entry = counts.get(name) ?? { sinceMs: nowMs, count: 0 };
    entry.count += 1;
    counts.set(name, entry);
    return entry.count <= eventsPerMinuteMax;
  };
  return {
    tell(repository, type, reason, message) {
      const { namespace, name } = keyOf(repository);
      const about = keyText({ namespace, name });
      if (!hasRoom(about)) return logger.info('an event of a Repository was left out', { repository: about, reason });
      const now = toRfc3339(clock.now());
      const event = {
        apiVersion: 'v1',
        kind: 'Event',
        metadata: { generateName: `${name.slice(0, 200)}.`, namespace },
        involvedObject: {
          apiVersion: repository.apiVersion,
          kind: repository.kind,
          namespace,
          name,
          uid: repository.metadata.uid ?? '',
        },
        reason,
        message: message.slice(0, messageCharactersMax),
        type,
        count: 1,
        firstTimestamp: now,
        lastTimestamp: now,
        source: { component: 'penstock' },
      };
      client.create(events, event).catch((thrown: unknown) => {
        logger.warn('cannot write an event', { about, reason, error: errorText(thrown) });
      });
    },
  };
}
