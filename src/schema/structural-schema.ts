import type { Json } from '../base/json.ts';

/** The JSON types a schema can ask for. */
export type SchemaType = 'object' | 'array' | 'string' | 'integer' | 'number' | 'boolean';

/**
 * The structural subset of OpenAPI v3 that Kubernetes accepts in CustomResourceDefinitions, as plain JSON with its
 * published member names, so that a schema is at once what we evaluate and what goes over the wire.
 *
 * `x-kubernetes-patch-*` steer strategic merge patches and are meaningful for core kinds only.
 */
export interface StructuralSchema {
  readonly type?: SchemaType;
  readonly title?: string;
  readonly description?: string;
  readonly properties?: Readonly<Record<string, StructuralSchema>>;
  readonly additionalProperties?: StructuralSchema | boolean;
  readonly items?: StructuralSchema;
  readonly required?: readonly string[];
  readonly enum?: readonly Json[];
  readonly pattern?: string;
  readonly format?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: boolean;
  readonly exclusiveMaximum?: boolean;
  readonly multipleOf?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly uniqueItems?: boolean;
  readonly minProperties?: number;
  readonly maxProperties?: number;
  readonly nullable?: boolean;
  readonly default?: Json;
  readonly example?: Json;
  readonly allOf?: readonly StructuralSchema[];
  readonly anyOf?: readonly StructuralSchema[];
  readonly oneOf?: readonly StructuralSchema[];
  readonly not?: StructuralSchema;
  readonly 'x-kubernetes-int-or-string'?: boolean;
  readonly 'x-kubernetes-preserve-unknown-fields'?: boolean;
  readonly 'x-kubernetes-embedded-resource'?: boolean;
  readonly 'x-kubernetes-list-type'?: 'atomic' | 'set' | 'map';
  readonly 'x-kubernetes-list-map-keys'?: readonly string[];
  readonly 'x-kubernetes-map-type'?: 'granular' | 'atomic';
  readonly 'x-kubernetes-validations'?: readonly Json[];
  readonly 'x-kubernetes-patch-merge-key'?: string;
  readonly 'x-kubernetes-patch-strategy'?: string;
  /** Ours: a list of type `map` in which Kubernetes itself tolerates equal keys (`env`, `ports`). Never published. */
  readonly 'x-penstock-duplicates-allowed'?: true;
}

/** How deep a value may nest below the object it belongs to. A deeper one is refused, so recursion stays bounded. */
export const valueDepthMax = 100;

/** How many causes one validation collects; what follows is counted, not listed. */
export const causesMax = 50;

/** How many unknown fields one validation collects. */
export const unknownFieldsMax = 100;

/** The schema of member `key`, as `properties` or `additionalProperties` give it; undefined when it has none. */
export function memberSchema(schema: StructuralSchema, key: string): StructuralSchema | undefined {
  if (schema.properties && Object.hasOwn(schema.properties, key)) return schema.properties[key];
  return typeof schema.additionalProperties === 'object' ? schema.additionalProperties : undefined;
}
