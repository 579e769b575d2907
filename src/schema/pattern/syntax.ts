/**
 * Patterns of the RE2 dialect that Kubernetes uses, as a tree. No back-references and no look-around, so that a match
 * costs time proportional to the text, whoever wrote the pattern.
 */

/** A part of a pattern. */
export type PatternNode =
  | { readonly kind: 'class'; readonly ranges: readonly Range[]; readonly negated: boolean }
  | { readonly kind: 'assert'; readonly what: 'start' | 'end' | 'boundary' | 'inside' }
  | { readonly kind: 'sequence'; readonly parts: readonly PatternNode[] }
  | { readonly kind: 'choice'; readonly options: readonly PatternNode[] }
  | { readonly kind: 'repeat'; readonly part: PatternNode; readonly min: number; readonly max: number };

/** Code points from the first to the second, both included. */
export type Range = readonly [number, number];

/** Thrown for a pattern that RE2 would not take, or that is beyond our limits. */
export class PatternError extends Error {
  override readonly name = 'PatternError';
  readonly code = 'PATTERN_INVALID';
}

/** Longest pattern that is accepted, in characters. */
export const patternCharactersMax = 2048;

/** Highest count in `{m,n}`, as in RE2. */
export const patternRepeatMax = 1000;

/** Deepest nesting of groups. */
export const patternDepthMax = 100;

const digits: readonly Range[] = [[48, 57]];
const words: readonly Range[] = [
  [48, 57],
  [65, 90],
  [95, 95],
  [97, 122],
];
const spaces: readonly Range[] = [
  [9, 10],
  [12, 13],
  [32, 32],
];
const lastCodePoint = 0x10ffff;

const posixClasses: Readonly<Record<string, readonly Range[]>> = {
  alpha: [
    [65, 90],
    [97, 122],
  ],
  digit: digits,
  alnum: [
    [48, 57],
    [65, 90],
    [97, 122],
  ],
  upper: [[65, 90]],
  lower: [[97, 122]],
  space: [
    [9, 13],
    [32, 32],
  ],
  blank: [
    [9, 9],
    [32, 32],
  ],
  punct: [
    [33, 47],
    [58, 64],
    [91, 96],
    [123, 126],
  ],
  word: words,
  xdigit: [
    [48, 57],
    [65, 70],
    [97, 102],
  ],
  print: [[32, 126]],
  graph: [[33, 126]],
  cntrl: [
    [0, 31],
    [127, 127],
  ],
  ascii: [[0, 127]],
};

/** Parses `pattern`; throws {@link PatternError} saying what is wrong. */
export function parsePattern(pattern: string): PatternNode {
  if (pattern.length > patternCharactersMax) throw new PatternError(`longer than ${patternCharactersMax} characters`);
  const parser = new Parser(pattern);
  return parser.parse();
}

class Parser {
  readonly #characters: readonly string[];
  #at = 0;
  #depth = 0;
  #ignoresCase = false;
  #dotMatchesNewline = false;

  constructor(pattern: string) {
    this.#characters = [...pattern];
  }

  parse(): PatternNode {
    const node = this.#choice();
    if (this.#at < this.#characters.length) throw new PatternError('unexpected )');
    return node;
  }

  #peek(): string | undefined {
    return this.#characters[this.#at];
  }

  #next(): string {
    const character = this.#characters[this.#at];
    if (character === undefined) throw new PatternError('unexpected end');
    this.#at += 1;
    return character;
  }

  #takes(text: string): boolean {
    const characters = [...text];
    if (!characters.every((character, index) => this.#characters[this.#at + index] === character)) return false;
    this.#at += characters.length;
    return true;
  }

  #choice(): PatternNode {
    if (++this.#depth > patternDepthMax) throw new PatternError(`groups nest deeper than ${patternDepthMax}`);
    const options = [this.#sequence()];
    while (this.#takes('|')) options.push(this.#sequence());
    this.#depth -= 1;
    return options.length === 1 && options[0] ? options[0] : { kind: 'choice', options };
  }

  #sequence(): PatternNode {
    const parts: PatternNode[] = [];
    for (let next = this.#peek(); next !== undefined && next !== '|' && next !== ')'; next = this.#peek()) {
      const atom = this.#atom();
      if (atom) parts.push(this.#repeated(atom));
    }
    return { kind: 'sequence', parts };
  }

  #repeated(atom: PatternNode): PatternNode {
    let node = atom;
    for (let bounds = this.#bounds(); bounds; bounds = this.#bounds()) {
      node = { kind: 'repeat', part: node, ...bounds };
      // A lazy match exists exactly where a greedy one does.
      this.#takes('?');
    }
    return node;
  }

  #bounds(): { readonly min: number; readonly max: number } | undefined {
    if (this.#takes('*')) return { min: 0, max: Infinity };
    if (this.#takes('+')) return { min: 1, max: Infinity };
    if (this.#takes('?')) return { min: 0, max: 1 };
    const counted = /^\{(\d{1,5})(,(\d{0,5}))?\}/.exec(this.#characters.slice(this.#at, this.#at + 14).join(''));
    if (!counted) return undefined;
    this.#at += counted[0].length;
    const min = Number(counted[1]);
    const max = counted[2] === undefined ? min : counted[3] === '' ? Infinity : Number(counted[3]);
    if (min > patternRepeatMax || (max !== Infinity && max > patternRepeatMax) || max < min) {
      throw new PatternError(`invalid repeat count ${counted[0]}`);
    }
    return { min, max };
  }

  #atom(): PatternNode | undefined {
    const character = this.#next();
    switch (character) {
      case '(':
        return this.#group();
      case '[':
        return this.#bracket();
      case '.':
        return { kind: 'class', ranges: this.#dotMatchesNewline ? [] : [[10, 10]], negated: true };
      case '^':
        return { kind: 'assert', what: 'start' };
      case '$':
        return { kind: 'assert', what: 'end' };
      case '\\':
        return this.#escape();
      case '*':
      case '+':
      case '?':
        throw new PatternError(`missing argument to repetition operator ${character}`);
      default:
        return this.#literal(character);
    }
  }

  #group(): PatternNode | undefined {
    const before = [this.#ignoresCase, this.#dotMatchesNewline] as const;
    if (this.#takes('?')) {
      const flags = /^([imsU]*)([:)])/.exec(this.#characters.slice(this.#at, this.#at + 8).join(''));
      const named = /^P?<(\w+)>/.exec(this.#characters.slice(this.#at, this.#at + 64).join(''));
      if (!flags && !named) throw new PatternError('look-around and other Perl groups are not supported');
      this.#at += (flags ?? named)?.[0].length ?? 0;
      if (flags) this.#setFlags(flags[1] ?? '');
      if (flags?.[2] === ')') return undefined;
    }
    const node = this.#choice();
    if (!this.#takes(')')) throw new PatternError('missing )');
    [this.#ignoresCase, this.#dotMatchesNewline] = before;
    return node;
  }

  /** Flags hold to the end of the group they stand in. */
  #setFlags(flags: string): void {
    if (flags.includes('m') || flags.includes('U')) throw new PatternError('the flags m and U are not supported');
    if (flags.includes('i')) this.#ignoresCase = true;
    if (flags.includes('s')) this.#dotMatchesNewline = true;
  }

  #literal(character: string): PatternNode {
    const point = character.codePointAt(0) ?? 0;
    return this.#set([[point, point]], false);
  }

  #set(ranges: readonly Range[], negated: boolean): PatternNode {
    return { kind: 'class', ranges: this.#ignoresCase ? bothCases(ranges) : ranges, negated };
  }

  #escape(): PatternNode {
    const character = this.#next();
    if (character === 'A') return { kind: 'assert', what: 'start' };
    if (character === 'z') return { kind: 'assert', what: 'end' };
    if (character === 'b') return { kind: 'assert', what: 'boundary' };
    if (character === 'B') return { kind: 'assert', what: 'inside' };
    const ranges = this.#escapedRanges(character);
    return this.#set(ranges, false);
  }

  #escapedRanges(character: string): readonly Range[] {
    const known = { d: digits, w: words, s: spaces }[character.toLowerCase()];
    if (known) return character === character.toLowerCase() ? known : complement(known);
    const control = { n: 10, t: 9, r: 13, f: 12, v: 11, a: 7 }[character];
    if (control !== undefined) return [[control, control]];
    if (character === 'x') return this.#hexadecimal();
    if (/[A-Za-z0-9]/.test(character)) throw new PatternError(`invalid escape sequence \\${character}`);
    const point = character.codePointAt(0) ?? 0;
    return [[point, point]];
  }

  #hexadecimal(): readonly Range[] {
    const match = /^(?:\{([0-9a-fA-F]{1,6})\}|([0-9a-fA-F]{2}))/.exec(
      this.#characters.slice(this.#at, this.#at + 8).join(''),
    );
    if (!match) throw new PatternError('invalid escape sequence \\x');
    this.#at += match[0].length;
    const point = Number.parseInt(match[1] ?? match[2] ?? '', 16);
    return [[point, point]];
  }

  #bracket(): PatternNode {
    const negated = this.#takes('^');
    const ranges: Range[] = [];
    for (let first = true; first || this.#peek() !== ']'; first = false) ranges.push(...this.#bracketItem());
    this.#next();
    return this.#set(ranges, negated);
  }

  #bracketItem(): readonly Range[] {
    const posix = /^\[:(\^?)(\w+):\]/.exec(this.#characters.slice(this.#at, this.#at + 12).join(''));
    if (posix) {
      this.#at += posix[0].length;
      const ranges = Object.hasOwn(posixClasses, posix[2] ?? '') ? posixClasses[posix[2] ?? ''] : undefined;
      if (!ranges) throw new PatternError(`invalid character class ${posix[0]}`);
      return posix[1] === '^' ? complement(ranges) : ranges;
    }
    const low = this.#bracketCharacter();
    if (this.#peek() !== '-' || this.#characters[this.#at + 1] === ']' || this.#characters[this.#at + 1] === undefined)
      return low;
    this.#next();
    const high = this.#bracketCharacter();
    const [from, to] = [low[0]?.[0], high[0]?.[0]];
    if (low.length !== 1 || high.length !== 1 || from === undefined || to === undefined || to < from) {
      throw new PatternError('invalid character class range');
    }
    return [[from, to]];
  }

  #bracketCharacter(): readonly Range[] {
    const character = this.#next();
    if (character === '\\') return this.#escapedRanges(this.#next());
    const point = character.codePointAt(0) ?? 0;
    return [[point, point]];
  }
}

function complement(ranges: readonly Range[]): readonly Range[] {
  const gaps: Range[] = [];
  let from = 0;
  for (const [low, high] of ranges) {
    if (low > from) gaps.push([from, low - 1]);
    from = high + 1;
  }
  return [...gaps, [from, lastCodePoint]];
}

/** Adds the other case of ASCII letters. */
function bothCases(ranges: readonly Range[]): readonly Range[] {
  const shifted = ranges.flatMap(([low, high]): Range[] => {
    const upper: Range = [Math.max(low, 97) - 32, Math.min(high, 122) - 32];
    const lower: Range = [Math.max(low, 65) + 32, Math.min(high, 90) + 32];
    return [upper, lower].filter(([from, to]) => from <= to);
  });
  return [...ranges, ...shifted];
}
