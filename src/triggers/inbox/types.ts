import type { Clock } from '../../base/clock.ts';
import type { Random } from '../../base/random.ts';
import type { ApiClient } from '../../client/api-client.ts';
import type { Lister } from '../../controller/contract.ts';
import type { ReadSecret } from '../../forge/access/access-of.ts';
import type { Repository } from '../../forge/kinds/repository.ts';
import type { WebhookFormat } from '../../forge/webhook-format.ts';
import type { Logger } from '../../telemetry/logger.ts';
import type { Metrics } from '../../telemetry/metrics.ts';
import type { SecretMemory } from './secret-memory.ts';

/** What an inbox is made of. */
export interface InboxOptions {
  /** Answers writes when they are on disk; the embedded API server does so through `handleAs`, not through `handle`. */
  readonly client: ApiClient;
  /** Where Deliveries and the shared secrets live. */
  readonly systemNamespace: string;
  readonly formats: readonly WebhookFormat[];
  readonly repositories: Lister<Repository>;
  readonly readSecret: ReadSecret;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly metrics?: Metrics;
}

/** What the parts of the inbox work with. */
export interface InboxParts extends Omit<InboxOptions, 'readSecret' | 'metrics'> {
  readonly memory: SecretMemory;
}

/** What became of a request; `source` where it is known better than from the path. */
export type InboxOutcome = { readonly source?: string } & (
  | { readonly result: 'accepted' | 'duplicate'; readonly delivery: string }
  | { readonly result: 'ignored'; readonly reason: string }
  | { readonly result: 'forged' | 'unavailable' | 'failed' }
  | {
      readonly result: 'refused';
      readonly status: 400 | 403 | 404 | 409 | 413;
      readonly message: string;
      readonly field?: string;
    }
);
