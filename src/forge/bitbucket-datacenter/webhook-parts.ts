import type { Actor, Project, PullRequest, Revision } from '../git-event.ts';
import { WebhookPayloadError } from '../webhook-format.ts';
import type { PayloadReader } from '../webhook-payload.ts';
import { revisionFrom } from '../told-commit.ts';

/** A repository, of an event or of the API. Its web address ends in `/browse`, which is no part of its name. */
export function readRepository(reader: PayloadReader): Project {
  const links = reader.object('links');
  const [self] = links.objects('self');
  if (self === undefined) throw new WebhookPayloadError(links.pathOf('self'), 'is missing');
  const url = self.webUrl('href').replace(/\/browse$/, '');
  const cloneUrl = links
    .objects('clone')
    .filter((link) => /^https?$/.test(link.optionalText('name') ?? ''))
    .map((link) => link.optionalText('href') ?? '')
    .find((href) => URL.parse(href)?.origin === new URL(url).origin);
  const id = reader.optionalNumber('id');
  return {
    url,
    owner: reader.object('project').text('key'),
    name: reader.text('slug'),
    ...(id !== undefined && { id: String(id) }),
    ...(cloneUrl && { cloneUrl }),
  };
}

/** An account. Its name is unique, and what people log in with. */
export function readAccount(reader: PayloadReader): Actor {
  const id = reader.optionalNumber('id');
  return {
    login: reader.text('name'),
    ...(id !== undefined && { id: String(id) }),
    ...(reader.optionalText('type') === 'SERVICE' && { bot: true as const }),
  };
}

/** A commit as the API describes it; its instants are epoch milliseconds. */
export function readCommit(reader: PayloadReader): Revision {
  return revisionFrom({
    sha: reader.sha('id'),
    message: reader.optionalText('message'),
    author: reader.optionalObject('author')?.optionalText('name'),
    date: reader.optionalNumber('committerTimestamp') ?? reader.optionalNumber('authorTimestamp'),
  });
}

/** A pull request, of an event or of the API. */
export function readPullRequest(reader: PayloadReader): PullRequest {
  const [from, to] = [reader.object('fromRef'), reader.object('toRef')];
  const number = reader.number('id');
  const self = reader.optionalObject('links')?.objects('self')[0];
  const url = self?.webUrl('href') ?? `${readRepository(to.object('repository')).url}/pull-requests/${number}`;
  return {
    number,
    title: reader.optionalText('title') ?? '',
    url,
    author: readAccount(reader.object('author').object('user')),
    state: stateOf(reader.text('state')),
    ...(reader.flag('draft') && { draft: true as const }),
    baseBranch: branchOf(to),
    headBranch: branchOf(from),
    headSha: from.sha('latestCommit'),
    headProject: readRepository(from.object('repository')),
    // Bitbucket has none.
    labels: [],
  };
}

function branchOf(ref: PayloadReader): string {
  return ref.text('id').replace(/^refs\/heads\//, '');
}

function stateOf(word: string): PullRequest['state'] {
  return word === 'OPEN' ? 'open' : word === 'MERGED' ? 'merged' : 'closed';
}

/** The instant of an event, which is the same in every copy of it. */
export function readInstant(reader: PayloadReader): string {
  return reader.optionalText('date') ?? '';
}
