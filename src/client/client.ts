/** The typed client: calls become requests of a {@link Transport}, answers become objects or errors. */
import { isJsonObject, type Json, type JsonObject } from '../base/json.ts';
import { ApiStatusError } from '../kube/api-error.ts';
import { pods } from '../kube/core-types.ts';
import type { KubeList, KubeObject, ObjectKey } from '../kube/object.ts';
import { apiVersionOf, collectionPath, objectPath, type ResourceType } from '../kube/resource.ts';
import type { ApiRequest, ApiResponse, HttpMethod, RawWatchEvent, Transport } from '../kube/transport.ts';
import type {
  ApiClient,
  DeleteOptions,
  ListOptions,
  LogOptions,
  PatchOptions,
  Selection,
  WatchEvent,
  WatchOptions,
} from './api-client.ts';
import {
  deleteBody,
  listQuery,
  logQuery,
  patchMediaTypes,
  patchQuery,
  type Query,
  selectionQuery,
  watchQuery,
  writeQuery,
} from './query.ts';
import { UnexpectedAnswerError } from './unexpected-answer.ts';

/**
 * A client of the API behind `transport`. It neither retries nor caches: an error of the API is an `ApiStatusError`, a lost
 * connection is whatever the transport rejected with, and an answer that is no Kubernetes answer is an
 * {@link UnexpectedAnswerError}.
 */
export function createClient(transport: Transport): ApiClient {
  return new TransportClient(transport);
}

class TransportClient implements ApiClient {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  async get<T extends KubeObject>(type: ResourceType<T>, key: ObjectKey): Promise<T> {
    return this.#object<T>(request('GET', pathOf(type, key)));
  }

  async list<T extends KubeObject>(type: ResourceType<T>, options: ListOptions = {}): Promise<KubeList<T>> {
    const path = collectionPath(type, options.namespace);
    const asked = request('GET', path, { query: listQuery(options), signal: options.signal });
    return listOf(type, asked, await this.#json(asked));
  }

  async *watch<T extends KubeObject>(type: ResourceType<T>, options: WatchOptions): AsyncGenerator<WatchEvent<T>> {
    const path = collectionPath(type, options.namespace);
    const asked = request('GET', path, { query: watchQuery(options), signal: options.signal });
    const { body } = await this.#answer(asked);
    if (body.kind !== 'watch') throw new UnexpectedAnswerError(textOf(asked), `${body.kind} instead of a watch`);
    for await (const event of body.events) yield decodeEvent<T>(event);
  }

  async create<T extends KubeObject>(type: ResourceType<T>, object: T, options?: { dryRun?: boolean }): Promise<T> {
    const path = collectionPath(type, namespaceOf(type, object.metadata.namespace));
    return this.#object<T>(request('POST', path, { query: writeQuery(options), body: bodyOf(object) }));
  }

  async update<T extends KubeObject>(type: ResourceType<T>, object: T, options?: { dryRun?: boolean }): Promise<T> {
    const path = pathOf(type, keyIn(object));
    return this.#object<T>(request('PUT', path, { query: writeQuery(options), body: bodyOf(object) }));
  }

  async updateStatus<T extends KubeObject>(type: ResourceType<T>, object: T): Promise<T> {
    return this.#object<T>(request('PUT', pathOf(type, keyIn(object), 'status'), { body: bodyOf(object) }));
  }

  async patch<T extends KubeObject>(
    type: ResourceType<T>,
    key: ObjectKey,
    patch: JsonObject | readonly JsonObject[],
    options: PatchOptions,
  ): Promise<T> {
    const asked = request('PATCH', pathOf(type, key, options.subresource), {
      query: patchQuery(options),
      body: patch,
      contentType: patchMediaTypes[options.type],
    });
    return this.#object<T>(asked);
  }

  async delete(type: ResourceType, key: ObjectKey, options: DeleteOptions = {}): Promise<void> {
    await this.#json(request('DELETE', pathOf(type, key), { body: deleteBody(options) }));
  }

  async deleteCollection(type: ResourceType, selection: Selection, options: DeleteOptions = {}): Promise<void> {
    const path = collectionPath(type, selection.namespace);
    await this.#json(request('DELETE', path, { query: selectionQuery(selection), body: deleteBody(options) }));
  }

  async *podLog(key: ObjectKey, options: LogOptions = {}): AsyncGenerator<Uint8Array> {
    const path = pathOf(pods, key, 'log');
    const { body } = await this.#answer(
      request('GET', path, { query: logQuery(options), accept: '*/*', signal: options.signal }),
    );
    switch (body.kind) {
      case 'stream':
        yield* body.chunks;
        return;
      case 'bytes':
        yield body.bytes;
        return;
      case 'text':
        yield new TextEncoder().encode(body.text);
        return;
      default:
        throw new UnexpectedAnswerError(`GET ${path}`, `${body.kind} instead of a log`);
    }
  }

  async #object<T extends KubeObject>(asked: ApiRequest): Promise<T> {
    const value = await this.#json(asked);
    if (!isJsonObject(value['metadata'])) throw new UnexpectedAnswerError(textOf(asked), 'an object without metadata');
    return value as unknown as T;
  }

  async #json(asked: ApiRequest): Promise<JsonObject> {
    const { body } = await this.#answer(asked);
    if (body.kind !== 'json') throw new UnexpectedAnswerError(textOf(asked), `${body.kind} instead of JSON`);
    return body.value;
  }

  async #answer(asked: ApiRequest): Promise<ApiResponse> {
    const answer = await this.#transport(asked);
    if (answer.status >= 400) throw statusError(answer);
    if (answer.status >= 300) throw new UnexpectedAnswerError(textOf(asked), `HTTP status ${answer.status}`);
    return answer;
  }
}

interface RequestParts {
  readonly query?: Query;
  readonly body?: Json;
  readonly contentType?: string;
  readonly accept?: string;
  readonly signal?: AbortSignal | undefined;
}

function request(method: HttpMethod, path: string, parts: RequestParts = {}): ApiRequest {
  const { query = {}, body, contentType = 'application/json', accept = 'application/json', signal } = parts;
  return {
    method,
    path,
    query,
    headers: body === undefined ? { accept } : { accept, 'content-type': contentType },
    ...(body === undefined ? {} : { body }),
    ...(signal === undefined ? {} : { signal }),
  };
}

function textOf(asked: ApiRequest): string {
  return `${asked.method} ${asked.path}`;
}

function bodyOf(object: KubeObject): Json {
  return object as unknown as JsonObject;
}

function keyIn(object: KubeObject): ObjectKey {
  return { namespace: object.metadata.namespace ?? '', name: object.metadata.name ?? '' };
}

/** Names that would make a path mean another one: the whole collection, or its parent. */
const misleadingNames: readonly string[] = ['', '.', '..'];

function pathOf(type: ResourceType, key: ObjectKey, subresource?: string): string {
  if (misleadingNames.includes(key.name)) {
    throw new ApiStatusError('BadRequest', `a ${type.kind} cannot be named "${key.name}"`);
  }
  return objectPath(type, { namespace: namespaceOf(type, key.namespace), name: key.name }, subresource);
}

function namespaceOf(type: ResourceType, namespace: string | undefined): string {
  if (!type.namespaced) return '';
  if (namespace !== undefined && !misleadingNames.includes(namespace)) return namespace;
  throw new ApiStatusError(
    'BadRequest',
    `a ${type.kind} lives in a namespace: metadata.namespace is "${namespace ?? ''}"`,
  );
}

function listOf<T extends KubeObject>(type: ResourceType<T>, asked: ApiRequest, value: JsonObject): KubeList<T> {
  const { items, metadata } = value;
  if (!Array.isArray(items) || !isJsonObject(metadata)) throw new UnexpectedAnswerError(textOf(asked), 'no list');
  const list = value as unknown as KubeList<T>;
  // Lists of built-in kinds name kind and version once, on the list: their items lack them.
  if (list.items.every(isSelfDescribing)) return list;
  const described = list.items.map((item) =>
    isSelfDescribing(item) ? item : { ...item, apiVersion: apiVersionOf(type), kind: type.kind },
  );
  return { ...list, items: described };
}

function isSelfDescribing(item: Partial<KubeObject>): boolean {
  return item.kind !== undefined && item.apiVersion !== undefined;
}

function decodeEvent<T extends KubeObject>(event: RawWatchEvent): WatchEvent<T> {
  if (event.type === 'ERROR') throw ApiStatusError.fromStatus(event.object, codeOf(event.object));
  // The event is handed on as it is, typed: no copy a watcher.
  if (event.type !== 'BOOKMARK') return event as unknown as WatchEvent<T>;
  const metadata = event.object['metadata'];
  const version = isJsonObject(metadata) ? metadata['resourceVersion'] : undefined;
  return { type: 'BOOKMARK', resourceVersion: typeof version === 'string' ? version : '' };
}

function codeOf(status: JsonObject): number {
  return typeof status['code'] === 'number' ? status['code'] : 500;
}

function statusError({ status, headers, body }: ApiResponse): ApiStatusError {
  const value: JsonObject = body.kind === 'json' ? body.value : { message: plainMessage(body, status) };
  const retryAfterSeconds = Number(headers['retry-after']);
  if (!(retryAfterSeconds > 0)) return ApiStatusError.fromStatus(value, status);
  const details = isJsonObject(value['details']) ? value['details'] : {};
  return ApiStatusError.fromStatus({ ...value, details: { retryAfterSeconds, ...details } }, status);
}

function plainMessage(body: ApiResponse['body'], status: number): string {
  return body.kind === 'text' && body.text.trim() !== '' ? body.text.trim() : `HTTP ${status}`;
}
