/** Quantities of Kubernetes (`100m`, `1.5Gi`, `1e3`), as far as they are compared. */
import type { Json } from '../base/json.ts';

const quantityPattern = /^([+-]?(?:\d+\.?\d*|\.\d+))(|m|n|u|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei|[eE][+-]?\d{1,3})$/;

const factors: Readonly<Record<string, number>> = {
  '': 1,
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};

/** The quantity as a number, near enough to tell which of two is greater; undefined when `value` is none. */
export function quantityValue(value: Json): number | undefined {
  if (typeof value === 'number') return value;
  const match = typeof value === 'string' ? quantityPattern.exec(value) : null;
  if (!match) return undefined;
  const [, digits = '', suffix = ''] = match;
  const factor = Object.hasOwn(factors, suffix) ? factors[suffix] : Number(`1${suffix}`);
  return Number(digits) * (factor ?? 1);
}
