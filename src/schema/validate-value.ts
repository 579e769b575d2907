/** The constraints on one value: everything in a schema except what it says about members and items. */
import { jsonEqual } from '../base/json.ts';
import type { Json } from '../base/json.ts';
import type { StatusCause } from '../kube/api-error.ts';
import { bodyCause, duplicateCause, tooLongCause, tooManyCause, typeCause, unsupportedCause } from './causes.ts';
import { integerHasFormat, textHasFormat } from './formats.ts';
import { matchesPattern } from './pattern/match.ts';
import type { StructuralSchema } from './structural-schema.ts';

type Report = (cause: StatusCause) => void;

/** The JSON type of `value` in the words of OpenAPI. */
export function typeNameOf(value: Json): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number';
  return typeof value;
}

/** Whether `value` (not null) has the type `schema` asks for. */
export function hasType(schema: StructuralSchema, value: Json): boolean {
  const name = typeNameOf(value);
  if (schema['x-kubernetes-int-or-string']) return name === 'integer' || name === 'string';
  return schema.type === undefined || schema.type === name || (schema.type === 'number' && name === 'integer');
}

/** The type a message asks for. */
export function wantedType(schema: StructuralSchema): string {
  return schema['x-kubernetes-int-or-string'] ? 'integer or string' : (schema.type ?? 'object');
}

/** Reports what is wrong with `value` itself, whose type is right. `field` is made only when there is a cause. */
export function validateValue(schema: StructuralSchema, value: Json, field: () => string, report: Report): void {
  if (typeof value === 'string') validateText(schema, value, field, report);
  else if (typeof value === 'number') validateNumber(schema, value, field, report);
  if (schema.enum && !schema.enum.some((item) => jsonEqual(item, value))) {
    report(unsupportedCause(field(), value, schema.enum));
  }
}

function validateText(schema: StructuralSchema, text: string, field: () => string, report: Report): void {
  if (schema.maxLength !== undefined && text.length > schema.maxLength && characters(text) > schema.maxLength) {
    report(tooLongCause(field(), schema.maxLength));
  }
  if (schema.minLength !== undefined && characters(text) < schema.minLength) {
    report(bodyCause(field(), text, `should be at least ${schema.minLength} chars long`));
  }
  if (schema.pattern !== undefined) validatePattern(schema.pattern, text, field, report);
  if (schema.format !== undefined && !textHasFormat(schema.format, text)) {
    report(typeCause(field(), schema.format, shortened(text)));
  }
}

/** Characters of a text that a message repeats. */
const textCharactersMax = 200;

function shortened(text: string): string {
  return text.length <= textCharactersMax ? text : `${text.slice(0, textCharactersMax)}…`;
}

function validatePattern(pattern: string, text: string, field: () => string, report: Report): void {
  const match = matchesPattern(pattern, text);
  if (match === 'too long') report(bodyCause(field(), text, `is too long to be matched against '${pattern}'`));
  else if (match === 'no') report(bodyCause(field(), text, `should match '${pattern}'`));
}

function characters(text: string): number {
  let count = 0;
  for (const _ of text) count += 1;
  return count;
}

function validateNumber(schema: StructuralSchema, value: number, field: () => string, report: Report): void {
  const { minimum, maximum, multipleOf, format } = schema;
  if (minimum !== undefined && (schema.exclusiveMinimum ? value <= minimum : value < minimum)) {
    report(
      bodyCause(field(), value, `should be greater than ${schema.exclusiveMinimum ? '' : 'or equal to '}${minimum}`),
    );
  }
  if (maximum !== undefined && (schema.exclusiveMaximum ? value >= maximum : value > maximum)) {
    report(bodyCause(field(), value, `should be less than ${schema.exclusiveMaximum ? '' : 'or equal to '}${maximum}`));
  }
  if (multipleOf !== undefined && !Number.isInteger(value / multipleOf)) {
    report(bodyCause(field(), value, `should be a multiple of ${multipleOf}`));
  }
  if (format !== undefined && !integerHasFormat(format, value)) {
    report(bodyCause(field(), value, `must be of type ${format}: "${value}"`));
  }
}

/** Reports a wrong number of members. */
export function validateSize(schema: StructuralSchema, count: number, field: () => string, report: Report): void {
  if (schema.maxProperties !== undefined && count > schema.maxProperties) {
    report(tooManyCause(field(), count, schema.maxProperties));
  }
  if (schema.minProperties !== undefined && count < schema.minProperties) {
    report(bodyCause(field(), count, `should have at least ${schema.minProperties} properties`));
  }
}

/** Reports a wrong number of items, and items that are equal where they may not be. */
export function validateList(
  schema: StructuralSchema,
  list: readonly Json[],
  field: () => string,
  report: Report,
): void {
  if (schema.maxItems !== undefined && list.length > schema.maxItems) {
    report(tooManyCause(field(), list.length, schema.maxItems));
  }
  if (schema.minItems !== undefined && list.length < schema.minItems) {
    report(bodyCause(field(), list.length, `should have at least ${schema.minItems} items`));
  }
  if (list.length > 1 && !schema['x-penstock-duplicates-allowed']) validateUnique(schema, list, field, report);
}

function validateUnique(schema: StructuralSchema, list: readonly Json[], field: () => string, report: Report): void {
  const isMap = schema['x-kubernetes-list-type'] === 'map';
  if (!isMap && schema['x-kubernetes-list-type'] !== 'set' && !schema.uniqueItems) return;
  const seen = new Set<string>();
  for (const [index, item] of list.entries()) {
    const identity = isMap ? identityOf(item, schema['x-kubernetes-list-map-keys'] ?? []) : item;
    const text = JSON.stringify(identity);
    if (seen.has(text)) report(duplicateCause(`${field()}[${index}]`, identity));
    seen.add(text);
  }
}

/** The members that tell items of a map list apart, in the order of `keys`. */
function identityOf(item: Json, keys: readonly string[]): Json {
  if (typeof item !== 'object' || item === null || Array.isArray(item)) return item;
  const members = item as Readonly<Record<string, Json>>;
  return Object.fromEntries(keys.map((key) => [key, members[key] ?? null]));
}
