/**
 * A Git host, an API server with nodes, and a Penstock between them that can be killed at any boundary and started again.
 * In virtual time with the embedded API server; in real time with a real one.
 */
import assert from 'node:assert/strict';
import { setTimeout as wait } from 'node:timers/promises';
import { createApiServer } from '../../../src/apiserver/api-server.ts';
import type { Clock } from '../../../src/base/clock.ts';
import { seededRandom } from '../../../src/base/random.ts';
import { systemClock } from '../../../src/base/system-clock.ts';
import { VirtualClock } from '../../../src/base/virtual-clock.ts';
import type { ApiClient } from '../../../src/client/api-client.ts';
import { createClient } from '../../../src/client/client.ts';
import type { ContainerPlan } from '../../../src/executor/runtime/container-runtime.ts';
import type { SimulatedBehaviour } from '../../../src/executor/simulated/simulated-runtime.ts';
import type { Project } from '../../../src/forge/git-event.ts';
import type { HookReceiver } from '../../../src/forge/hook-receiver.ts';
import { type CommitStatus, commitStatuses } from '../../../src/forge/kinds/commit-status.ts';
import { type Delivery, type StatusNotice, deliveries } from '../../../src/forge/kinds/delivery.ts';
import { penstockKeys } from '../../../src/forge/kinds/run-keys.ts';
import { isTerminal, type StatusTarget } from '../../../src/forge/forge.ts';
import { repositories, type RepositorySpec } from '../../../src/forge/kinds/repository.ts';
import { configMaps, namespaces, secrets } from '../../../src/kube/core-types.ts';
import type { PodLogSource } from '../../../src/kube/pod-log-source.ts';
import type { Transport } from '../../../src/kube/transport.ts';
import type { DetailsPages } from '../../../src/reports/details/create-details.ts';
import { servedKinds } from '../../../src/schema/served-kinds.ts';
import { createMemoryStore } from '../../../src/store/memory-store.ts';
import { tektonAdmission } from '../../../src/tekton/admission.ts';
import { type PipelineRun, pipelineRuns } from '../../../src/tekton/types.ts';
import { MemoryLogger } from '../../../src/telemetry/memory-logger.ts';
import type { SeenStatus, SentWebhook, SimulatedHost } from '../git-hosts/simulated-host.ts';
import { startSimulatedNodes } from '../simulated-nodes.ts';
import type { PausableProcess } from '../../../src/controller/memory-leases.ts';
import { GitProcess, type GitProcessOptions } from './git-process.ts';
import { Mortal } from './mortal.ts';

export const repositoryName = 'app';

/** Turns of the event loop in which everything that can go on goes on. */
const quietTurns = 8;
/** Virtual time moves in pieces of at most this length, in ms. */
const stepMs = 1_000;
/** All comes to its end within so long, in ms of virtual time. */
const patienceMs: number = 60 * 60_000;
const pollMs = 20;
/** In real time, what has not come after so long will not come, on whatever machine. */
const hangsMs = 120_000;
/** So many looks in a row, {@link pollMs} apart, must find nothing left to do. */
const calmLooksWanted = 10;

export interface GitWorldOptions {
  readonly host: (clock: Clock) => Promise<SimulatedHost>;
  /** What steps do; by default they end well after a second. */
  readonly behaviour?: (plan: ContainerPlan) => SimulatedBehaviour;
  /** Further fields of the Repository. */
  readonly repository?: RepositorySpec;
  /** ConfigMap `pipelines-as-code`. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Ends the names of namespaces: worlds that share an API server must not meet. */
  readonly suffix?: string;
  /** `tekton`: somebody else runs the PipelineRuns; default `penstock`. */
  readonly engine?: 'penstock' | 'tekton';
  /** Disturbs the calls of Penstock, not those of the test and of the nodes. */
  readonly disturb?: (transport: Transport) => Transport;
}

/** See above. */
export class GitWorld implements AsyncDisposable {
  readonly host: SimulatedHost;
  /** The Repository's project at the host. */
  readonly project: Project;
  /** A person's way to the API. */
  readonly client: ApiClient;
  /** Where runs and the Repository live, and where Penstock itself does. */
  readonly runNamespace: string;
  readonly systemNamespace: string;
  readonly logger: MemoryLogger = new MemoryLogger();
  /** Absent in real time. */
  readonly virtual: VirtualClock | undefined;
  readonly #options: GitWorldOptions;
  readonly #transport: Transport;
  readonly #ends: (() => Promise<void>)[];
  #process: GitProcess | undefined;
  /** Further replicas, which nobody elects: each believes that it leads. */
  readonly #others: GitProcess[] = [];
  #generation = 0;

  private constructor(parts: WorldParts, options: GitWorldOptions) {
    this.host = parts.host;
    this.project = parts.project;
    this.virtual = parts.virtual;
    this.client = createClient(parts.transport);
    this.#transport = parts.transport;
    this.#options = options;
    this.#ends = parts.ends;
    const { suffix = '' } = options;
    this.runNamespace = `team${suffix}`;
    this.systemNamespace = `penstock${suffix}`;
  }

  /** With the embedded API server, in virtual time. */
  static async embedded(options: GitWorldOptions): Promise<GitWorld> {
    const current: { world?: GitWorld } = {};
    const clock = new VirtualClock({ settle: () => settle(() => current.world?.underWay ?? 0) });
    const parts = { clock, random: seededRandom(1), logger: new MemoryLogger() };
    const printed = new Map<string, string>();
    const { behaviour = endsWell } = options;
    const server = createApiServer({
      ...parts,
      podLogs: logsOf(printed),
      store: createMemoryStore(),
      kinds: servedKinds,
      admission: [tektonAdmission()],
    });
    await server.start();
    const printing = (plan: ContainerPlan): SimulatedBehaviour => {
      const what = behaviour(plan);
      printed.set(`${plan.podUid} ${plan.container}`, what.output ?? '');
      return what;
    };
    const opened = { ...options, behaviour: printing };
    return GitWorld.#open(server.handle, opened, clock, [() => server.stop()], current);
  }

  /** With the API server behind `transport`, which serves all kinds, in real time. */
  static async real(transport: Transport, options: GitWorldOptions): Promise<GitWorld> {
    return GitWorld.#open(transport, options, undefined, [], {});
  }

  static async #open(
    transport: Transport,
    options: GitWorldOptions,
    virtual: VirtualClock | undefined,
    ends: (() => Promise<void>)[],
    current: { world?: GitWorld },
  ): Promise<GitWorld> {
    const clock = virtual ?? systemClock;
    const host = await options.host(clock);
    const errors: unknown[] = [];
    const { behaviour = endsWell } = options;
    const onError = (error: unknown): void => void errors.push(error);
    const nodes = await startSimulatedNodes({ transport, behaviour, clock, onError });
    const project = host.addProject('acme', repositoryName);
    const end = async (): Promise<void> => {
      await nodes[Symbol.asyncDispose]();
      await host[Symbol.asyncDispose]();
      assert.deepEqual(errors, [], 'pods could not be placed');
    };
    const world = new GitWorld({ host, project, virtual, transport, ends: [end, ...ends] }, options);
    current.world = world;
    await world.#configure();
    return world;
  }

  /** Starts Penstock; with `diesAt`, it dies at that boundary. Answers what it passes. */
  async startPenstock(diesAt?: number): Promise<Mortal> {
    assert.equal(this.#process, undefined, 'one Penstock at a time');
    const mortal = new Mortal(diesAt);
    this.#process = this.#newProcess(mortal);
    await this.#pump(this.#process.start());
    return mortal;
  }

  /** Starts another Penstock beside those that run: two that both believe to lead. */
  async startAnother(): Promise<GitProcess> {
    const process = this.#newProcess(new Mortal());
    this.#others.push(process);
    await this.#pump(process.start());
    return process;
  }

  /** Starts a Penstock that leads only as long as the Lease says so, as `process`, in virtual time. */
  async startReplica(identity: string, process: PausableProcess): Promise<GitProcess> {
    const replica = this.#newProcess(new Mortal(), { identity, process });
    this.#others.push(replica);
    await this.#pump(replica.start());
    return replica;
  }

  #newProcess(mortal: Mortal, replica?: GitProcessOptions['replica']): GitProcess {
    const { disturb = (transport: Transport) => transport, engine = 'penstock' } = this.#options;
    return new GitProcess({
      transport: disturb(this.#transport),
      mortal,
      clock: this.virtual ?? systemClock,
      random: seededRandom(++this.#generation),
      logger: this.logger,
      systemNamespace: this.systemNamespace,
      engine,
      hookPath: `/hooks/${this.host.kind}`,
      ...(replica === undefined ? {} : { replica }),
    });
  }

  /** Requests to hosts that are under way. */
  get underWay(): number {
    const all = this.#process === undefined ? this.#others : [this.#process, ...this.#others];
    return all.reduce((sum, { mortal }) => sum + mortal.underWay, 0);
  }

  /** The way in of the Penstock that runs: to be put on sockets. */
  get inbox(): HookReceiver {
    return (this.#process ?? assert.fail('nobody listens')).inbox;
  }

  /** Whether the Penstock that was started has died, or none was. */
  get isDead(): boolean {
    return this.#process?.mortal.dead ?? true;
  }

  /** Kills it, if it is not dead yet: nothing it does has an effect any more. */
  killPenstock(): void {
    this.#process?.kill();
    this.#process = undefined;
  }

  /** Sends a webhook as the host does: again and again until it is answered 2xx or 4xx. Answers the status, or undefined when Penstock died first. */
  async send(webhook: SentWebhook, path?: string): Promise<number | undefined> {
    const process = this.#process ?? assert.fail('nobody listens');
    const answered = process.receive(webhook, path);
    return this.#pump(Promise.race([answered, process.mortal.whenDead]));
  }

  /** Time moves while `promise` is waited for. */
  async during<T>(promise: Promise<T>): Promise<T> {
    return this.#pump(promise);
  }

  /** The pages of the Penstock that runs. */
  pages(): DetailsPages {
    return (this.#process ?? assert.fail('nobody listens')).pages();
  }

  /** Moves on until `condition` holds. */
  async until(condition: () => Promise<boolean> | boolean, what: string): Promise<void> {
    const clock = this.virtual ?? systemClock;
    const spanMs = this.virtual === undefined ? hangsMs : patienceMs;
    const limitMs = clock.monotonicMs() + spanMs;
    while (!(await condition())) {
      if (clock.monotonicMs() > limitMs)
        throw new Error(`${what}: not within ${spanMs} ms; ${await this.#situation()}`);
      if (this.virtual === undefined) await wait(pollMs);
      else await this.virtual.advance(Math.min(stepMs, Math.max(1, this.virtual.nextTimerMs() ?? stepMs)));
    }
  }

  /** Moves on until a host has taken it that a run is running. In real time a state before that may never be shown. */
  async shownAsRunning(what: string): Promise<void> {
    await this.until(
      async () => (await this.reports()).some(({ status }) => status?.acknowledged?.state === 'running'),
      what,
    );
  }

  /** What a person would look at first. */
  async #situation(): Promise<string> {
    const deliveriesNow = (await this.deliveries()).map(({ status }) => status?.phase ?? 'new');
    const runsNow = (await this.runs()).map(({ status }) => status?.conditions?.[0]?.message ?? 'new');
    const reportsNow = (await this.reports()).map(
      ({ spec, status }) => `${spec.report.state}, shown as ${status?.acknowledged?.state}`,
    );
    return JSON.stringify({ deliveries: deliveriesNow, runs: runsNow, reports: reportsNow });
  }

  /** Virtual time only. */
  async pass(spanMs: number): Promise<void> {
    await (this.virtual ?? assert.fail('real time cannot be moved')).advance(spanMs);
  }

  async deliveries(): Promise<readonly Delivery[]> {
    return (await this.client.list(deliveries, { namespace: this.systemNamespace })).items;
  }

  async runs(): Promise<readonly PipelineRun[]> {
    return (await this.client.list(pipelineRuns, { namespace: this.runNamespace })).items;
  }

  async reports(): Promise<readonly CommitStatus[]> {
    return (await this.client.list(commitStatuses, { namespace: this.runNamespace })).items;
  }

  /**
   * Moves on until every Delivery is worked off, every run over, and every status shown and acknowledged; `between` is called
   * again and again.
   */
  async settled(between: () => Promise<void> = () => Promise.resolve()): Promise<void> {
    let calmLooks = 0;
    await this.until(async () => {
      await between();
      const isCalm = isSettled(await this.deliveries(), await this.runs(), await this.reports());
      calmLooks = isCalm ? calmLooks + 1 : 0;
      // In real time a look is made of three readings, between which something may begin.
      return calmLooks >= (this.virtual === undefined ? calmLooksWanted : 1);
    }, 'everything is done');
  }

  /** What the host saw in one context of a commit, in order: its words for the states. */
  sequence(sha: string, context: string): readonly string[] {
    return this.shown(sha, context).map(({ state }) => state);
  }

  shown(sha: string, context: string): readonly SeenStatus[] {
    return this.host.statuses(this.project, sha).filter((status) => status.context === context);
  }

  async #configure(): Promise<void> {
    for (const name of [this.runNamespace, this.systemNamespace]) {
      await this.client.create(namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
    }
    const { credential, apiUrl, kind, webUrl } = this.host.access;
    const encoded = (text: string): string => Buffer.from(text).toString('base64');
    const webhook = { 'webhook.secret': encoded(this.host.webhookSecret) };
    const isApp = credential.type === 'github-app';
    const token = credential.type === 'token' ? { 'provider.token': encoded(credential.token) } : {};
    await this.#createSecret(this.runNamespace, 'host', { ...token, ...webhook });
    if (isApp) {
      await this.#createSecret(this.systemNamespace, 'pipelines-as-code-secret', {
        'github-application-id': encoded(String(credential.applicationId)),
        'github-private-key': encoded(credential.privateKey),
        'github-enterprise-host': encoded(new URL(this.host.url).host),
        ...webhook,
      });
    }
    await this.#createSettings();
    const user = credential.type === 'token' && credential.user !== undefined ? { user: credential.user } : {};
    await this.client.create(repositories, {
      apiVersion: 'pipelinesascode.tekton.dev/v1alpha1',
      kind: 'Repository',
      metadata: { name: repositoryName, namespace: this.runNamespace },
      spec: {
        url: this.project.url,
        git_provider: {
          type: kind,
          url: apiUrl ?? webUrl,
          ...user,
          ...(isApp ? {} : { secret: { name: 'host' }, webhook_secret: { name: 'host' } }),
        },
        ...this.#options.repository,
      },
    });
  }

  async #createSecret(namespace: string, name: string, data: Readonly<Record<string, string>>): Promise<void> {
    await this.client.create(secrets, { apiVersion: 'v1', kind: 'Secret', metadata: { namespace, name }, data });
  }

  async #createSettings(): Promise<void> {
    const metadata = { namespace: this.systemNamespace, name: 'pipelines-as-code' };
    const data = { 'application-name': 'CI', ...this.#options.settings };
    await this.client.create(configMaps, { apiVersion: 'v1', kind: 'ConfigMap', metadata, data });
  }

  /** Time moves while something is waited for. */
  async #pump<T>(promise: Promise<T>): Promise<T> {
    const { virtual } = this;
    if (virtual === undefined) return promise;
    const over = promise.then(
      () => true,
      () => true,
    );
    const advance = async (): Promise<boolean> => {
      await virtual.advance(Math.min(stepMs, Math.max(1, virtual.nextTimerMs() ?? 1)));
      return false;
    };
    while (!(await Promise.race([over, advance()])));
    return promise;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const process = this.#process;
    for (const other of this.#others) await this.#pump(other.stop());
    if (process !== undefined) await this.#pump(process.stop());
    this.#process = undefined;
    // The next host may get this one's port, and with it the address of its Repository: the older one would be meant.
    await this.#pump(this.client.delete(repositories, { namespace: this.runNamespace, name: repositoryName }));
    for (const end of this.#ends) await this.#pump(end());
    assert.deepEqual(this.host.violations, []);
  }
}

const endsWell = (): SimulatedBehaviour => ({ durationMs: 1_000 });

/** What containers print, all of it at once. */
function logsOf(printed: ReadonlyMap<string, string>): PodLogSource {
  return {
    async *open({ metadata }, container) {
      yield Buffer.from(printed.get(`${metadata.uid} ${container}`) ?? '');
    },
  };
}

interface WorldParts {
  readonly host: SimulatedHost;
  readonly project: Project;
  readonly virtual: VirtualClock | undefined;
  readonly transport: Transport;
  readonly ends: (() => Promise<void>)[];
}

/** What is read first is what the rest follows from: nothing can have come in between unseen. */
function isSettled(
  events: readonly Delivery[],
  runs: readonly PipelineRun[],
  reports: readonly CommitStatus[],
): boolean {
  const reported = runs.filter(({ metadata }) => metadata.annotations?.[penstockKeys.statusTarget] !== undefined);
  return (
    events.every(({ status }) => status?.phase === 'Done' || status?.phase === 'Failed') &&
    reported.every((run) => run.status?.completionTime !== undefined && reports.some((report) => tells(report, run))) &&
    events.every(({ status }) =>
      (status?.notices ?? []).every((notice) => reports.some((report) => says(report, notice))),
    ) &&
    reports.every(isDelivered)
  );
}

/** Whether a report is about the end of a run, or about what came after it. */
function tells({ spec }: CommitStatus, run: PipelineRun): boolean {
  const target = JSON.parse(run.metadata.annotations?.[penstockKeys.statusTarget] ?? '{}') as Partial<StatusTarget>;
  if (spec.report.context !== target.context || spec.report.sha !== target.sha) return false;
  const attempt = Number(run.metadata.annotations?.[penstockKeys.attempt]);
  return spec.attempt > attempt || (spec.run?.uid === run.metadata.uid && isTerminal(spec.report.state));
}

function says({ spec }: CommitStatus, { target, attempt }: StatusNotice): boolean {
  return spec.report.context === target.context && spec.report.sha === target.sha && spec.attempt >= attempt;
}

/** Whether the host was seen to have what the report says now, and not what it said before. */
function isDelivered({ metadata, status }: CommitStatus): boolean {
  const delivered = status?.conditions?.find(({ type }) => type === 'Delivered');
  return delivered?.status === 'True' && delivered.observedGeneration === metadata.generation;
}

/** Lets all go on that can: the event loop turns, and requests to hosts, which are real, come back. */
async function settle(underWay: () => number): Promise<void> {
  for (let quiet = 0; quiet < quietTurns; quiet++) {
    await new Promise((resolve) => void setImmediate(resolve));
    if (underWay() === 0) continue;
    await wait(1);
    quiet = 0;
  }
}
