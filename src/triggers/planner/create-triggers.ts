/** From stored Deliveries to PipelineRuns: the controllers of this room. */
import type { Clock } from '../../base/clock.ts';
import type { Random } from '../../base/random.ts';
import type { ApiClient } from '../../client/api-client.ts';
import type { ControllerHost } from '../../controller/contract.ts';
import type { ReadSecret } from '../../forge/access/access-of.ts';
import type { ForgeDirectory } from '../../forge/forge-directory.ts';
import { commitStatuses } from '../../forge/kinds/commit-status.ts';
import { deliveries, type Delivery } from '../../forge/kinds/delivery.ts';
import { liveSettings } from '../../forge/kinds/live-settings.ts';
import { repositories } from '../../forge/kinds/repository.ts';
import { settingsConfigMap } from '../../forge/kinds/settings.ts';
import { isApiError } from '../../kube/api-error.ts';
import { configMaps } from '../../kube/core-types.ts';
import { keyOf } from '../../kube/object.ts';
import { pipelineRuns } from '../../tekton/types.ts';
import type { Logger } from '../../telemetry/logger.ts';
import { type Metrics, noMetrics } from '../../telemetry/metrics.ts';
import { KnownFolders } from '../resolve/known-folders.ts';
import type { RemoteFetcher } from '../resolve/remote-fetcher.ts';
import { DeliveryReconciler, isOver } from './delivery-reconciler.ts';
import { addressesOf, addressIndex } from './find-repository.ts';
import { GitAuthReconciler, needsGitAuth } from './git-auth-reconciler.ts';
import { deliveryIndexers, History, runIndexers, statusIndexers } from './history.ts';
import { KeepRunsReconciler } from './keep-runs.ts';
import { Locks } from './line-locks.ts';
import { plannerMetrics, unfinishedMetrics } from './planner-metrics.ts';
import type { PlannerParts } from './planner-parts.ts';
import { freshLister } from './recent-writes.ts';
import { repositoryEvents } from './repository-events.ts';

/** What {@link createTriggers} is made of. */
export interface TriggersOptions {
  readonly client: ApiClient;
  readonly host: ControllerHost;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly metrics?: Metrics;
  readonly forges: ForgeDirectory;
  /** Where Deliveries, settings and the shared secrets live. */
  readonly systemNamespace: string;
  readonly readSecret: ReadSecret;
  /** Reads Tasks and Pipelines that annotations name elsewhere. */
  readonly fetcher: RemoteFetcher;
  /** Deliveries worked on at a time. Default {@link deliveryWorkers}. */
  readonly workers?: number;
}

/** Deliveries that are worked on at a time: most of the time they wait for a host. */
export const deliveryWorkers = 16;
const smallWorkers = 2;

/** Registers the controllers with `host`, which starts and stops them. */
export function createTriggers(options: TriggersOptions): void {
  const { host, workers = deliveryWorkers, client, systemNamespace, clock, logger } = options;
  const settings = liveSettings({ read: () => readSettings(client, systemNamespace), clock, logger });
  const parts = plannerParts(options, () => settings.current());
  const reconciler = new DeliveryReconciler(parts, () => settings.refresh());
  const queue = host.controller({ name: 'deliveries', reconciler, workers, urgent: true });
  const take = (delivery: Delivery): void => {
    if (delivery.metadata.namespace === systemNamespace && !isOver(delivery)) queue.add(keyOf(delivery));
  };
  const cache = host.informer(deliveries);
  unfinishedMetrics(options.metrics ?? noMetrics, clock, () =>
    cache.list(systemNamespace).filter((each) => !isOver(each)),
  );
  cache.addHandler({ added: take, updated: (_previous, delivery) => take(delivery) });
  registerGitAuth(host, parts);
  registerKeepRuns(host, parts, () => settings.refresh());
}

async function readSettings(
  client: ApiClient,
  namespace: string,
): Promise<Readonly<Record<string, string>> | undefined> {
  try {
    return (await client.get(configMaps, { namespace, name: settingsConfigMap })).data;
  } catch (thrown) {
    if (isApiError(thrown, 'NotFound')) return undefined;
    throw thrown;
  }
}

function plannerParts(options: TriggersOptions, settings: PlannerParts['settings']): PlannerParts {
  const { host, client, clock, random, logger, metrics = noMetrics } = options;
  const { forges, systemNamespace, readSecret, fetcher } = options;
  const fresh = {
    deliveries: freshLister(host.informer(deliveries, deliveryIndexers), deliveryIndexers, clock),
    runs: freshLister(host.informer(pipelineRuns, runIndexers), runIndexers, clock),
    statuses: freshLister(host.informer(commitStatuses, statusIndexers), statusIndexers, clock),
  };
  return {
    ...{ client, clock, random, logger, forges, systemNamespace, readSecret, fetcher, settings },
    repositories: host.informer(repositories, { [addressIndex]: addressesOf }),
    deliveries: fresh.deliveries,
    runs: fresh.runs,
    history: new History(fresh),
    locks: new Locks(),
    folders: new KnownFolders(),
    metrics: plannerMetrics(metrics),
    events: repositoryEvents({ client, clock, logger }),
  };
}

function registerGitAuth(host: ControllerHost, parts: PlannerParts): void {
  const reconciler = new GitAuthReconciler(parts, host.informer(pipelineRuns));
  const queue = host.controller({ name: 'git-auth', reconciler, workers: smallWorkers });
  host.informer(pipelineRuns).addHandler({
    added: (run) => {
      if (needsGitAuth(run)) queue.add(keyOf(run));
    },
  });
}

function registerKeepRuns(host: ControllerHost, parts: PlannerParts, refresh: () => Promise<void>): void {
  const reconciler = new KeepRunsReconciler(parts, {
    runs: host.informer(pipelineRuns),
    statuses: host.informer(commitStatuses),
    refreshSettings: refresh,
  });
  reconciler.register(host);
}
