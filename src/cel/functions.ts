/** Functions that the library lacks, or has without a bound. */
import { textLengthMax, type Budget } from './budget.ts';
import { compileLinearRegex, type LinearRegex } from './linear-regex.ts';

/** What a function knows of the evaluation it is called in. */
export interface Evaluation {
  readonly values: Readonly<Record<string, unknown>>;
  readonly budget: Budget;
}

/** A function for expressions. `signature` is as in `string.pathChanged(): bool`. */
export interface ExpressionFunction {
  readonly signature: string;
  call(args: readonly unknown[], evaluation: Evaluation): unknown;
}

/**
 * The library has these already and they cannot be replaced under their name: expressions that use them are rewritten to
 * ours. `matches` of the library goes back, and `join` makes texts of any size.
 */
export const renamedFunctions: ReadonlyMap<string, string> = new Map([
  ['matches', 'matchesLinear'],
  ['join', 'joinBounded'],
]);

/** Compiling costs about as much as so many steps for each unit of the pattern. */
const compileCostPerUnit = 10;
/** Instructions of a regular expression times units of text that cost one step. */
const matchWorkPerStep = 256;

/** `matches`, `join`, `replace`, `charAt`. Patterns are compiled once in an environment's life, as far as they are remembered. */
export function ownFunctions(): readonly ExpressionFunction[] {
  const patterns = new Map<string, LinearRegex>();
  return [
    {
      signature: 'string.matchesLinear(string): bool',
      call: ([text, pattern], { budget }) => matchesLinear(patterns, String(text), String(pattern), budget),
    },
    {
      signature: 'matchesLinear(string, string): bool',
      call: ([text, pattern], { budget }) => matchesLinear(patterns, String(text), String(pattern), budget),
    },
    {
      signature: 'list<string>.joinBounded(): string',
      call: ([list], { budget }) => joinBounded(list as readonly unknown[], '', budget),
    },
    {
      signature: 'list<string>.joinBounded(string): string',
      call: ([list, separator], { budget }) => joinBounded(list as readonly unknown[], String(separator), budget),
    },
    {
      signature: 'string.replace(string, string): string',
      call: ([text, search, by], { budget }) => joinBounded(String(text).split(String(search)), String(by), budget),
    },
    {
      signature: 'string.charAt(int): string',
      call: ([text, index]) => [...String(text)][Number(index)] ?? '',
    },
  ];
}

/** Patterns remembered: more than any expression has, fewer than a loop can make. */
const patternsMax = 50;

function matchesLinear(patterns: Map<string, LinearRegex>, text: string, pattern: string, budget: Budget): boolean {
  let regex = patterns.get(pattern);
  if (regex === undefined) {
    budget.spend(compileCostPerUnit * (1 + pattern.length));
    regex = compileLinearRegex(pattern);
    if (patterns.size >= patternsMax) patterns.clear();
    patterns.set(pattern, regex);
  }
  budget.spend(1 + Math.floor((text.length * regex.programSize) / matchWorkPerStep));
  return regex.test(text);
}

function joinBounded(list: readonly unknown[], separator: string, budget: Budget): string {
  if (!list.every((item) => typeof item === 'string')) throw new TypeError('join() takes texts only');
  budget.spendOn(list);
  const length = list.reduce((sum, item) => sum + item.length, separator.length * list.length);
  if (length > textLengthMax) budget.refuse(`the expression makes a text of more than ${textLengthMax}`);
  return list.join(separator);
}
