import { parseGoDuration } from '../durations.ts';
import { type Causes, invalid } from './causes.ts';

/** Checks a duration: Go's spelling, not negative. */
export function* checkDuration(text: string | undefined, field: string): Causes {
  if (text === undefined) return;
  const spanMs = parseGoDuration(text);
  if (spanMs === undefined)
    yield invalid(field, `${JSON.stringify(text)} is not a duration; write one such as 90s, 10m or 1h30m`);
  else if (spanMs < 0) yield invalid(field, `${text} should be >= 0`);
}
