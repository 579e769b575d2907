/** The paths of a kind and what can be done there, independent of the version of OpenAPI. */
import { apiVersionOf } from '../../kube/resource.ts';
import type { ResourceType } from '../../kube/resource.ts';
import type { KindDefinition } from '../kind-definition.ts';

/** One parameter in the query. */
export interface QueryParameter {
  readonly name: string;
  readonly type: 'string' | 'boolean' | 'integer';
  readonly description: string;
}

/** One operation on one path. */
export interface Operation {
  readonly method: 'get' | 'post' | 'put' | 'patch' | 'delete';
  /** `x-kubernetes-action`. */
  readonly action: 'get' | 'list' | 'post' | 'put' | 'patch' | 'delete' | 'deletecollection';
  readonly operationId: string;
  readonly query: readonly QueryParameter[];
  /** What the body is, if there is one. */
  readonly body: 'object' | 'patch' | 'deleteOptions' | undefined;
  readonly answer: 'object' | 'list' | 'status';
}

/** A path with its variables in braces. */
export interface ApiPath {
  readonly path: string;
  /** Variables in the path: `namespace`, `name`. */
  readonly variables: readonly ('namespace' | 'name')[];
  readonly operations: readonly Operation[];
}

const dryRun: QueryParameter = {
  name: 'dryRun',
  type: 'string',
  description: 'All: answer as if it were done, and do nothing.',
};
const fieldManager: QueryParameter = {
  name: 'fieldManager',
  type: 'string',
  description: 'Who owns the fields that are written.',
};
const fieldValidation: QueryParameter = {
  name: 'fieldValidation',
  type: 'string',
  description: 'What to do about unknown fields: Ignore, Warn or Strict.',
};
const force: QueryParameter = {
  name: 'force',
  type: 'boolean',
  description: 'Take over fields of other managers (apply only).',
};
const write = [dryRun, fieldManager, fieldValidation] as const;
const select: readonly QueryParameter[] = [
  { name: 'labelSelector', type: 'string', description: 'Only objects with these labels.' },
  { name: 'fieldSelector', type: 'string', description: 'Only objects with these fields.' },
  { name: 'limit', type: 'integer', description: 'Most objects in one answer.' },
  { name: 'continue', type: 'string', description: 'Where the answer before ended.' },
  { name: 'resourceVersion', type: 'string', description: 'State to answer from.' },
  { name: 'resourceVersionMatch', type: 'string', description: 'How resourceVersion is meant.' },
  { name: 'timeoutSeconds', type: 'integer', description: 'How long a watch may last.' },
  { name: 'watch', type: 'boolean', description: 'Answer with a stream of changes.' },
  { name: 'allowWatchBookmarks', type: 'boolean', description: 'Tell in a watch how far it has come.' },
];
const deletion: readonly QueryParameter[] = [
  dryRun,
  { name: 'gracePeriodSeconds', type: 'integer', description: 'Seconds to end gracefully.' },
  {
    name: 'propagationPolicy',
    type: 'string',
    description: 'What becomes of dependents: Orphan, Background or Foreground.',
  },
];

/** All paths of a kind. */
export function pathsOfKind(kind: KindDefinition): readonly ApiPath[] {
  const { type } = kind;
  const root = type.group === '' ? `/api/${type.version}` : `/apis/${type.group}/${type.version}`;
  const collection = type.namespaced ? `${root}/namespaces/{namespace}/${type.resource}` : `${root}/${type.resource}`;
  const scope = type.namespaced ? (['namespace'] as const) : [];
  const name = operationName(type);
  const paths: ApiPath[] = [
    { path: collection, variables: scope, operations: collectionOperations(name) },
    { path: `${collection}/{name}`, variables: [...scope, 'name'], operations: objectOperations(name) },
  ];
  if (type.namespaced)
    paths.unshift({ path: `${root}/${type.resource}`, variables: [], operations: [list(`${name}ForAllNamespaces`)] });
  if (kind.subresources.status) {
    const operations = objectOperations(`${name}Status`).filter((operation) => operation.action !== 'delete');
    paths.push({ path: `${collection}/{name}/status`, variables: [...scope, 'name'], operations });
  }
  return paths;
}

function operationName(type: ResourceType): string {
  const words = [...apiVersionOf(type).split(/[./]/), type.namespaced ? 'namespaced' : '', type.kind];
  return words.map((word) => word.slice(0, 1).toUpperCase() + word.slice(1)).join('');
}

function list(name: string): Operation {
  return { method: 'get', action: 'list', operationId: `list${name}`, query: select, body: undefined, answer: 'list' };
}

function collectionOperations(name: string): readonly Operation[] {
  return [
    list(name),
    { method: 'post', action: 'post', operationId: `create${name}`, query: write, body: 'object', answer: 'object' },
    {
      method: 'delete',
      action: 'deletecollection',
      operationId: `deleteCollection${name}`,
      query: [...deletion, ...select],
      body: 'deleteOptions',
      answer: 'status',
    },
  ];
}

function objectOperations(name: string): readonly Operation[] {
  return [
    { method: 'get', action: 'get', operationId: `read${name}`, query: [], body: undefined, answer: 'object' },
    { method: 'put', action: 'put', operationId: `replace${name}`, query: write, body: 'object', answer: 'object' },
    {
      method: 'patch',
      action: 'patch',
      operationId: `patch${name}`,
      query: [...write, force],
      body: 'patch',
      answer: 'object',
    },
    {
      method: 'delete',
      action: 'delete',
      operationId: `delete${name}`,
      query: deletion,
      body: 'deleteOptions',
      answer: 'status',
    },
  ];
}

/** The media types of patches a kind understands. */
export function patchTypes(kind: KindDefinition): readonly string[] {
  return [
    'application/json-patch+json',
    'application/merge-patch+json',
    ...(kind.strategicMerge ? ['application/strategic-merge-patch+json'] : []),
    'application/apply-patch+yaml',
  ];
}
