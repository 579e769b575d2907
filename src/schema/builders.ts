/** Small words to write schemas with: each takes the description first, so that tables of fields read as prose. */
import type { Json } from '../base/json.ts';
import type { StructuralSchema } from './structural-schema.ts';

type Rest = Omit<StructuralSchema, 'type' | 'description'>;
type Properties = Readonly<Record<string, StructuralSchema>>;

/** A string. */
export function text(description: string, rest: Rest = {}): StructuralSchema {
  return { type: 'string', description, ...rest };
}

/** A string that is one of `values`. */
export function choice(description: string, values: readonly string[], rest: Rest = {}): StructuralSchema {
  return { type: 'string', description, enum: values, ...rest };
}

/** A 32-bit integer. */
export function integer(description: string, rest: Rest = {}): StructuralSchema {
  return { type: 'integer', format: 'int32', description, ...rest };
}

/** A 64-bit integer. */
export function long(description: string, rest: Rest = {}): StructuralSchema {
  return { type: 'integer', format: 'int64', description, ...rest };
}

/** A boolean. */
export function flag(description: string, rest: Rest = {}): StructuralSchema {
  return { type: 'boolean', description, ...rest };
}

/** An RFC 3339 instant. */
export function instant(description: string): StructuralSchema {
  return { type: 'string', format: 'date-time', description };
}

/** An integer or a string: ports, percentages. */
export function intOrString(description: string, rest: Rest = {}): StructuralSchema {
  return { description, 'x-kubernetes-int-or-string': true, ...rest };
}

/** A Kubernetes quantity: `500m`, `1Gi`, or a plain number. */
export function quantity(description: string): StructuralSchema {
  return { description, 'x-kubernetes-int-or-string': true };
}

/** An object with named members. */
export function object(description: string, properties: Properties, rest: Rest = {}): StructuralSchema {
  return { type: 'object', description, properties, ...rest };
}

/** An object whose members no schema knows. */
export function freeObject(description: string, rest: Rest = {}): StructuralSchema {
  return { type: 'object', description, 'x-kubernetes-preserve-unknown-fields': true, ...rest };
}

/** Any JSON value at all. */
export function anything(description: string, rest: Rest = {}): StructuralSchema {
  return { description, 'x-kubernetes-preserve-unknown-fields': true, ...rest };
}

/** A map with free keys. */
export function mapOf(description: string, member: StructuralSchema, rest: Rest = {}): StructuralSchema {
  return { type: 'object', description, additionalProperties: member, ...rest };
}

/** A map of strings. */
export function textMap(description: string, rest: Rest = {}): StructuralSchema {
  return mapOf(description, { type: 'string' }, rest);
}

/** A list that is replaced as a whole. */
export function list(description: string, items: StructuralSchema, rest: Rest = {}): StructuralSchema {
  return { type: 'array', description, items, 'x-kubernetes-list-type': 'atomic', ...rest };
}

/** A list of strings that is replaced as a whole. */
export function textList(description: string, rest: Rest = {}): StructuralSchema {
  return list(description, { type: 'string' }, rest);
}

/** A list of different strings; every manager of the object may own some of them. */
export function textSet(description: string, rest: Rest = {}): StructuralSchema {
  return list(description, { type: 'string' }, { 'x-kubernetes-list-type': 'set', ...rest });
}

/**
 * A list whose items are told apart by `keys`, so that managers can own single items. The first key is also the merge
 * key of strategic merge patches.
 */
export function keyedList(
  description: string,
  keys: readonly [string, ...string[]],
  items: StructuralSchema,
  rest: Rest = {},
): StructuralSchema {
  return {
    type: 'array',
    description,
    items,
    'x-kubernetes-list-type': 'map',
    'x-kubernetes-list-map-keys': keys,
    'x-kubernetes-patch-merge-key': keys[0],
    'x-kubernetes-patch-strategy': 'merge',
    ...rest,
  };
}

/** The same schema with a default. */
export function withDefault(schema: StructuralSchema, value: Json): StructuralSchema {
  return { ...schema, default: value };
}

/** The same schema with another description. */
export function described(description: string, schema: StructuralSchema): StructuralSchema {
  return { ...schema, description };
}
