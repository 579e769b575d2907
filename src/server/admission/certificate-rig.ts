import assert from 'node:assert/strict';
import { X509Certificate, randomBytes } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { createApiServer } from '../../apiserver/api-server.ts';
import { seededRandom } from '../../base/random.ts';
import { VirtualClock } from '../../base/virtual-clock.ts';
import type { ApiClient } from '../../client/api-client.ts';
import { createClient } from '../../client/client.ts';
import { namespaces } from '../../kube/core-types.ts';
import type { ResourceType } from '../../kube/resource.ts';
import type { ApiRequest } from '../../kube/transport.ts';
import { builtinKinds } from '../../schema/core/builtin-kinds.ts';
import { topLevel } from '../../schema/core/object-meta.ts';
import type { KindDefinition } from '../../schema/kind-definition.ts';
import { createMemoryStore } from '../../store/memory-store.ts';
import { silentLogger } from '../../telemetry/logger.ts';
import { MemoryLogger } from '../../telemetry/memory-logger.ts';
import {
  CertificateKeeper,
  mutatingWebhookConfigurations,
  validatingWebhookConfigurations,
  type CertificateKeeperOptions,
  type WebhookConfiguration,
} from './certificate-keeper.ts';

export const webhookHost: string = 'penstock-webhook.penstock.svc';

function configurationKind(type: ResourceType): KindDefinition {
  const open = { type: 'array', items: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } } as const;
  return {
    type,
    singular: type.kind.toLowerCase(),
    listKind: `${type.kind}List`,
    description: 'Whom to ask.',
    schema: topLevel('Whom to ask.', { webhooks: open }),
    subresources: {},
    shortNames: [],
    categories: [],
    printerColumns: [],
    decoding: 'go',
  };
}

/** A cluster with a namespace and both configurations, to which replicas come; time is virtual. For tests. */
export class CertificateRig {
  readonly clock: VirtualClock = new VirtualClock({ settle: settleTurns });
  readonly client: ApiClient;
  /** Called before each call; may throw or change the world. */
  before: (request: ApiRequest) => Promise<void> | void = () => undefined;
  readonly writes: string[] = [];

  constructor() {
    const server = createApiServer({
      store: createMemoryStore(),
      clock: this.clock,
      random: seededRandom(1),
      logger: silentLogger,
      kinds: [
        ...builtinKinds,
        ...[mutatingWebhookConfigurations, validatingWebhookConfigurations].map(configurationKind),
      ],
    });
    this.client = createClient(async (request) => {
      await this.before(request);
      const answer = await server.handle(request);
      if (request.method !== 'GET') this.writes.push(`${request.method} ${request.path} ${answer.status}`);
      return answer;
    });
  }

  async install(): Promise<void> {
    await this.client.create(namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'penstock' } });
    for (const type of [mutatingWebhookConfigurations, validatingWebhookConfigurations]) {
      const webhooks = ['a.penstock.dev', 'b.penstock.dev'].map((name) => ({ name, clientConfig: {} }));
      await this.client.create(type, {
        apiVersion: 'admissionregistration.k8s.io/v1',
        kind: type.kind,
        metadata: { name: 'penstock' },
        webhooks,
      });
    }
    this.writes.length = 0;
  }

  keeper(logger?: MemoryLogger, apiServiceName?: string): CertificateKeeper {
    const named = apiServiceName === undefined ? {} : { apiServiceName };
    return new CertificateKeeper({ ...this.options(logger), ...named });
  }

  options(logger: MemoryLogger = new MemoryLogger()): CertificateKeeperOptions {
    return {
      client: this.client,
      clock: this.clock,
      logger,
      serial: () => randomBytes(16),
      namespace: 'penstock',
      secretName: 'penstock-webhook-tls',
      hosts: [webhookHost],
      configurationName: 'penstock',
    };
  }

  async bundles(): Promise<readonly (string | undefined)[]> {
    const key = { namespace: '', name: 'penstock' };
    const found: WebhookConfiguration[] = [
      await this.client.get(mutatingWebhookConfigurations, key),
      await this.client.get(validatingWebhookConfigurations, key),
    ];
    return found.flatMap(({ webhooks = [] }) => webhooks.map(({ clientConfig }) => clientConfig?.caBundle));
  }

  async authorities(): Promise<readonly X509Certificate[]> {
    const [bundle = '', ...others] = await this.bundles();
    assert.ok(others.every((other) => other === bundle));
    const text = Buffer.from(bundle, 'base64').toString();
    return text
      .split(/(?<=-----END CERTIFICATE-----\n)/)
      .filter((pem) => pem !== '')
      .map((pem) => new X509Certificate(pem));
  }
}

async function settleTurns(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await setImmediate();
}
