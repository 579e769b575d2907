import assert from 'node:assert/strict';
import { setImmediate } from 'node:timers/promises';
import { MemoryHost, type MemoryHostOptions } from './git-hosts/memory-forge.ts';
import { createApiServer } from '../../src/apiserver/api-server.ts';
import { AbortedError, toRfc3339 } from '../../src/base/clock.ts';
import { type Random, seededRandom } from '../../src/base/random.ts';
import { VirtualClock } from '../../src/base/virtual-clock.ts';
import type { ApiClient } from '../../src/client/api-client.ts';
import { createClient } from '../../src/client/client.ts';
import { Manager } from '../../src/controller/manager.ts';
import type { ForgeDirectory } from '../../src/forge/forge-directory.ts';
import type { Forge, StatusTarget } from '../../src/forge/forge.ts';
import { type CommitStatus, commitStatuses } from '../../src/forge/kinds/commit-status.ts';
import { deliveries, type StatusNotice } from '../../src/forge/kinds/delivery.ts';
import { repositories, type RepositorySettings } from '../../src/forge/kinds/repository.ts';
import { penstockKeys, runKeys } from '../../src/forge/kinds/run-keys.ts';
import type { Condition } from '../../src/kube/object.ts';
import { secrets } from '../../src/kube/core-types.ts';
import type { ApiRequest, Transport } from '../../src/kube/transport.ts';
import { servedKinds } from '../../src/schema/served-kinds.ts';
import { createMemoryStore } from '../../src/store/memory-store.ts';
import {
  type ChildReference,
  type PipelineRun,
  pipelineRuns,
  type PipelineRunStatus,
  type TaskRun,
  taskRuns,
} from '../../src/tekton/types.ts';
import { silentLogger } from '../../src/telemetry/logger.ts';
import { createPrometheusMetrics, type PrometheusMetrics } from '../../src/telemetry/prometheus-metrics.ts';
import { podLogs } from '../../src/reports/api-reads.ts';
import { createReports } from '../../src/reports/create-reports.ts';
import type { ReadLog } from '../../src/reports/excerpts.ts';

/** Where the rig's Deliveries are. */
export const systemNamespace = 'default';
export const project = { url: 'https://git.test/team/app', owner: 'team', name: 'app' } as const;
export const sha = 'c0ffee0000000000000000000000000000000001';
export const otherSha = 'c0ffee0000000000000000000000000000000002';
export const context = 'CI / build / main';

/** What a run of the rig is. */
export interface RunOptions {
  readonly attempt?: number;
  readonly target?: Partial<StatusTarget>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly spec?: PipelineRun['spec'];
}

/** One process with the controllers of reports: what it does ends when it is killed, in the middle of whatever it does. */
interface ReportsProcess {
  readonly manager: Manager;
  alive: boolean;
}

/** A real API server in memory, a Git host in memory, and the controllers of reports, in virtual time. For tests. */
export class ReportRig {
  readonly clock: VirtualClock = new VirtualClock({ settle: settleTurns });
  readonly random: Random = seededRandom(1);
  readonly host: MemoryHost;
  readonly client: ApiClient;
  readonly metrics: PrometheusMetrics = createPrometheusMetrics();
  /** Reasons of the Events that were written. */
  readonly events: string[] = [];
  /** Undefined: by the API. */
  readLog: ReadLog | undefined = () => Promise.resolve('');
  /** How often a Secret was read to open a host. */
  secretReads = 0;
  /** Told of each request of the process. */
  observe: (request: ApiRequest) => void = () => undefined;
  /** Asked before each write to the API and each call to the host, and after it: true = the process dies there. */
  dies: (boundary: string) => boolean = () => false;
  /** Asked before each write to the API: an error to answer with. */
  refuses: (method: string, path: string) => Error | undefined = () => undefined;
  /** Asked after each write to the API: true = it was carried out, and the answer is lost. */
  losesAnswer: () => boolean = () => false;
  /** To the API, undisturbed. */
  readonly transport: Transport;
  #process: ReportsProcess | undefined;
  #repositories = 0;

  /** Whether the host keeps nothing by which attempts are told apart. */
  readonly likeGitLab: boolean;

  constructor(hostOptions: Omit<MemoryHostOptions, 'clock'> = {}) {
    this.likeGitLab = hostOptions.likeGitLab ?? false;
    this.host = new MemoryHost({ clock: this.clock, ...hostOptions });
    const server = createApiServer({
      store: createMemoryStore(),
      clock: this.clock,
      random: this.random,
      logger: silentLogger,
      kinds: servedKinds,
    });
    this.transport = server.handle;
    this.client = createClient(server.handle);
  }

  /** A Repository with a token; `app` unless named. */
  async repository(name = 'app', settings: RepositorySettings = {}): Promise<void> {
    const secret = { name: 'token', key: 'provider.token' };
    if (this.#repositories++ === 0) await this.secret('token', { 'provider.token': 'hunter2-token' });
    await this.client.create(repositories, {
      apiVersion: 'pipelinesascode.tekton.dev/v1alpha1',
      kind: 'Repository',
      metadata: { namespace: 'default', name },
      spec: { url: project.url, git_provider: { type: 'gitea', url: 'https://git.test', secret }, settings },
    });
  }

  async start(): Promise<void> {
    const { clock, random, metrics } = this;
    const process: ReportsProcess = {
      alive: true,
      manager: new Manager({
        client: createClient(this.#mortal(() => process)),
        clock,
        random,
        logger: silentLogger,
        stopGraceMs: 0,
        places: [{ type: deliveries, namespace: systemNamespace }],
      }),
    };
    createReports({
      client: createClient(this.#mortal(() => process)),
      host: process.manager,
      clock,
      random,
      logger: silentLogger,
      metrics,
      forges: this.#mortalForges(() => process),
      systemNamespace,
      readSecret: () => {
        this.secretReads++;
        return Promise.resolve('hunter2-token');
      },
      readLog: (place, signal) => (this.readLog ?? podLogs(createClient(this.#mortal(() => process))))(place, signal),
      events: { warn: (_about, reason) => void this.events.push(reason) },
    });
    this.#process = process;
    void process.manager.start().catch((thrown: unknown) => assert.ok(thrown instanceof AbortedError, String(thrown)));
    await clock.advance(0);
  }

  /** Ends the process where it is, and begins another one. */
  async restart(): Promise<void> {
    this.kill();
    await this.start();
  }

  kill(): void {
    if (this.#process === undefined) return;
    this.#process.alive = false;
    void this.#process.manager.stop();
    this.#process = undefined;
  }

  get isAlive(): boolean {
    return this.#process?.alive === true;
  }

  async run(name: string, options: RunOptions = {}): Promise<PipelineRun> {
    const target: StatusTarget = { project, sha, context, ref: 'refs/heads/main', ...options.target };
    return this.client.create(pipelineRuns, {
      apiVersion: 'tekton.dev/v1',
      kind: 'PipelineRun',
      metadata: {
        namespace: 'default',
        name,
        labels: { [runKeys.repository]: 'app' },
        annotations: {
          [runKeys.originalName]: 'build',
          [penstockKeys.statusTarget]: JSON.stringify(target),
          [penstockKeys.attempt]: String(options.attempt ?? 1),
          ...options.annotations,
        },
      },
      spec: options.spec ?? { pipelineRef: { name: 'p' } },
    });
  }

  async begin(name: string): Promise<void> {
    const condition: Condition = { type: 'Succeeded', status: 'Unknown', reason: 'Running', message: '' };
    await this.status(name, { startTime: toRfc3339(this.clock.now()), conditions: [condition] });
  }

  async end(name: string, reason = 'Succeeded', more: PipelineRunStatus = {}): Promise<void> {
    const status = reason === 'Succeeded' || reason === 'Completed' ? 'True' : 'False';
    const condition: Condition = { type: 'Succeeded', status, reason, message: `${reason} it is` };
    await this.status(name, { completionTime: toRfc3339(this.clock.now()), conditions: [condition], ...more });
  }

  async status(name: string, status: PipelineRunStatus): Promise<void> {
    const current = await this.client.get(pipelineRuns, { namespace: 'default', name });
    await this.client.updateStatus(pipelineRuns, { ...current, status: { ...current.status, ...status } });
  }

  async taskRun(
    object: Pick<TaskRun, 'spec' | 'status'> & { readonly name: string; readonly run?: string },
  ): Promise<void> {
    const { name, run, spec, status = {} } = object;
    const labels = run === undefined ? {} : { 'tekton.dev/pipelineRun': run };
    const metadata = { namespace: 'default', name, labels };
    const created = await this.client.create(taskRuns, {
      apiVersion: 'tekton.dev/v1',
      kind: 'TaskRun',
      metadata,
      spec,
    });
    await this.client.updateStatus(taskRuns, { ...created, status });
  }

  async label({ metadata }: PipelineRun, labels: Readonly<Record<string, string>>): Promise<void> {
    const { name = '' } = metadata;
    await this.client.patch(pipelineRuns, { namespace: 'default', name }, { metadata: { labels } }, { type: 'merge' });
  }

  /** A run of one task whose only step fails with code 2, and uses the Secrets `deploy` and `more`. */
  async failingRun(name: string): Promise<void> {
    await this.run(name);
    await this.begin(name);
    const at = toRfc3339(this.clock.now());
    const startTime = toRfc3339(this.clock.now() - 5_000);
    const ended = { exitCode: 2, reason: 'Error', startedAt: at, finishedAt: at };
    const env = [{ name: 'KEY', valueFrom: { secretKeyRef: { name: 'deploy', key: 'key' } } }];
    const taskSpec = { steps: [{ name: 'unit', image: 'i', env, envFrom: [{ secretRef: { name: 'more' } }] }] };
    await this.taskRun({
      name: `${name}-test`,
      run: name,
      spec: { taskSpec },
      status: {
        podName: `${name}-test-pod`,
        startTime,
        completionTime: at,
        conditions: [{ type: 'Succeeded', status: 'False', reason: 'Failed', message: 'it failed' }],
        steps: [{ name: 'unit', container: 'step-unit', terminationReason: 'Error', terminated: ended }],
      },
    });
    const child = (of: string): ChildReference => ({
      apiVersion: 'tekton.dev/v1',
      kind: 'TaskRun',
      name: `${name}-${of}`,
      pipelineTaskName: of,
    });
    // The second one was never made.
    await this.end(name, 'Failed', { childReferences: [child('test'), child('never')] });
  }

  async secret(name: string, data: Readonly<Record<string, string>>): Promise<void> {
    const metadata = { namespace: 'default', name };
    const encoded = Object.entries(data).map(([key, value]) => [key, Buffer.from(value).toString('base64')] as const);
    await this.client.create(secrets, {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata,
      data: Object.fromEntries(encoded),
    });
  }

  async deleteRun(name: string): Promise<void> {
    await this.client.delete(pipelineRuns, { namespace: 'default', name });
  }

  async annotate(name: string, annotations: Readonly<Record<string, string>>): Promise<void> {
    const key = { namespace: 'default', name };
    await this.client.patch(pipelineRuns, key, { metadata: { annotations } }, { type: 'merge' });
  }

  /** A Delivery that says only this. */
  async notice(...notices: readonly StatusNotice[]): Promise<void> {
    const spec = {
      forge: 'gitea',
      eventName: 'push',
      bodyHash: '0'.repeat(64),
      receivedAt: '',
      events: [],
      headers: {},
    } as const;
    const metadata = { namespace: 'default', generateName: 'delivery-' };
    const apiVersion = 'penstock.dev/v1alpha1';
    const receivedAt = toRfc3339(this.clock.now());
    const created = await this.client.create(deliveries, {
      apiVersion,
      kind: 'Delivery',
      metadata,
      spec: { ...spec, receivedAt },
    });
    await this.client.updateStatus(deliveries, { ...created, status: { phase: 'Done', notices } });
  }

  /** The runs that the Repository remembers. */
  async history(): Promise<readonly Readonly<Record<string, unknown>>[]> {
    const repository = await this.client.get(repositories, { namespace: 'default', name: 'app' });
    return (
      (repository as { readonly pipelinerun_status?: readonly Readonly<Record<string, unknown>>[] })
        .pipelinerun_status ?? []
    );
  }

  metricsText(): Promise<string> {
    return this.metrics.text();
  }

  /** All CommitStatuses. */
  async statuses(): Promise<readonly CommitStatus[]> {
    return (await this.client.list(commitStatuses)).items;
  }

  /** The only CommitStatus of {@link context}. */
  async only(): Promise<CommitStatus> {
    const found = (await this.statuses()).filter(({ spec }) => spec.report.context === context);
    assert.equal(found.length, 1);
    return found[0] as CommitStatus;
  }

  delivered({ status }: CommitStatus): Condition | undefined {
    return status?.conditions?.find(({ type }) => type === 'Delivered');
  }

  /** Lets time pass until what is there to be shown is shown. */
  async settle(ms = 2_000): Promise<void> {
    await this.clock.advance(ms);
  }

  /** The API as a process reaches it, until it dies. */
  #mortal(processOf: () => ReportsProcess): Transport {
    return async (request) => {
      await this.#live(processOf());
      this.observe(request);
      if (request.method === 'GET') return this.transport(request);
      const what = `${request.method} ${request.path.split('/').slice(6).join('/')}`;
      await this.#cross(processOf(), `before ${what}`);
      const refusal = this.refuses(request.method, request.path);
      if (refusal !== undefined) throw refusal;
      const answer = await this.transport(request);
      await this.#cross(processOf(), `after ${what}`);
      if (this.losesAnswer()) throw new Error('the answer was lost');
      return answer;
    };
  }

  #mortalForges(processOf: () => ReportsProcess): ForgeDirectory {
    const directory = this.host.directory();
    const known = new Map<Forge, Forge>();
    return {
      open: (access) => {
        const forge = directory.open(access);
        const mortal = known.get(forge) ?? this.#mortalForge(forge, processOf);
        known.set(forge, mortal);
        return mortal;
      },
    };
  }

  #mortalForge(forge: Forge, processOf: () => ReportsProcess): Forge {
    const between = async <T>(what: string, call: () => Promise<T>): Promise<T> => {
      await this.#cross(processOf(), `before ${what}`);
      const answer = await call();
      await this.#cross(processOf(), `after ${what}`);
      return answer;
    };
    return {
      ...forge,
      postStatus: (report, handle) => between('post', () => forge.postStatus(report, handle)),
      readStatus: (target, handle) => between('read', () => forge.readStatus(target, handle)),
      putComment: (comment) => between('comment', () => forge.putComment(comment)),
    };
  }

  async #cross(process: ReportsProcess, boundary: string): Promise<void> {
    await this.#live(process);
    if (!this.dies(boundary)) return;
    this.kill();
    await this.#live(process);
  }

  /** Comes back only to a process that is alive. */
  async #live(process: ReportsProcess): Promise<void> {
    if (!process.alive) await new Promise(() => undefined);
  }
}

async function settleTurns(): Promise<void> {
  for (let turn = 0; turn < 4; turn++) await setImmediate();
}
