import type { Replacements } from './replacements.ts';
import { wholeListOf, wholeObjectOf } from './substitution.ts';

/**
 * Characters that all texts of one task, or of one pipeline, may have together once variables are replaced. A few
 * kilobytes of references to one another may mean more than any computer holds.
 */
export const expandedCharactersMax: number = 2 * 1024 * 1024;

/** A variable, as `substituteText` sees it. */
const variable = /\$\(([^()]+)\)/g;

/** Characters that all texts of `value` have once `replacements` are made; counted, not made. */
export function expandedCharacters(value: unknown, replacements: Replacements): number {
  if (typeof value === 'string') return expandedText(value, replacements);
  if (typeof value !== 'object' || value === null) return 0;
  let count = 0;
  for (const member of Object.values(value)) count += expandedCharacters(member, replacements);
  return count;
}

function expandedText(text: string, replacements: Replacements): number {
  if (!text.includes('$(')) return text.length;
  const whole = wholeListOf(text, replacements) ?? wholeObjectOf(text, replacements);
  if (whole !== undefined) return Object.values(whole).reduce((sum, element) => sum + element.length, 0);
  let count = text.length;
  for (const [use, name = ''] of text.matchAll(variable)) {
    const replacement = replacements.strings.get(name);
    if (replacement !== undefined) count += replacement.length - use.length;
  }
  return count;
}

/** What to say when `value` would become too large, naming it `what`; undefined when it would not. */
export function expansionProblem(value: unknown, replacements: Replacements, what: string): string | undefined {
  const count = expandedCharacters(value, replacements);
  if (count <= expandedCharactersMax) return undefined;
  return `${what} would have ${count} characters once its variables are replaced; at most ${expandedCharactersMax} are allowed`;
}
