import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { cronTimes } from './cron.ts';

/** The next instants of an expression, in UTC to the minute. */
function next(expression: string, timeZone: string | undefined, from: string, count = 3): readonly string[] {
  const times = cronTimes(expression, timeZone);
  const found: string[] = [];
  for (let at = times.next(Date.parse(from)); at !== undefined && found.length < count; at = times.next(at)) {
    found.push(new Date(at).toISOString().slice(0, 16));
  }
  return found;
}

describe('cronTimes', () => {
  it('reads five fields and nicknames', () => {
    assert.deepEqual(next('*/20 9-10 * * MON-FRI', 'UTC', '2026-01-02T10:30:00Z'), [
      '2026-01-02T10:40',
      '2026-01-05T09:00',
      '2026-01-05T09:20',
    ]);
    assert.deepEqual(next('@weekly', undefined, '2026-01-01T00:00:00Z', 1), ['2026-01-04T00:00']);
    assert.deepEqual(next('0 0 1 * 1', undefined, '2026-03-28T00:00:00Z'), [
      '2026-03-30T00:00',
      '2026-04-01T00:00',
      '2026-04-06T00:00',
    ]);
  });

  it('is due after the given instant, never at it', () => {
    assert.deepEqual(next('0 * * * *', 'UTC', '2026-01-01T05:00:00Z', 1), ['2026-01-01T06:00']);
  });

  it('follows the clock on the wall, once a day also where it changes', () => {
    assert.deepEqual(next('30 2 * * *', 'Europe/Berlin', '2026-03-28T12:00:00Z', 2), [
      '2026-03-29T01:00',
      '2026-03-30T00:30',
    ]);
    assert.deepEqual(next('30 2 * * *', 'Europe/Berlin', '2026-10-24T12:00:00Z', 2), [
      '2026-10-25T00:30',
      '2026-10-26T01:30',
    ]);
  });

  it('knows when there is no such day', () => {
    assert.deepEqual(next('0 0 30 2 *', 'UTC', '2026-01-01T00:00:00Z'), []);
    assert.deepEqual(next('0 0 29 2 *', 'UTC', '2026-01-01T00:00:00Z', 1), ['2028-02-29T00:00']);
  });

  it('refuses the rest, saying which part', () => {
    const wrong: readonly (readonly [string, string | undefined, 'cron' | 'timeZone'])[] = [
      ['', undefined, 'cron'],
      ['* * * *', undefined, 'cron'],
      ['0 * * * * *', undefined, 'cron'],
      ['61 * * * *', undefined, 'cron'],
      ['*/0 * * * *', undefined, 'cron'],
      ['a b c d e', undefined, 'cron'],
      ['2027-01-01T00:00:00', undefined, 'cron'],
      ['@reboot', undefined, 'cron'],
      ['0 0 * * *', 'Mars/Olympus', 'timeZone'],
      ['0 0 * * *', '', 'timeZone'],
    ];
    for (const [expression, timeZone, part] of wrong) {
      assert.throws(() => cronTimes(expression, timeZone), { code: 'CRON', part }, `${expression} ${timeZone}`);
    }
  });
});
