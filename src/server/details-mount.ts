/** Pages on HTTP: a path to whoever makes the page, and the page back. */
import type { ApiMount } from './api-mount.ts';

/** Path below which the pages are. */
export const detailsPath = '/details';

/** What {@link createDetailsMount} needs. */
export interface DetailsMountOptions {
  /** Makes the page; never rejects. `path` is what follows {@link detailsPath}, without a query. */
  readonly pages: (request: {
    readonly method: string;
    readonly path: string;
    readonly accept: string | undefined;
  }) => Promise<{ readonly status: number; readonly headers: Readonly<Record<string, string>>; readonly body: string }>;
  /** Answers what is not below it; without it that is 404. */
  readonly otherwise?: ApiMount;
}

/** Serves pages below {@link detailsPath}. */
export function createDetailsMount({ pages, otherwise }: DetailsMountOptions): ApiMount {
  return async (request, response) => {
    const [path = '/'] = (request.url ?? '/').split('?', 1);
    if (!path.startsWith(`${detailsPath}/`)) {
      if (otherwise !== undefined) return otherwise(request, response);
      return void response.writeHead(404, { 'content-type': 'text/plain' }).end('not found\n');
    }
    // Whatever comes along with a request for a page is of no use.
    request.resume();
    const { method = 'GET' } = request;
    const { status, headers, body } = await pages({
      method,
      path: path.slice(detailsPath.length),
      accept: request.headers.accept,
    });
    response.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(body) });
    response.end(method === 'HEAD' ? undefined : body);
  };
}
