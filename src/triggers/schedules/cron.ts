/** When a cron expression is due. The only file that knows croner, which computes and never waits here. */
import { Cron } from 'croner';
import { errorText } from '../../base/errors.ts';

/** Names that stand for five fields. */
const nicknames: readonly string[] = ['@yearly', '@annually', '@monthly', '@weekly', '@daily', '@midnight', '@hourly'];

/** Instants at which something is due. */
export interface CronTimes {
  /** The first one after `instantMs`, in epoch milliseconds; undefined = never again. */
  next(instantMs: number): number | undefined;
}

/** Thrown when an expression or time zone cannot be used; the message is for people. */
export class CronError extends Error {
  override readonly name = 'CronError';
  readonly code = 'CRON';
  readonly part: 'cron' | 'timeZone';

  constructor(part: 'cron' | 'timeZone', message: string, cause?: unknown) {
    super(message, { cause });
    this.part = part;
  }
}

/**
 * Reads five fields (minute, hour, day, month, weekday) or a nickname such as `@daily`. Day and weekday are alternatives when
 * both are given, as in every cron. Where clocks change, an expression with one hour and minute is due exactly once that
 * day (after the gap, or at the first of two), and others follow the clock on the wall. Throws {@link CronError}.
 */
export function cronTimes(expression: string, timeZone = 'UTC'): CronTimes {
  const fields = expression.trim().split(/\s+/);
  const wellFormed = fields.length === 5 || nicknames.includes(expression.trim());
  if (!wellFormed) {
    throw new CronError('cron', `write five fields (minute hour day month weekday) or one of ${nicknames.join(', ')}`);
  }
  if (!isTimeZone(timeZone))
    throw new CronError('timeZone', 'no such time zone; write an IANA name such as Europe/Berlin');
  const cron = parse(expression.trim(), timeZone);
  return { next: (instantMs) => cron.nextRun(new Date(instantMs))?.getTime() };
}

function parse(expression: string, timeZone: string): Cron {
  try {
    return new Cron(expression, { timezone: timeZone, mode: '5-part', paused: true });
  } catch (thrown) {
    throw new CronError('cron', errorText(thrown).replace(/^Cron\w+: /, ''), thrown);
  }
}

function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en-US', { timeZone: name }).format(0) !== '';
  } catch {
    return false;
  }
}
