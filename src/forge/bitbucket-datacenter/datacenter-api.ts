import { type RestApi, openRestApi } from '../calls/rest-api.ts';
import type { ForgeAccess } from '../forge-directory.ts';
import type { ForgeParts } from '../forge-parts.ts';
import { ForgeError, type GitCredential } from '../forge.ts';
import type { Project } from '../git-event.ts';

/** Base of the REST API 1.0, below the host's address. */
export const restBase = '/rest/api/1.0';

/**
 * Opens the REST API of Bitbucket Data Center; no library that is kept up speaks it. Paths begin with `/rest/`: there are
 * several APIs. Lists have `isLastPage` and `nextPageStart`.
 */
export function openDatacenterApi({ access, fetch, clock }: ForgeParts): RestApi {
  const { token, user } = credentialOf(access);
  const basic = Buffer.from(`${user ?? ''}:${token}`).toString('base64');
  return openRestApi({
    fetch,
    clock,
    baseUrl: baseOf(access),
    authorization: user === undefined ? `Bearer ${token}` : `Basic ${basic}`,
    secrets: [token, basic],
    ...(access.userAgent === undefined ? {} : { userAgent: access.userAgent }),
    nextPage: (call, { isLastPage, nextPageStart }) =>
      isLastPage === false && typeof nextPageStart === 'number'
        ? { ...call, query: { ...call.query, start: nextPageStart } }
        : undefined,
  });
}

/** What a step may clone with: Bitbucket cannot make a narrower token of this one. */
export function cloneCredential(access: ForgeAccess): GitCredential {
  const { token, user } = credentialOf(access);
  return { username: user ?? 'x-token-auth', token };
}

function credentialOf({ credential, webUrl }: ForgeAccess): { readonly token: string; readonly user?: string } {
  if (credential.type === 'token') return credential;
  throw new ForgeError('unauthorized', `${webUrl}: Bitbucket needs a token (git_provider.secret of the Repository)`);
}

/** People write the address of the server, or that of its API. */
function baseOf({ apiUrl, webUrl }: ForgeAccess): string {
  return (apiUrl ?? webUrl).replace(/\/rest(?:\/.*)?$/, '').replace(/\/+$/, '');
}

/** Path of a repository in the API. */
export function pathOf(project: Project): string {
  const { key, slug } = placeOf(project);
  return `${restBase}/projects/${encodeURIComponent(key)}/repos/${encodeURIComponent(slug)}`;
}

/** Key of the project and slug of the repository, from its address in any of the forms in which people write it. */
function placeOf({ url, owner, name }: Project): { readonly key: string; readonly slug: string } {
  const path = new URL(url).pathname.replace(/\/browse$/, '');
  const [, kind, key, slug] = /\/(projects|users)\/([^/]+)\/repos\/([^/]+)$/.exec(path) ?? [];
  if (key !== undefined && slug !== undefined) {
    const plain = decodeURIComponent(key);
    return { key: kind === 'users' && !plain.startsWith('~') ? `~${plain}` : plain, slug: decodeURIComponent(slug) };
  }
  // The address of a clone: https://host/scm/KEY/slug.
  return { key: owner.replace(/^.*\//, ''), slug: name };
}

/** A path in a repository, encoded for an address. */
export function encodedPath(path: string): string {
  return path.split('/').filter(Boolean).map(encodeURIComponent).join('/');
}
