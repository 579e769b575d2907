import type { Clock } from '../../base/clock.ts';
import type { Random } from '../../base/random.ts';
import type { ApiClient } from '../../client/api-client.ts';
import type { ReadSecret } from '../../forge/access/access-of.ts';
import type { ForgeDirectory } from '../../forge/forge-directory.ts';
import type { Delivery } from '../../forge/kinds/delivery.ts';
import type { Repository } from '../../forge/kinds/repository.ts';
import type { Settings } from '../../forge/kinds/settings.ts';
import type { Lister } from '../../controller/contract.ts';
import type { PipelineRun } from '../../tekton/types.ts';
import type { Logger } from '../../telemetry/logger.ts';
import type { KnownFolders } from '../resolve/known-folders.ts';
import type { RemoteFetcher } from '../resolve/remote-fetcher.ts';
import type { History } from './history.ts';
import type { Locks } from './line-locks.ts';
import type { PlannerMetrics } from './planner-metrics.ts';
import type { FreshLister } from './recent-writes.ts';
import type { RepositoryEvents } from './repository-events.ts';

/** What every part of the planner works with. */
export interface PlannerParts {
  readonly client: ApiClient;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly forges: ForgeDirectory;
  readonly systemNamespace: string;
  readonly readSecret: ReadSecret;
  /** Reads what annotations name elsewhere. */
  readonly fetcher: RemoteFetcher;
  /** `.tekton` folders that were read lately. */
  readonly folders: KnownFolders;
  /** As they are in force now. */
  readonly settings: () => Settings;
  readonly repositories: Lister<Repository>;
  readonly deliveries: FreshLister<Delivery>;
  readonly runs: FreshLister<PipelineRun>;
  readonly history: History;
  /** By `namespace/name` of Repositories. */
  readonly locks: Locks;
  readonly metrics: PlannerMetrics;
  readonly events: RepositoryEvents;
}
