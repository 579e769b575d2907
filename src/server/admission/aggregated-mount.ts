/** An API that is registered with the API server of a cluster, which hands on the requests of people who may make them. */
import type { Json } from '../../base/json.ts';
import type { Transport } from '../../kube/transport.ts';
import type { Logger } from '../../telemetry/logger.ts';
import { type ApiMount, createApiMount } from '../api-mount.ts';
import { type FrontProxy, type FrontProxyUser, userOfRequest } from './front-proxy.ts';

/** A resource of such an API, as discovery tells of it. */
export interface AggregatedResource {
  /** `taskruns/log`. */
  readonly name: string;
  readonly kind: string;
  readonly verbs: readonly string[];
}

/** What {@link createAggregatedMount} needs. */
export interface AggregatedApi {
  /** `logs.penstock.dev/v1alpha1`. */
  readonly groupVersion: string;
  readonly resources: readonly AggregatedResource[];
  /** The API as somebody may use it. */
  readonly transportFor: (user: FrontProxyUser) => Transport;
}

/** Answers what API servers hand on, and tells them what there is. Who comes from elsewhere is answered 401. */
export function createAggregatedMount(
  api: AggregatedApi,
  frontProxy: () => FrontProxy | undefined,
  logger: Logger,
): ApiMount {
  return (request, response) => {
    const user = userOfRequest(request, frontProxy());
    const transportFor = (): Transport | undefined => user && withDiscovery(api, api.transportFor(user));
    return createApiMount({ transportFor, logger })(request, response);
  };
}

/** API servers ask for it to see whether we are there. */
function withDiscovery({ groupVersion, resources }: AggregatedApi, next: Transport): Transport {
  const value: Json = {
    kind: 'APIResourceList',
    apiVersion: 'v1',
    groupVersion,
    resources: resources.map((resource) => ({ ...resource, singularName: '', namespaced: true })),
  };
  return async (request) =>
    request.path === `/apis/${groupVersion}` && request.method === 'GET'
      ? { status: 200, headers: {}, body: { kind: 'json', value } }
      : next(request);
}
