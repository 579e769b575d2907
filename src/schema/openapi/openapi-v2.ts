/** OpenAPI v2 of the whole API: what clients older than 1.27 read. */
import type { Json, JsonObject } from '../../base/json.ts';
import type { KindDefinition } from '../kind-definition.ts';
import { groupVersionKind } from './openapi-v3.ts';
import { patchTypes, pathsOfKind } from './operations.ts';
import type { ApiPath, Operation } from './operations.ts';
import { commonSchemas, publishedInline } from './publish-schema.ts';
import { deleteOptionsName, listMetaName, schemaName, statusName } from './schema-names.ts';

/** What `/openapi/v2` answers, as JSON. */
export function openApiV2Document(kinds: readonly KindDefinition[]): JsonObject {
  const paths = kinds.flatMap((kind) =>
    pathsOfKind(kind).map((path): [string, Json] => [path.path, pathItem(kind, path)]),
  );
  const definitions = kinds.flatMap((kind): [string, Json][] => [
    [schemaName(kind.type), objectDefinition(kind)],
    [schemaName(kind.type, 'List'), listDefinition(kind)],
  ]);
  return {
    swagger: '2.0',
    info: { title: 'Kubernetes', version: 'v1.34.0' },
    paths: Object.fromEntries(paths),
    definitions: { ...Object.fromEntries(definitions), ...commonSchemas(2) },
  };
}

function objectDefinition(kind: KindDefinition): JsonObject {
  return { ...publishedInline(kind.schema, 2), 'x-kubernetes-group-version-kind': [groupVersionKind(kind.type)] };
}

function listDefinition(kind: KindDefinition): JsonObject {
  return {
    type: 'object',
    description: `A list of objects of kind ${kind.type.kind}.`,
    required: ['items'],
    properties: {
      apiVersion: { type: 'string' },
      kind: { type: 'string' },
      metadata: ref(listMetaName),
      items: { type: 'array', items: ref(schemaName(kind.type)) },
    },
    'x-kubernetes-group-version-kind': [{ ...groupVersionKind(kind.type), kind: kind.listKind }],
  };
}

function ref(name: string): JsonObject {
  return { $ref: `#/definitions/${name}` };
}

function pathItem(kind: KindDefinition, path: ApiPath): JsonObject {
  const parameters = path.variables.map((name) => ({
    name,
    in: 'path',
    required: true,
    type: 'string',
    uniqueItems: true,
  }));
  const operations = path.operations.map((operation): [string, Json] => [
    operation.method,
    operationItem(kind, operation),
  ]);
  return { ...Object.fromEntries(operations), ...(parameters.length > 0 ? { parameters } : {}) };
}

function operationItem(kind: KindDefinition, operation: Operation): JsonObject {
  const query = operation.query.map(({ name, type, description }) => ({
    name,
    in: 'query',
    type,
    description,
    uniqueItems: true,
  }));
  const body = bodySchema(kind, operation);
  const parameters = [...(body ? [{ name: 'body', in: 'body', schema: body }] : []), ...query];
  const answer =
    operation.answer === 'status' ? statusName : schemaName(kind.type, operation.answer === 'list' ? 'List' : '');
  return {
    description: `${operation.action} ${kind.type.kind}`,
    operationId: operation.operationId,
    consumes: operation.body === 'patch' ? patchTypes(kind) : ['*/*'],
    produces: ['application/json', 'application/yaml'],
    parameters,
    responses: { 200: { description: 'OK', schema: ref(answer) } },
    'x-kubernetes-action': operation.action,
    'x-kubernetes-group-version-kind': groupVersionKind(kind.type),
  };
}

function bodySchema(kind: KindDefinition, { body }: Operation): JsonObject | undefined {
  if (body === 'object') return ref(schemaName(kind.type));
  if (body === 'deleteOptions') return ref(deleteOptionsName);
  return body === 'patch' ? { type: 'object' } : undefined;
}
