/** Structural schemas as they stand in OpenAPI documents. */
import type { Json, JsonObject } from '../../base/json.ts';
import { objectMeta } from '../core/object-meta.ts';
import type { StructuralSchema } from '../structural-schema.ts';
import { deleteOptionsName, listMetaName, objectMetaName, statusName } from './schema-names.ts';

/** Which OpenAPI: 3 keeps everything, 2 knows neither `nullable` nor `oneOf`, `anyOf` and `not`. */
export type OpenApiVersion = 2 | 3;

const onlyInVersion3 = ['nullable', 'oneOf', 'anyOf', 'not', 'allOf'];
const neverPublished = ['x-penstock-duplicates-allowed'];

/** The schema as JSON for the document of a kind; `metadata` becomes a reference. */
function publishedSchema(schema: StructuralSchema, version: OpenApiVersion): JsonObject {
  if (schema === objectMeta) return reference(objectMetaName, version);
  return publishedInline(schema, version);
}

/** Like {@link publishedSchema}, written out even where it is `metadata` itself. */
export function publishedInline(schema: StructuralSchema, version: OpenApiVersion): JsonObject {
  const { properties, additionalProperties, items, ...rest } = schema;
  const entries = Object.entries(rest).filter(([key, value]) => value !== undefined && isPublished(key, version));
  const published: Record<string, Json> = Object.fromEntries(entries) as Record<string, Json>;
  if (schema['x-kubernetes-int-or-string']) Object.assign(published, intOrString(version));
  // A reader of version 2 takes listed properties for all there are.
  const hidesProperties = version === 2 && schema['x-kubernetes-preserve-unknown-fields'] === true;
  if (properties && !hidesProperties)
    published['properties'] = mapValues(properties, (property) => publishedSchema(property, version));
  if (typeof additionalProperties === 'object')
    published['additionalProperties'] = publishedSchema(additionalProperties, version);
  else if (additionalProperties !== undefined && version === 3)
    published['additionalProperties'] = additionalProperties;
  if (items) published['items'] = publishedSchema(items, version);
  return published;
}

function isPublished(key: string, version: OpenApiVersion): boolean {
  return !neverPublished.includes(key) && (version === 3 || !onlyInVersion3.includes(key));
}

function intOrString(version: OpenApiVersion): JsonObject {
  if (version === 2) return { type: 'string', format: 'int-or-string' };
  return { format: 'int-or-string', oneOf: [{ type: 'integer' }, { type: 'string' }] };
}

function mapValues(
  properties: Readonly<Record<string, StructuralSchema>>,
  publish: (schema: StructuralSchema) => JsonObject,
): JsonObject {
  return Object.fromEntries(Object.entries(properties).map(([key, property]) => [key, publish(property)]));
}

/** A reference to a named schema; in version 3 with room for a description beside it. */
export function reference(name: string, version: OpenApiVersion): JsonObject {
  if (version === 2) return { $ref: `#/definitions/${name}` };
  return {
    allOf: [{ $ref: `#/components/schemas/${name}` }],
    default: {},
    description: 'Name, identity, labels and life cycle.',
  };
}

/** The schemas every document needs: metadata, errors, delete options. */
export function commonSchemas(version: OpenApiVersion): JsonObject {
  return common[version];
}

const text = { type: 'string' };

function makeCommon(version: OpenApiVersion): JsonObject {
  return {
    [objectMetaName]: publishedInline(objectMeta, version),
    [listMetaName]: {
      type: 'object',
      description: 'Version of a list, and how to go on reading it.',
      properties: {
        resourceVersion: text,
        continue: text,
        remainingItemCount: { type: 'integer', format: 'int64' },
        selfLink: text,
      },
    },
    [statusName]: {
      type: 'object',
      description: 'What became of a request that does not answer with an object.',
      properties: {
        apiVersion: text,
        kind: text,
        status: text,
        message: text,
        reason: text,
        code: { type: 'integer', format: 'int32' },
        details: { type: 'object' },
        metadata: { type: 'object' },
      },
    },
    [deleteOptionsName]: {
      type: 'object',
      description: 'How to delete.',
      properties: {
        apiVersion: text,
        kind: text,
        dryRun: { type: 'array', items: text },
        gracePeriodSeconds: { type: 'integer', format: 'int64' },
        propagationPolicy: text,
        orphanDependents: { type: 'boolean' },
        preconditions: { type: 'object', properties: { uid: text, resourceVersion: text } },
      },
    },
  };
}

const common: Readonly<Record<OpenApiVersion, JsonObject>> = { 2: makeCommon(2), 3: makeCommon(3) };
