import type { ParamReference } from '../variables.ts';
import { type Problem, invalid } from './causes.ts';
import type { KnownParam, ParamScope } from './scope.ts';
import type { PlacedVariable } from './variable-uses.ts';

/** What is wrong with the use of a param: unknown, no such key, or a list or object where only a text fits. */
export function checkParamUse(
  use: PlacedVariable,
  reference: ParamReference,
  scope: ParamScope,
  remedy: string,
): Problem | undefined {
  const { name, property } = reference;
  const known = scope.get(name);
  if (known === undefined) {
    // `$(params.a.b)` is also how some write the param "a.b".
    if (property !== undefined && scope.has(`${name}.${property}`)) return undefined;
    return invalid(use.field, `${use.text}: there is no param "${name}"; ${remedy}`);
  }
  const problem = checkPart(reference, known) ?? checkPlace(use, reference, known);
  return problem === undefined ? undefined : invalid(use.field, `${use.text}: ${problem}`);
}

function checkPart({ name, index, property }: ParamReference, known: KnownParam): string | undefined {
  if (known.type === undefined) return undefined;
  if (index !== undefined && known.type !== 'array')
    return `param "${name}" is of type ${known.type} and has no elements`;
  if (property === undefined) return undefined;
  if (known.type !== 'object') return `param "${name}" is of type ${known.type} and has no keys`;
  if (known.keys === undefined || known.keys.has(property)) return undefined;
  return `param "${name}" has no key "${property}"`;
}

function checkPlace(
  use: PlacedVariable,
  { name, index, property }: ParamReference,
  known: KnownParam,
): string | undefined {
  if (index !== undefined || property !== undefined) return undefined;
  if (known.type === 'array') {
    if (use.place === 'text')
      return `param "${name}" is a list, and only a text fits here; use one element, $(params.${name}[0])`;
    return use.isWhole ? undefined : `param "${name}" is a list and must stand alone as "$(params.${name}[*])"`;
  }
  if (known.type === 'object' && (use.place !== 'value' || !use.isWhole)) {
    return `param "${name}" is an object, and only a text fits here; use one key, $(params.${name}.KEY)`;
  }
  return undefined;
}
