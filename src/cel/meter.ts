/**
 * Counts the steps of an evaluation.
 *
 * The library evaluates every node below the root through one method of its evaluator, `run`, and hands the evaluator to
 * functions as `this`. So a function of ours gets hold of it once, and `run` is replaced by one that spends. A test fails if
 * another version of the library does this differently.
 */
import type { Environment } from '@marcbachmann/cel-js';
import { assert, present } from '../base/assert.ts';
import type { Evaluation } from './functions.ts';

interface EvaluatedNode {
  readonly op: string;
  evaluate(evaluator: Evaluator, node: EvaluatedNode, context: unknown): unknown;
}

interface Evaluator {
  run(node: EvaluatedNode, context: unknown): unknown;
}

/** Operators that look at all of their operands, not only at the top. */
const lookingDeep: ReadonlySet<string> = new Set(['==', '!=', 'in']);

/** One for each environment. */
export class Meter {
  #evaluation: Evaluation | undefined;
  /** The operator whose operands are being evaluated. */
  #around = '';

  /** The evaluation that is going on. */
  get evaluation(): Evaluation {
    return present(this.#evaluation, 'a function of an expression was called outside of its evaluation');
  }

  /** Has the environment's evaluator spend from the budget of the evaluation that is going on. */
  attach(environment: Environment): void {
    const found: Evaluator[] = [];
    const capture = function (this: Evaluator): boolean {
      if (found.length === 0) found.push(this);
      return true;
    };
    environment.registerFunction('captureEvaluator(): bool', capture, { async: false });
    environment.evaluate('captureEvaluator()');
    const evaluator = present(found[0], 'the CEL library hands its evaluator to functions');
    assert(typeof evaluator.run === 'function', 'the evaluator of the CEL library has a method run');
    evaluator.run = (node, context) => this.#run(evaluator, node, context);
  }

  #run(evaluator: Evaluator, node: EvaluatedNode, context: unknown): unknown {
    const { budget } = this.evaluation;
    const around = this.#around;
    budget.spend(0);
    this.#around = node.op;
    try {
      const value = node.evaluate(evaluator, node, context);
      if (lookingDeep.has(around)) budget.spendOnAll(value);
      else budget.spendOn(value);
      return value;
    } finally {
      this.#around = around;
    }
  }

  /** Evaluates with `root`, the operator at the top, spending from the evaluation's budget. */
  during<T>(evaluation: Evaluation, root: string, evaluate: () => T): T {
    assert(this.#evaluation === undefined, 'an expression is evaluated within another');
    this.#evaluation = evaluation;
    this.#around = root;
    try {
      return evaluate();
    } finally {
      this.#evaluation = undefined;
    }
  }
}
