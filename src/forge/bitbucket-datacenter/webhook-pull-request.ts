import type { GitEvent } from '../git-event.ts';
import type { Normalised } from '../webhook-format.ts';
import type { PayloadReader } from '../webhook-payload.ts';
import { readAccount, readInstant, readPullRequest, readRepository } from './webhook-parts.ts';

/** A pull request was opened, changed or closed. */
export function pullRequestEvent(
  reader: PayloadReader,
  name: string,
  trigger: 'pull_request' | 'pull_request_closed',
): Normalised {
  const payload = reader.object('pullRequest');
  const pullRequest = readPullRequest(payload);
  const event: GitEvent = {
    trigger,
    forge: 'bitbucket-datacenter',
    eventType: 'pull_request',
    action: name.replace('pr:', ''),
    occurrence: `${name}|${pullRequest.headSha}|${pullRequest.baseBranch}|${readInstant(reader)}`,
    project: readRepository(payload.object('toRef').object('repository')),
    actor: readAccount(reader.object('actor')),
    pullRequest,
    revision: { sha: pullRequest.headSha },
  };
  return { ok: true, events: [event] };
}

/** Somebody commented on a pull request. The actor is the commenter. */
export function commentEvent(reader: PayloadReader): Normalised {
  const pullRequest = readPullRequest(reader.object('pullRequest'));
  if (pullRequest.state !== 'open') return { ok: false, ignored: `pull request ${pullRequest.number} is closed` };
  const comment = reader.object('comment');
  const id = String(comment.number('id'));
  const event: GitEvent = {
    trigger: 'comment',
    forge: 'bitbucket-datacenter',
    eventType: 'issue_comment',
    action: 'added',
    occurrence: `comment ${id}`,
    project: readRepository(reader.object('pullRequest').object('toRef').object('repository')),
    actor: readAccount(reader.object('actor')),
    pullRequest,
    comment: { id, body: comment.optionalText('text') ?? '', on: 'pull_request' },
  };
  return { ok: true, events: [event] };
}
