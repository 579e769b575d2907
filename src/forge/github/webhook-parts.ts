import type { Actor, Project, PullRequest, Revision } from '../git-event.ts';
import type { PayloadReader } from '../webhook-payload.ts';
import { revisionFrom } from '../told-commit.ts';

/** `repository`, and `repo` of the sides of a pull request. */
export function readRepository(reader: PayloadReader): Project {
  const id = reader.optionalNumber('id');
  const defaultBranch = reader.optionalText('default_branch');
  return {
    url: reader.webUrl('html_url'),
    owner: readUser(reader.object('owner')).login,
    name: reader.text('name'),
    ...(id === undefined ? {} : { id: String(id) }),
    ...(defaultBranch ? { defaultBranch } : {}),
  };
}

/** `sender`, `user`, `owner`; the owner in a push of old servers has a `name` only. */
export function readUser(reader: PayloadReader): Actor {
  const id = reader.optionalNumber('id');
  return {
    login: reader.optionalText('login') || reader.text('name'),
    ...(id === undefined ? {} : { id: String(id) }),
    ...(reader.optionalText('type') === 'Bot' ? { bot: true } : {}),
  };
}

/** Who wrote something; GitHub's own name for accounts that are gone. */
export function readAuthor(reader: PayloadReader): Actor {
  const user = reader.optionalObject('user');
  return user === undefined ? { login: 'ghost' } : readUser(user);
}

/** The project and who did it, of any event, and by which installation of the App it came. */
export function readOrigin(reader: PayloadReader): {
  readonly forge: 'github';
  readonly project: Project;
  readonly actor: Actor;
  readonly installationId?: number;
} {
  const installationId = reader.optionalObject('installation')?.optionalNumber('id');
  return {
    forge: 'github',
    project: readRepository(reader.object('repository')),
    actor: readUser(reader.object('sender')),
    ...(installationId === undefined ? {} : { installationId }),
  };
}

/** `head_commit` of pushes and merge groups. Its id is the caller's business. */
export function readCommit(reader: PayloadReader, sha: string): Revision {
  return revisionFrom({
    sha,
    message: reader.optionalText('message'),
    url: reader.optionalText('url'),
    author: reader.optionalObject('author')?.optionalText('name'),
    date: reader.optionalText('timestamp'),
  });
}

/** A `pull_request` of an event or of the API. undefined = the repository of its head was deleted. */
export function readPullRequest(reader: PayloadReader): PullRequest | undefined {
  const head = reader.object('head');
  const headRepository = head.optionalObject('repo');
  if (headRepository === undefined) return undefined;
  const merged = reader.flag('merged') || reader.has('merged_at');
  return {
    number: reader.number('number'),
    title: reader.optionalText('title') ?? '',
    url: reader.webUrl('html_url'),
    author: readAuthor(reader),
    state: merged ? 'merged' : reader.text('state') === 'closed' ? 'closed' : 'open',
    ...(reader.flag('draft') ? { draft: true } : {}),
    baseBranch: reader.object('base').text('ref'),
    headBranch: head.text('ref'),
    headSha: head.sha('sha'),
    headProject: readRepository(headRepository),
    labels: reader.objects('labels').map((label) => label.text('name')),
  };
}
