import type { Clock } from '../../base/clock.ts';
import type { Logger } from '../../telemetry/logger.ts';
import { defaultSettings, parseSettings, type Settings } from './settings.ts';

/** Settings that follow their ConfigMap. */
export interface LiveSettings {
  /** As they were read last; the defaults before that. */
  current(): Settings;
  /** Reads them if that is a while ago. Never throws: what cannot be read stays in force, and the log says so. */
  refresh(): Promise<void>;
}

/** Longest time after which a change is seen, in milliseconds. */
export const settingsAgeMsMax = 5_000;

/** `read` gives the data of the ConfigMap `pipelines-as-code` of Penstock's namespace; undefined = there is none. */
export function liveSettings(options: {
  readonly read: () => Promise<Readonly<Record<string, string>> | undefined>;
  readonly clock: Clock;
  readonly logger: Logger;
}): LiveSettings {
  const { read, clock, logger } = options;
  let settings = defaultSettings;
  let readMs = Number.NEGATIVE_INFINITY;
  let complained = '';
  let reading: Promise<void> | undefined;
  const load = async (): Promise<void> => {
    try {
      const parsed = parseSettings(await read(), settings);
      settings = parsed.settings;
      readMs = clock.monotonicMs();
      const complaints = parsed.complaints.map(({ key, message }) => `${key} ${message}`).join('; ');
      if (complaints !== complained && complaints !== '')
        logger.warn('settings cannot be used as they are', { complaints });
      complained = complaints;
    } catch (thrown) {
      logger.warn('the settings cannot be read; those read before stay in force', { error: String(thrown) });
    }
  };
  return {
    current: () => settings,
    async refresh() {
      if (clock.monotonicMs() - readMs < settingsAgeMsMax) return;
      reading ??= load().finally(() => {
        reading = undefined;
      });
      await reading;
    },
  };
}
