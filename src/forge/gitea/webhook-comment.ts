import type { Normalised } from '../webhook-format.ts';
import type { PayloadReader } from '../webhook-payload.ts';
import { readRepository, readUser } from './webhook-parts.ts';

/** Somebody commented on a pull request. Only its number comes along: its commits are asked for when they are needed. */
export function commentEvent(reader: PayloadReader): Normalised {
  const action = reader.text('action');
  if (action !== 'created') return { ok: false, ignored: `only new comments count; this one was ${action}` };
  const issue = reader.object('issue');
  if (!reader.flag('is_pull') && !issue.has('pull_request')) {
    return { ok: false, ignored: 'nothing starts with a comment on an issue' };
  }
  const number = issue.number('number');
  if (issue.optionalText('state') === 'closed') return { ok: false, ignored: `pull request ${number} is closed` };
  const comment = reader.object('comment');
  const id = String(comment.number('id'));
  const url = comment.optionalText('html_url');
  return {
    ok: true,
    events: [
      {
        trigger: 'comment',
        forge: 'gitea',
        eventType: 'issue_comment',
        action,
        occurrence: `comment ${id}`,
        project: readRepository(reader.object('repository')),
        actor: readUser(reader.object('sender')),
        pullRequestNumber: number,
        comment: { id, body: comment.optionalText('body') ?? '', on: 'pull_request', ...(url && { url }) },
      },
    ],
  };
}
