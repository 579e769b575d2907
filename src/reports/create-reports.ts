import type { Clock } from '../base/clock.ts';
import type { Random } from '../base/random.ts';
import type { ApiClient } from '../client/api-client.ts';
import type { ControllerHost, ControllerQueue, Lister } from '../controller/contract.ts';
import { accessOf, type ReadSecret } from '../forge/access/access-of.ts';
import { globalRepositoryOf } from '../forge/access/global-repository.ts';
import { withDefaults } from '../forge/access/with-defaults.ts';
import type { ForgeDirectory } from '../forge/forge-directory.ts';
import { type CommitStatus, commitStatuses } from '../forge/kinds/commit-status.ts';
import { liveSettings } from '../forge/kinds/live-settings.ts';
import { type Repository, repositories } from '../forge/kinds/repository.ts';
import { runAttemptOf } from '../forge/kinds/status-target.ts';
import { keyOf, type KubeObject } from '../kube/object.ts';
import { taskRuns } from '../tekton/types.ts';
import type { Logger } from '../telemetry/logger.ts';
import { type Metrics, noMetrics } from '../telemetry/metrics.ts';
import { podLogs, secretValuesBy, settingsData } from './api-reads.ts';
import { Certainty } from './certainty.ts';
import { DeliverReconciler } from './deliver-reconciler.ts';
import { DesireReconciler } from './desire-reconciler.ts';
import { type DetailsLinks, noDetails } from './details/details-links.ts';
import { Excerpts, type ReadLog } from './excerpts.ts';
import { ForgeTurns } from './forge-turns.ts';
import { NewestWritten } from './newest-written.ts';
import type { ReportedRepository } from './opened-forges.ts';
import { type ReportMetrics, reportMetrics } from './report-metrics.ts';
import { RepositoryHistory } from './repository-history.ts';
import { Sources } from './sources.ts';

/** Contexts whose wanted state is worked out at a time. */
const desireWorkers = 4;
/** Contexts that are brought to hosts at a time; to one host {@link turnsMax} of them. */
const deliverWorkers = 16;

/** What reports are made of. */
export interface ReportsOptions {
  readonly client: ApiClient;
  readonly host: ControllerHost;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly metrics?: Metrics;
  readonly forges: ForgeDirectory;
  /** Where the settings and the App's secret are. */
  readonly systemNamespace: string;
  readonly readSecret: ReadSecret;
  /** Reads logs of steps that have ended. Default: from their pods, by the API. */
  readonly readLog?: ReadLog;
  /** Makes links to Penstock's own pages. Default: there are none. */
  readonly details?: DetailsLinks;
  /** Writes Events. Default: nobody does. */
  readonly events?: { warn(about: KubeObject, reason: string, message: string): void };
}

/** Registers the two controllers of statuses with `host`: what is to be shown, and showing it. */
export function createReports(options: ReportsOptions): void {
  const { host, clock, metrics = noMetrics } = options;
  const statuses = host.informer(commitStatuses, { [pullRequestIndex]: pullRequestKeys });
  const counted = reportMetrics(metrics, { statuses: () => statuses.list(), now: () => clock.now() });
  const certainty = new Certainty(clock.now());
  const written = new NewestWritten();
  const parts = { ...options, statuses, counted, certainty, written, repositoryCache: host.informer(repositories) };
  const { desireQueue, sources } = registerDesire(parts);
  const deliverQueue = registerDeliver(parts);
  statuses.addHandler({
    added(object) {
      desireQueue.add(keyOf(object));
      deliverQueue.add(keyOf(object));
    },
    updated(previous, object) {
      // What was shown is no news to those who say what is to be shown.
      if (previous.metadata.generation !== object.metadata.generation) desireQueue.add(keyOf(object));
      deliverQueue.add(keyOf(object));
    },
    deleted(object) {
      written.gone(object.metadata.uid ?? '');
      const isMadeAgain = sources.of(keyOf(object)).length > 0;
      certainty.gone(keyOf(object), object.metadata.uid ?? '', isMadeAgain);
      if (isMadeAgain) desireQueue.add(keyOf(object));
    },
  });
}

/** What both controllers share. */
interface SharedParts extends ReportsOptions {
  readonly statuses: Lister<CommitStatus>;
  readonly repositoryCache: Lister<Repository>;
  readonly counted: ReportMetrics;
  readonly certainty: Certainty;
  readonly written: NewestWritten;
}

function registerDesire(parts: SharedParts): { readonly desireQueue: ControllerQueue; readonly sources: Sources } {
  const { client, host, clock, logger, statuses, counted, certainty, readLog = podLogs(client) } = parts;
  const { details = noDetails } = parts;
  const secretValues = secretValuesBy(client);
  const history = new RepositoryHistory({ client, logger, host });
  const desire = new DesireReconciler({
    client,
    clock,
    statuses,
    taskRuns: host.informer(taskRuns),
    repositories: parts.repositoryCache,
    globalRepository: () => globalRepositoryIn(parts),
    sourcesOf: (key) => sources.of(key),
    settings: liveSettings({ read: () => settingsData(client, parts.systemNamespace), clock, logger }),
    details,
    excerpts: new Excerpts({ clock, readLog, secretValues }),
    secretValues,
    written: parts.written,
    again: (key) => desireQueue.add(key),
    created: (key, uid, since) => certainty.made(key, uid, since),
    ended(run, repository, spec) {
      if (repository !== undefined) history.remember(repository, run, spec);
    },
  });
  const desireQueue = host.controller({ name: 'reports', reconciler: desire, workers: desireWorkers });
  const sources = new Sources(host, {
    changed: (key) => desireQueue.add(key),
    ended(key, run) {
      if ((statuses.get(key)?.spec.attempt ?? 0) > runAttemptOf(run)) counted.superseded();
    },
    gone: (key, run) => desire.lost(key, run),
  });
  return { desireQueue, sources };
}

function registerDeliver(parts: SharedParts): ControllerQueue {
  const { client, host, clock, random, logger, statuses, repositoryCache, counted, certainty } = parts;
  const { forges, events, systemNamespace, readSecret } = parts;
  const globalOf = (): Repository | undefined => globalRepositoryIn(parts);
  const deliver = new DeliverReconciler({
    client,
    clock,
    random,
    logger,
    statuses,
    repositoryOf: (object) => reportedRepository(object, repositoryCache, globalOf()),
    async open(repository, { installationId, forge }) {
      const globalRepository = globalOf();
      const access = await accessOf({
        repository,
        systemNamespace,
        readSecret,
        ...(globalRepository === undefined ? {} : { globalRepository }),
        ...(installationId === undefined ? {} : { installationId }),
        ...(forge === undefined ? {} : { forge }),
      });
      return forges.open(access);
    },
    isOvertaken: (object) => isOvertaken(object, statuses),
    turns: new ForgeTurns(clock, (key) => queue.add(key)),
    certainty,
    written: parts.written,
    metrics: counted,
    warn: (about, reason, message) => events?.warn(about, reason, message),
  });
  const queue = host.controller({ name: 'statuses', reconciler: deliver, workers: deliverWorkers });
  return queue;
}

function globalRepositoryIn({ repositoryCache, systemNamespace }: SharedParts): Repository | undefined {
  return globalRepositoryOf({ repositories: repositoryCache, systemNamespace });
}

function reportedRepository(
  { metadata, spec }: CommitStatus,
  cache: Lister<Repository>,
  globalRepository: Repository | undefined,
): ReportedRepository | undefined {
  const object = cache.get({ namespace: metadata.namespace ?? '', name: spec.repository });
  return object && { object, complete: withDefaults(object, globalRepository) };
}

const pullRequestIndex = 'reports/pull-request';

/** One value for each comment of a pull request that is kept up to date, whatever the commit. */
function pullRequestKeys({ metadata, spec }: CommitStatus): readonly string[] {
  const { project, context, pullRequest } = spec.report;
  if (pullRequest === undefined) return [];
  const about = spec.commentOnly === true ? ['comment', spec.comment?.marker ?? ''] : ['status', context];
  return [JSON.stringify([metadata.namespace, spec.repository, project.url, pullRequest.number, ...about])];
}

/** Whether a newer commit of the pull request has the same context: the comment that is kept up to date is its. */
function isOvertaken(object: CommitStatus, statuses: Lister<CommitStatus>): boolean {
  const [value] = pullRequestKeys(object);
  if (value === undefined) return false;
  const created = object.metadata.creationTimestamp ?? '';
  const others = statuses.byIndex(pullRequestIndex, value);
  return others.some(({ metadata }) => (metadata.creationTimestamp ?? '') > created);
}
