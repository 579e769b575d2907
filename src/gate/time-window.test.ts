import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isOpen, untilNextMinuteMs } from './time-window.ts';
import type { TimeWindow } from './types.ts';

const office: TimeWindow = { days: ['Mon', 'Tue', 'Wed', 'Thu', 'Fri'], from: '08:00', to: '18:00' };
const night: TimeWindow = { days: ['Fri'], from: '22:00', to: '06:00' };
const berlin = { timeZone: 'Europe/Berlin' } as const;

/** Clocks in Berlin: forward on Sunday 2026-03-29 at 01:00 UTC, back on Sunday 2026-10-25 at 01:00 UTC. */
const cases: readonly (readonly [what: string, window: TimeWindow, instant: string, open: boolean])[] = [
  ['opens on the minute', office, '2026-01-05T08:00:00Z', true],
  ['is closed before', office, '2026-01-05T07:59:59Z', false],
  ['closes on the minute', office, '2026-01-05T18:00:00Z', false],
  ['is open until then', office, '2026-01-05T17:59:59Z', true],
  ['keeps its days', office, '2026-01-04T12:00:00Z', false],
  ['opens every day unless told otherwise', { from: '08:00', to: '18:00' }, '2026-01-04T12:00:00Z', true],
  ['goes past midnight', night, '2026-01-03T05:59:00Z', true],
  ['belongs to the day it opened on', night, '2026-01-02T05:59:00Z', false],
  ['goes past midnight into another week', { ...night, days: ['Sat'] }, '2026-01-04T03:00:00Z', true],
  ['is the whole day when it ends where it begins', { from: '00:00', to: '00:00' }, '2026-01-04T12:00:00Z', true],
  ['is a day long from its hour', { days: ['Mon'], from: '09:00', to: '09:00' }, '2026-01-06T08:59:00Z', true],
  ['and no longer', { days: ['Mon'], from: '09:00', to: '09:00' }, '2026-01-06T09:00:00Z', false],
  ['reads its own time zone in winter', { ...office, ...berlin }, '2026-01-05T07:00:00Z', true],
  ['and is closed there in the evening', { ...office, ...berlin }, '2026-01-05T17:00:00Z', false],
  ['reads its own time zone in summer', { ...office, ...berlin }, '2026-07-06T06:00:00Z', true],
  [
    'has the day of its time zone',
    { days: ['Mon'], from: '00:00', to: '12:00', ...berlin },
    '2026-01-04T23:30:00Z',
    true,
  ],
  ['is left out when its hour is', { from: '02:15', to: '02:45', ...berlin }, '2026-03-29T01:20:00Z', false],
  [
    'begins when the clock has gone past its hour',
    { from: '02:30', to: '05:00', ...berlin },
    '2026-03-29T01:00:00Z',
    true,
  ],
  ['ends by the new time', { from: '01:00', to: '04:00', ...berlin }, '2026-03-29T02:00:00Z', false],
  ['comes twice when its hour does: first', { from: '02:15', to: '02:45', ...berlin }, '2026-10-25T00:20:00Z', true],
  ['comes twice when its hour does: between', { from: '02:15', to: '02:45', ...berlin }, '2026-10-25T00:50:00Z', false],
  ['comes twice when its hour does: second', { from: '02:15', to: '02:45', ...berlin }, '2026-10-25T01:20:00Z', true],
  ['is closed when a time is none', { from: '08:60', to: '18:00' }, '2026-01-05T12:00:00Z', false],
];

describe('a window', () => {
  for (const [what, window, instant, open] of cases) {
    it(what, () => {
      assert.equal(isOpen(window, Date.parse(instant)), open);
    });
  }
});

describe('untilNextMinuteMs', () => {
  it('is never nothing, also before 1970', () => {
    assert.deepEqual([0, 1, 59_999, 60_000, -1].map(untilNextMinuteMs), [60_000, 59_999, 1, 60_000, 1]);
  });
});
