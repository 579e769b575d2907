const decimal = /^[0-9]+$/;

/**
 * Orders two resourceVersions: negative when `a` is older, 0 when equal, positive when newer. `undefined` when one of them
 * is not a decimal number, as the API allows on paper: then nothing may be concluded but equality.
 *
 * Kubernetes documents versions of one kind as comparable whole numbers since 1.35 (KEP-5504), and they always were.
 */
export function compareResourceVersions(a: string | undefined, b: string | undefined): number | undefined {
  if (a === b) return 0;
  if (a === undefined || b === undefined || !decimal.test(a) || !decimal.test(b)) return undefined;
  const left = withoutLeadingZeros(a);
  const right = withoutLeadingZeros(b);
  // Text, not numbers: versions are 64 bits wide.
  if (left.length !== right.length) return left.length - right.length;
  return left < right ? -1 : left > right ? 1 : 0;
}

function withoutLeadingZeros(digits: string): string {
  return digits.startsWith('0') ? digits.replace(/^0+(?=.)/, '') : digits;
}
