/** An embedded Penstock on SQLite that notes when webhooks were accepted and when their runs were there. */
import { type Embedded, startEmbedded } from '../../../src/app/embedded.ts';
import { GitEvents } from '../../../src/app/git-events.ts';
import { embeddedNamespace } from '../../../src/app/served-git.ts';
import { systemClock } from '../../../src/base/system-clock.ts';
import { systemRandom } from '../../../src/base/system-random.ts';
import { createClient } from '../../../src/client/client.ts';
import { SimulatedRuntime } from '../../../src/executor/simulated/simulated-runtime.ts';
import type { HookReceiver } from '../../../src/forge/hook-receiver.ts';
import type { GitProvider } from '../../../src/forge/kinds/repository.ts';
import { repositories } from '../../../src/forge/kinds/repository.ts';
import { penstockKeys } from '../../../src/forge/kinds/run-keys.ts';
import { namespaces, secrets } from '../../../src/kube/core-types.ts';
import { trustedUser } from '../../../src/kube/user.ts';
import { createHooksMount } from '../../../src/server/hooks-mount.ts';
import { type Listener, startListener } from '../../../src/server/listener.ts';
import { openSqliteStore } from '../../../src/store/sqlite-store.ts';
import { pipelineRuns } from '../../../src/tekton/types.ts';
import { silentLogger } from '../../../src/telemetry/logger.ts';
import { noMetrics } from '../../../src/telemetry/metrics.ts';
import { CallCounter } from '../engine/call-counter.ts';

const runNamespace = 'team';
/** How long the one container of each run takes, in milliseconds. */
const podMs = 200;

/** What the measured Penstock is told. */
export interface MeasuredOptions {
  readonly directory: string;
  /** Addresses of the repositories it knows. */
  readonly urls: readonly string[];
  readonly provider: NonNullable<GitProvider['type']>;
  readonly apiUrl?: string;
  readonly token: string;
  readonly webhookSecret: string;
}

/** What it has seen. */
export interface MeasuredFigures {
  /** Names of Deliveries whose 202 went out. */
  readonly accepted: number;
  /** From the 202 to the PipelineRun, for each run, ascending, in milliseconds; below 0: the run was there first. */
  readonly latenciesMs: readonly number[];
  readonly runs: number;
  /** Commits that have more than one run. */
  readonly doubled: readonly string[];
  readonly ended: number;
  /** Calls of the API so far, those of the node agent too, by what they ask: `update commitstatuses/status`. */
  readonly calls: Readonly<Record<string, number>>;
  readonly cpuMs: number;
  readonly memoryBytes: number;
}

export class MeasuredPenstock {
  readonly #embedded: Embedded;
  readonly #git: GitEvents;
  readonly #listener: Listener;
  readonly #acceptedMs: Map<string, number>;
  /** Delivery and instant by commit. */
  readonly #runs = new Map<string, { readonly delivery: string; readonly createdMs: number; count: number }>();
  readonly #calls: CallCounter;
  readonly #cpuStart = process.cpuUsage();
  #ended = 0;

  private constructor(parts: {
    readonly embedded: Embedded;
    readonly git: GitEvents;
    readonly listener: Listener;
    readonly acceptedMs: Map<string, number>;
    readonly calls: CallCounter;
  }) {
    this.#embedded = parts.embedded;
    this.#git = parts.git;
    this.#listener = parts.listener;
    this.#acceptedMs = parts.acceptedMs;
    this.#calls = parts.calls;
    this.#follow();
  }

  static async start(options: MeasuredOptions): Promise<MeasuredPenstock> {
    const parts = { clock: systemClock, random: systemRandom, logger: silentLogger };
    const git = new GitEvents({ ...parts, metrics: noMetrics, systemNamespace: embeddedNamespace });
    const store = openSqliteStore({ directory: options.directory, clock: systemClock });
    const runtime = new SimulatedRuntime({ ...parts, behaviour: () => ({ durationMs: podMs }) });
    const calls = new CallCounter();
    const observeCalls = calls.observe.bind(calls);
    const embedded = await startEmbedded({ ...parts, store, runtime, maxPods: 1_000_000, git, observeCalls });
    await prepare(embedded, options);
    const durable = createClient(calls.observe((request) => embedded.server.handleAs(trustedUser, request)));
    const acceptedMs = new Map<string, number>();
    const inbox = git.inbox(durable, embedded.manager.informer(repositories));
    const mount = createHooksMount({ ...parts, receiver: noting(inbox, acceptedMs) });
    const listener = await startListener({ mount });
    return new MeasuredPenstock({ embedded, git, listener, acceptedMs, calls });
  }

  get port(): number {
    return this.#listener.port;
  }

  /** Latencies are those of the runs after the first `skipped`. */
  figures(skipped: number): MeasuredFigures {
    const latenciesMs = [...this.#runs.values()].slice(skipped).flatMap(({ delivery, createdMs }) => {
      const acceptedMs = this.#acceptedMs.get(delivery);
      return acceptedMs === undefined ? [] : [createdMs - acceptedMs];
    });
    const cpu = process.cpuUsage(this.#cpuStart);
    return {
      accepted: this.#acceptedMs.size,
      latenciesMs: latenciesMs.toSorted((a, b) => a - b),
      runs: this.#runs.size,
      doubled: [...this.#runs].filter(([, { count }]) => count > 1).map(([sha]) => sha),
      ended: this.#ended,
      calls: Object.fromEntries(this.#calls.counts()),
      cpuMs: (cpu.user + cpu.system) / 1_000,
      memoryBytes: process.memoryUsage.rss(),
    };
  }

  async stop(): Promise<void> {
    await this.#listener.close();
    await this.#embedded.stop();
    this.#git[Symbol.dispose]();
  }

  #follow(): void {
    const over = new Set<string>();
    this.#embedded.manager.informer(pipelineRuns).addHandler({
      added: ({ metadata }) => {
        const sha = metadata.labels?.['pipelinesascode.tekton.dev/sha'] ?? '';
        const delivery = metadata.labels?.[penstockKeys.delivery] ?? '';
        const known = this.#runs.get(sha);
        if (known === undefined) this.#runs.set(sha, { delivery, createdMs: systemClock.monotonicMs(), count: 1 });
        else known.count++;
      },
      updated: (_previous, { metadata, status }) => {
        if (status?.completionTime === undefined || over.has(metadata.name ?? '')) return;
        over.add(metadata.name ?? '');
        this.#ended++;
      },
    });
  }
}

/** Notes when each accepted Delivery was answered. */
function noting(inbox: HookReceiver, acceptedMs: Map<string, number>): HookReceiver {
  return {
    accepts: (path) => inbox.accepts(path),
    refused: (path, status) => inbox.refused(path, status),
    receive: async (call) => {
      const answer = await inbox.receive(call);
      const { delivery } = answer.body;
      if (answer.status === 202 && typeof delivery === 'string') acceptedMs.set(delivery, systemClock.monotonicMs());
      return answer;
    },
  };
}

async function prepare({ client }: Embedded, options: MeasuredOptions): Promise<void> {
  for (const name of [embeddedNamespace, runNamespace]) {
    await client.create(namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
  }
  await client.create(secrets, {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'host', namespace: runNamespace },
    stringData: { 'provider.token': options.token, 'webhook.secret': options.webhookSecret },
  });
  for (const [index, url] of options.urls.entries()) {
    await client.create(repositories, {
      apiVersion: 'pipelinesascode.tekton.dev/v1alpha1',
      kind: 'Repository',
      metadata: { name: `app-${index}`, namespace: runNamespace },
      spec: {
        url,
        git_provider: {
          type: options.provider,
          // Another name makes another credential, and so a budget of its own, as the installations of an App have.
          user: `robot-${index}`,
          url: options.apiUrl ?? new URL(url).origin,
          secret: { name: 'host' },
          webhook_secret: { name: 'host' },
        },
      },
    });
  }
}
