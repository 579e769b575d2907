import type { Clock } from '../../base/clock.ts';
import { errorText } from '../../base/errors.ts';
import type { ApiClient } from '../../client/api-client.ts';
import { detailsSecretName } from '../../forge/kinds/settings.ts';
import { isApiError } from '../../kube/api-error.ts';
import { type Secret, secrets } from '../../kube/core-types.ts';
import type { Logger } from '../../telemetry/logger.ts';
import { found } from '../api-reads.ts';

/** The key of the Secret that holds it. */
const dataKey = 'key';
/** Shortest key, in bytes. */
const keyBytesMin = 32;
/** A Secret that was replaced is seen after so long, in milliseconds. */
export const keyAgeMsMax = 60_000;
/** One that was not there is looked for again after so long, in milliseconds. */
const missingAgeMsMax = 1_000;

export interface DetailsKeyOptions {
  readonly client: ApiClient;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly systemNamespace: string;
  /** Makes a key that nobody can guess: text of at least 32 bytes. */
  readonly newKey: () => string;
}

/** What was found under the name of the Secret. `unusable`: the log says why. */
type Known = { readonly key: string } | 'missing' | 'unusable';

/** The key by which links are signed: the same in every replica, and after every restart, since the links are out in the world. */
export class DetailsKey {
  readonly #options: DetailsKeyOptions;
  #known: Known = 'missing';
  #readMs = Number.NEGATIVE_INFINITY;
  #reading: Promise<void> | undefined;

  constructor(options: DetailsKeyOptions) {
    this.#options = options;
  }

  /**
   * The key, if there is one; undefined too where it may not be read or cannot be used, which the log says. Rejects when
   * the API does not answer.
   */
  async existing(): Promise<string | undefined> {
    const ageMsMax = this.#known === 'missing' ? missingAgeMsMax : keyAgeMsMax;
    if (this.#options.clock.monotonicMs() - this.#readMs >= ageMsMax) await this.#load(() => this.#read());
    return this.#key();
  }

  /** The same, but the key is made if there is none. */
  async current(): Promise<string | undefined> {
    await this.existing();
    if (this.#known === 'missing') await this.#load(() => this.#make());
    return this.#key();
  }

  #key(): string | undefined {
    return typeof this.#known === 'object' ? this.#known.key : undefined;
  }

  /** One at a time: who comes meanwhile has what the first one finds. */
  async #load(read: () => Promise<Secret | undefined>): Promise<void> {
    this.#reading ??= this.#settle(read).finally(() => {
      this.#reading = undefined;
    });
    await this.#reading;
  }

  async #settle(read: () => Promise<Secret | undefined>): Promise<void> {
    const { clock, logger, systemNamespace: namespace } = this.#options;
    const about = { code: 'DETAILS_KEY', object: `${namespace}/${detailsSecretName}` };
    try {
      const secret = await read();
      const key = secret && keyIn(secret);
      this.#known = secret === undefined ? 'missing' : key === undefined ? 'unusable' : { key };
      if (this.#known === 'unusable') {
        logger.error('links to details cannot be signed: the Secret holds no key', about);
      }
    } catch (thrown) {
      if (!isApiError(thrown, 'Forbidden')) throw thrown;
      this.#known = 'unusable';
      logger.error('links to details cannot be signed', { ...about, error: errorText(thrown) });
    }
    this.#readMs = clock.monotonicMs();
  }

  #read(): Promise<Secret | undefined> {
    const { client, systemNamespace: namespace } = this.#options;
    return found(client.get(secrets, { namespace, name: detailsSecretName }));
  }

  async #make(): Promise<Secret | undefined> {
    const { client, systemNamespace: namespace, newKey } = this.#options;
    const metadata = { namespace, name: detailsSecretName };
    const data = { [dataKey]: Buffer.from(newKey()).toString('base64') };
    try {
      return await client.create(secrets, { apiVersion: 'v1', kind: 'Secret', metadata, type: 'Opaque', data });
    } catch (thrown) {
      // Another replica was first: its key is the key.
      if (!isApiError(thrown, 'AlreadyExists')) throw thrown;
      return this.#read();
    }
  }
}

function keyIn({ data = {} }: Secret): string | undefined {
  const key = Buffer.from(data[dataKey] ?? '', 'base64').toString('utf8');
  return Buffer.byteLength(key) < keyBytesMin ? undefined : key;
}
