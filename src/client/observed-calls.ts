import type { ApiRequest, HttpMethod, Transport } from '../kube/transport.ts';

/** What a request asks of the API, as its authorisation and its audit call it. */
export interface ApiCall {
  /** `get`, `list`, `watch`, `create`, `update`, `patch`, `delete`, `deletecollection`. */
  readonly verb: string;
  /** `pods`, `pods/log`, `taskruns/status`; `other` for paths that name no resource. */
  readonly resource: string;
  /** Absent for collections. */
  readonly namespace?: string;
  readonly name?: string;
}

/** Told of a call as it starts; what it answers is told of its end: an HTTP status, or `error` when no answer came. */
export type CallObserver = (call: ApiCall) => (code: string) => void;

const itemVerbs: Readonly<Record<HttpMethod, string>> = {
  GET: 'get',
  POST: 'create',
  PUT: 'update',
  PATCH: 'patch',
  DELETE: 'delete',
};
const collectionVerbs: Readonly<Record<HttpMethod, string>> = { ...itemVerbs, GET: 'list', DELETE: 'deletecollection' };

/** Several observers as one; `undefined` when there are none. */
export function allObservers(...observers: readonly (CallObserver | undefined)[]): CallObserver | undefined {
  const present = observers.filter((observer) => observer !== undefined);
  if (present.length <= 1) return present[0];
  return (call) => {
    const ends = present.map((observer) => observer(call));
    return (code) => {
      for (const end of ends) end(code);
    };
  };
}

/** `transport` with `observer` told of each call. A stream is at its end for it when it begins. */
export function observeCalls(transport: Transport, observer: CallObserver | undefined): Transport {
  if (observer === undefined) return transport;
  return async (request) => {
    const ended = observer(apiCallOf(request));
    try {
      const answer = await transport(request);
      ended(String(answer.status));
      return answer;
    } catch (thrown) {
      ended('error');
      throw thrown;
    }
  };
}

/** What `request` asks. */
export function apiCallOf({ method, path, query }: Pick<ApiRequest, 'method' | 'path' | 'query'>): ApiCall {
  const [, root, ...rest] = path.split('/');
  const parts = root === 'api' ? rest.slice(1) : root === 'apis' ? rest.slice(2) : [];
  const inNamespace = parts[0] === 'namespaces' && parts.length > 2;
  const [resource, name, ...subresource] = inNamespace ? parts.slice(2) : parts;
  if (resource === undefined || resource === '') return { verb: itemVerbs[method], resource: 'other' };
  const verb = name === undefined ? collectionVerbs[method] : itemVerbs[method];
  return {
    verb: query['watch'] === 'true' || query['watch'] === '1' ? 'watch' : verb,
    resource: [resource, ...subresource].join('/'),
    ...(inNamespace ? { namespace: parts[1] ?? '' } : {}),
    ...(name === undefined ? {} : { name }),
  };
}
