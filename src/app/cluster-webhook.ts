import { randomBytes } from 'node:crypto';
import { sleep, type Clock } from '../base/clock.ts';
import type { Random } from '../base/random.ts';
import type { ApiClient } from '../client/api-client.ts';
import { createClient } from '../client/client.ts';
import { Manager } from '../controller/manager.ts';
import { gateAdmission } from '../gate/admission.ts';
import { type Repository, repositories } from '../forge/kinds/repository.ts';
import { gates } from '../gate/types.ts';
import { installName, logsServiceName, webhookHosts, webhookSecretName } from '../install/names.ts';
import type { AdmissionPlugin } from '../kube/admission.ts';
import { keptLogs } from '../kube/kept-logs.ts';
import type { Transport } from '../kube/transport.ts';
import type { KindDefinition } from '../schema/kind-definition.ts';
import { logsOfReader } from '../logs/log-access.ts';
import type { LogArchive } from '../logs/log-archive.ts';
import { penstockKinds } from '../schema/penstock/penstock-kinds.ts';
import { repositoryKind } from '../schema/pipelines-as-code/repository.ts';
import { tektonKinds } from '../schema/tekton/tekton-kinds.ts';
import type { AggregatedApi } from '../server/admission/aggregated-mount.ts';
import { startAdmissionServer, type AdmissionServer } from '../server/admission/admission-server.ts';
import { judgedElsewhere } from '../server/admission/judge-review.ts';
import type { ReadinessCheck } from '../server/health-mount.ts';
import { triggersAdmission } from '../triggers/admission/triggers-admission.ts';
import { tektonAdmission } from '../tekton/admission.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Metrics } from '../telemetry/metrics.ts';

/** So long the webhook answers on after it was told to stop, in milliseconds: API servers hear of its end a little later. */
export const webhookDrainMs = 5_000;
const serialBytes = 16;

/** What a {@link ClusterWebhook} is made of. */
export interface ClusterWebhookOptions {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** `tekton`: runs are judged by the Tekton that runs them; only gates hold them back. */
  readonly engine: 'penstock' | 'tekton';
  readonly port: number;
  /** Where Penstock is installed. */
  readonly namespace: string;
  /** Logs that are kept, which people read through the API server; absent = none are. */
  readonly archive?: LogArchive;
  /** DNS names by which API servers call it; those of its Service by default. */
  readonly hosts?: readonly string[];
}

/** The admission webhook of one replica. Every replica answers, whoever leads: it needs nothing but caches of gates and Repositories. */
export class ClusterWebhook {
  readonly #options: ClusterWebhookOptions;
  readonly #manager: Manager;
  readonly #gates;
  readonly #repositories;
  readonly #stopping = new AbortController();
  #server: AdmissionServer | undefined;

  constructor(options: ClusterWebhookOptions) {
    this.#options = options;
    const { transport, clock, random, logger } = options;
    this.#manager = new Manager({ client: createClient(transport), clock, random, logger, dropManagedFields: true });
    this.#gates = this.#manager.informer(gates);
    this.#repositories = this.#manager.informer(repositories);
  }

  /** Resolves once questions are answered, which waits for the API as long as it takes. Rejects when the port is taken. */
  async start(): Promise<void> {
    const { signal } = this.#stopping;
    try {
      const [server] = await Promise.all([this.#listen(signal), this.#manager.start(signal)]);
      this.#server = server;
    } catch (thrown) {
      if (!signal.aborted) throw thrown;
    }
  }

  /** Whether questions can be answered. */
  readiness(): readonly ReadinessCheck[] {
    const ok = this.#server !== undefined && this.#gates.hasSynced();
    return [{ name: 'webhook', ok, detail: ok ? `answers on port ${this.#server?.port}` : 'waits for the API' }];
  }

  /** Where it listens, once it does. */
  get port(): number | undefined {
    return this.#server?.port;
  }

  /** Answers for {@link webhookDrainMs} more, and ends. */
  async stop(): Promise<void> {
    if (this.#server !== undefined) await sleep(this.#options.clock, webhookDrainMs);
    this.#stopping.abort();
    await this.#server?.close();
    await this.#manager.stop();
  }

  #ownRules(): readonly AdmissionPlugin[] {
    const { clock, namespace: systemNamespace } = this.#options;
    const listRepositories = (): readonly Repository[] => this.#repositories.list();
    return [gateAdmission(() => this.#gates.list()), triggersAdmission({ clock, systemNamespace, listRepositories })];
  }

  #listen(signal: AbortSignal): Promise<AdmissionServer> {
    const { transport, clock, logger, metrics, engine, port, namespace } = this.#options;
    const { hosts = webhookHosts(namespace), archive } = this.#options;
    const client = createClient(transport);
    const aggregated = archive && logsApi(client, archive);
    return startAdmissionServer({
      client,
      ...(aggregated === undefined ? {} : { aggregated, apiServiceName: logsServiceName }),
      clock,
      logger,
      metrics,
      ...rulesFor(engine, this.#ownRules()),
      isReady: () => this.#gates.hasSynced(),
      namespace,
      hosts,
      secretName: webhookSecretName,
      configurationName: installName,
      serial: () => randomBytes(serialBytes),
      port,
      signal,
    });
  }
}

/** Each replica reads what is stored; what another one is still recording is the pod's to tell. */
function logsApi(client: ApiClient, archive: LogArchive): AggregatedApi {
  return {
    groupVersion: `${keptLogs.group}/${keptLogs.version}`,
    resources: keptLogs.resources.map((name) => ({ name, kind: 'TaskRun', verbs: ['get'] })),
    transportFor: (user) => logsOfReader({ client, archive }, user),
  };
}

interface Rules {
  readonly kinds: readonly KindDefinition[];
  readonly plugins: readonly AdmissionPlugin[];
}

function rulesFor(engine: 'penstock' | 'tekton', own: readonly AdmissionPlugin[]): Rules {
  // The kind Repository may be that of a Pipelines-as-Code: its shape is the API server's business.
  const kinds = [...penstockKinds, judgedElsewhere(repositoryKind)];
  return engine === 'penstock'
    ? { kinds: [...tektonKinds, ...kinds], plugins: [tektonAdmission(), ...own] }
    : { kinds: [...tektonKinds.map(judgedElsewhere), ...kinds], plugins: own };
}
