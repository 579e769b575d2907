/**
 * Globs as users of Pipelines-as-Code know them: no character separates, so `*` crosses `/`.
 *
 * `*` and `**` any characters · `?` one character · `[abc]` `[!abc]` one of, none of · `[a-z]` a range · `{a,b}` either ·
 * `\` takes the next character as it is. A class that begins with a range may go on (`[a-z0-9]`); one that does not takes
 * `-` as a character. A glob becomes a regular expression that is matched in linear time.
 */
import { compileLinearRegex, type LinearRegex } from '../../cel/linear-regex.ts';
import { ExpressionError } from '../../cel/expression-error.ts';

/** Most UTF-16 units of a glob. */
export const globLengthMax = 1_000;

/** A glob that was read. */
export interface Glob {
  readonly pattern: string;
  /** Steps that matching takes for each character of text, at most. */
  readonly programSize: number;
  /** Whether it matches the whole of `text`. Throws ExpressionError `REGEX_TOO_LARGE` for texts beyond 30,000 characters. */
  matches(text: string): boolean;
}

export type GlobResult = { readonly ok: true; readonly glob: Glob } | { readonly ok: false; readonly message: string };

/** Reads a glob. A pattern that cannot be read is answered with what is wrong and where, never thrown. */
export function compileGlob(pattern: string): GlobResult {
  if (pattern.length > globLengthMax) {
    return { ok: false, message: `a glob of ${pattern.length} characters: at most ${globLengthMax} are allowed` };
  }
  try {
    return { ok: true, glob: globOf(pattern, compileLinearRegex(new GlobReader(pattern).regex())) };
  } catch (thrown) {
    if (thrown instanceof GlobMistake) return { ok: false, message: `the glob "${pattern}" ${thrown.message}` };
    if (thrown instanceof ExpressionError) return { ok: false, message: `the glob "${pattern}" is too complex` };
    throw thrown;
  }
}

function globOf(pattern: string, regex: LinearRegex): Glob {
  return { pattern, programSize: regex.programSize, matches: (text) => regex.test(text) };
}

class GlobMistake extends Error {}

/** Reads a glob from left to right and writes the regular expression. */
class GlobReader {
  readonly #characters: readonly string[];
  #at = 0;
  /** Where the braces that are open began. */
  readonly #open: number[] = [];

  constructor(pattern: string) {
    this.#characters = [...pattern];
  }

  regex(): string {
    let written = '';
    while (this.#at < this.#characters.length) written += this.#next();
    const open = this.#open.at(-1);
    if (open !== undefined) {
      throw new GlobMistake(`has a { at character ${open} without its }; in a list a comma is written &#44;`);
    }
    return `^(?s:${written})$`;
  }

  #next(): string {
    const character = this.#take();
    if (character === '*') {
      while (this.#peek() === '*') this.#at += 1;
      return '.*';
    }
    if (character === '?') return '.';
    if (character === '[') return this.#class();
    if (character === '\\') return quoted(this.#escaped());
    if (character === '{') {
      this.#open.push(this.#at);
      return '(?:';
    }
    if (character === ',' && this.#open.length > 0) return '|';
    if (character === '}' && this.#open.pop() !== undefined) return ')';
    return quoted(character);
  }

  #class(): string {
    const start = this.#at;
    const unclosed = (): GlobMistake => new GlobMistake(`has a [ at character ${start} without its ]`);
    const negated = this.#peek() === '!';
    if (negated) this.#at += 1;
    const ranges = this.#characters[this.#at + 1] === '-' && this.#peek() !== ']';
    let members = '';
    while (this.#peek() !== ']') {
      if (this.#peek() === undefined) throw unclosed();
      members += this.#member(ranges, unclosed);
    }
    this.#at += 1;
    if (members === '') throw new GlobMistake(`has an empty [] at character ${start}`);
    return `[${negated ? '^' : ''}${members}]`;
  }

  #member(ranges: boolean, unclosed: () => GlobMistake): string {
    const low = this.#character();
    if (!ranges || this.#peek() !== '-' || this.#characters[this.#at + 1] === ']') return quoted(low);
    this.#at += 1;
    if (this.#peek() === undefined) throw unclosed();
    const high = this.#character();
    if (codePoint(high) < codePoint(low)) {
      throw new GlobMistake(`has a range ${low}-${high} that ends before it begins, at character ${this.#at - 2}`);
    }
    return `${quoted(low)}-${quoted(high)}`;
  }

  /** One character of a class. */
  #character(): string {
    const character = this.#take();
    return character === '\\' ? this.#escaped() : character;
  }

  #escaped(): string {
    if (this.#peek() === undefined) throw new GlobMistake('ends in a \\ that has nothing to stand before');
    return this.#take();
  }

  #peek(): string | undefined {
    return this.#characters[this.#at];
  }

  #take(): string {
    this.#at += 1;
    return this.#characters[this.#at - 1] ?? '';
  }
}

function codePoint(character: string): number {
  return character.codePointAt(0) ?? 0;
}

/** A character as a regular expression that matches it and nothing else, in a class or outside. */
function quoted(character: string): string {
  return /^[\w/]$/.test(character) ? character : `\\x{${codePoint(character).toString(16)}}`;
}
