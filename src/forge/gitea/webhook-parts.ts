import type { Actor, Project, Revision } from '../git-event.ts';
import type { PayloadReader } from '../webhook-payload.ts';
import { revisionFrom } from '../told-commit.ts';

/** `repository`, and `repo` of the sides of a pull request. */
export function readRepository(reader: PayloadReader): Project {
  const url = reader.webUrl('html_url');
  const id = reader.optionalNumber('id');
  const defaultBranch = reader.optionalText('default_branch');
  const cloneUrl = reader.optionalText('clone_url');
  const cloneHere = cloneUrl !== undefined && URL.parse(cloneUrl)?.origin === new URL(url).origin;
  return {
    url,
    owner: readUser(reader.object('owner')).login,
    name: reader.text('name'),
    ...(id !== undefined && { id: String(id) }),
    ...(defaultBranch && { defaultBranch }),
    // Only at the host of the project: nobody is to be sent elsewhere with our token by what a webhook says.
    ...(cloneHere && { cloneUrl }),
  };
}

/**
 * `sender`, `pusher`, `owner`, `user`. Old versions write `username` only. Accounts that are gone (`Ghost`) and those that are
 * no people (`forgejo-actions`) have numbers below zero, which several share.
 */
export function readUser(reader: PayloadReader): Actor {
  const id = reader.optionalInteger('id');
  return {
    login: reader.optionalText('login') || reader.text('username'),
    ...(id !== undefined && id > 0 && { id: String(id) }),
    ...(id !== undefined && id < 0 && { bot: true as const }),
  };
}

/** A commit of a push. */
export function readCommit(reader: PayloadReader): Revision {
  return revisionFrom({
    sha: reader.sha('id'),
    message: reader.optionalText('message'),
    url: reader.optionalText('url'),
    author: reader.optionalObject('author')?.optionalText('name'),
    date: reader.optionalText('timestamp'),
  });
}
