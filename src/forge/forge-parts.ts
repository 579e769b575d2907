import type { Clock } from '../base/clock.ts';
import type { Random } from '../base/random.ts';
import type { FetchLike } from '../net/outgoing-fetch.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { ForgeAccess } from './forge-directory.ts';
import type { Forge } from './forge.ts';

/** What a forge is made of. */
export interface ForgeParts {
  readonly access: ForgeAccess;
  /**
   * Within the budget of the credential and the limits of net; repeats reads, and what was refused for the host's limits.
   * Libraries get it as theirs and must not wait or repeat by themselves.
   */
  readonly fetch: FetchLike;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

/** Makes the forge of one kind of host; sends nothing yet. */
export type CreateForge = (parts: ForgeParts) => Forge;
