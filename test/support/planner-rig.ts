/** The planner over a real API server in memory and a Git host in memory; time is virtual. */
import assert from 'node:assert/strict';
import { setImmediate } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { createApiServer } from '../../src/apiserver/api-server.ts';
import { AbortedError, toRfc3339 } from '../../src/base/clock.ts';
import { type Random, seededRandom } from '../../src/base/random.ts';
import { VirtualClock } from '../../src/base/virtual-clock.ts';
import type { ApiClient } from '../../src/client/api-client.ts';
import { createClient } from '../../src/client/client.ts';
import { Manager } from '../../src/controller/manager.ts';
import type { GitEvent } from '../../src/forge/git-event.ts';
import { type CommitStatus, commitStatuses } from '../../src/forge/kinds/commit-status.ts';
import { type Delivery, type DeliveryStatus, deliveries, type StatusNotice } from '../../src/forge/kinds/delivery.ts';
import { repositories, type RepositorySpec } from '../../src/forge/kinds/repository.ts';
import { penstockKeys } from '../../src/forge/kinds/run-keys.ts';
import { configMaps, type Secret, namespaces, secrets } from '../../src/kube/core-types.ts';
import { keyOf } from '../../src/kube/object.ts';
import type { ApiRequest, ApiResponse, Transport } from '../../src/kube/transport.ts';
import { servedKinds } from '../../src/schema/served-kinds.ts';
import { createMemoryStore } from '../../src/store/memory-store.ts';
import { tektonAdmission } from '../../src/tekton/admission.ts';
import { type PipelineRun, pipelineRuns } from '../../src/tekton/types.ts';
import { MemoryLogger } from '../../src/telemetry/memory-logger.ts';
import { createPrometheusMetrics, type PrometheusMetrics } from '../../src/telemetry/prometheus-metrics.ts';
import { createTriggers } from '../../src/triggers/planner/create-triggers.ts';
import { secretReader } from '../../src/triggers/secret-reader.ts';
import { GitModel, type ModelPullRequest, type ModelRepository } from './git-hosts/git-model.ts';
import { ModelHost, projectOf, pullRequestOf, revisionOf } from './git-hosts/model-forge.ts';
import type { Files } from './git-hosts/simulated-host.ts';

export const systemNamespace = 'penstock';

/** What is done to a call of the planner: answers instead of the API, or nothing. */
export type Interference = (request: ApiRequest, next: Transport) => Promise<ApiResponse>;

/** A definition of `.tekton` that runs one step. */
export function definition(name: string, annotations: Readonly<Record<string, string>>, script = 'true'): string {
  const keyed = Object.fromEntries(
    Object.entries(annotations).map(([key, value]) => [`pipelinesascode.tekton.dev/${key}`, value]),
  );
  const steps = [{ name: 'step', image: 'busybox', script: `#!/bin/sh\n${script}\n` }];
  const spec = { pipelineSpec: { tasks: [{ name: 'task', taskSpec: { steps } }] } };
  return JSON.stringify({
    apiVersion: 'tekton.dev/v1',
    kind: 'PipelineRun',
    metadata: { name, annotations: keyed },
    spec,
  });
}

export const onPush = { 'on-event': 'push', 'on-target-branch': 'main' };
export const onPull = { 'on-event': 'pull_request', 'on-target-branch': 'main' };

export class PlannerRig {
  readonly clock: VirtualClock = new VirtualClock({ settle: settleTurns });
  readonly random: Random = seededRandom(1);
  readonly logger: MemoryLogger = new MemoryLogger();
  readonly metrics: PrometheusMetrics = createPrometheusMetrics();
  /** Sees and changes the truth, without faults. */
  readonly client: ApiClient;
  readonly model: GitModel;
  readonly host: ModelHost;
  /** The repository `org/app`. */
  readonly app: ModelRepository;
  /** Between the planner and the API. */
  interfere: Interference = (request, next) => next(request);
  readonly #transport: Transport;
  #manager: Manager | undefined;
  #deliveries = 0;
  #life = 0;

  constructor(files: Files) {
    const server = createApiServer({
      store: createMemoryStore(),
      clock: this.clock,
      random: this.random,
      logger: this.logger,
      kinds: servedKinds,
      admission: [tektonAdmission()],
    });
    this.#transport = server.handle;
    this.client = createClient(server.handle);
    this.model = new GitModel(this.clock);
    this.host = new ModelHost(this.model);
    this.app = this.model.addRepository('org', 'app', files);
  }

  /** `files` are those of the default branch; the Repository `ci/app` is about it. */
  static async create(
    files: Files,
    options: { readonly repository?: RepositorySpec; readonly settings?: Readonly<Record<string, string>> } = {},
  ): Promise<PlannerRig> {
    const rig = new PlannerRig(files);
    for (const name of [systemNamespace, 'ci', 'other']) {
      await rig.client.create(namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
    }
    const metadata = { name: 'token', namespace: 'ci' };
    await rig.client.create(secrets, {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata,
      stringData: { 'provider.token': 't' },
    });
    await rig.repository('app', options.repository);
    if (options.settings !== undefined) await rig.settings(options.settings);
    await rig.start();
    return rig;
  }

  async repository(name: string, spec: RepositorySpec = {}, namespace = 'ci'): Promise<void> {
    await this.client.create(repositories, {
      apiVersion: 'pipelinesascode.tekton.dev/v1alpha1',
      kind: 'Repository',
      metadata: { name, namespace },
      spec: {
        url: projectOf(this.app).url,
        git_provider: { type: 'github', secret: { name: 'token' } },
        ...spec,
      },
    });
  }

  async settings(data: Readonly<Record<string, string>>): Promise<void> {
    const metadata = { name: 'pipelines-as-code', namespace: systemNamespace };
    await this.client.create(configMaps, { apiVersion: 'v1', kind: 'ConfigMap', metadata, data });
  }

  /** Starts the planner, or another one in its place. */
  async start(): Promise<void> {
    const life = ++this.#life;
    // What an ended process still asks for is never answered.
    const client = createClient((request) =>
      life === this.#life ? this.interfere(request, this.#transport) : new Promise<never>(() => undefined),
    );
    const { clock, random, logger, metrics } = this;
    const manager = new Manager({ client, clock, random, logger, stopGraceMs: 0 });
    createTriggers({
      ...{ client, clock, random, logger, metrics, systemNamespace },
      host: manager,
      forges: this.host.directory(),
      readSecret: secretReader(client),
      fetcher: { fetchText: () => Promise.resolve(undefined) },
    });
    this.#manager = manager;
    void manager.start().catch((thrown: unknown) => assert.ok(thrown instanceof AbortedError, String(thrown)));
    await this.clock.advance(0);
  }

  /** Ends the planner in the middle of whatever it does. */
  crash(): void {
    this.#life++;
    void this.#manager?.stop();
    this.#manager = undefined;
  }

  /** Stores a Delivery of one event, as the inbox does; answers its name. */
  async deliver(event: GitEvent, spec: Partial<Delivery['spec']> = {}, body: object = {}): Promise<string> {
    const name = `github-${++this.#deliveries}`;
    const bytes = Buffer.from(JSON.stringify(body));
    await this.client.create(deliveries, {
      apiVersion: 'penstock.dev/v1alpha1',
      kind: 'Delivery',
      metadata: { name, namespace: systemNamespace },
      spec: {
        forge: 'github',
        eventName: event.trigger,
        bodyHash: '0'.repeat(64),
        receivedAt: new Date(this.clock.now()).toISOString(),
        events: [event],
        headers: { 'x-github-event': event.trigger },
        payload: { encoding: 'gzip+base64', bytes: bytes.length, data: gzipSync(bytes).toString('base64') },
        ...spec,
      },
    });
    return name;
  }

  /** Lets `milliseconds` pass. */
  async pass(milliseconds = 100): Promise<void> {
    await this.clock.advance(milliseconds);
  }

  push(branch = 'main', more: Partial<GitEvent> = {}): GitEvent {
    const commit = this.app.resolve(branch);
    assert.ok(commit !== undefined);
    return {
      ...this.#base('push', commit.author.name),
      occurrence: `push-${commit.sha}`,
      revision: revisionOf(commit),
      push: { ref: `refs/heads/${branch}` },
      ...more,
    };
  }

  pull(pull: ModelPullRequest, more: Partial<GitEvent> = {}): GitEvent {
    const pullRequest = pullRequestOf(this.app, pull);
    return {
      ...this.#base('pull_request', pull.author),
      action: 'synchronize',
      occurrence: `pull-${pullRequest.headSha}`,
      revision: { sha: pullRequest.headSha },
      pullRequest,
      ...more,
    };
  }

  comment(pull: ModelPullRequest, author: string, body: string): GitEvent {
    const { id } = this.app.addComment(pull, author, body);
    return {
      ...this.#base('comment', author),
      eventType: 'issue_comment',
      occurrence: String(id),
      pullRequestNumber: pull.number,
      comment: { id: String(id), body, on: 'pull_request' },
    };
  }

  #base(
    trigger: GitEvent['trigger'],
    login: string,
  ): Pick<GitEvent, 'trigger' | 'forge' | 'eventType' | 'project' | 'actor'> {
    return { trigger, forge: 'github', eventType: trigger, project: projectOf(this.app), actor: { login } };
  }

  async delivery(name: string): Promise<Delivery> {
    return this.client.get(deliveries, { namespace: systemNamespace, name });
  }

  async status(name: string): Promise<DeliveryStatus> {
    return (await this.delivery(name)).status ?? {};
  }

  /** The reason of a Delivery's only outcome. */
  async reason(name: string): Promise<string | undefined> {
    return (await this.status(name)).outcomes?.[0]?.reason;
  }

  /** Runs, oldest plan first. */
  async runs(): Promise<readonly PipelineRun[]> {
    const { items } = await this.client.list(pipelineRuns);
    const order = (run: PipelineRun): number => Number(run.metadata.annotations?.[penstockKeys.order] ?? 0);
    return [...items].sort(
      (a, b) => order(a) - order(b) || ((a.metadata.name ?? '') < (b.metadata.name ?? '') ? -1 : 1),
    );
  }

  async secrets(): Promise<readonly Secret[]> {
    const { items } = await this.client.list(secrets, { namespace: 'ci' });
    return items.filter(({ metadata }) => metadata.name !== 'token');
  }

  async finish(run: PipelineRun, outcome: 'Succeeded' | 'Failed' | 'Cancelled' = 'Succeeded'): Promise<void> {
    const current = await this.client.get(pipelineRuns, keyOf(run));
    const now = toRfc3339(this.clock.now());
    const status = outcome === 'Succeeded' ? 'True' : 'False';
    await this.client.updateStatus(pipelineRuns, {
      ...current,
      status: {
        ...current.status,
        startTime: now,
        completionTime: now,
        conditions: [{ type: 'Succeeded', status, reason: outcome }],
      },
    });
  }

  /** What reports would have stored for a run. */
  async report(run: PipelineRun, state: CommitStatus['spec']['report']['state'], delivered = true): Promise<void> {
    const target = JSON.parse(
      run.metadata.annotations?.[penstockKeys.statusTarget] ?? '{}',
    ) as CommitStatus['spec']['report'];
    const attempt = Number(run.metadata.annotations?.[penstockKeys.attempt]);
    const { name = '', namespace = '', uid = '' } = run.metadata;
    const metadata = { name: `status-${name}`, namespace };
    const report = { ...target, externalId: name, state, title: state, text: '', annotations: [] };
    const made = await this.client.create(commitStatuses, {
      apiVersion: 'penstock.dev/v1alpha1',
      kind: 'CommitStatus',
      metadata,
      spec: { repository: 'app', attempt, report, run: { namespace, name, uid } },
    });
    if (!delivered) return;
    const at = toRfc3339(this.clock.now());
    const acknowledged = { attempt, state, digest: 'd', at, evidence: 'accepted' } as const;
    await this.client.updateStatus(commitStatuses, { ...made, status: { acknowledged } });
  }

  /** What reports would have stored for a notice. */
  async reportNotice({
    target,
    attempt,
    externalId,
    state,
    title,
    text,
    namespace,
    repository,
  }: StatusNotice): Promise<void> {
    await this.client.create(commitStatuses, {
      apiVersion: 'penstock.dev/v1alpha1',
      kind: 'CommitStatus',
      metadata: { name: `notice-${externalId}`, namespace },
      spec: { repository, attempt, report: { ...target, externalId, state, title, text, annotations: [] } },
    });
    await this.pass();
  }
}

async function settleTurns(): Promise<void> {
  for (let turn = 0; turn < 6; turn++) await setImmediate();
}
