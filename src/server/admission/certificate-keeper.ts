/** Keeps the certificates of the webhook in a Secret, replaces them in time, and tells the API servers whom to trust. */
import { sleep, type Clock } from '../../base/clock.ts';
import { errorText } from '../../base/errors.ts';
import type { JsonObject } from '../../base/json.ts';
import type { ApiClient } from '../../client/api-client.ts';
import { isApiError } from '../../kube/api-error.ts';
import { secrets, type Secret } from '../../kube/core-types.ts';
import type { KubeObject } from '../../kube/object.ts';
import type { ResourceType } from '../../kube/resource.ts';
import type { Logger } from '../../telemetry/logger.ts';
import type { ServerCertificate } from '../certificate.ts';
import {
  certificatesFromData,
  certificatesToData,
  renewed,
  trustedAuthorities,
  type WebhookCertificates,
} from './webhook-certificates.ts';

/** A Validating- or MutatingWebhookConfiguration, as far as its trust goes. */
export interface WebhookConfiguration extends KubeObject {
  readonly webhooks?: readonly { readonly name: string; readonly clientConfig?: { readonly caBundle?: string } }[];
}

const admissionRegistration = { group: 'admissionregistration.k8s.io', version: 'v1', namespaced: false } as const;
export const mutatingWebhookConfigurations: ResourceType<WebhookConfiguration> = {
  ...admissionRegistration,
  resource: 'mutatingwebhookconfigurations',
  kind: 'MutatingWebhookConfiguration',
};
export const validatingWebhookConfigurations: ResourceType<WebhookConfiguration> = {
  ...admissionRegistration,
  resource: 'validatingwebhookconfigurations',
  kind: 'ValidatingWebhookConfiguration',
};

/** An APIService, as far as its trust goes. */
export interface ApiService extends KubeObject {
  readonly spec?: { readonly caBundle?: string };
}

export const apiServices: ResourceType<ApiService> = {
  group: 'apiregistration.k8s.io',
  version: 'v1',
  resource: 'apiservices',
  kind: 'APIService',
  namespaced: false,
};

/** What {@link CertificateKeeper} needs. */
export interface CertificateKeeperOptions {
  readonly client: ApiClient;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Gives a number for a new certificate: 16 random bytes. */
  readonly serial: () => Uint8Array;
  /** Where the Secret and the Service are. */
  readonly namespace: string;
  readonly secretName: string;
  /** DNS names the webhook is called by. */
  readonly hosts: readonly string[];
  /** Name of both configurations. */
  readonly configurationName: string;
  /** The APIService that leads here as well; absent = none does. */
  readonly apiServiceName?: string;
}

/** How often the Secret and the configurations are looked at, in milliseconds. */
export const certificateCheckMs = 60_000;
/** How soon again after a failure, in milliseconds. */
export const certificateRetryMs = 2_000;
/** So often a pass starts anew because another replica was faster. */
const racesMax = 5;

/**
 * Runs in every replica, with or without the lead: each needs the certificate, and whoever finds one due replaces it. Two at
 * once do no harm: the Secret is written only as it was read, and who comes second takes what the first has written.
 */
export class CertificateKeeper {
  readonly #options: CertificateKeeperOptions;
  #toldOfApiService = false;

  constructor(options: CertificateKeeperOptions) {
    this.#options = options;
  }

  /** The certificate to show now, after all that is due was done. Rejects when the API cannot be reached or refuses. */
  async check(): Promise<ServerCertificate> {
    const certificates = await repeatedWhenRaced(() => this.#attempt());
    const caBundle = Buffer.from(trustedAuthorities(certificates)).toString('base64');
    await Promise.all(
      [mutatingWebhookConfigurations, validatingWebhookConfigurations].map((type) =>
        repeatedWhenRaced(() => this.#publish(type, caBundle)),
      ),
    );
    await this.#publishToApiService(caBundle);
    return certificates.server;
  }

  /** Checks now and then until `signal` aborts; `show` gets each new certificate. Failures are logged. */
  async run(show: (certificate: ServerCertificate) => void, signal: AbortSignal): Promise<void> {
    const { clock, logger } = this.#options;
    let shown: string | undefined;
    while (!signal.aborted) {
      let waitMs = certificateCheckMs;
      try {
        const certificate = await this.check();
        if (certificate.certificate !== shown) show(certificate);
        shown = certificate.certificate;
      } catch (thrown) {
        logger.error('the certificates of the webhook cannot be checked', { error: errorText(thrown) });
        waitMs = certificateRetryMs;
      }
      await sleep(clock, waitMs, signal).catch(() => undefined);
    }
  }

  async #attempt(): Promise<WebhookCertificates> {
    const { client, clock, hosts, serial, namespace, secretName, logger } = this.#options;
    const stored = await client.get(secrets, { namespace, name: secretName }).catch(undefinedIfGone);
    const current = stored && certificatesFromData(decoded(stored.data));
    if (stored !== undefined && current === undefined && stored.data !== undefined) {
      logger.warn('the Secret of the webhook holds no certificates that can be used: they are made anew', {
        secretName,
      });
    }
    const next = renewed(current, { hosts, nowMs: clock.now(), serial });
    if (stored !== undefined && next === current) return next;
    if (stored === undefined) await client.create(secrets, this.#secretWith(next));
    else await client.update(secrets, { ...stored, data: encoded(next) });
    logger.info('the certificates of the webhook were replaced', { secretName });
    return next;
  }

  #secretWith(certificates: WebhookCertificates): Secret {
    const { namespace, secretName } = this.#options;
    return {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { namespace, name: secretName, labels: { 'app.kubernetes.io/part-of': 'penstock' } },
      type: 'Opaque',
      data: encoded(certificates),
    };
  }

  /** The same for the APIService: where it is missing or not ours to write, the webhook goes on all the same. */
  async #publishToApiService(caBundle: string): Promise<void> {
    const { client, apiServiceName: name, logger } = this.#options;
    if (name === undefined) return;
    const key = { namespace: '', name };
    try {
      const stored = await client.get(apiServices, key);
      if (stored.spec?.caBundle === caBundle) return;
      await client.patch(apiServices, key, { spec: { caBundle } }, { type: 'merge' });
    } catch (thrown) {
      if (!isApiError(thrown, 'NotFound') && !isApiError(thrown, 'Forbidden')) throw thrown;
      if (!this.#toldOfApiService) logger.warn('an API is not registered', { name, error: errorText(thrown) });
      this.#toldOfApiService = true;
    }
  }

  /** Writes whom to trust into a configuration; where there is none, nobody calls the webhook. */
  async #publish(type: ResourceType<WebhookConfiguration>, caBundle: string): Promise<void> {
    const { client, configurationName, logger } = this.#options;
    const key = { namespace: '', name: configurationName };
    const stored = await client.get(type, key).catch(undefinedIfGone);
    if (stored === undefined) {
      logger.warn('the API server is not told to ask the webhook', { missing: `${type.kind} ${configurationName}` });
      return;
    }
    const changes = (stored.webhooks ?? []).flatMap(({ clientConfig }, index): readonly JsonObject[] =>
      clientConfig?.caBundle === caBundle
        ? []
        : [{ op: 'add', path: `/webhooks/${index}/clientConfig/caBundle`, value: caBundle }],
    );
    if (changes.length === 0) return;
    // The indexes are those of this version.
    const guard = { op: 'test', path: '/metadata/resourceVersion', value: stored.metadata.resourceVersion ?? '' };
    await client.patch(type, key, [guard, ...changes], { type: 'json' });
  }
}

/** Does `action` anew when another writer came in between: `Invalid` is what a failed `test` of a patch is answered with. */
async function repeatedWhenRaced<T>(action: () => Promise<T>): Promise<T> {
  for (let races = 0; ; races++) {
    try {
      return await action();
    } catch (thrown) {
      const raced = (['Conflict', 'AlreadyExists', 'Invalid'] as const).some((reason) => isApiError(thrown, reason));
      if (!raced || races >= racesMax) throw thrown;
    }
  }
}

function undefinedIfGone(thrown: unknown): undefined {
  if (isApiError(thrown, 'NotFound')) return undefined;
  throw thrown;
}

function decoded(data: Secret['data'] = {}): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(data).map(([name, value]) => [name, Buffer.from(value, 'base64').toString('utf8')]),
  );
}

function encoded(certificates: WebhookCertificates): Readonly<Record<string, string>> {
  const entries = Object.entries(certificatesToData(certificates));
  return Object.fromEntries(entries.map(([name, value]) => [name, Buffer.from(value, 'utf8').toString('base64')]));
}
