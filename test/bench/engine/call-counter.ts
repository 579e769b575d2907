import type { ApiRequest, Transport } from '../../../src/kube/transport.ts';

/** Counts requests by what they do to which resource: `create pods`, `update taskruns/status`, `watch pods`. */
export class CallCounter {
  readonly #counts = new Map<string, number>();

  /** The transport, counted. */
  observe(transport: Transport): Transport {
    return (request) => {
      const name = nameOf(request);
      this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1);
      return transport(request);
    };
  }

  reset(): void {
    this.#counts.clear();
  }

  /** Most frequent first. */
  counts(): readonly (readonly [name: string, count: number])[] {
    return [...this.#counts].sort(([, a], [, b]) => b - a);
  }
}

const verbs = { POST: 'create', PUT: 'update', PATCH: 'patch', DELETE: 'delete', GET: 'get' } as const;

/** Paths are `/api/v1/…` or `/apis/group/version/…`, then `namespaces/x/` if any, resource, name, subresource. */
function nameOf({ method, path, query }: ApiRequest): string {
  const segments = path.split('/').slice(path.startsWith('/apis/') ? 4 : 3);
  const [resource = '', name, subresource] =
    segments[0] === 'namespaces' && segments.length > 2 ? segments.slice(2) : segments;
  const what = subresource === undefined ? resource : `${resource}/${subresource}`;
  if (method !== 'GET' || name !== undefined) return `${verbs[method]} ${what}`;
  return `${query['watch'] === undefined ? 'list' : 'watch'} ${what}`;
}
