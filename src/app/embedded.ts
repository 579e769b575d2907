import { createApiServer, type ApiServer } from '../apiserver/api-server.ts';
import type { Clock } from '../base/clock.ts';
import type { Random } from '../base/random.ts';
import { type ControllerName, controllerNames } from '../cli/environment.ts';
import type { ApiClient } from '../client/api-client.ts';
import { callSpans } from '../client/call-spans.ts';
import { FlowControl } from '../client/flow-control.ts';
import { callMetrics } from '../client/call-metrics.ts';
import { createClient } from '../client/client.ts';
import { allObservers, observeCalls as observed } from '../client/observed-calls.ts';
import { observeManager } from '../controller/manager-metrics.ts';
import { Manager } from '../controller/manager.ts';
import { createEngine, type EngineOptions } from '../engine/engine.ts';
import { eventRecorder } from '../engine/warning-recorder.ts';
import { createNodeAgent } from '../executor/node-agent/node-agent.ts';
import { terminationMessageBytesMax } from '../executor/node-agent/termination-message.ts';
import type { ContainerRuntime } from '../executor/runtime/container-runtime.ts';
import { gateAdmission } from '../gate/admission.ts';
import type { ApiHealth } from '../gate/cluster-signs.ts';
import { createGate } from '../gate/create-gate.ts';
import { gates } from '../gate/types.ts';
import type { AdmissionPlugin } from '../kube/admission.ts';
import { pods } from '../kube/core-types.ts';
import type { Transport } from '../kube/transport.ts';
import type { UserInfo } from '../kube/user.ts';
import type { BlobStore } from '../logs/blob-store.ts';
import type { LogArchive } from '../logs/log-archive.ts';
import type { LogKeeper } from '../logs/log-keeper.ts';
import type { Store } from '../store/store.ts';
import { tektonAdmission } from '../tekton/admission.ts';
import type { Logger } from '../telemetry/logger.ts';
import { type Metrics, noMetrics } from '../telemetry/metrics.ts';
import { observeMachine } from './machine-metrics.ts';
import type { Tracer } from '../telemetry/tracing.ts';
import type { GitEvents } from './git-events.ts';
import { LateAdmission, LateLogs } from './late-parts.ts';
import { localPlacement } from './local-placement.ts';
import { servedKinds } from '../schema/served-kinds.ts';

/** The node that is this machine. */
export const localNodeName = 'penstock';

/** What an embedded Penstock is made of. */
export interface EmbeddedOptions {
  readonly store: Store;
  readonly runtime: ContainerRuntime;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Where pods, logs and volumes live. Needed unless the runtime uses no directories. */
  readonly directory?: string;
  readonly claimDirectories?: ReadonlyMap<string, string>;
  readonly authenticate?: (token: string) => UserInfo | undefined;
  readonly engine?: EngineOptions;
  /** Those that run here; all by default. The rules of the API hold without them. */
  readonly controllers?: readonly ControllerName[];
  readonly maxPods?: number;
  /** Counts and measures what the controllers and gates do; by default nothing does. */
  readonly metrics?: Metrics;
  /** Told of runs, reconciles and calls; by default nobody is. */
  readonly tracer?: Tracer;
  /** Where logs of steps are kept beyond the end of their pods; absent = nowhere. */
  readonly logStore?: BlobStore;
  /** What there is to do with Git hosts, and with it the rules of Repositories; absent = nothing. Who passes it closes it. */
  readonly git?: GitEvents;
  /** Sees every call of the controllers and of the node agent, each through a transport of its own; for benchmarks. */
  readonly observeCalls?: (transport: Transport, caller: EmbeddedCaller) => Transport;
}

/** Who calls the API from within. The caches that all share are the controllers'. */
export type EmbeddedCaller = 'controllers' | 'gate' | 'node agent';

/** A Penstock in this process: API server, controllers and node agent, joined without sockets. */
export interface Embedded {
  readonly server: ApiServer;
  readonly client: ApiClient;
  readonly manager: Manager;
  readonly notices: readonly string[];
  /** The logs of steps, also of pods that are gone; absent = they are not kept. */
  readonly logs?: LogArchive;
  /** Ends controllers and steps and closes the store. What ran is reported lost by the next one on the same store. */
  stop(): Promise<void>;
}

/** Starts an embedded Penstock on `store`, which may hold the objects of an earlier one. */
export async function startEmbedded(options: EmbeddedOptions): Promise<Embedded> {
  const { store, clock, random, logger, authenticate, metrics = noMetrics } = options;
  const logs = new LateLogs();
  const lateGate = new LateAdmission('gate');
  const lateTriggers = new LateAdmission('triggers');
  const server = createApiServer({
    store,
    clock,
    random,
    logger,
    kinds: servedKinds,
    admission: [tektonAdmission(), lateGate, lateTriggers, localPlacement(localNodeName)],
    podLogs: logs,
    ...(authenticate ? { authenticate } : {}),
  });
  await server.start();
  const api = apiWithin(server, options);
  const client = api.clientOf('controllers');
  const traced = options.tracer === undefined ? {} : { tracer: options.tracer };
  const manager = new Manager({ client, clock, random, logger, metrics, ...traced });
  observeManager(metrics, () => manager.status());
  observeMachine(metrics, store, manager.informer(pods));
  // Loaded only where logs are kept: a run on a person's machine is to start at once.
  const kept = options.logStore && (await import('./step-logs.ts')).keepLogs({ ...options, client }, options.logStore);
  lateGate.plugin = registerControllers(options, api, manager, kept?.keeper);
  lateTriggers.plugin = registerGit(options, client, manager, kept?.archive);
  const agent = createNodeAgent({
    ...options,
    client: api.clientOf('node agent'),
    host: manager,
    nodeName: localNodeName,
  });
  logs.source = agent.podLogs;
  const [notices] = await Promise.all([agent.start(), manager.start()]);
  const stop = async (): Promise<void> => {
    await Promise.all([manager.stop(), agent.stop()]);
    await kept?.keeper.stop();
    await server.stop();
    await store.close();
  };
  return { server, client, manager, notices, stop, ...(kept === undefined ? {} : { logs: kept.archive }) };
}

/** The API as those within reach it, counted, traced and measured as the options ask. */
interface ApiWithin {
  readonly clientOf: (caller: EmbeddedCaller) => ApiClient;
  readonly health: ApiHealth;
}

function apiWithin(server: ApiServer, options: EmbeddedOptions): ApiWithin {
  const { clock, random, metrics, tracer, observeCalls } = options;
  const observers = allObservers(metrics && callMetrics(metrics, clock), tracer && callSpans(tracer));
  const health = new FlowControl({ clock, random });
  // Measured only: an API in this process has no need of calls that wait for their turn.
  const transport = health.measured(observed(server.handle, observers));
  return { clientOf: (caller) => createClient(observeCalls ? observeCalls(transport, caller) : transport), health };
}

/** Gives the controllers that run here to `manager`; returns the gate's rules, which hold without its controller too. */
function registerControllers(
  options: EmbeddedOptions,
  { clientOf, health }: ApiWithin,
  manager: Manager,
  keeper: LogKeeper | undefined,
): AdmissionPlugin {
  const { clock, random, logger, metrics = noMetrics, controllers = controllerNames } = options;
  if (controllers.includes('engine')) {
    const client = clientOf('controllers');
    const recorder = eventRecorder({ client, clock, logger });
    const engineOptions = withLocalLimits(options.runtime, options.engine);
    const parts = { client, clock, random, logger, recorder, options: engineOptions };
    // The keeper first: it is to see a pod before the engine may let it go.
    keeper?.register(manager);
    const { metrics: measuring, tracer } = options;
    const measured = { ...(measuring ? { metrics: measuring } : {}), ...(tracer ? { tracer } : {}) };
    createEngine({ ...parts, ...measured, ...(keeper === undefined ? {} : { logKeeper: keeper }) }).register(manager);
  }
  if (controllers.includes('gate')) {
    return createGate({ client: clientOf('gate'), host: manager, clock, logger, metrics, api: health }).admission;
  }
  const known = manager.informer(gates);
  return gateAdmission(() => known.list());
}

/** Gives the controllers of Git events that run here to `manager`; returns the rules of Repositories, which hold without them. */
function registerGit(
  { git, clock, logger, controllers: names = controllerNames }: EmbeddedOptions,
  client: ApiClient,
  host: Manager,
  archive: LogArchive | undefined,
): AdmissionPlugin | undefined {
  const events = eventRecorder({ client, clock, logger });
  git?.register({ client, host, names, events, ...(archive === undefined ? {} : { archive }) });
  return git?.admission(host);
}

/**
 * Here is one node. Results travel by a file of it: they may be as large as the node agent lets them. Where images are not
 * used every step finds the machine's shell, so none has to be brought along.
 */
function withLocalLimits(runtime: ContainerRuntime, options: EngineOptions = {}): EngineOptions {
  const limits = { terminationMessageBytesMax, podMessageBytesMax: terminationMessageBytesMax };
  const shell = runtime.name === 'process' ? { shell: '/bin/sh' } : {};
  return { ...options, taskRun: { ...limits, ...shell, severalNodes: false, ...options.taskRun } };
}
