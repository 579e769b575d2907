import { variablesIn, type VariableUse } from '../variables.ts';

/**
 * What may stand in a place: `text` only texts; `element` of a list of texts also a whole list, on its own; `value` of a
 * param anything, on its own.
 */
export type Place = 'text' | 'element' | 'value';

/** A variable, where it stands, and what may stand there. */
export interface PlacedVariable extends VariableUse {
  readonly field: string;
  readonly place: Place;
}

/** Every variable in the texts of `value`, however deep. Lists of texts are made of elements. */
export function variableUses(value: unknown, field: string, place: Place = 'text'): readonly PlacedVariable[] {
  const found: PlacedVariable[] = [];
  visit(value, field, place, found);
  return found;
}

function visit(value: unknown, field: string, place: Place, found: PlacedVariable[]): void {
  if (typeof value === 'string') {
    if (!value.includes('$(')) return;
    for (const use of variablesIn(value)) found.push({ ...use, field, place });
  } else if (Array.isArray(value)) {
    value.forEach((item: unknown, index) => {
      const itemPlace = typeof item === 'string' && place === 'text' ? 'element' : place;
      visit(item, `${field}[${index}]`, itemPlace, found);
    });
  } else if (typeof value === 'object' && value !== null) {
    for (const [key, member] of Object.entries(value))
      visit(member, `${field}.${key}`, key === 'value' ? place : 'text', found);
  }
}
