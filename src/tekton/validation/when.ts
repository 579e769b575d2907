import type { WhenExpression } from '../types.ts';
import { type Causes, forbidden, notSupported, required } from './causes.ts';
import { checkCount, checkLength, expressionCharactersMax, whenExpressionsMax } from './limits.ts';

/** Checks the form of `when`: input, operator and values, or a CEL expression. */
export function* checkWhen(expressions: readonly WhenExpression[] | undefined, field: string): Causes {
  if (expressions === undefined) return;
  yield* checkCount(expressions, whenExpressionsMax, field);
  for (const [index, expression] of expressions.entries()) yield* checkExpression(expression, `${field}[${index}]`);
}

function* checkExpression({ cel, input, operator, values }: WhenExpression, field: string): Causes {
  if (cel) {
    yield* checkLength(cel, expressionCharactersMax, `${field}.cel`);
    const mixed = Object.entries({ input, operator, values }).find(([, member]) => member !== undefined);
    if (mixed) yield forbidden(`${field}.${mixed[0]}`, 'an expression has either cel, or input, operator and values');
    return;
  }
  if (operator !== 'in' && operator !== 'notin') {
    yield notSupported(
      `${field}.operator`,
      `operator ${JSON.stringify(operator ?? '')} is not recognized; valid operators: in, notin`,
    );
  }
  if (values === undefined || values.length === 0)
    yield required(`${field}.values`, 'name at least one value to compare with');
  yield* checkCount(values, whenExpressionsMax, `${field}.values`);
}
