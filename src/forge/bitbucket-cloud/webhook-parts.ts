import type { Actor, Project, PullRequest, Revision } from '../git-event.ts';
import { WebhookPayloadError } from '../webhook-format.ts';
import type { PayloadReader } from '../webhook-payload.ts';
import { revisionFrom } from '../told-commit.ts';

/** A repository, of an event or of the API. */
export function readRepository(reader: PayloadReader): Project {
  const [owner = '', name = '', ...rest] = reader.text('full_name').split('/');
  if (owner === '' || name === '' || rest.length > 0) {
    throw new WebhookPayloadError(reader.pathOf('full_name'), 'is not WORKSPACE/REPOSITORY');
  }
  const id = reader.optionalText('uuid');
  const defaultBranch = reader.optionalObject('mainbranch')?.optionalText('name');
  return {
    url: reader.object('links').object('html').webUrl('href'),
    owner,
    name,
    ...(id && { id }),
    ...(defaultBranch && { defaultBranch }),
  };
}

/**
 * An account. Its login is the account id: a nickname is neither unique nor fixed, so whoever took that of a maintainer would
 * have his rights. Workspaces and tokens have a UUID only.
 */
export function readAccount(reader: PayloadReader): Actor {
  const id = reader.optionalText('uuid');
  const login = reader.optionalText('account_id') || reader.optionalText('username') || id;
  if (!login) throw new WebhookPayloadError(reader.pathOf('account_id'), 'is missing');
  return { login, ...(id && { id }), ...(reader.optionalText('type') === 'app_user' && { bot: true as const }) };
}

/** A commit; `hash` must be whole. */
export function readCommit(reader: PayloadReader): Revision {
  return revisionFrom({
    sha: reader.sha('hash'),
    message: reader.optionalText('message'),
    url: reader.optionalObject('links')?.optionalObject('html')?.optionalText('href'),
    author: reader
      .optionalObject('author')
      ?.optionalText('raw')
      ?.replace(/ *<[^>]*>$/, ''),
    date: reader.optionalText('date'),
  });
}

/** A pull request, of an event or of the API. Both abbreviate the head's id. undefined = its repository or branch is gone. */
export function readPullRequest(reader: PayloadReader): PullRequest | undefined {
  const [source, destination] = [reader.object('source'), reader.object('destination')];
  const repository = source.optionalObject('repository');
  const commit = source.optionalObject('commit');
  if (repository === undefined || commit === undefined) return undefined;
  const headSha = commit.text('hash');
  if (!/^[0-9a-f]{7,40}$/.test(headSha)) throw new WebhookPayloadError(commit.pathOf('hash'), 'is not a commit id');
  return {
    number: reader.number('id'),
    title: reader.optionalText('title') ?? '',
    url: reader.object('links').object('html').webUrl('href'),
    author: readAccount(reader.object('author')),
    state: stateOf(reader.text('state')),
    ...(reader.flag('draft') && { draft: true as const }),
    baseBranch: destination.object('branch').text('name'),
    headBranch: source.object('branch').text('name'),
    headSha,
    headProject: readRepository(repository),
    // Bitbucket has none.
    labels: [],
  };
}

function stateOf(word: string): PullRequest['state'] {
  return word === 'OPEN' ? 'open' : word === 'MERGED' ? 'merged' : 'closed';
}
