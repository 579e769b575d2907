import type { GitEvent, Revision } from '../git-event.ts';
import type { Normalised } from '../webhook-format.ts';
import type { PayloadReader } from '../webhook-payload.ts';
import { readCommit, readRepository, readUser } from './webhook-parts.ts';

/** A branch or tag was pushed; deleted tags come as pushes too, to no commit. */
export function pushEvent(reader: PayloadReader): Normalised {
  const ref = reader.text('ref');
  if (!ref.startsWith('refs/heads/') && !ref.startsWith('refs/tags/')) {
    return { ok: false, ignored: `${ref} is neither a branch nor a tag` };
  }
  const before = reader.optionalSha('before');
  const after = reader.optionalSha('after');
  const repository = reader.object('repository');
  const event: GitEvent = {
    trigger: after === undefined ? 'ref_deleted' : 'push',
    forge: 'gitea',
    eventType: 'push',
    // A push has no number. The same two commits once more are told apart by the time the repository was last changed.
    occurrence: `${before ?? 'none'}..${after ?? 'none'}|${repository.optionalText('updated_at') ?? ''}`,
    project: readRepository(repository),
    actor: readUser(reader.optionalObject('pusher') ?? reader.object('sender')),
    ...(after !== undefined && { revision: revisionOf(reader, ref, after) }),
    push: { ref, ...(before !== undefined && { before }) },
  };
  return { ok: true, events: [event] };
}

/** The commit pushed. For an annotated tag `after` may be the tag object; the commit is `head_commit` then. */
function revisionOf(reader: PayloadReader, ref: string, after: string): Revision {
  const head = reader.optionalObject('head_commit');
  const known = [...(head === undefined ? [] : [head]), ...reader.objects('commits')].filter((each) => each.has('id'));
  const commit = known.find((each) => each.sha('id') === after);
  if (commit !== undefined) return readCommit(commit);
  return ref.startsWith('refs/tags/') && head?.has('id') === true ? readCommit(head) : { sha: after };
}

/** A branch or tag was deleted. */
export function deleteEvent(reader: PayloadReader): Normalised {
  const kind = reader.text('ref_type');
  if (kind !== 'branch' && kind !== 'tag') return { ok: false, ignored: `a ${kind} was deleted` };
  const name = reader.text('ref');
  const ref = `refs/${kind === 'tag' ? 'tags' : 'heads'}/${name.replace(/^refs\/(?:heads|tags)\//, '')}`;
  const repository = reader.object('repository');
  const event: GitEvent = {
    trigger: 'ref_deleted',
    forge: 'gitea',
    eventType: 'delete',
    occurrence: `deleted|${repository.optionalText('updated_at') ?? ''}`,
    project: readRepository(repository),
    actor: readUser(reader.object('sender')),
    push: { ref },
  };
  return { ok: true, events: [event] };
}
