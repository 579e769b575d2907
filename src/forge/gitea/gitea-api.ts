import { giteaApi } from 'gitea-js';
import type { Api, HttpResponse } from 'gitea-js';
import { errorOfAnswer, errorOfThrown } from '../calls/forge-problems.ts';
import type { ForgeParts } from '../forge-parts.ts';
import { ForgeError } from '../forge.ts';
import type { Project } from '../git-event.ts';

/** Gitea's API over the `fetch` of a forge. Every call throws {@link ForgeError}. */
export interface GiteaApi {
  /** Name of the host, for messages. */
  readonly host: string;
  readonly repos: Api<unknown>['repos'];
  readonly orgs: Api<unknown>['orgs'];
  readonly teams: Api<unknown>['teams'];
  readonly user: Api<unknown>['user'];
}

/** Entries of a page that are asked for. An administrator may have set less. */
export const pageEntriesMax = 50;

/** Opens Gitea's API. The library neither waits nor repeats: both are for the `fetch` given. */
export function openGiteaApi(parts: ForgeParts): GiteaApi {
  const url = (parts.access.apiUrl ?? parts.access.webUrl).replace(/\/$/, '').replace(/\/api\/v1$/, '');
  const { host } = new URL(url);
  const { repos, orgs, teams, user } = giteaApi(url, { token: tokenOf(parts), customFetch: checkedFetch(parts, host) });
  return { host, repos, orgs, teams, user };
}

/** The token of an access. Throws when it has none. */
export function tokenOf({ access }: ForgeParts): string {
  if (access.credential.type === 'token') return access.credential.token;
  throw new ForgeError('unauthorized', `${access.webUrl}: Gitea needs a token (git_provider.secret of the Repository)`);
}

/** Answers that are no success become errors here: the library would throw the answer itself. */
function checkedFetch(parts: ForgeParts, host: string): typeof fetch {
  const { access } = parts;
  const agent: Readonly<Record<string, string>> =
    access.userAgent === undefined ? {} : { 'user-agent': access.userAgent };
  return async (input, init) => {
    const request = new Request(input, init);
    for (const [name, value] of Object.entries(agent)) request.headers.set(name, value);
    const call = `${request.method} ${new URL(request.url).pathname}`;
    const name = { host, call, secrets: [tokenOf(parts)] };
    try {
      const response = await parts.fetch(request);
      if (response.ok) return response;
      const header = (key: string): string | undefined => response.headers.get(key) ?? undefined;
      throw errorOfAnswer(name, { status: response.status, header, text: await response.text() }, parts.clock.now());
    } catch (thrown) {
      throw errorOfThrown(name, thrown);
    }
  };
}

/** What a call gives, or undefined when Gitea says that there is no such thing. */
export async function unlessMissing(call: Promise<HttpResponse<unknown>>): Promise<unknown> {
  try {
    return (await call).data;
  } catch (thrown) {
    if (thrown instanceof ForgeError && thrown.status === 404) return undefined;
    throw thrown;
  }
}

/** Owner and name as parts of a path: the library does not encode them. */
export function pathOf(project: Project): readonly [owner: string, name: string] {
  return [encodeURIComponent(project.owner), encodeURIComponent(project.name)];
}

/** A path within a path, with its slashes. */
export function encodedPath(path: string): string {
  return path.split('/').map(encodeURIComponent).join('/');
}

/**
 * All entries of a list, page after page, until there are no more or `entriesMax` are here. A page may be shorter than was
 * asked for without being the last: only the total, or an empty page, tells the end.
 */
export async function allPages(
  read: (page: number) => Promise<HttpResponse<readonly unknown[]>>,
  entriesMax: number,
): Promise<readonly unknown[]> {
  const entries: unknown[] = [];
  for (let page = 1; entries.length < entriesMax; page++) {
    const response = await read(page);
    const shown: unknown = response.data;
    if (!Array.isArray(shown) || shown.length === 0) break;
    entries.push(...(shown as readonly unknown[]));
    const total = response.headers.get('x-total-count');
    if (total !== null && entries.length >= Number(total)) break;
  }
  return entries;
}
