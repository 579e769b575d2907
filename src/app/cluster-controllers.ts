import { AbortedError, type Clock } from '../base/clock.ts';
import type { Random } from '../base/random.ts';
import type { ControllerName } from '../cli/environment.ts';
import type { ApiClient } from '../client/api-client.ts';
import { createClient } from '../client/client.ts';
import { callMetrics } from '../client/call-metrics.ts';
import { callSpans } from '../client/call-spans.ts';
import { allObservers, type CallObserver, observeCalls } from '../client/observed-calls.ts';
import { FlowControl } from '../client/flow-control.ts';
import { LeaderElection } from '../controller/leader-election.ts';
import type { ElectionTimes } from '../controller/lease-record.ts';
import { observeManager } from '../controller/manager-metrics.ts';
import { Manager } from '../controller/manager.ts';
import { fencedTransport, type WriteFence } from '../controller/write-fence.ts';
import { createEngine } from '../engine/engine.ts';
import { eventRecorder } from '../engine/warning-recorder.ts';
import { createGate, type RunningGate } from '../gate/create-gate.ts';
import type { ObjectKey } from '../kube/object.ts';
import type { Transport } from '../kube/transport.ts';
import type { BlobStore } from '../logs/blob-store.ts';
import { LogArchive, type RecordingLogs } from '../logs/log-archive.ts';
import { LogKeeper } from '../logs/log-keeper.ts';
import type { ReadinessCheck } from '../server/health-mount.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { Tracer } from '../telemetry/tracing.ts';
import type { GitEvents } from './git-events.ts';
import { observeFlow } from './flow-metrics.ts';

/** A replica that has not heard of the lease for so long cannot reach the API, in milliseconds. */
export const leaseSilenceMsMax = 60_000;

/** What {@link ClusterControllers} are made of. */
export interface ClusterControllersOptions {
  /** To the API server, in this process or another. */
  readonly transport: Transport;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly tracer?: Tracer;
  readonly controllers: readonly ControllerName[];
  /** `tekton`: PipelineRuns and TaskRuns are run by a Tekton that is installed; the engine stays away. */
  readonly engine: 'penstock' | 'tekton';
  readonly namespace?: string;
  /** Where logs of steps are kept beyond the end of their pods; absent = nowhere. */
  readonly logStore?: BlobStore;
  /** What there is to do with Git hosts; absent = nothing. Who passes it closes it. */
  readonly git?: GitEvents;
  /** Names this process in the lease, differently from every other one that ever was. */
  readonly identity: string;
  /** Absent: no election; this process leads as long as it runs. */
  readonly election?: { readonly lease: ObjectKey; readonly times: ElectionTimes };
}

/**
 * The controllers of one replica on a cluster. While it leads, a manager runs them; when leadership is lost, the manager is
 * stopped and thrown away with all it knew, and the replica stands by for the next term.
 */
export class ClusterControllers {
  readonly #options: ClusterControllersOptions;
  readonly #flow: FlowControl;
  readonly #election: LeaderElection | undefined;
  readonly #observer: CallObserver | undefined;
  #manager: Manager | undefined;
  #keeper: LogKeeper | undefined;
  #gate: RunningGate | undefined;
  /** The logs that are being recorded here: none while this replica stands by. */
  readonly recording: RecordingLogs = {
    recording: (namespace, taskRun) => this.#keeper?.recording(namespace, taskRun) ?? [],
    recorderOf: (log) => this.#keeper?.recorderOf(log),
  };

  constructor(options: ClusterControllersOptions) {
    const { transport, clock, random, logger, metrics, identity, election } = options;
    this.#options = options;
    this.#flow = new FlowControl({ clock, random });
    const client = createClient(this.#flow.measured(transport));
    this.#election = election && new LeaderElection({ client, clock, random, logger, identity, ...election });
    observeFlow(metrics, this.#flow);
    observeManager(metrics, () => this.#manager?.status());
    const { tracer } = options;
    this.#observer = allObservers(callMetrics(metrics, clock), tracer && callSpans(tracer));
    metrics.readGauge({
      name: 'penstock_leader',
      help: 'Whether this process runs the controllers: 1, or stands by: 0',
      read: () => (this.#manager === undefined ? 0 : 1),
    });
  }

  /** Runs until `signal` aborts, and then until everything has stopped. Rejects only by a bug. */
  async run(signal: AbortSignal): Promise<void> {
    const { transport } = this.#options;
    if (this.#election === undefined) return this.#lead(transport, signal);
    return this.#election.run(signal, ({ fence, signal: ended }) =>
      this.#lead(fencedTransport(transport, fence), ended, fence),
    );
  }

  /** Whether this replica is of use: as leader with its caches filled, or standing by and hearing of the lease. */
  readiness(): readonly ReadinessCheck[] {
    const election = this.#election === undefined ? [] : [this.#electionCheck(this.#election)];
    const manager = this.#manager;
    if (manager === undefined) return [...election, this.#standby()];
    const waiting = manager.status().caches.filter(({ synced }) => !synced);
    const detail = waiting.length === 0 ? 'synced' : `waiting for ${waiting.map(({ type }) => type).join(', ')}`;
    return [...election, { name: 'caches', ok: waiting.length === 0, detail }];
  }

  #standby(): ReadinessCheck {
    const detail = this.#election === undefined ? 'stopped' : 'standing by';
    return { name: 'controllers', ok: this.#election !== undefined, detail };
  }

  #electionCheck(election: LeaderElection): ReadinessCheck {
    const { leader, heardMsAgo } = election.status();
    const heard = heardMsAgo !== undefined && heardMsAgo < leaseSilenceMsMax;
    const detail = leader === '' ? 'nobody leads' : `the leader is ${leader}`;
    return { name: 'lease', ok: heard, detail: heard ? detail : 'the lease has not been read for a while' };
  }

  async #lead(transport: Transport, signal: AbortSignal, fence?: WriteFence): Promise<void> {
    const { clock, random, logger, metrics, namespace, git } = this.#options;
    const client = createClient(this.#flow.wrap(observeCalls(transport, this.#observer)));
    const { tracer } = this.#options;
    const traced = tracer === undefined ? {} : { tracer };
    const manager = new Manager({
      ...traced,
      client,
      clock,
      random,
      logger,
      metrics,
      dropManagedFields: true,
      places: git?.places ?? [],
      ...(namespace === undefined ? {} : { namespace }),
    });
    const keeper = this.#register(manager, client, fence);
    this.#manager = manager;
    this.#keeper = keeper;
    try {
      await manager.start(signal).catch((thrown: unknown) => {
        // Stopped before its caches had synced.
        if (!(thrown instanceof AbortedError)) throw thrown;
      });
      await aborted(signal);
    } finally {
      await manager.stop();
      await keeper?.stop();
      this.#gate?.stop();
      this.#gate = undefined;
      this.#keeper = undefined;
      this.#manager = undefined;
    }
  }

  /** Answers who keeps the logs, if somebody does. */
  #register(manager: Manager, client: ApiClient, fence: WriteFence | undefined): LogKeeper | undefined {
    const { clock, random, logger, metrics, controllers, engine, logStore, git } = this.#options;
    const recorder = eventRecorder({ client, clock, logger });
    const parts = { client, clock, logger };
    const archive = logStore && new LogArchive(logStore, this.recording);
    git?.register({
      ...{ client, host: manager, names: controllers, events: recorder },
      ...(archive ? { archive } : {}),
      ...(fence ? { fence } : {}),
    });
    if (controllers.includes('gate')) {
      this.#gate = createGate({ ...parts, host: manager, metrics, api: this.#flow });
    }
    if (!controllers.includes('engine') || engine !== 'penstock') return undefined;
    const keeper = logStore && new LogKeeper({ ...parts, random, metrics, store: logStore });
    // The keeper first: it is to see a pod before the engine may let it go.
    keeper?.register(manager);
    const logKeeper = keeper === undefined ? {} : { logKeeper: keeper };
    const { tracer } = this.#options;
    const traced = tracer === undefined ? {} : { tracer };
    createEngine({ ...parts, ...logKeeper, ...traced, random, recorder, metrics }).register(manager);
    return keeper;
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
