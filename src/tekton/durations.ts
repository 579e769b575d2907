/** Nanoseconds of each unit, as Go counts. */
const unitNs: Readonly<Record<string, number>> = {
  ns: 1,
  us: 1e3,
  // Both micro signs: U+00B5 and the Greek letter U+03BC.
  µs: 1e3,
  μs: 1e3,
  ms: 1e6,
  s: 1e9,
  m: 6e10,
  h: 3.6e12,
};

/** The longest text read: no duration that means anything needs as much. */
const durationCharactersMax = 100;

/** The longest Go duration, 2^63 - 1 ns: about 292 years. */
const durationNsMax = 2 ** 63;

/** A whole Go duration, and its parts one by one. */
const durationText = /^[+-]?(?:(?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+$/;
const durationPart = /(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h)/g;

/** Milliseconds of a Go duration text (`1h30m`, `90s`, `0`); `undefined` when it is none, or one too long for Go. */
export function parseGoDuration(text: string): number | undefined {
  if (/^[+-]?0$/.test(text)) return 0;
  if (text.length > durationCharactersMax || !durationText.test(text)) return undefined;
  let totalNs = 0;
  for (const [, amount = '', unit = ''] of text.matchAll(durationPart)) totalNs += wholeNs(Number(amount), unit);
  if (totalNs >= durationNsMax) return undefined;
  return (text.startsWith('-') && totalNs > 0 ? -totalNs : totalNs) / 1e6;
}

/** Go drops what is less than a nanosecond. A thousandth is added first: 0.3 h is no whole number in binary. */
function wholeNs(amount: number, unit: string): number {
  return Math.floor(amount * (unitNs[unit] ?? 0) + 1e-3);
}

/** The text Go gives a duration: `1h0m0s`, `1m30s`, `1.5s`, `250ms`, `1.5µs`, `0s`. */
export function formatGoDuration(spanMs: number): string {
  if (spanMs < 0) return `-${formatGoDuration(-spanMs)}`;
  const spanNs = Math.round(spanMs * 1e6);
  if (spanNs === 0) return '0s';
  if (spanNs < 1e3) return `${spanNs}ns`;
  if (spanNs < 1e6) return `${spanNs / 1e3}µs`;
  if (spanNs < 1e9) return `${spanNs / 1e6}ms`;
  const hours = Math.floor(spanNs / 3.6e12);
  const minutes = Math.floor(spanNs / 6e10) % 60;
  const seconds = (spanNs % 6e10) / 1e9;
  const secondsText = seconds.toFixed(9).replace(/\.?0+$/, '');
  return `${hours > 0 ? `${hours}h` : ''}${hours > 0 || minutes > 0 ? `${minutes}m` : ''}${secondsText}s`;
}
