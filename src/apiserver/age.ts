import { fromRfc3339 } from '../base/clock.ts';

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;
const year = 365 * day;

/** A span as `kubectl get` shows ages: `45s`, `3m20s`, `25m`, `5h10m`, `30h`, `3d4h`, `200d`, `2y30d`, `9y`. */
export function ageText(spanMs: number): string {
  if (spanMs < -second) return '<invalid>';
  if (spanMs < 0) return '0s';
  if (spanMs < 2 * minute) return `${whole(spanMs, second)}s`;
  if (spanMs < 10 * minute) return pair(spanMs, minute, 'm', second, 's');
  if (spanMs < 3 * hour) return `${whole(spanMs, minute)}m`;
  if (spanMs < 8 * hour) return pair(spanMs, hour, 'h', minute, 'm');
  if (spanMs < 2 * day) return `${whole(spanMs, hour)}h`;
  if (spanMs < 8 * day) return pair(spanMs, day, 'd', hour, 'h');
  if (spanMs < 2 * year) return `${whole(spanMs, day)}d`;
  if (spanMs < 8 * year) return pair(spanMs, year, 'y', day, 'd');
  return `${whole(spanMs, year)}y`;
}

/** The age of an instant (RFC 3339); `<unknown>` when there is none, `<invalid>` when it cannot be read. */
export function ageSince(instant: unknown, nowMs: number): string {
  if (instant === undefined || instant === null || instant === '') return '<unknown>';
  const startMs = typeof instant === 'string' ? fromRfc3339(instant) : undefined;
  return startMs === undefined ? '<invalid>' : ageText(nowMs - startMs);
}

function whole(spanMs: number, unitMs: number): number {
  return Math.floor(spanMs / unitMs);
}

function pair(spanMs: number, largeMs: number, large: string, smallMs: number, small: string): string {
  const rest = whole(spanMs % largeMs, smallMs);
  return rest === 0 ? `${whole(spanMs, largeMs)}${large}` : `${whole(spanMs, largeMs)}${large}${rest}${small}`;
}
