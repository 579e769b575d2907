import { type Logger, silentLogger } from '../telemetry/logger.ts';
import { UserError } from '../base/errors.ts';
import { systemClock } from '../base/system-clock.ts';
import type { ProcessEnvironment } from './environment.ts';

const levels = ['debug', 'info', 'warn', 'error', 'silent'] as const;
type Level = (typeof levels)[number];

/** The program's own log, on standard error, at the level that PENSTOCK_LOG names. */
export async function processLogger({ logLevel }: ProcessEnvironment, otherwise: Level): Promise<Logger> {
  const level = logLevel === undefined || logLevel === '' ? otherwise : levels.find((known) => known === logLevel);
  if (level === undefined) {
    throw new UserError(`PENSTOCK_LOG=${logLevel} is no level`, {
      code: 'LOG_LEVEL',
      remedy: `use ${levels.join(', ')}`,
    });
  }
  if (level === 'silent') return silentLogger;
  // The library takes its time to load: only who logs pays for it.
  const { createLogger } = await import('../telemetry/pino-logger.ts');
  return createLogger({ level, destination: process.stderr, clock: systemClock });
}
