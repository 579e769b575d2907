/** Which fields a value has, and in which fields two values differ. */
import { jsonEqual } from '../../base/json.ts';
import type { Json, JsonObject } from '../../base/json.ts';
import { memberSchema } from '../../schema/structural-schema.ts';
import type { StructuralSchema } from '../../schema/structural-schema.ts';
import { childOf, emptySet, isEmptySet, memberStep } from './field-set.ts';
import type { FieldSet } from './field-set.ts';
import { partsOf, shapeOf } from './shapes.ts';

type Schema = StructuralSchema | undefined;

/** The fields a manager owns that applies `value`. */
export function fieldsOf(schema: Schema, value: Json): FieldSet {
  const set = emptySet();
  addFields(schema, value, set);
  return set;
}

function addFields(schema: Schema, value: Json, set: FieldSet): void {
  const shape = shapeOf(schema, value);
  if (shape === 'leaf') {
    set.owned = true;
    return;
  }
  const parts = partsOf(schema, value);
  // An empty map is a wish; an empty list with keys says nothing about any item. So Kubernetes has it.
  if (parts.size === 0 && shape === 'map') set.owned = true;
  for (const [step, part] of parts) {
    const child = fieldsOf(part.schema, part.value);
    if (shape === 'list') child.owned = true;
    if (!isEmptySet(child)) set.children.set(step, child);
  }
}

/** The difference between two values, as sets of fields. */
export interface Comparison {
  readonly added: FieldSet;
  readonly modified: FieldSet;
  readonly removed: FieldSet;
}

/** Compares `before` and `after`; what is identical (the very same value) costs nothing. */
export function compare(schema: Schema, before: Json | undefined, after: Json | undefined): Comparison {
  const comparison: Comparison = { added: emptySet(), modified: emptySet(), removed: emptySet() };
  compareInto(schema, before, after, comparison);
  return comparison;
}

function compareInto(schema: Schema, before: Json | undefined, after: Json | undefined, into: Comparison): void {
  if (before === after) return;
  if (before === undefined && after !== undefined) return addAll(schema, after, into.added);
  if (after === undefined && before !== undefined) return addAll(schema, before, into.removed);
  if (before === undefined || after === undefined) return;
  const shape = shapeOf(schema, after);
  if (shape === 'leaf' || shape !== shapeOf(schema, before)) {
    if (!jsonEqual(before, after)) into.modified.owned = true;
    return;
  }
  const [old, young] = [partsOf(schema, before), partsOf(schema, after)];
  for (const step of new Set([...old.keys(), ...young.keys()])) {
    const [from, to] = [old.get(step), young.get(step)];
    compareStep(step, to?.schema ?? from?.schema, from?.value, to?.value, into);
  }
}

function compareStep(
  step: string,
  schema: Schema,
  before: Json | undefined,
  after: Json | undefined,
  into: Comparison,
): void {
  if (before === after) return;
  const below = compare(schema, before, after);
  for (const name of ['added', 'modified', 'removed'] as const) {
    const set = below[name];
    if (set.owned || set.children.size > 0) into[name].children.set(step, set);
  }
}

/** All fields of a value that came or went as a whole, with everything that holds them. */
function addAll(schema: Schema, value: Json, set: FieldSet): void {
  set.owned = true;
  switch (shapeOf(schema, value)) {
    case 'leaf':
      return;
    case 'map':
      return addMembers(schema, value as JsonObject, set);
    case 'list':
      for (const [step, part] of partsOf(schema, value)) addAll(part.schema, part.value, childOf(set, step));
  }
}

function addMembers(schema: Schema, value: JsonObject, set: FieldSet): void {
  for (const key in value) {
    const member = value[key];
    if (member !== undefined) addAll(schema && memberSchema(schema, key), member, childOf(set, memberStep(key)));
  }
}
