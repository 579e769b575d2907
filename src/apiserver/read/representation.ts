/** In which form the client wants objects: as they are, as a table, or only their metadata. */
import type { JsonObject } from '../../base/json.ts';
import { ApiStatusError } from '../../kube/api-error.ts';
import type { UnknownObject } from '../../kube/object.ts';
import { apiVersionOf } from '../../kube/resource.ts';
import type { ApiRequest, RawWatchEvent } from '../../kube/transport.ts';
import type { KindDefinition } from '../../schema/kind-definition.ts';
import { badRequest } from '../status-errors.ts';
import { renderTable } from '../tables.ts';
import type { IncludeObject } from '../tables.ts';
import type { ObjectPage } from './list-objects.ts';

/** A form objects are shown in. */
export type Representation =
  | { readonly form: 'object' }
  | { readonly form: 'metadata' }
  | { readonly form: 'table'; readonly includeObject: IncludeObject };

const asObject: Representation = { form: 'object' };

/** What the `accept` header wants: the first form it lists that we have. Throws `NotAcceptable` when there is none. */
export function representationOf({ headers, query }: ApiRequest): Representation {
  const accept = headers['accept'];
  if (accept === undefined || accept === '' || accept === 'application/json') return asObject;
  for (const range of accept.split(',')) {
    const [type = '', ...parameters] = range.split(';').map((part) => part.trim());
    if (type !== 'application/json' && type !== '*/*' && type !== 'application/*' && type !== 'application/yaml')
      continue;
    const transformed = parameters.find((parameter) => parameter.startsWith('as='))?.slice(3);
    if (transformed === undefined && type !== 'application/yaml') return asObject;
    if (transformed === 'Table' && isMetaV1(parameters))
      return { form: 'table', includeObject: includeObjectOf(query) };
    if (transformed?.startsWith('PartialObjectMetadata') && isMetaV1(parameters)) return { form: 'metadata' };
  }
  throw new ApiStatusError('NotAcceptable', 'only the following media types are accepted: application/json');
}

function isMetaV1(parameters: readonly string[]): boolean {
  return parameters.includes('g=meta.k8s.io') && parameters.includes('v=v1');
}

function includeObjectOf(query: ApiRequest['query']): IncludeObject {
  const text = query['includeObject'] ?? '';
  if (text === '') return 'Metadata';
  if (text === 'None' || text === 'Metadata' || text === 'Object') return text;
  throw badRequest(`includeObject must be None, Metadata or Object, not ${JSON.stringify(text)}`);
}

/** One object in the wanted form. */
export function representObject(
  kind: KindDefinition,
  object: UnknownObject,
  representation: Representation,
  nowMs: number,
): JsonObject {
  switch (representation.form) {
    case 'object':
      return object as unknown as JsonObject;
    case 'metadata':
      return partialMetadata(object);
    case 'table': {
      const { resourceVersion } = object.metadata;
      const metadata = resourceVersion === undefined ? {} : { resourceVersion };
      return renderTable(kind, [object], { includeObject: representation.includeObject, nowMs, metadata });
    }
  }
}

function partialMetadata(object: UnknownObject): JsonObject {
  const metadata = object.metadata as unknown as JsonObject;
  return { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata };
}

/** A page of a list in the wanted form. */
export function representList(
  kind: KindDefinition,
  page: ObjectPage,
  representation: Representation,
  nowMs: number,
): JsonObject {
  const metadata: JsonObject = {
    resourceVersion: String(page.revision),
    ...(page.continueToken === undefined ? {} : { continue: page.continueToken }),
    ...(page.remaining === undefined ? {} : { remainingItemCount: page.remaining }),
  };
  const items = page.items;
  switch (representation.form) {
    case 'object':
      return {
        kind: kind.listKind,
        apiVersion: apiVersionOf(kind.type),
        metadata,
        items: items as unknown as JsonObject[],
      };
    case 'metadata':
      return {
        kind: 'PartialObjectMetadataList',
        apiVersion: 'meta.k8s.io/v1',
        metadata,
        items: items.map(partialMetadata),
      };
    case 'table':
      return renderTable(kind, items, { includeObject: representation.includeObject, nowMs, metadata });
  }
}

/** An event of a watch in the wanted form. Errors stay what they are; a bookmark has no rows. */
export function representEvent(
  kind: KindDefinition,
  event: RawWatchEvent,
  representation: Representation,
  nowMs: number,
): RawWatchEvent {
  if (event.type === 'ERROR' || representation.form === 'object') return event;
  const object = event.object as unknown as UnknownObject;
  if (event.type === 'BOOKMARK' && representation.form === 'table') {
    const metadata = event.object['metadata'] as JsonObject;
    const options = { includeObject: representation.includeObject, nowMs, metadata };
    return { type: event.type, object: renderTable(kind, [], options) };
  }
  return { type: event.type, object: representObject(kind, object, representation, nowMs) };
}
