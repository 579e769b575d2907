/** The verbs on objects and collections of any kind: from a call to an answer. */
import type { ObjectKey, UnknownObject } from '../../kube/object.ts';
import type { ApiResponse } from '../../kube/transport.ts';
import { booleanParameter, revisionParameter } from '../query-options.ts';
import { listObjects, refuseFuture } from '../read/list-objects.ts';
import { representationOf, representList, representObject } from '../read/representation.ts';
import { selectionOf } from '../read/selection.ts';
import { objectBody, withKind } from '../request-body.ts';
import { jsonResponse } from '../resource-call.ts';
import type { ResourceCall } from '../resource-call.ts';
import type { ServerParts } from '../server-parts.ts';
import { badRequest, invalid, methodNotAllowed, notFound } from '../status-errors.ts';
import { requiredCause } from '../../schema/causes.ts';
import type { Watches } from '../watch/watch-objects.ts';
import { createObject } from '../write/create-object.ts';
import { deleteObject } from '../write/delete-object.ts';
import { readObject } from '../write/stored-objects.ts';
import { updateObject } from '../write/update-object.ts';
import type { WantedObject } from '../write/update-object.ts';
import type { WriteResult } from '../write/write-options.ts';
import { duplicateWarnings, withWarnings } from './field-warnings.ts';
import { patchObject } from './patch.ts';
import { deletionOf, writeOptionsOf } from './write-options-of.ts';

/** Answers calls on kinds with what every kind has: the object itself, its status, its collection. */
export class ResourceVerbs {
  readonly #parts: ServerParts;
  readonly #watches: Watches;

  constructor(parts: ServerParts, watches: Watches) {
    this.#parts = parts;
    this.#watches = watches;
  }

  /** Carries out the call. Errors are thrown. */
  handle(call: ResourceCall): ApiResponse {
    return call.key.name === '' ? this.#collection(call) : this.#object(call);
  }

  #collection(call: ResourceCall): ApiResponse {
    switch (call.request.method) {
      case 'GET':
        return booleanParameter(call.request.query, 'watch') ? this.#watch(call) : this.#list(call);
      case 'POST':
        return this.#create(call);
      case 'DELETE':
        return this.#deleteCollection(call);
      default:
        throw methodNotAllowed();
    }
  }

  #object(call: ResourceCall): ApiResponse {
    const isStatus = call.subresource === 'status';
    switch (call.request.method) {
      case 'GET':
        return call.watch ? this.#watch(call) : this.#get(call);
      case 'PUT':
        return this.#answer(call, this.#update(call));
      case 'PATCH':
        return this.#answer(call, patchObject(this.#parts, call));
      case 'DELETE':
        if (!isStatus) return this.#delete(call);
        throw methodNotAllowed();
      default:
        throw methodNotAllowed();
    }
  }

  #get(call: ResourceCall): ApiResponse {
    refuseFuture(this.#parts.store, revisionParameter(call.request.query) ?? 0);
    const found = readObject(this.#parts.store, call.kind, call.key);
    if (found === undefined) throw notFound(call.kind.type, call.key.name);
    return this.#respond(call, 200, found.object);
  }

  #list(call: ResourceCall): ApiResponse {
    const representation = representationOf(call.request);
    const selection = selectionOf(call.kind, call.key.namespace, call.request.query);
    const page = listObjects(this.#parts.store, call.kind, selection, call.request.query);
    return jsonResponse(200, representList(call.kind, page, representation, this.#parts.clock.now()));
  }

  #watch({ kind, key, request }: ResourceCall): ApiResponse {
    const query = key.name === '' ? request.query : namedQuery(key, request.query);
    const events = this.#watches.open({
      kind,
      selection: selectionOf(kind, key.namespace, query),
      representation: representationOf(request),
      query,
      ...(request.signal ? { signal: request.signal } : {}),
    });
    return { status: 200, headers: {}, body: { kind: 'watch', events } };
  }

  #create(call: ResourceCall): ApiResponse {
    const { kind, key, request } = call;
    const written = withKind(kind, objectBody(request));
    // A collection of all namespaces cannot hold a new object.
    if (kind.type.namespaced && key.namespace === '') throw methodNotAllowed();
    const options = writeOptionsOf(call);
    const warnings = duplicateWarnings(call, options);
    const result = createObject(this.#parts, { kind, written, namespace: key.namespace, options });
    return this.#answer(call, withWarnings(result, warnings));
  }

  #update(call: ResourceCall): WriteResult {
    const { kind, key, subresource, request } = call;
    const written = withKind(kind, objectBody(request));
    if (!written.metadata.name) throw badRequest('metadata.name in the body must be set');
    // As in Kubernetes: only core kinds may be replaced without saying which version was read.
    if (!kind.strategicMerge && !written.metadata.resourceVersion) {
      const cause = {
        ...requiredCause('metadata.resourceVersion'),
        message: 'Required value: must be specified for an update',
      };
      throw invalid(kind.type, key.name, [cause]);
    }
    const options = writeOptionsOf(call);
    const warnings = duplicateWarnings(call, options);
    const change = (): WantedObject => ({ object: written });
    return withWarnings(updateObject(this.#parts, { kind, key, subresource, options, change }), warnings);
  }

  #delete(call: ResourceCall): ApiResponse {
    const { kind, key } = call;
    const result = deleteObject(this.#parts, { kind, key, ...deletionOf(call) });
    if (result.outcome !== 'removed') return this.#respond(call, 200, result.object);
    const details = {
      name: key.name,
      ...(kind.type.group === '' ? {} : { group: kind.type.group }),
      kind: kind.type.resource,
      uid: result.object.metadata.uid ?? '',
    };
    return jsonResponse(200, { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', details });
  }

  #deleteCollection(call: ResourceCall): ApiResponse {
    const { kind, key, request } = call;
    // As in Kubernetes: nobody empties all namespaces at once.
    if (kind.type.namespaced && key.namespace === '') throw methodNotAllowed();
    const selection = selectionOf(kind, key.namespace, request.query);
    const page = listObjects(this.#parts.store, kind, selection, request.query);
    const deletion = deletionOf(call);
    const items = page.items.map((object) => this.#deleteListed(call, object, deletion));
    const representation = representationOf(request);
    return jsonResponse(200, representList(kind, { ...page, items }, representation, this.#parts.clock.now()));
  }

  #deleteListed(
    { kind }: ResourceCall,
    { metadata }: UnknownObject,
    deletion: ReturnType<typeof deletionOf>,
  ): UnknownObject {
    const key = { namespace: metadata.namespace ?? '', name: metadata.name ?? '' };
    return deleteObject(this.#parts, { kind, key, ...deletion }).object;
  }

  #answer(call: ResourceCall, result: WriteResult): ApiResponse {
    const status = result.outcome === 'created' ? 201 : 200;
    return this.#respond(call, status, result.object, result.warnings);
  }

  #respond(call: ResourceCall, status: number, object: UnknownObject, warnings?: readonly string[]): ApiResponse {
    const representation = representationOf(call.request);
    return jsonResponse(status, representObject(call.kind, object, representation, this.#parts.clock.now()), warnings);
  }
}

/** A watch of one object is a watch of its collection that selects its name. */
function namedQuery(key: ObjectKey, query: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const name = `metadata.name=${key.name}`;
  return { ...query, fieldSelector: query['fieldSelector'] ? `${query['fieldSelector']},${name}` : name };
}
