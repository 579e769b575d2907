/**
 * Regular expressions as Go reads them, matched in time linear in the text: no pattern of a user can hold us up.
 *
 * The library keeps sets of states instead of going back. What is left to bound is the size: of the pattern, of the
 * program made from it, and of the text, whose product is the most steps one match can take.
 */
import { RE2JS, RE2JSSyntaxException } from 're2js';
import { errorText } from '../base/errors.ts';
import { ExpressionError } from './expression-error.ts';

/** Most UTF-16 units of a pattern. */
export const regexLengthMax = 2_000;
/** Most instructions of the program made from a pattern: `(a{100}){10}` has more than a thousand. */
export const regexProgramMax = 5_000;
/** Most instructions times units of text in one match. */
export const regexStepsMax = 100_000_000;

/** A compiled regular expression. */
export interface LinearRegex {
  readonly source: string;
  /** Instructions of the program: one match takes at most this many steps for each unit of text. */
  readonly programSize: number;
  /** Whether it matches anywhere in `text`. Throws `REGEX_TOO_LARGE` for a text beyond {@link regexStepsMax}. */
  test(text: string): boolean;
  /** The named groups of the first match in `text`, empty where one took no part; undefined = no match. Throws as `test`. */
  groups(text: string): Readonly<Record<string, string>> | undefined;
}

/** Reads a pattern. Throws {@link ExpressionError} `REGEX_SYNTAX` or `REGEX_TOO_LARGE`. */
export function compileLinearRegex(source: string): LinearRegex {
  if (source.length > regexLengthMax) {
    throw tooLarge(`the regular expression has ${source.length} characters; at most ${regexLengthMax} are allowed`);
  }
  const compiled = compile(source);
  const programSize = compiled.programSize();
  if (programSize > regexProgramMax) {
    throw tooLarge(`the regular expression "${source}" repeats too much: write smaller counts in { }`);
  }
  const checkSize = (text: string): void => {
    if (text.length * programSize <= regexStepsMax) return;
    throw tooLarge(`a text of ${text.length} characters is too long for the regular expression "${source}"`);
  };
  return {
    source,
    programSize,
    test(text: string): boolean {
      checkSize(text);
      return compiled.test(text);
    },
    groups(text: string): Readonly<Record<string, string>> | undefined {
      checkSize(text);
      const matcher = compiled.matcher(text);
      if (!matcher.find()) return undefined;
      const found = Object.entries(matcher.getNamedGroups());
      return Object.fromEntries(found.map(([name, value]) => [name, value ?? '']));
    },
  };
}

function tooLarge(message: string): ExpressionError {
  return new ExpressionError(message, { code: 'REGEX_TOO_LARGE' });
}

function compile(source: string): RE2JS {
  try {
    return RE2JS.compile(source);
  } catch (thrown) {
    if (!(thrown instanceof RE2JSSyntaxException)) throw syntaxError(source, errorText(thrown), undefined, thrown);
    const fragment = thrown.getPattern();
    const position = fragment === null ? -1 : source.indexOf(fragment);
    throw syntaxError(source, thrown.getDescription(), position < 0 ? undefined : position, thrown);
  }
}

function syntaxError(source: string, what: string, position: number | undefined, cause: unknown): ExpressionError {
  const where = position === undefined ? '' : ` at character ${position + 1}`;
  return new ExpressionError(`"${source}" is no regular expression: ${what}${where}`, {
    code: 'REGEX_SYNTAX',
    position,
    cause,
  });
}
