import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { errorText } from '../base/errors.ts';
import { randomSuffix } from '../base/random.ts';
import { systemClock } from '../base/system-clock.ts';
import { systemRandom } from '../base/system-random.ts';
import type { ControllerHome, ControllerOptions } from '../cli/environment.ts';
import { createHealthMount, type ReadinessCheck } from '../server/health-mount.ts';
import { keepLogsDefault, startRetention } from '../logs/log-retention.ts';
import { LogArchive } from '../logs/log-archive.ts';
import type { Listener } from '../server/listener.ts';
import type { Logger } from '../telemetry/logger.ts';
import { createPrometheusMetrics, type PrometheusMetrics } from '../telemetry/prometheus-metrics.ts';
import { type Cluster, openCluster } from './cluster.ts';
import { ClusterControllers, type ClusterControllersOptions } from './cluster-controllers.ts';
import { ClusterWebhook, type ClusterWebhookOptions } from './cluster-webhook.ts';
import { ClusterHooks } from './cluster-hooks.ts';
import { serveLogs } from './cluster-logs.ts';
import type { ProcessEnvironment } from './environment.ts';
import { GitEvents, type GitEventsOptions } from './git-events.ts';
import { gitSurroundings } from './git-surroundings.ts';
import { listenOn } from './listen.ts';
import { noLogs, openLogStore } from './log-store.ts';
import { processLogger } from './logging.ts';
import { processTracer } from './tracing.ts';

/** Characters after the machine's name that make an identity unique. */
const identitySuffixLength = 8;

/** Starts the controllers of a cluster; they stand by until this process is the leader. */
export async function control(options: ControllerOptions, environment: ProcessEnvironment): Promise<ControllerHome> {
  const logger = await processLogger(environment, 'info');
  const metrics = createPrometheusMetrics({ processMetrics: true });
  const identity = `${hostname()}_${randomSuffix(systemRandom, identitySuffixLength)}`;
  // Each part that listens or waits keeps the process alive: when a later one is refused, all of them have to end.
  await using started = new AsyncDisposableStack();
  const home = await start(started, { options, environment, logger, metrics, identity });
  const running = started.move();
  return { ...home, identity, stop: () => running.disposeAsync() };
}

interface StartParts {
  readonly options: ControllerOptions;
  readonly environment: ProcessEnvironment;
  readonly logger: Logger;
  readonly metrics: PrometheusMetrics;
  readonly identity: string;
}

async function start(
  started: AsyncDisposableStack,
  { options, environment, logger, metrics, identity }: StartParts,
): Promise<Omit<ControllerHome, 'identity' | 'stop'>> {
  const logStore = await openLogStore(options.logs ?? noLogs, systemRandom);
  const tracer = await processTracer(environment, logger);
  const traced = tracer === undefined ? {} : { tracer };
  const cluster = await openCluster(options, environment);
  const { transport } = cluster;
  started.defer(() => transport.close());
  const kept = logStore === undefined ? {} : { logStore };
  const git = started.use(openGit(options, cluster, environment, { logger, metrics }));
  started.defer(() => tracer?.close());
  const controllers = createControllers(options, cluster, { logger, metrics, identity, git, ...kept, ...traced });
  const archived = logStore === undefined ? {} : { archive: new LogArchive(logStore, controllers.recording) };
  const webhook = createWebhook(options, cluster, { logger, metrics, ...archived });
  const hookParts = { transport, logger, ...archived };
  const hooks = await ClusterHooks.listen(options, git, hookParts);
  let hooksEnd: Promise<void> | undefined;
  const stopHooks = (): Promise<void> | undefined => (hooksEnd ??= hooks?.stop());
  started.defer(stopHooks);
  const readiness = (): readonly ReadinessCheck[] =>
    [controllers, webhook, hooks].flatMap((part) => part?.readiness() ?? []);
  const health = await serveHealth(options, readiness, metrics, logger);
  started.defer(() => health?.close());
  const logs = await serveLogs(options, logStore, controllers.recording, { transport, logger });
  started.defer(() => logs?.close());
  if (logStore !== undefined) started.defer(startRetention(logStore, keepLogsDefault, { clock: systemClock, logger }));
  // Last: the API asks until it has heard that this replica is going.
  started.defer(() => webhook?.stop());
  const stopping = new AbortController();
  // It waits for the API as long as it takes; only a stop ends that.
  hooks?.start().catch((thrown: unknown) => options.onFailure(toError(thrown)));
  webhook?.start().catch((thrown: unknown) => options.onFailure(toError(thrown)));
  const ended = controllers.run(stopping.signal).catch((thrown: unknown) => {
    options.onFailure(toError(thrown));
  });
  started.defer(async () => {
    stopping.abort();
    await Promise.all([stopHooks(), ended]);
  });
  return {
    server: cluster.server,
    ...(health === undefined ? {} : { healthUrl: health.url }),
    ...(logs === undefined ? {} : { logsUrl: logs.url }),
    ...(hooks === undefined ? {} : { hooksUrl: hooks.url }),
  };
}

function createControllers(
  { controllers, engine, namespace, lease, systemNamespace }: ControllerOptions,
  cluster: Cluster,
  parts: Pick<ClusterControllersOptions, 'logger' | 'metrics' | 'identity' | 'git' | 'logStore' | 'tracer'>,
): ClusterControllers {
  return new ClusterControllers({
    ...parts,
    transport: cluster.transport,
    clock: systemClock,
    random: systemRandom,
    controllers,
    engine,
    ...(namespace === undefined ? {} : { namespace }),
    ...(lease === undefined
      ? {}
      : {
          election: {
            lease: { name: lease.name, namespace: lease.namespace ?? systemNamespace ?? cluster.namespace },
            times: lease,
          },
        }),
  });
}

/** Copies of repositories behind SSH are kept in the folder for temporary files: they can be made again. */
function openGit(
  { systemNamespace }: ControllerOptions,
  { namespace }: Cluster,
  environment: ProcessEnvironment,
  parts: Pick<GitEventsOptions, 'logger' | 'metrics'>,
): GitEvents {
  return new GitEvents({
    ...parts,
    clock: systemClock,
    random: systemRandom,
    systemNamespace: systemNamespace ?? namespace,
    proxy: environment.proxy,
    git: { surroundings: gitSurroundings(environment), cache: join(tmpdir(), 'penstock') },
  });
}

function toError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(errorText(thrown));
}

function createWebhook(
  { webhook, systemNamespace, engine }: ControllerOptions,
  { transport, namespace }: Cluster,
  parts: Pick<ClusterWebhookOptions, 'logger' | 'metrics' | 'archive'>,
): ClusterWebhook | undefined {
  if (webhook === undefined) return undefined;
  const place = { ...webhook, namespace: systemNamespace ?? namespace };
  return new ClusterWebhook({ ...parts, ...place, transport, clock: systemClock, random: systemRandom, engine });
}

async function serveHealth(
  { health }: ControllerOptions,
  readiness: () => readonly ReadinessCheck[],
  metrics: PrometheusMetrics,
  logger: Logger,
): Promise<Listener | undefined> {
  if (health === undefined) return undefined;
  const mount = createHealthMount({ readiness, metrics, logger });
  return listenOn({ mount, ...health }, '--health-port');
}
