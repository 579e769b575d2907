/** Penstock as one process: controllers and inbox, whose ways out can be cut at any boundary. */
import { ClusterControllers } from '../../../src/app/cluster-controllers.ts';
import { GitEvents } from '../../../src/app/git-events.ts';
import type { Clock } from '../../../src/base/clock.ts';
import type { Random } from '../../../src/base/random.ts';
import { controllerNames } from '../../../src/cli/environment.ts';
import type { ApiClient } from '../../../src/client/api-client.ts';
import { createClient } from '../../../src/client/client.ts';
import { electionTimes } from '../../../src/controller/lease-record.ts';
import { Manager } from '../../../src/controller/manager.ts';
import type { PausableProcess } from '../../../src/controller/memory-leases.ts';
import type { HookReceiver } from '../../../src/forge/hook-receiver.ts';
import { repositories } from '../../../src/forge/kinds/repository.ts';
import type { DetailsPages } from '../../../src/reports/details/create-details.ts';
import type { Transport } from '../../../src/kube/transport.ts';
import type { Logger } from '../../../src/telemetry/logger.ts';
import { noMetrics } from '../../../src/telemetry/metrics.ts';
import type { SentWebhook } from '../git-hosts/simulated-host.ts';
import { fetchThroughProcess, throughProcess } from '../paused-process.ts';
import type { Mortal } from './mortal.ts';

export interface GitProcessOptions {
  readonly transport: Transport;
  readonly mortal: Mortal;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly systemNamespace: string;
  readonly engine: 'penstock' | 'tekton';
  /** Path of the hook: `/hooks/github`. */
  readonly hookPath: string;
  /** One of several among which a Lease decides, which can be paused; absent = it leads, whoever else does. */
  readonly replica?: { readonly identity: string; readonly process: PausableProcess };
}

/** By which replicas find their leader. */
const leaseName = 'penstock-controller';

export class GitProcess {
  readonly mortal: Mortal;
  readonly #options: GitProcessOptions;
  readonly #git: GitEvents;
  readonly #controllers: ClusterControllers;
  readonly #client: ApiClient;
  readonly #intake: Manager;
  readonly #inbox: HookReceiver;
  readonly #stopping = new AbortController();
  #ended: Promise<void> = Promise.resolve();

  constructor(options: GitProcessOptions) {
    const { mortal, random, logger, systemNamespace, replica } = options;
    const clock = replica?.process ?? options.clock;
    const reached = mortal.transport(options.transport);
    const transport = replica ? throughProcess(reached, replica.process) : reached;
    const client = createClient(transport);
    const parts = { clock, random, logger, metrics: noMetrics };
    this.mortal = mortal;
    this.#client = client;
    this.#options = options;
    this.#git = new GitEvents({
      ...parts,
      systemNamespace,
      observeFetch: (fetch) =>
        replica ? fetchThroughProcess(mortal.fetch(fetch), replica.process) : mortal.fetch(fetch),
    });
    const identity = replica?.identity ?? 'test';
    const rest = { transport, controllers: controllerNames, engine: options.engine, identity };
    const election = { lease: { namespace: systemNamespace, name: leaseName }, times: electionTimes };
    this.#controllers = new ClusterControllers({
      ...parts,
      ...rest,
      git: this.#git,
      ...(replica === undefined ? {} : { election }),
    });
    this.#intake = new Manager({ ...parts, client });
    this.#inbox = this.#git.inbox(client, this.#intake.informer(repositories));
  }

  /** Resolves once webhooks are taken. */
  async start(): Promise<void> {
    this.#ended = this.#controllers.run(this.#stopping.signal);
    await this.#intake.start(this.#stopping.signal);
  }

  /** Whether it runs the controllers and knows what there is. */
  get leads(): boolean {
    return this.#controllers.readiness().every(({ name, ok }) => ok && name !== 'controllers');
  }

  /** What takes webhooks: to be put on sockets. */
  get inbox(): HookReceiver {
    return this.#inbox;
  }

  /** Takes a webhook as it came off the wire; answers the HTTP status. */
  async receive({ headers, body }: SentWebhook, path: string = this.#options.hookPath): Promise<number> {
    const { status } = await this.#inbox.receive({ path, headers, body: Buffer.from(body), hasQuery: false });
    return status;
  }

  /** The pages that statuses lead to. */
  pages(): DetailsPages {
    return this.#git.pages({ client: this.#client });
  }

  kill(): void {
    this.mortal.die();
    this.#stopping.abort();
    this.#git[Symbol.dispose]();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await Promise.all([this.#intake.stop(), this.#ended]);
    this.#git[Symbol.dispose]();
  }
}
