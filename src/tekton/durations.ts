const unitMs: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};

/** A whole Go duration, and its parts one by one. */
const durationText = /^[+-]?(?:(?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|µs|ms|s|m|h))+$/;
const durationPart = /(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h)/g;

/** Milliseconds of a Go duration text (`1h30m`, `90s`, `0`); `undefined` when it is none. */
export function parseGoDuration(text: string): number | undefined {
  if (/^[+-]?0$/.test(text)) return 0;
  if (!durationText.test(text)) return undefined;
  let totalMs = 0;
  for (const [, amount = '', unit = ''] of text.matchAll(durationPart)) totalMs += Number(amount) * (unitMs[unit] ?? 0);
  return text.startsWith('-') ? -totalMs : totalMs;
}

/** The text Go gives a duration: `1h0m0s`, `1m30s`, `1.5s`, `250ms`, `0s`. */
export function formatGoDuration(spanMs: number): string {
  if (spanMs < 0) return `-${formatGoDuration(-spanMs)}`;
  if (spanMs < 1000) return spanMs === 0 ? '0s' : `${spanMs}ms`;
  const hours = Math.floor(spanMs / 3_600_000);
  const minutes = Math.floor(spanMs / 60_000) % 60;
  const seconds = (spanMs % 60_000) / 1000;
  return `${hours > 0 ? `${hours}h` : ''}${hours > 0 || minutes > 0 ? `${minutes}m` : ''}${seconds}s`;
}
