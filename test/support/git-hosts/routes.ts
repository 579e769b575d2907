import type { HostAnswer, HostRequest } from './host-server.ts';

/** The decoded parts of a path that a route names, by name. */
export type PathParts = Readonly<Record<string, string>>;

type Handler = (request: HostRequest, parts: PathParts) => HostAnswer | Promise<HostAnswer>;

/** A table of `METHOD /path/{part}/{rest+}`: a part is one segment, `{rest+}` is all that follows. */
export type Routes = Readonly<Record<string, Handler>>;

interface Route {
  readonly method: string;
  readonly pattern: RegExp;
  readonly handler: Handler;
}

/** Finds the handler of a request; undefined when no route fits. */
export function routerOf(table: Routes): (request: HostRequest) => HostAnswer | Promise<HostAnswer> | undefined {
  const routes = Object.entries(table).map(([line, handler]) => routeOf(line, handler));
  return (request) => {
    for (const { method, pattern, handler } of routes) {
      if (method !== request.method) continue;
      const match = pattern.exec(request.path);
      if (match === null) continue;
      const parts = Object.entries(match.groups ?? {}).map(([name, text]) => [name, decodeURIComponent(text)]);
      return handler(request, Object.fromEntries(parts) as PathParts);
    }
    return undefined;
  };
}

function routeOf(line: string, handler: Handler): Route {
  const [method = '', path = ''] = line.split(' ');
  const source = path.replaceAll(/\{(\w+)(\+?)\}|[.*+?^$()|[\]\\]/g, (text, name: string | undefined, rest: string) => {
    if (name === undefined) return `\\${text}`;
    return `(?<${name}>${rest === '+' ? '.+' : '[^/]+'})`;
  });
  return { method, pattern: new RegExp(`^${source}$`), handler };
}

/** One page of a list, and the headers that lead to the others (RFC 8288), as GitHub, GitLab and Gitea page. */
export function pageOf<T>(
  request: HostRequest,
  items: readonly T[],
  options: {
    readonly origin: string;
    readonly sizeName?: string;
    readonly sizeDefault?: number;
    readonly sizeMax?: number;
  },
): { readonly items: readonly T[]; readonly headers: Readonly<Record<string, string>> } {
  const sizeName = options.sizeName ?? 'per_page';
  const wanted = Number(request.query.get(sizeName) ?? options.sizeDefault ?? 30);
  const size = Math.max(1, Math.min(wanted, options.sizeMax ?? 100));
  const page = Math.max(1, Number(request.query.get('page') ?? 1));
  const last = Math.max(1, Math.ceil(items.length / size));
  const link = (number: number, relation: string): string => {
    const query = new URLSearchParams(request.query);
    query.set('page', String(number));
    return `<${options.origin}${request.path}?${query.toString()}>; rel="${relation}"`;
  };
  const links = [
    ...(page > 1 ? [link(page - 1, 'prev')] : []),
    ...(page < last ? [link(page + 1, 'next'), link(last, 'last')] : []),
  ];
  return {
    items: items.slice((page - 1) * size, page * size),
    headers: links.length === 0 ? {} : { link: links.join(', ') },
  };
}
