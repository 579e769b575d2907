/** OpenAPI v3 of the API, one document a group and version, generated from the kinds. */
import type { Json, JsonObject } from '../../base/json.ts';
import { apiVersionOf } from '../../kube/resource.ts';
import type { ResourceType } from '../../kube/resource.ts';
import type { KindDefinition } from '../kind-definition.ts';
import { patchTypes, pathsOfKind } from './operations.ts';
import type { ApiPath, Operation } from './operations.ts';
import { commonSchemas, publishedInline } from './publish-schema.ts';
import { deleteOptionsName, listMetaName, schemaName, statusName } from './schema-names.ts';

/** The path below `/openapi/v3` of a group and version: `api/v1`, `apis/tekton.dev/v1`. */
export function openApiV3Path(type: ResourceType): string {
  return type.group === '' ? `api/${type.version}` : `apis/${apiVersionOf(type)}`;
}

/** The document of one group and version; all `kinds` are of it. */
export function openApiV3Document(kinds: readonly KindDefinition[]): JsonObject {
  const paths = kinds.flatMap((kind) =>
    pathsOfKind(kind).map((path): [string, Json] => [path.path, pathItem(kind, path)]),
  );
  const schemas = kinds.flatMap((kind): [string, Json][] => [
    [schemaName(kind.type), objectSchema(kind)],
    [schemaName(kind.type, 'List'), listSchema(kind)],
  ]);
  return {
    openapi: '3.0.0',
    info: { title: 'Kubernetes', version: 'v1.34.0' },
    paths: Object.fromEntries(paths),
    components: { schemas: { ...Object.fromEntries(schemas), ...commonSchemas(3) } },
  };
}

function objectSchema(kind: KindDefinition): JsonObject {
  return { ...publishedInline(kind.schema, 3), 'x-kubernetes-group-version-kind': [groupVersionKind(kind.type)] };
}

function listSchema(kind: KindDefinition): JsonObject {
  const items = { type: 'array', items: ref(schemaName(kind.type)), description: `Objects of kind ${kind.type.kind}.` };
  return {
    type: 'object',
    description: `A list of objects of kind ${kind.type.kind}.`,
    required: ['items'],
    properties: { apiVersion: { type: 'string' }, kind: { type: 'string' }, metadata: ref(listMetaName), items },
    'x-kubernetes-group-version-kind': [{ ...groupVersionKind(kind.type), kind: kind.listKind }],
  };
}

/** `x-kubernetes-group-version-kind` of a kind. */
export function groupVersionKind(type: ResourceType): {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
} {
  return { group: type.group, version: type.version, kind: type.kind };
}

function ref(name: string): JsonObject {
  return { $ref: `#/components/schemas/${name}` };
}

function pathItem(kind: KindDefinition, path: ApiPath): JsonObject {
  const parameters = path.variables.map((name) => ({
    name,
    in: 'path',
    required: true,
    description: name === 'name' ? `Name of the ${kind.type.kind}.` : 'Namespace.',
    schema: { type: 'string', uniqueItems: true },
  }));
  const operations = path.operations.map((operation): [string, Json] => [
    operation.method,
    operationItem(kind, operation),
  ]);
  return { ...Object.fromEntries(operations), ...(parameters.length > 0 ? { parameters } : {}) };
}

function operationItem(kind: KindDefinition, operation: Operation): JsonObject {
  const parameters = operation.query.map(({ name, type, description }) => ({
    name,
    in: 'query',
    description,
    schema: { type, uniqueItems: true },
  }));
  return {
    description: `${operation.action} ${kind.type.kind}`,
    operationId: operation.operationId,
    tags: [apiVersionOf(kind.type).replace(/[./]/g, '_')],
    ...(parameters.length > 0 ? { parameters } : {}),
    ...requestBody(kind, operation),
    responses: {
      200: { description: 'OK', content: { 'application/json': { schema: answerSchema(kind, operation) } } },
    },
    'x-kubernetes-action': operation.action,
    'x-kubernetes-group-version-kind': groupVersionKind(kind.type),
  };
}

function requestBody(kind: KindDefinition, { body }: Operation): JsonObject {
  if (body === undefined) return {};
  if (body === 'patch') {
    const content = Object.fromEntries(patchTypes(kind).map((type) => [type, { schema: { type: 'object' } }]));
    return { requestBody: { required: true, content } };
  }
  const schema = ref(body === 'object' ? schemaName(kind.type) : deleteOptionsName);
  return { requestBody: { content: { '*/*': { schema } }, ...(body === 'object' ? { required: true } : {}) } };
}

function answerSchema(kind: KindDefinition, { answer }: Operation): JsonObject {
  if (answer === 'status') return ref(statusName);
  return ref(schemaName(kind.type, answer === 'list' ? 'List' : ''));
}
