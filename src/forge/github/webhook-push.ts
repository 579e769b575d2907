import type { GitEvent, Revision } from '../git-event.ts';
import type { Normalised } from '../webhook-format.ts';
import type { PayloadReader } from '../webhook-payload.ts';
import { readCommit, readOrigin } from './webhook-parts.ts';

/** `push`: a branch or tag was made, moved or deleted. */
export function pushEvent(reader: PayloadReader): Normalised {
  const ref = reader.text('ref');
  if (!ref.startsWith('refs/heads/') && !ref.startsWith('refs/tags/')) {
    return { ok: false, ignored: `${ref} is neither a branch nor a tag` };
  }
  const before = reader.optionalSha('before');
  const after = reader.flag('deleted') ? undefined : reader.optionalSha('after');
  const event: GitEvent = {
    ...readOrigin(reader),
    trigger: after === undefined ? 'ref_deleted' : 'push',
    eventType: 'push',
    // A push has no number: the same two commits once more are told apart by the time of the push.
    occurrence: `${before ?? 'none'}..${after ?? 'none'}|${pushedAt(reader)}`,
    ...(after === undefined ? {} : { revision: revisionOf(reader, ref, after) }),
    push: {
      ref,
      ...(before === undefined ? {} : { before }),
      ...(reader.flag('forced') ? { forced: true } : {}),
    },
  };
  return { ok: true, events: [event] };
}

/** The commit pushed. Of an annotated tag `after` is the tag's own object; the commit it stands for is `head_commit`. */
function revisionOf(reader: PayloadReader, ref: string, after: string): Revision {
  const head = reader.optionalObject('head_commit');
  const sha = head?.optionalSha('id');
  if (head === undefined || sha === undefined) return { sha: after };
  return sha === after || ref.startsWith('refs/tags/') ? readCommit(head, sha) : { sha: after };
}

/** `delete`: the same as a push that deletes, for hooks that were made without pushes. */
export function deleteEvent(reader: PayloadReader): Normalised {
  const kind = reader.text('ref_type');
  if (kind !== 'branch' && kind !== 'tag') return { ok: false, ignored: `a ${kind} was deleted` };
  const event: GitEvent = {
    ...readOrigin(reader),
    trigger: 'ref_deleted',
    eventType: 'delete',
    occurrence: `deleted|${pushedAt(reader)}`,
    push: { ref: `refs/${kind === 'tag' ? 'tags' : 'heads'}/${reader.text('ref')}` },
  };
  return { ok: true, events: [event] };
}

/** `merge_group`: a merge queue asks for checks of a commit that is to become the base. */
export function mergeGroupEvent(reader: PayloadReader): Normalised {
  const action = reader.text('action');
  if (action !== 'checks_requested') {
    return { ok: false, ignored: `a merge group was ${action}; the deletion of its branch is told by a push` };
  }
  const group = reader.object('merge_group');
  const sha = group.sha('head_sha');
  const before = group.optionalSha('base_sha');
  const head = group.optionalObject('head_commit');
  const event: GitEvent = {
    ...readOrigin(reader),
    trigger: 'merge_group',
    eventType: 'merge_group',
    action,
    // Each group has a branch of its own, with the commits of base and head in its name.
    occurrence: `${group.text('head_ref')}|${sha}`,
    revision: head === undefined ? { sha } : readCommit(head, sha),
    push: {
      ref: group.text('head_ref'),
      ...(before === undefined ? {} : { before }),
      baseBranch: group.text('base_ref').replace(/^refs\/heads\//, ''),
    },
  };
  return { ok: true, events: [event] };
}

/** Epoch seconds in a push, a date in other events. */
function pushedAt(reader: PayloadReader): string {
  return reader.object('repository').scalar('pushed_at');
}
