import type { WhenExpression } from './types.ts';

/** Whether every expression holds: `in` and `notin` compare whole texts. Variables must have been filled in. */
export function evaluateWhen(expressions: readonly WhenExpression[]): boolean {
  return expressions.every(({ input = '', operator, values = [] }) => values.includes(input) === (operator === 'in'));
}
