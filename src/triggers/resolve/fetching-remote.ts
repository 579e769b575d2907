import { errorText } from '../../base/errors.ts';
import { ConnectionError } from '../../net/connection-error.ts';
import type { FetchLike } from '../../net/outgoing-fetch.ts';
import { RemoteFetchError, type RemoteFetcher } from './remote-fetcher.ts';

/** Errors of the network that stay until somebody changes something. */
const lasting: ReadonlySet<string> = new Set(['NET_TOO_LARGE', 'NET_ADDRESS_REFUSED', 'NET_REDIRECT']);

/**
 * Reads documents with a `fetch` that guards addresses and redirects, as `createFetch` of `net` does. No credential goes
 * along. Where there is nothing (404, 410) there is no document; too many requests, errors of the server and lost
 * connections may pass; every other answer stays.
 */
export function fetchingRemote(call: FetchLike): RemoteFetcher {
  return { fetchText: (url, bytesMax) => fetchText(call, url, bytesMax) };
}

async function fetchText(call: FetchLike, url: string, bytesMax: number): Promise<string | undefined> {
  const response = await answerOf(call, url);
  if (response.status === 404 || response.status === 410) return undefined;
  if (!response.ok) {
    const passing = response.status === 429 || response.status === 408 || response.status >= 500;
    throw new RemoteFetchError(`${hostOf(url)} answered ${response.status}`, { passing });
  }
  const text = await textOf(response, url);
  if (text.length <= bytesMax) return text;
  throw new RemoteFetchError(`${hostOf(url)} answered more than ${bytesMax} bytes`, { passing: false });
}

async function answerOf(call: FetchLike, url: string): Promise<Response> {
  try {
    return await call(url, { headers: { accept: '*/*' } });
  } catch (thrown) {
    throw failed(thrown, url);
  }
}

async function textOf(response: Response, url: string): Promise<string> {
  try {
    return await response.text();
  } catch (thrown) {
    throw failed(thrown, url);
  }
}

function failed(thrown: unknown, url: string): RemoteFetchError {
  const passing = !(thrown instanceof ConnectionError && lasting.has(thrown.code));
  return new RemoteFetchError(`${hostOf(url)}: ${errorText(thrown)}`, { passing, cause: thrown });
}

function hostOf(url: string): string {
  return new URL(url).host;
}
