import type { AdmissionPlugin } from '../kube/admission.ts';
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
import { ServerLoops } from './background/server-loops.ts';
import { KindRegistry } from './kind-registry.ts';
import { podLogHandler } from './pod-log.ts';
import { Router } from './router.ts';
import type { CallOptions } from './router.ts';
import type { ServerParts } from './server-parts.ts';
import { storeKeyOf } from './store-keys.ts';
import { namespaceFinalize } from './subresources/namespace-finalize.ts';
import { podBinding } from './subresources/pod-binding.ts';
import { podEviction } from './subresources/pod-eviction.ts';
import { Watches } from './watch/watch-objects.ts';
import { createObject } from './write/create-object.ts';
import { standardNamespaces } from './write/namespace-rules.ts';

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

/** A Kubernetes API without sockets. */
export interface ApiServer {
  /** Calls by the process itself, as `system:penstock`; answered without waiting for the disk. */
  readonly handle: Transport;
  /** A call by `user`. Never rejects but for bugs: errors are answers. */
  handleAs(user: UserInfo, request: ApiRequest, options?: CallOptions): Promise<ApiResponse>;
  /** Who bears the token; undefined when nobody does, or there is none. */
  authenticate(token: string | undefined): UserInfo | undefined;
  /** The API as the bearer of a token may use it, each write on disk when it is answered; undefined: answer 401. */
  transportFor(token: string | undefined): Transport | undefined;
  readonly registry: KindRegistry;
  /** Starts the loops that keep the API's promises. Ready once it resolves. */
  start(): Promise<void>;
  /** Ends the loops and all watches. */
  stop(): Promise<void>;
}

/** An API server on `store`, which may hold objects of an earlier one. */
export function createApiServer(options: ApiServerOptions): ApiServer {
  const { store, clock, random, logger } = options;
  const registry = new KindRegistry(options.kinds ?? [...builtinKinds, ...tektonKinds]);
  const handle: Transport = (request) => router.answer(trustedUser, request, { durableWrites: false });
  const loops = new ServerLoops({ store, clock, random, logger, registry, transport: handle });
  const parts: ServerParts = {
    store,
    clock,
    random,
    logger,
    registry,
    admission: [...loops.admission, ...(options.admission ?? [])],
  };
  createInitialNamespaces(parts);
  const watches = new Watches(parts);
  registry.onChange(() => {
    watches.endUnless((kind) => registry.find(kind.type.group, kind.type.version, kind.type.resource) === kind);
  });
  const subresources = [
    namespaceFinalize(parts),
    podBinding(parts),
    podEviction(parts),
    ...(options.podLogs ? [podLogHandler(store, clock, options.podLogs)] : []),
  ];
  const router = new Router(parts, watches, subresources);
  const authenticate = (token: string | undefined): UserInfo | undefined =>
    token === undefined ? undefined : options.authenticate?.(token);
  return {
    registry,
    handle,
    handleAs: (user, request, call = {}) => router.answer(user, request, call),
    authenticate,
    transportFor: (token) => {
      const user = authenticate(token);
      return user && ((request) => router.answer(user, request, {}));
    },
    start: async () => {
      loops.start();
      router.ready = true;
    },
    stop: async () => {
      router.ready = false;
      await loops.stop();
      watches.endAll();
    },
  };
}

function createInitialNamespaces(parts: ServerParts): void {
  const kind = parts.registry.find('', 'v1', 'namespaces');
  if (kind === undefined) return;
  for (const name of standardNamespaces) {
    if (parts.store.get(storeKeyOf(namespaces, { namespace: '', name }))) continue;
    createObject(parts, {
      kind,
      written: { apiVersion: 'v1', kind: 'Namespace', metadata: { name } },
      namespace: '',
      options: { user: trustedUser, manager: 'penstock', dryRun: false, fieldValidation: 'Strict' },
    });
  }
}
