import { pino, type Logger as PinoLogger } from 'pino';
import type { Clock } from '../base/clock.ts';
import type { LogFields, Logger } from './logger.ts';
import { redact } from './redact.ts';

/** How important a line must be to be written. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';

/** Where lines go: one JSON object and a newline each. `process.stderr` is one. */
export interface LogDestination {
  write(line: string): void;
}

/** Options of {@link createLogger}. */
export interface LoggerOptions {
  readonly level: LogLevel;
  readonly destination: LogDestination;
  readonly clock: Clock;
}

/**
 * A logger that writes JSON lines: `{"level":"info","time":"2026-11-21T04:05:06.789Z", …fields, "msg":"…"}`.
 *
 * Secrets in fields are replaced (see `redact.ts`). Import this file lazily: pino takes a while to load.
 */
export function createLogger(options: LoggerOptions): Logger {
  const { clock, destination, level } = options;
  const root = pino(
    {
      level,
      base: null,
      timestamp: () => `,"time":"${new Date(clock.now()).toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
    },
    destination,
  );
  return adapted(root);
}

function adapted(logger: PinoLogger): Logger {
  const line = (level: 'debug' | 'info' | 'warn' | 'error') => (message: string, fields?: LogFields) => {
    if (!logger.isLevelEnabled(level)) return;
    logger[level](fields === undefined ? {} : (redact(fields) as object), message);
  };
  return {
    debug: line('debug'),
    info: line('info'),
    warn: line('warn'),
    error: line('error'),
    child: (fields) => adapted(logger.child(redact(fields) as Record<string, unknown>)),
  };
}
