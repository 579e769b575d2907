import type { TimeWindow, Weekday } from './types.ts';

const weekdays: readonly Weekday[] = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
const minuteMs = 60_000;
const minutesPerDay = 1440;

/** Whether `window` is open at an instant. Works in the window's own time zone, so a change of its clocks is followed. */
export function isOpen(window: TimeWindow, nowMs: number): boolean {
  const from = minutesOf(window.from);
  const to = minutesOf(window.to);
  if (from === undefined || to === undefined) return false;
  const { day, minute } = localTime(nowMs, window.timeZone ?? 'UTC');
  const opensOn = (candidate: number): boolean => {
    const weekday = weekdays[(candidate + 7) % 7];
    return window.days === undefined || (weekday !== undefined && window.days.includes(weekday));
  };
  if (from < to) return opensOn(day) && minute >= from && minute < to;
  return (opensOn(day) && minute >= from) || (opensOn(day - 1) && minute < to);
}

/** How long until the local minute turns, in milliseconds: windows change on minutes, so nothing changes before. */
export function untilNextMinuteMs(nowMs: number): number {
  return minuteMs - (((nowMs % minuteMs) + minuteMs) % minuteMs);
}

/** Minutes since midnight of `HH:MM`; undefined when that is not a time of day. */
function minutesOf(text: string): number | undefined {
  const match = /^(\d{2}):(\d{2})$/.exec(text);
  const minutes = match ? Number(match[1]) * 60 + Number(match[2]) : Number.NaN;
  return minutes < minutesPerDay && Number(match?.[2]) < 60 ? minutes : undefined;
}

/** Whether the platform knows a time zone by this name. */
export function isTimeZone(name: string): boolean {
  return formatFor(name) !== undefined;
}

const formats = new Map<string, Intl.DateTimeFormat | undefined>();
/** Names that can be asked about before the memory of them is dropped. */
const formatsMax = 1000;

function formatFor(timeZone: string): Intl.DateTimeFormat | undefined {
  if (formats.has(timeZone)) return formats.get(timeZone);
  if (formats.size >= formatsMax) formats.clear();
  formats.set(timeZone, newFormat(timeZone));
  return formats.get(timeZone);
}

function newFormat(timeZone: string): Intl.DateTimeFormat | undefined {
  try {
    return new Intl.DateTimeFormat('en-US', {
      timeZone,
      weekday: 'short',
      hour: '2-digit',
      minute: '2-digit',
      hourCycle: 'h23',
    });
  } catch {
    return undefined;
  }
}

function localTime(nowMs: number, timeZone: string): { readonly day: number; readonly minute: number } {
  const parts = formatFor(timeZone)?.formatToParts(nowMs) ?? [];
  const part = (type: string): string => parts.find((candidate) => candidate.type === type)?.value ?? '';
  return {
    day: weekdays.indexOf(part('weekday') as Weekday),
    minute: Number(part('hour')) * 60 + Number(part('minute')),
  };
}
