import type { GitEvent } from '../git-event.ts';
import type { Normalised } from '../webhook-format.ts';
import type { PayloadReader } from '../webhook-payload.ts';
import { readAccount, readRepository } from './webhook-parts.ts';

/** Somebody commented on a pull request. The actor is the commenter. */
export function commentEvent(reader: PayloadReader): Normalised {
  const payload = reader.object('pullrequest');
  const number = payload.number('id');
  if (payload.text('state') !== 'OPEN') return { ok: false, ignored: `pull request ${number} is closed` };
  return { ok: true, events: [{ ...comment(reader, 'pull_request'), pullRequestNumber: number }] };
}

/** Somebody commented on a commit. */
export function commitCommentEvent(reader: PayloadReader): Normalised {
  const revision = { sha: reader.object('commit').sha('hash') };
  return { ok: true, events: [{ ...comment(reader, 'commit'), revision }] };
}

function comment(reader: PayloadReader, on: 'pull_request' | 'commit'): GitEvent {
  const payload = reader.object('comment');
  const id = String(payload.number('id'));
  const url = payload.optionalObject('links')?.optionalObject('html')?.optionalText('href');
  const body = payload.object('content').optionalText('raw') ?? '';
  return {
    trigger: 'comment',
    forge: 'bitbucket-cloud',
    eventType: on === 'commit' ? 'commit_comment' : 'issue_comment',
    action: 'created',
    occurrence: `comment ${id}`,
    project: readRepository(reader.object('repository')),
    actor: readAccount(reader.object('actor')),
    comment: { id, body, on, ...(url && { url }) },
  };
}
