import { toRfc3339 } from '../base/clock.ts';
import { errorText } from '../base/errors.ts';
import { ApiStatusError, isApiError } from '../kube/api-error.ts';
import type { ApiRequest, ApiResponse } from '../kube/transport.ts';
import type { UserInfo } from '../kube/user.ts';
import { StoreClosedError, StoreFailedError } from '../store/store-errors.ts';
import { DiscoveryEndpoint } from './discovery/discovery.ts';
import { OpenApiEndpoint } from './openapi.ts';
import { parseResourcePath } from './request-info.ts';
import type { ResourceCall, SubresourceHandler } from './resource-call.ts';
import { respondToReview } from './reviews.ts';
import { respondWithInformation } from './server-information.ts';
import type { ServerParts } from './server-parts.ts';
import { methodNotAllowed, pathNotFound } from './status-errors.ts';
import { ResourceVerbs } from './verbs/resource-verbs.ts';
import type { Watches } from './watch/watch-objects.ts';

/** How one call is answered. */
export interface CallOptions {
  /**
   * Whether a write is answered only once it is on disk. Default true: who asks over a network must be able to rely on
   * the answer. Controllers in the process need not wait: they die with the server, and start again from the store.
   */
  readonly durableWrites?: boolean;
}

/** Finds who answers a request. */
export class Router {
  ready = false;
  readonly #parts: ServerParts;
  readonly #verbs: ResourceVerbs;
  readonly #discovery: DiscoveryEndpoint;
  readonly #openApi: OpenApiEndpoint;
  readonly #subresources: ReadonlyMap<string, SubresourceHandler>;

  constructor(parts: ServerParts, watches: Watches, subresources: readonly SubresourceHandler[]) {
    this.#parts = parts;
    this.#verbs = new ResourceVerbs(parts, watches);
    this.#discovery = new DiscoveryEndpoint(() => parts.registry.all(), subresources);
    this.#openApi = new OpenApiEndpoint(() => parts.registry.all());
    this.#subresources = new Map(
      subresources.map((handler) => [`${handler.type.group}/${handler.type.resource}/${handler.name}`, handler]),
    );
  }

  async answer(user: UserInfo, request: ApiRequest, { durableWrites = true }: CallOptions): Promise<ApiResponse> {
    try {
      const response = await this.#respond(user, request);
      if (durableWrites && request.method !== 'GET') await this.#parts.store.durable();
      return response;
    } catch (thrown) {
      // Who hears that the object exists relies on it as who made it does.
      const isTold = durableWrites && isApiError(thrown, 'AlreadyExists');
      const lost = isTold ? await this.#parts.store.durable().catch((failure: unknown) => failure) : undefined;
      return this.#errorResponse(request, lost ?? thrown);
    }
  }

  #respond(user: UserInfo, request: ApiRequest): ApiResponse | Promise<ApiResponse> {
    if (request.headers['impersonate-user'] !== undefined) throw noImpersonation();
    const review = respondToReview(user, request);
    if (review) return review;
    const path = parseResourcePath(request.path);
    if (path === undefined) return this.#respondToOther(request);
    const kind = this.#parts.registry.find(path.group, path.version, path.resource);
    if (kind === undefined || (path.namespace !== '' && !kind.type.namespaced)) throw pathNotFound();
    const key = { namespace: path.namespace, name: path.name };
    const asked = path.watch ? { ...request, query: { ...request.query, watch: 'true' } } : request;
    return this.#respondToCall({ user, request: asked, kind, key, subresource: path.subresource, watch: path.watch });
  }

  #respondToCall(call: ResourceCall): ApiResponse | Promise<ApiResponse> {
    const { kind, key, subresource } = call;
    if (key.name !== '' && kind.type.namespaced && key.namespace === '') throw pathNotFound();
    const handler = this.#subresources.get(`${kind.type.group}/${kind.type.resource}/${subresource}`);
    if (handler) return handler.handle(call);
    const known = subresource === '' || (subresource === 'status' && kind.subresources.status === true);
    if (!known) throw pathNotFound();
    return this.#verbs.handle(call);
  }

  #respondToOther(request: ApiRequest): ApiResponse {
    const response =
      respondWithInformation(request, this.ready) ?? this.#discovery.respond(request) ?? this.#openApi.respond(request);
    if (response === undefined) throw pathNotFound();
    if (request.method !== 'GET') throw methodNotAllowed();
    return response;
  }

  #errorResponse(request: ApiRequest, thrown: unknown): ApiResponse {
    const error = knownError(thrown) ?? this.#bug(request, thrown);
    const { retryAfterSeconds } = error.details;
    const headers: Record<string, string> = {};
    if (retryAfterSeconds !== undefined) headers['retry-after'] = String(retryAfterSeconds);
    return { status: error.status, headers, body: { kind: 'json', value: error.toStatus() } };
  }

  #bug(request: ApiRequest, thrown: unknown): ApiStatusError {
    const at = toRfc3339(this.#parts.clock.now());
    const stack = thrown instanceof Error ? thrown.stack : undefined;
    this.#parts.logger.error('an API call failed unexpectedly', {
      method: request.method,
      path: request.path,
      error: errorText(thrown),
      stack,
    });
    return new ApiStatusError('InternalError', `Internal error occurred at ${at}: ${errorText(thrown)}`);
  }
}

/** What is no bug: a refusal, or a store that has stopped (and has said why itself). */
function knownError(thrown: unknown): ApiStatusError | undefined {
  if (thrown instanceof ApiStatusError) return thrown;
  if (!(thrown instanceof StoreClosedError) && !(thrown instanceof StoreFailedError)) return undefined;
  return new ApiStatusError('ServiceUnavailable', `the server cannot handle the request: ${thrown.message}`);
}

/** Doing as oneself what was asked to be done as another would be a lie about who did it. */
function noImpersonation(): ApiStatusError {
  return new ApiStatusError('Forbidden', 'impersonation is not supported: leave out --as, use the token of that user');
}
