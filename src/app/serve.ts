import { rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { systemClock } from '../base/system-clock.ts';
import { systemRandom } from '../base/system-random.ts';
import type { ServeOptions, ServedHome } from '../cli/environment.ts';
import { keepLogsDefault, startRetention } from '../logs/log-retention.ts';
import { withLogs } from '../logs/log-route.ts';
import type { UserInfo } from '../kube/user.ts';
import { createApiMount } from '../server/api-mount.ts';
import { kubeconfigFor } from '../server/kubeconfig.ts';
import type { Listener } from '../server/listener.ts';
import { type MetricsText, withMetrics } from '../server/metrics-path.ts';
import { startCompaction } from '../store/compaction.ts';
import { openSqliteStore } from '../store/sqlite-store.ts';
import { type Credentials, isSameToken, loadCredentials } from './credentials.ts';
import { type Embedded, startEmbedded } from './embedded.ts';
import type { ProcessEnvironment } from './environment.ts';
import { listenOn } from './listen.ts';
import { hooksUrlFile } from './cluster.ts';
import { openLogStore } from './log-store.ts';
import { listenForHooks, openServedGit } from './served-git.ts';
import { processLogger } from './logging.ts';
import { makePrivateFolder, writePrivateFile } from './private-files.ts';
import type { Logger } from '../telemetry/logger.ts';
import { ownProcessFacts, sweepRunFolders } from './run-folder.ts';
import { processTracer } from './tracing.ts';
import { checkRuntime, createRuntime } from './runtime.ts';

const administrator: UserInfo = { name: 'penstock-admin', groups: ['system:masters', 'system:authenticated'] };

/** Starts the embedded server with all its data in `options.directory`, and writes `kubeconfig` there once it is ready. */
export async function serve(options: ServeOptions, environment: ProcessEnvironment): Promise<ServedHome> {
  const directory = resolve(options.directory);
  checkRuntime(options.runtime);
  const logger = await processLogger(environment, 'info');
  makePrivateFolder(directory);
  // What has started, in the order in which it starts. Each part that listens or waits keeps the process alive: whatever
  // is refused later, all of them have to end.
  await using started = new AsyncDisposableStack();
  const home = await start(started, { options, environment, directory, logger });
  const running = started.move();
  return { ...home, stop: () => running.disposeAsync() };
}

interface StartParts {
  readonly options: ServeOptions;
  readonly environment: ProcessEnvironment;
  readonly directory: string;
  readonly logger: Logger;
}

async function start(
  started: AsyncDisposableStack,
  { options, environment, directory, logger }: StartParts,
): Promise<Omit<ServedHome, 'stop'>> {
  const parts = { clock: systemClock, random: systemRandom, logger };
  const tracer = await processTracer(environment, logger);
  started.defer(() => tracer?.close());
  // The store locks the folder: from here on it is ours.
  const store = openSqliteStore({
    directory,
    clock: systemClock,
    logger,
    onFailure: (error) => options.onFailure(error),
  });
  started.defer(() => store.close());
  const kubeconfig = join(directory, 'kubeconfig');
  const forgetAddresses = (): void => {
    rmSync(kubeconfig, { force: true });
    rmSync(hooksUrlFile(kubeconfig), { force: true });
  };
  forgetAddresses();
  const credentials = loadCredentials(directory, options.host, systemClock.now());
  // Loaded here: a command that runs and ends has nobody who would ask for measurements.
  const { createPrometheusMetrics } = await import('../telemetry/prometheus-metrics.ts');
  const metrics = createPrometheusMetrics({ processMetrics: true });
  const logStore = await openLogStore(options.logs ?? join(directory, 'step-logs'), systemRandom);
  const git = started.use(openServedGit({ ...parts, metrics }, directory, credentials, environment));
  const embedded = await startEmbedded({
    ...parts,
    ...(tracer === undefined ? {} : { tracer }),
    ...(logStore === undefined ? {} : { logStore }),
    store,
    metrics,
    git,
    runtime: createRuntime({ ...parts, directory, environment }, { ownTools: false }),
    directory,
    controllers: options.controllers,
    authenticate: (token) => (isSameToken(token, credentials.token) ? administrator : undefined),
  });
  started.defer(() => embedded.stop());
  started.defer(startCompaction(store, { clock: systemClock }));
  if (logStore !== undefined) started.defer(startRetention(logStore, keepLogsDefault, parts));
  const listener = await listen(embedded, metrics, credentials, options, logger);
  started.defer(() => listener.close());
  const hooks = await listenForHooks(git, embedded, options.hooks, logger);
  started.defer(() => hooks?.close());
  const hooksUrl = hooks && `${hooks.url}/hooks`;
  started.defer(forgetAddresses);
  if (hooksUrl !== undefined) writePrivateFile(hooksUrlFile(kubeconfig), `${hooksUrl}\n`);
  writeKubeconfig(kubeconfig, listener, credentials);
  void sweepRunFolders(ownProcessFacts());
  const { notices } = embedded;
  return { url: listener.url, kubeconfig, ...(hooksUrl === undefined ? {} : { hooksUrl }), notices };
}

async function listen(
  { server, logs }: Embedded,
  metrics: MetricsText,
  { certificate }: Credentials,
  { host, port }: ServeOptions,
  logger: Logger,
): Promise<Listener> {
  const mount = createApiMount({
    transportFor(token) {
      const api = server.transportFor(token);
      return api && withMetrics(logs === undefined ? api : withLogs(api, logs), metrics);
    },
    logger,
  });
  return listenOn({ mount, host, port, certificate }, '--port');
}

function writeKubeconfig(path: string, listener: Listener, { certificate, token }: Credentials): void {
  const config = kubeconfigFor({ url: listener.url, certificateAuthority: certificate.certificate, token });
  writePrivateFile(path, `${JSON.stringify(config, undefined, 2)}\n`);
}
