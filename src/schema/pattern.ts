/** Longest pattern that is accepted, in characters. */
export const patternCharactersMax = 1024;

/** Longest text that is matched against a pattern, in characters. */
export const patternTextCharactersMax = 16_384;

/** Whether `text` contains a match of `pattern`. A text beyond the limit is not tried. */
export function matchesPattern(pattern: string, text: string): 'yes' | 'no' | 'too long' {
  if (text.length > patternTextCharactersMax) return 'too long';
  return new RegExp(pattern, 'u').test(text) ? 'yes' : 'no';
}
