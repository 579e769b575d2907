import { type RestApi, openRestApi } from '../calls/rest-api.ts';
import type { ForgeAccess } from '../forge-directory.ts';
import type { ForgeParts } from '../forge-parts.ts';
import { ForgeError, type GitCredential } from '../forge.ts';
import type { Project } from '../git-event.ts';

/**
 * Opens the API 2.0 of Bitbucket Cloud, without the client that is published for it (`bitbucket` on npm): that makes an answer 500
 * of every call that got none, and parses files that happen to be JSON, so it could not be told any more whether a post may
 * have been carried out, nor what a file says.
 */
export function openCloudApi({ access, fetch, clock }: ForgeParts): RestApi {
  const { token, user } = credentialOf(access);
  const basic = Buffer.from(`${user ?? ''}:${token}`).toString('base64');
  return openRestApi({
    fetch,
    clock,
    baseUrl: apiBaseOf(access),
    // An API token or app password belongs to a user; an access token of a repository, project or workspace does not.
    authorization: user === undefined ? `Bearer ${token}` : `Basic ${basic}`,
    secrets: [token, basic],
    ...(access.userAgent === undefined ? {} : { userAgent: access.userAgent }),
    nextPage: (_call, { next }) => (typeof next === 'string' ? { path: next } : undefined),
  });
}

/** What a step may clone with: Bitbucket cannot make a narrower token of this one. */
export function cloneCredential(access: ForgeAccess): GitCredential {
  const { token, user } = credentialOf(access);
  // API tokens go with the account's mail address in the API, and with a fixed name in git.
  if (user?.includes('@')) return { username: 'x-bitbucket-api-token-auth', token };
  return { username: user ?? 'x-token-auth', token };
}

function credentialOf({ credential, webUrl }: ForgeAccess): { readonly token: string; readonly user?: string } {
  if (credential.type === 'token') return credential;
  throw new ForgeError('unauthorized', `${webUrl}: Bitbucket needs a token (git_provider.secret of the Repository)`);
}

function apiBaseOf({ apiUrl, webUrl }: ForgeAccess): string {
  const url = new URL(apiUrl ?? webUrl);
  if (url.hostname === 'bitbucket.org' || url.hostname === 'www.bitbucket.org') return 'https://api.bitbucket.org/2.0';
  const base = url.href.replace(/\/+$/, '');
  return base.endsWith('/2.0') ? base : `${base}/2.0`;
}

/** Path of a repository in the API. */
export function pathOf({ owner, name }: Project): string {
  return `/repositories/${encodeURIComponent(owner)}/${encodeURIComponent(name)}`;
}

/** A path in a repository, encoded for an address. */
export function encodedPath(path: string): string {
  return path.split('/').filter(Boolean).map(encodeURIComponent).join('/');
}
