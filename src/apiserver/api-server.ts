import { toRfc3339 } from '../base/clock.ts';
import { errorText } from '../base/errors.ts';
import type { AdmissionPlugin } from '../kube/admission.ts';
import { ApiStatusError } from '../kube/api-error.ts';
import { namespaces } from '../kube/core-types.ts';
import type { PodLogSource } from '../kube/pod-log-source.ts';
import type { ApiRequest, ApiResponse, Transport } from '../kube/transport.ts';
import { trustedUser } from '../kube/user.ts';
import type { UserInfo } from '../kube/user.ts';
import type { Clock } from '../base/clock.ts';
import type { Random } from '../base/random.ts';
import { builtinKinds } from '../schema/core/builtin-kinds.ts';
import type { KindDefinition } from '../schema/kind-definition.ts';
import { tektonKinds } from '../schema/tekton/tekton-kinds.ts';
import type { Store } from '../store/store.ts';
import type { Logger } from '../telemetry/logger.ts';
import { DiscoveryEndpoint } from './discovery/discovery.ts';
import { KindRegistry } from './kind-registry.ts';
import { OpenApiEndpoint } from './openapi.ts';
import { parseResourcePath } from './request-info.ts';
import type { ResourceCall, SubresourceHandler } from './resource-call.ts';
import { respondToReview } from './reviews.ts';
import { respondWithInformation } from './server-information.ts';
import type { ServerParts } from './server-parts.ts';
import { methodNotAllowed, pathNotFound } from './status-errors.ts';
import { storeKeyOf } from './store-keys.ts';
import { ResourceVerbs } from './verbs/resource-verbs.ts';
import { Watches } from './watch/watch-objects.ts';
import { createObject } from './write/create-object.ts';

/** What an API server is made of. */
export interface ApiServerOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Kinds served from the start; by default the core kinds and Tekton's. */
  readonly kinds?: readonly KindDefinition[];
  /** Rules about writes, in the order they are asked. */
  readonly admission?: readonly AdmissionPlugin[];
  /** Where logs of pods come from; without it the `log` subresource is not served. */
  readonly podLogs?: PodLogSource;
  /** Who bears a token; undefined for nobody. Without it every token is refused. */
  readonly authenticate?: (token: string) => UserInfo | undefined;
}

/** How one call is answered. */
export interface CallOptions {
  /**
   * Whether a write is answered only once it is on disk. Default true: who asks over a network must be able to rely on
   * the answer. Controllers in the process need not wait: they die with the server, and start again from the store.
   */
  readonly durableWrites?: boolean;
}

/** A Kubernetes API without sockets. */
export interface ApiServer {
  /** Calls by the process itself, as `system:penstock`; answered without waiting for the disk. */
  readonly handle: Transport;
  /** A call by `user`. Never rejects but for bugs: errors are answers. */
  handleAs(user: UserInfo, request: ApiRequest, options?: CallOptions): Promise<ApiResponse>;
  /** Who bears the token; undefined when nobody does, or there is none. */
  authenticate(token: string | undefined): UserInfo | undefined;
  readonly registry: KindRegistry;
  /** Starts the loops that keep the API's promises. Ready once it resolves. */
  start(): Promise<void>;
  /** Ends the loops and all watches. */
  stop(): Promise<void>;
}

/** Namespaces that are always there. */
const initialNamespaces = ['default', 'kube-system'];

/** An API server on `store`, which may hold objects of an earlier one. */
export function createApiServer(options: ApiServerOptions): ApiServer {
  const { store, clock, random, logger, admission = [] } = options;
  const registry = new KindRegistry(options.kinds ?? [...builtinKinds, ...tektonKinds]);
  const parts: ServerParts = {
    store,
    clock,
    random,
    logger,
    registry,
    admission,
    ...(options.podLogs ? { podLogs: options.podLogs } : {}),
  };
  createInitialNamespaces(parts);
  const watches = new Watches(parts);
  const router = new Router(parts, watches, []);
  return {
    registry,
    handle: (request) => router.answer(trustedUser, request, { durableWrites: false }),
    handleAs: (user, request, call = {}) => router.answer(user, request, call),
    authenticate: (token) => (token === undefined ? undefined : options.authenticate?.(token)),
    start: async () => {
      router.ready = true;
    },
    stop: async () => {
      router.ready = false;
      watches.endAll();
    },
  };
}

function createInitialNamespaces(parts: ServerParts): void {
  const kind = parts.registry.find('', 'v1', 'namespaces');
  if (kind === undefined) return;
  for (const name of initialNamespaces) {
    if (parts.store.get(storeKeyOf(namespaces, { namespace: '', name }))) continue;
    createObject(parts, {
      kind,
      written: { apiVersion: 'v1', kind: 'Namespace', metadata: { name } },
      namespace: '',
      options: { user: trustedUser, manager: 'penstock', dryRun: false, fieldValidation: 'Strict' },
    });
  }
}

/** Finds who answers a request. */
class Router {
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
      return this.#errorResponse(request, thrown);
    }
  }

  #respond(user: UserInfo, request: ApiRequest): ApiResponse | Promise<ApiResponse> {
    const review = respondToReview(user, request);
    if (review) return review;
    const path = parseResourcePath(request.path);
    if (path === undefined) return this.#respondToOther(request);
    const kind = this.#parts.registry.find(path.group, path.version, path.resource);
    if (kind === undefined || (path.namespace !== '' && !kind.type.namespaced)) throw pathNotFound();
    const key = { namespace: path.namespace, name: path.name };
    const asked = path.watch ? { ...request, query: { ...request.query, watch: 'true' } } : request;
    return this.#respondToCall({ user, request: asked, kind, key, subresource: path.subresource });
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
    const error = thrown instanceof ApiStatusError ? thrown : this.#bug(request, thrown);
    return { status: error.status, headers: {}, body: { kind: 'json', value: error.toStatus() } };
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
