import type { Clock } from '../base/clock.ts';
import { errorText } from '../base/errors.ts';
import type { ApiClient } from '../client/api-client.ts';
import { defaultSettings, parseSettings, type Settings, settingsConfigMap } from '../forge/kinds/settings.ts';
import { isApiError } from '../kube/api-error.ts';
import { configMaps } from '../kube/core-types.ts';
import type { Logger } from '../telemetry/logger.ts';

/** A change of the settings holds after so many milliseconds at the latest. */
export const settingsMsMax = 10_000;

/**
 * The settings as they are now, read again every few seconds while somebody asks. Not by a cache: that would hold all
 * ConfigMaps of a cluster. What cannot be read or used leaves in force what was.
 */
export class LiveSettings {
  readonly #client: ApiClient;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #namespace: string;
  #settings: Settings = defaultSettings;
  #version: string | undefined;
  #readMs = Number.NEGATIVE_INFINITY;

  constructor(options: { client: ApiClient; clock: Clock; logger: Logger; systemNamespace: string }) {
    this.#client = options.client;
    this.#clock = options.clock;
    this.#logger = options.logger;
    this.#namespace = options.systemNamespace;
  }

  async current(): Promise<Settings> {
    const nowMs = this.#clock.monotonicMs();
    if (nowMs - this.#readMs < settingsMsMax) return this.#settings;
    this.#readMs = nowMs;
    try {
      const found = await this.#client.get(configMaps, { namespace: this.#namespace, name: settingsConfigMap });
      this.#take(found.data, found.metadata.resourceVersion);
    } catch (thrown) {
      if (isApiError(thrown, 'NotFound')) this.#take(undefined, undefined);
      else this.#logger.warn('the settings could not be read; those in force stay', { error: errorText(thrown) });
    }
    return this.#settings;
  }

  #take(data: Readonly<Record<string, string>> | undefined, version: string | undefined): void {
    if (version !== undefined && version === this.#version) return;
    this.#version = version;
    const { settings, complaints } = parseSettings(data, this.#settings);
    this.#settings = settings;
    for (const complaint of complaints) this.#logger.warn('a setting cannot be used', { ...complaint });
  }
}
