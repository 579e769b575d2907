/** An inbox in front of a real API server in memory, and senders who know or do not know its secrets. For tests. */
import { createHmac } from 'node:crypto';
import { TestApi } from '../../apiserver/api-fixture.ts';
import { seededRandom } from '../../base/random.ts';
import type { Clock } from '../../base/clock.ts';
import type { ApiClient } from '../../client/api-client.ts';
import { createClient } from '../../client/client.ts';
import type { Lister } from '../../controller/contract.ts';
import type { ReadSecret } from '../../forge/access/access-of.ts';
import { gitWebhooks } from '../../forge/git/webhook-format.ts';
import { giteaWebhooks } from '../../forge/gitea/webhook-format.ts';
import { gitlabWebhooks } from '../../forge/gitlab/webhook-format.ts';
import type { HookAnswer, HookReceiver } from '../../forge/hook-receiver.ts';
import { type Delivery, deliveries } from '../../forge/kinds/delivery.ts';
import type { Repository, RepositorySpec } from '../../forge/kinds/repository.ts';
import { namespaces, secrets } from '../../kube/core-types.ts';
import { keyOf, keyText } from '../../kube/object.ts';
import type { ApiRequest } from '../../kube/transport.ts';
import { servedKinds } from '../../schema/served-kinds.ts';
import { MemoryLogger } from '../../telemetry/memory-logger.ts';
import { createPrometheusMetrics, type PrometheusMetrics } from '../../telemetry/prometheus-metrics.ts';
import { secretReader } from '../secret-reader.ts';
import { createInbox } from './create-inbox.ts';

export const systemNamespace = 'penstock';

/** A push as the hook of a plain Git repository tells of it. */
export function gitPush(url = 'file:///srv/git/app.git', receivedAt = '2026-01-01T00:00:00.000Z'): object {
  const refs = [{ ref: 'refs/heads/main', before: '0'.repeat(40), after: 'a'.repeat(40) }];
  return { repository: { url }, pusher: 'alice', receivedAt, refs };
}

export class InboxRig {
  readonly api: TestApi = new TestApi({ kinds: servedKinds });
  /** Called before each call to the API; throws what the call is to fail with. */
  before: (request: ApiRequest) => Promise<void> | void = () => undefined;
  /** Called after it was carried out. */
  after: (request: ApiRequest) => void = () => undefined;
  readonly client: ApiClient = createClient(async (request) => {
    await this.before(request);
    const answer = await this.api.server.handle(request);
    this.after(request);
    return answer;
  });
  readonly clock: Clock = this.api.clock;
  readonly logger: MemoryLogger = new MemoryLogger();
  readonly metrics: PrometheusMetrics = createPrometheusMetrics();
  readonly inbox: HookReceiver;
  /** How often Secrets were read. */
  secretReads = 0;
  #synced = true;
  #repositories: readonly Repository[] = [];

  constructor() {
    const read = secretReader(this.client);
    const readSecret: ReadSecret = (...place) => {
      this.secretReads++;
      return read(...place);
    };
    this.inbox = createInbox({
      client: this.client,
      systemNamespace,
      formats: [giteaWebhooks, gitlabWebhooks, gitWebhooks],
      repositories: this.#lister(),
      readSecret,
      clock: this.clock,
      random: seededRandom(7),
      logger: this.logger,
      metrics: this.metrics,
    });
  }

  static async create(): Promise<InboxRig> {
    const rig = new InboxRig();
    for (const name of [systemNamespace, 'ci', 'other']) {
      await rig.client.create(namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
    }
    return rig;
  }

  /** Puts a secret there, or changes it. */
  async secret(name: string, data: Readonly<Record<string, string>>, namespace = 'ci'): Promise<void> {
    const object = { apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace }, stringData: data };
    await this.client.delete(secrets, { namespace, name }).catch(() => undefined);
    await this.client.create(secrets, object);
  }

  /** Lets the inbox know of a Repository. */
  repository(name: string, spec: RepositorySpec, namespace = 'ci'): Repository {
    const metadata = { name, namespace, uid: `uid-of-${namespace}-${name}` };
    const repository = { apiVersion: 'pipelinesascode.tekton.dev/v1alpha1', kind: 'Repository', metadata, spec };
    this.#repositories = [...this.#repositories, repository];
    return repository;
  }

  /** A Repository of plain Git with a webhook secret of its own. */
  async gitRepository(name = 'app', secret = 'knock', namespace = 'ci'): Promise<Repository> {
    await this.secret(`${name}-hook`, { 'webhook.secret': secret }, namespace);
    const provider = { type: 'git', webhook_secret: { name: `${name}-hook` } } as const;
    return this.repository(name, { url: `file:///srv/git/${name}.git`, git_provider: provider }, namespace);
  }

  unsynced(): void {
    this.#synced = false;
  }

  /** Sends a body that is signed with `secret`, as plain Git does. */
  push(
    payload: object | string,
    secret = 'knock',
    { path = '/hooks/git', headers = {} }: { path?: string; headers?: Readonly<Record<string, string>> } = {},
  ): Promise<HookAnswer> {
    const body = Buffer.from(typeof payload === 'string' ? payload : JSON.stringify(payload));
    const signature = createHmac('sha256', secret).update(body).digest('hex');
    return this.post(path, body, { 'x-penstock-signature': signature, 'x-penstock-delivery': 'd-1', ...headers });
  }

  post(path: string, body: Uint8Array | string, headers: Readonly<Record<string, string>> = {}): Promise<HookAnswer> {
    return this.inbox.receive({ path, headers, body: Buffer.from(body), hasQuery: false });
  }

  async deliveries(): Promise<readonly Delivery[]> {
    return (await this.client.list(deliveries, { namespace: systemNamespace })).items;
  }

  #lister(): Lister<Repository> {
    return {
      get: (key) => this.#repositories.find((repository) => keyText(keyOf(repository)) === keyText(key)),
      list: (namespace) =>
        this.#repositories.filter(({ metadata }) => namespace === undefined || metadata.namespace === namespace),
      byIndex: () => [],
      hasSynced: () => this.#synced,
    };
  }
}
