import type { GitEvent } from '../git-event.ts';
import type { Normalised } from '../webhook-format.ts';
import type { PayloadReader } from '../webhook-payload.ts';
import { readOrigin } from './webhook-parts.ts';

/** `issue_comment`: of a pull request only its number comes along; its commits are asked for when they are needed. */
export function issueCommentEvent(reader: PayloadReader): Normalised {
  const refused = refusalOf(reader);
  if (refused !== undefined) return refused;
  const issue = reader.object('issue');
  if (!issue.has('pull_request')) return { ok: false, ignored: 'nothing starts with a comment on an issue' };
  const number = issue.number('number');
  if (issue.optionalText('state') === 'closed') return { ok: false, ignored: `pull request ${number} is closed` };
  return withComment(reader, 'pull_request', { pullRequestNumber: number });
}

/** `commit_comment`: on a commit that was pushed. */
export function commitCommentEvent(reader: PayloadReader): Normalised {
  const refused = refusalOf(reader);
  if (refused !== undefined) return refused;
  return withComment(reader, 'commit', { revision: { sha: reader.object('comment').sha('commit_id') } });
}

/** What was edited may have said something else when it was approved of. */
function refusalOf(reader: PayloadReader): Normalised | undefined {
  const action = reader.text('action');
  return action === 'created' ? undefined : { ok: false, ignored: `only new comments count; this one was ${action}` };
}

function withComment(
  reader: PayloadReader,
  on: 'pull_request' | 'commit',
  subject: Pick<GitEvent, 'pullRequestNumber' | 'revision'>,
): Normalised {
  const comment = reader.object('comment');
  const id = String(comment.number('id'));
  const url = comment.optionalText('html_url');
  const event: GitEvent = {
    ...readOrigin(reader),
    ...subject,
    trigger: 'comment',
    eventType: on === 'commit' ? 'commit_comment' : 'issue_comment',
    action: 'created',
    occurrence: `comment ${id}`,
    comment: { id, body: comment.optionalText('body') ?? '', on, ...(url ? { url } : {}) },
  };
  return { ok: true, events: [event] };
}
