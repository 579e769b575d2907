import { type Clock, fromRfc3339 } from '../base/clock.ts';
import type { Random } from '../base/random.ts';
import type { ApiClient } from '../client/api-client.ts';
import type { ControllerHost, Lister } from '../controller/contract.ts';
import { accessOf, type ReadSecret } from '../forge/access/access-of.ts';
import { withDefaults } from '../forge/access/with-defaults.ts';
import type { ForgeDirectory } from '../forge/forge-directory.ts';
import { type CommitStatus, commitStatuses } from '../forge/kinds/commit-status.ts';
import { type Repository, repositories } from '../forge/kinds/repository.ts';
import { runAttemptOf } from '../forge/kinds/status-target.ts';
import { isApiError } from '../kube/api-error.ts';
import { secrets } from '../kube/core-types.ts';
import { keyOf, keyText, type KubeObject } from '../kube/object.ts';
import { taskRuns } from '../tekton/types.ts';
import type { Logger } from '../telemetry/logger.ts';
import { type Metrics, noMetrics } from '../telemetry/metrics.ts';
import { Certainty } from './certainty.ts';
import { DeliverReconciler, type ReportedRepository } from './deliver-reconciler.ts';
import { DesireReconciler } from './desire-reconciler.ts';
import { Excerpts, type ReadLog } from './excerpts.ts';
import { ForgeTurns } from './forge-turns.ts';
import { LiveSettings } from './live-settings.ts';
import { reportMetrics } from './report-metrics.ts';
import { rememberRun } from './repository-history.ts';
import type { SecretValues } from './run-secrets.ts';
import { Sources } from './sources.ts';

/** Contexts whose wanted state is worked out at a time. */
const desireWorkers = 4;
/** Contexts that are brought to hosts at a time; to one host {@link turnsMax} of them. */
const deliverWorkers = 16;

/** Name of the Repository in the system namespace that others take their defaults from. */
const globalRepositoryName = 'pipelines-as-code';

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
  /** Writes Events. Default: nobody does. */
  readonly events?: { warn(about: KubeObject, reason: string, message: string): void };
}

/** Registers the two controllers of statuses with `host`: what is to be shown, and showing it. */
export function createReports(options: ReportsOptions): void {
  const { client, host, clock, random, logger, metrics = noMetrics } = options;
  const statuses = host.informer(commitStatuses, { [pullRequestIndex]: pullRequestKeys });
  const repositoryCache = host.informer(repositories);
  const counted = reportMetrics(metrics, { statuses: () => statuses.list(), now: () => clock.now() });
  const certainty = new Certainty();
  /** Those that somebody deleted while there is something to say: they may have been posted before. */
  const remade = new Set<string>();
  // Of what is older than this process nobody knows whether a CommitStatus was deleted before. Whole seconds, as the API has.
  const startMs = Math.floor(clock.now() / 1000) * 1000;
  const secretValues = secretValuesBy(client);
  const { readLog = podLogs(client) } = options;

  const desire = new DesireReconciler({
    client,
    clock,
    statuses,
    taskRuns: host.informer(taskRuns),
    repositories: repositoryCache,
    sourcesOf: (key) => sources.of(key),
    settings: new LiveSettings(options),
    excerpts: new Excerpts({ clock, readLog, secretValues }),
    secretValues,
    again: (key) => desireQueue.add(key),
    created(key, uid, since) {
      const isNew = (fromRfc3339(since) ?? 0) >= startMs;
      if (!remade.delete(keyText(key)) && isNew) certainty.trust(uid);
    },
    ended(run, repository, spec) {
      if (repository !== undefined) void rememberRun({ client, logger }, repository, run, spec);
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

  const globalOf = (): Repository | undefined =>
    repositoryCache.get({ namespace: options.systemNamespace, name: globalRepositoryName });
  const deliver = new DeliverReconciler({
    client,
    clock,
    random,
    logger,
    statuses,
    repositoryOf: (object) => reportedRepository(object, repositoryCache, globalOf()),
    open: async (repository, installationId) =>
      options.forges.open(await accessOf(accessRequest(options, repository, globalOf(), installationId))),
    isOvertaken: (object) => isOvertaken(object, statuses),
    turns: new ForgeTurns(clock, (key) => deliverQueue.add(key)),
    certainty,
    metrics: counted,
    warn: (about, reason, message) => options.events?.warn(about, reason, message),
  });
  const deliverQueue = host.controller({ name: 'statuses', reconciler: deliver, workers: deliverWorkers });

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
      certainty.doubt(object.metadata.uid ?? '');
      if (sources.of(keyOf(object)).length === 0) return;
      remade.add(keyText(keyOf(object)));
      desireQueue.add(keyOf(object));
    },
  });
}

function accessRequest(
  { systemNamespace, readSecret }: ReportsOptions,
  repository: Repository,
  globalRepository: Repository | undefined,
  installationId: number | undefined,
): Parameters<typeof accessOf>[0] {
  return {
    repository,
    systemNamespace,
    readSecret,
    ...(globalRepository === undefined ? {} : { globalRepository }),
    ...(installationId === undefined ? {} : { installationId }),
  };
}

function reportedRepository(
  { metadata, spec }: CommitStatus,
  cache: Lister<Repository>,
  globalRepository: Repository | undefined,
): ReportedRepository | undefined {
  const object = cache.get({ namespace: metadata.namespace ?? '', name: spec.repository });
  return object && { object, spec: withDefaults(object, globalRepository).spec };
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

function secretValuesBy(client: ApiClient): SecretValues {
  return async (namespace, name) => {
    try {
      const { data = {} } = await client.get(secrets, { namespace, name });
      return Object.values(data).map((value) => Buffer.from(value, 'base64').toString('utf8'));
    } catch (thrown) {
      if (isApiError(thrown, 'NotFound')) return [];
      throw thrown;
    }
  };
}

/** Logs of pods that are still there. */
function podLogs(client: ApiClient): ReadLog {
  return async ({ namespace, podName, container, tailLines, bytesMax }, signal) => {
    const chunks: Uint8Array[] = [];
    const options = { container, tailLines, limitBytes: bytesMax, signal };
    for await (const chunk of client.podLog({ namespace, name: podName }, options)) chunks.push(chunk);
    return Buffer.concat(chunks).toString('utf8');
  };
}
