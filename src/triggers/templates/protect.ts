import type { ScalarStyle } from '../../yaml/parse-yaml.ts';
import { type Placeholder, findPlaceholders } from './placeholders.ts';

/** Most placeholders in one file. */
export const filePlaceholdersMax = 5000;

/** A text whose placeholders are inert. */
export interface ProtectedText {
  readonly text: string;
  /** Puts the placeholders back into a text that was read out of it. */
  readonly restore: (text: string, style: ScalarStyle) => string;
}

/**
 * Makes the placeholders of a YAML text harmless to its reader: `key: {{ name }}`, which would be a map in a map, becomes
 * a bare word of the same length, so that every line and column stays what it was. The word is made of private-use
 * characters that occur nowhere else in the text, so nothing can be taken for one. Placeholders over several lines are
 * left: they can stand only where braces are text anyway. Throws RangeError when there are too many placeholders.
 */
export function protectPlaceholders(text: string): ProtectedText {
  const placeholders = singleLinePlaceholders(text);
  if (placeholders.length === 0) return { text, restore: (value) => value };
  if (placeholders.length > filePlaceholdersMax) {
    throw new RangeError(`the file holds more than ${filePlaceholdersMax} placeholders`);
  }
  const [first, filler] = unusedCharacters(text);
  const written = placeholders.map(({ start, end }) => text.slice(start, end));
  const words = written.map((one, index) => `${first}${index.toString(36)}`.padEnd(one.length, filler));
  const wordPattern = new RegExp(`${first}([0-9a-z]+)${filler}+`, 'g');
  return {
    text: replaceAt(text, placeholders, words),
    restore: (value, style) =>
      value.replaceAll(wordPattern, (_word, index: string) => asRead(written[Number.parseInt(index, 36)] ?? '', style)),
  };
}

function singleLinePlaceholders(text: string): readonly Placeholder[] {
  const found: Placeholder[] = [];
  let lineStart = 0;
  for (const line of text.split('\n')) {
    for (const { start, end, expression } of findPlaceholders(line)) {
      found.push({ start: start + lineStart, end: end + lineStart, expression });
    }
    lineStart += line.length + 1;
  }
  return found;
}

function replaceAt(text: string, placeholders: readonly Placeholder[], words: readonly string[]): string {
  const parts: string[] = [];
  let from = 0;
  for (const [index, { start, end }] of placeholders.entries()) {
    parts.push(text.slice(from, start), words[index] ?? '');
    from = end;
  }
  return parts.join('') + text.slice(from);
}

const privateUse = { first: 0xe000, last: 0xf8ff } as const;

function unusedCharacters(text: string): readonly [string, string] {
  const used = new Set(text.match(/[\ue000-\uf8ff]/g) ?? []);
  const unused: string[] = [];
  for (let code: number = privateUse.first; code <= privateUse.last && unused.length < 2; code += 1) {
    const character = String.fromCharCode(code);
    if (!used.has(character)) unused.push(character);
  }
  const [first, filler] = unused;
  if (first === undefined || filler === undefined) {
    throw new RangeError('the file uses every private-use character of Unicode');
  }
  return [first, filler];
}

/**
 * A placeholder as its author meant it. In double quotes `\"` means a quote, if YAML would read it that way; one with
 * bare quotes, which YAML would not take but Pipelines-as-Code does, stands as it is.
 */
function asRead(placeholder: string, style: ScalarStyle): string {
  if (style !== 'double-quoted' || !placeholder.includes('\\')) return placeholder;
  try {
    return JSON.parse(`"${placeholder}"`) as string;
  } catch {
    return placeholder;
  }
}
