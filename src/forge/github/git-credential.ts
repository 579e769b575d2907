import { ForgeError, type GitCredential } from '../forge.ts';
import type { Project } from '../git-event.ts';
import type { GithubApi } from './github-api.ts';

/** Name with which an installation's token is used for git. */
const appUser = 'x-access-token';
/** Name with which a person's token is used for git, where a Repository does not say. */
const tokenUser = 'git';

/**
 * What steps clone with. Of an App: a token of its own that can read the contents of this repository and the further ones, and
 * nothing else, for an hour. Of a token: that token, since GitHub cannot make a narrower one of it.
 *
 * `further` are names, or `owner/name` of the same owner: an installation reaches no other's. `all`: all of the installation.
 */
export async function gitCredential(
  api: GithubApi,
  project: Project,
  further: readonly string[] | 'all',
): Promise<GitCredential | undefined> {
  const { credential } = api.access;
  if (credential.type === 'token') return { username: credential.user ?? tokenUser, token: credential.token };
  if (api.app === undefined) return undefined;
  const repositories =
    further === 'all' ? undefined : [...new Set([project.name, ...further.map((name) => ownName(project, name))])];
  const token = await api.app.mint(project, repositories, { contents: 'read', metadata: 'read' });
  return { username: appUser, token: token.token, expiresAt: token.expiresAt };
}

function ownName({ owner }: Project, name: string): string {
  const parts = name.split('/');
  if (parts.length === 1) return name;
  if (parts.length === 2 && parts[0]?.toLowerCase() === owner.toLowerCase()) return parts[1] ?? '';
  throw new ForgeError(
    'refused',
    `${name} is not ${owner}'s: a token of the GitHub App reaches one owner's repositories only`,
  );
}
