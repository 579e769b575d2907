/** Which instants of a schedule are due. Pure: what was done before is a parameter. */
import { hashOf } from '../../forge/kinds/identity.ts';
import type { Schedule } from '../../forge/kinds/repository.ts';
import type { CronTimes } from './cron.ts';

/**
 * Of the instants that were missed while nothing ran here, the latest one is made up for, if it is no older than this, in
 * milliseconds. It is a night and a morning: what should have run at night still does when the machine comes back.
 */
export const missedMsMax: number = 12 * 3_600_000;
/** Most instants that are looked at to find the latest: one a minute for all of that time. */
const instantsMax = missedMsMax / 60_000 + 1;
const fingerprintDigits = 16;

/** What is remembered of one schedule. */
export interface ScheduleMemory {
  /** Of what the schedule said: when that changes, the past does not count. */
  readonly fingerprint: string;
  /** Up to here nothing is due any more, in epoch milliseconds. */
  readonly doneMs: number;
}

/** The latest instant that is due, and how many before it were missed; undefined = none. */
export function dueInstant(
  times: CronTimes,
  doneMs: number,
  nowMs: number,
): { readonly atMs: number; readonly missed: number } | undefined {
  let latest: number | undefined;
  let missed = -1;
  let instant = times.next(Math.max(doneMs, nowMs - missedMsMax));
  for (let count = 0; count < instantsMax && instant !== undefined && instant <= nowMs; count++) {
    latest = instant;
    missed++;
    instant = times.next(instant);
  }
  return latest === undefined ? undefined : { atMs: latest, missed };
}

/** What makes a schedule another one: when it is due, or that it goes on after it was suspended. Not what it starts. */
export function fingerprintOf({ cron, timeZone = 'UTC', suspend = false }: Schedule): string {
  return hashOf([cron, timeZone, String(suspend)]).slice(0, fingerprintDigits);
}
