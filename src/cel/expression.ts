/**
 * CEL for expressions that users write: compiled once, evaluated often, every evaluation bounded.
 *
 * The library parses, checks and evaluates. Around it stand limits of the source and the tree, and a {@link Budget} that every
 * step of an evaluation spends from, so that neither nested macros nor doubling texts can hold us up.
 */
import {
  Environment,
  EvaluationError,
  ParseError,
  TypeError as CheckError,
  type ASTNode,
  type ParseResult,
} from '@marcbachmann/cel-js';
import { errorText } from '../base/errors.ts';
import type { Json } from '../base/json.ts';
import { Budget, evaluationCostMax, resultSizeMax } from './budget.ts';
import { ExpressionError, type ExpressionErrorOptions } from './expression-error.ts';
import { ownFunctions, renamedFunctions, type ExpressionFunction } from './functions.ts';
import { Meter } from './meter.ts';
import { mentionsOf, nodesOf, type Mentions } from './syntax-tree.ts';
import { jsonOfValue } from './value.ts';

/** Most UTF-16 units of an expression. */
export const expressionLengthMax = 10_000;
/** The library's own limits of what one expression may hold. */
const limits = { maxAstNodes: 2_000, maxDepth: 100, maxListElements: 500, maxMapEntries: 500, maxCallArguments: 16 };

/** Most macros that loop (`exists`, `map`, …) in one another. */
export const loopDepthMax = 8;

export interface EnvironmentOptions {
  /** Variables and their types, in CEL's words: `string`, `dyn`, `map<string, string>`. */
  readonly variables: Readonly<Record<string, string>>;
  readonly functions?: readonly ExpressionFunction[];
  /** Default {@link evaluationCostMax}. */
  readonly costMax?: number;
}

/** An expression that was read and checked. */
export interface Expression {
  readonly source: string;
  /** What it gives, in CEL's words; `dyn` = known only when it is evaluated. */
  readonly type: string;
  readonly mentions: Mentions;
  /**
   * Its value as JSON. A variable is read from `values` when the evaluation comes to it, so a member may be a getter; absent
   * or `undefined` is an error there, which `||` and `&&` absorb as CEL says. Throws {@link ExpressionError} `CEL_EVALUATION` or
   * `CEL_TOO_COSTLY`.
   */
  evaluate(values: Readonly<Record<string, unknown>>): Json;
}

/** The variables and functions that expressions may use. Cheap to make: about 0.2 ms. */
export class ExpressionEnvironment {
  readonly #environment: Environment;
  readonly #meter: Meter;
  readonly #costMax: number;

  constructor(options: EnvironmentOptions) {
    this.#costMax = options.costMax ?? evaluationCostMax;
    this.#meter = new Meter();
    this.#environment = new Environment({ homogeneousAggregateLiterals: false, limits });
    for (const [name, type] of Object.entries(options.variables)) this.#environment.registerVariable(name, type);
    for (const own of [...ownFunctions(), ...(options.functions ?? [])]) {
      const handler = (...args: readonly unknown[]): unknown => own.call(args, this.#meter.evaluation);
      this.#environment.registerFunction(own.signature, handler, { async: false });
    }
    this.#meter.attach(this.#environment);
  }

  /** Reads and checks. Throws {@link ExpressionError} `CEL_SYNTAX`, `CEL_TYPE` or `CEL_TOO_LARGE`. */
  compile(source: string): Expression {
    if (source.length > expressionLengthMax) {
      throw tooLarge(`the expression has ${source.length} characters; at most ${expressionLengthMax} are allowed`);
    }
    const parsed = this.#parse(source);
    const mentions = mentionsOf(parsed.ast);
    if (mentions.loopDepth > loopDepthMax) {
      throw tooLarge(`loops stand ${mentions.loopDepth} deep in one another; at most ${loopDepthMax} may`);
    }
    rename(parsed.ast);
    const checked = parsed.check();
    if (!checked.valid) throw expressionError(source, checked.error, { code: 'CEL_TYPE' });
    const evaluate = (values: Readonly<Record<string, unknown>>): Json => this.#evaluate(source, parsed, values);
    return { source, type: checked.type ?? 'dyn', mentions, evaluate };
  }

  #parse(source: string): ParseResult {
    try {
      return this.#environment.parse(source);
    } catch (thrown) {
      throw expressionError(source, thrown, { code: 'CEL_SYNTAX' });
    }
  }

  #evaluate(source: string, parsed: ParseResult, values: Readonly<Record<string, unknown>>): Json {
    const budget = new Budget(this.#costMax);
    try {
      const value = this.#meter.during({ values, budget }, parsed.ast.op, () => parsed(values) as unknown);
      // However the library may absorb errors: what cost too much has no value.
      if (budget.exceeded !== undefined) throw budget.exceeded;
      new Budget(resultSizeMax, `the expression gives more than ${resultSizeMax} characters and items`).spendOnAll(
        value,
        1,
      );
      return jsonOfValue(value);
    } catch (thrown) {
      throw budget.exceeded ?? expressionError(source, thrown, { code: 'CEL_EVALUATION' });
    }
  }
}

/** Words that CEL keeps for itself. */
const reservedWords: ReadonlySet<string> = new Set(
  (
    'as break const continue else false for function if import in let loop namespace null package prototype return true var ' +
    'void while'
  ).split(' '),
);
/** Knows the types and constants that are there already. */
const pristine = new Environment();

/** Whether a variable of an expression can have this name. */
export function isVariableName(name: string): boolean {
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name) || name.startsWith('__')) return false;
  return !reservedWords.has(name) && !pristine.hasVariable(name);
}

/** Has the expression call our functions where the library's have no bound. */
function rename(root: ASTNode): void {
  for (const node of nodesOf(root)) {
    if (node.op === 'rcall' || node.op === 'call') node.args[0] = renamedFunctions.get(node.args[0]) ?? node.args[0];
  }
}

function tooLarge(message: string, details: Pick<ExpressionErrorOptions, 'position' | 'cause'> = {}): ExpressionError {
  return new ExpressionError(message, { ...details, code: 'CEL_TOO_LARGE' });
}

/** Anything that was thrown, as an error of ours with this code unless it says more. */
function expressionError(source: string, thrown: unknown, kind: Pick<ExpressionErrorOptions, 'code'>): ExpressionError {
  if (thrown instanceof ExpressionError) return thrown;
  if (thrown instanceof RangeError && thrown.message.includes('call stack')) {
    return tooLarge('the expression is nested too deeply', { cause: thrown });
  }
  const known = thrown instanceof ParseError || thrown instanceof CheckError || thrown instanceof EvaluationError;
  if (!known) {
    return new ExpressionError(`the expression cannot be evaluated: ${errorText(thrown)}`, { ...kind, cause: thrown });
  }
  const position = thrown.range?.start;
  const where = position === undefined ? '' : `, at ${placeOf(source, position)}`;
  const message = `${inOurWords(thrown.summary)}${where}`;
  if (thrown.code === 'limit_exceeded') return tooLarge(message, { position, cause: thrown });
  return new ExpressionError(message, { ...kind, position, cause: thrown });
}

/** The functions that were renamed, under the names that people wrote. */
function inOurWords(message: string): string {
  return [...renamedFunctions].reduce((text, [written, ours]) => text.replaceAll(ours, written), message);
}

function placeOf(source: string, position: number): string {
  const lines = source.slice(0, position).split('\n');
  const column = (lines.at(-1)?.length ?? 0) + 1;
  return source.includes('\n') ? `line ${lines.length}, character ${column}` : `character ${column}`;
}
