import type { Actor, GitEvent, Revision } from '../git-event.ts';
import type { Normalised } from '../webhook-format.ts';
import type { PayloadReader } from '../webhook-payload.ts';
import { actor, readCommit, readProject } from './webhook-parts.ts';

type PushHook = 'Push Hook' | 'Tag Push Hook';

/**
 * A branch or tag was pushed or deleted. `commits` may well be empty: so it is for a branch made of a commit that was there
 * already, and for every tag. What the ref now stands for is `checkout_sha`; for an annotated tag `after` is the tag object.
 */
export function pushEvent(reader: PayloadReader, name: PushHook): Normalised {
  const ref = reader.text('ref');
  if (!ref.startsWith('refs/heads/') && !ref.startsWith('refs/tags/')) {
    return { ok: false, ignored: `${ref} is neither a branch nor a tag` };
  }
  if (reader.optionalObject('push_options')?.optionalObject('ci')?.flag('skip') === true) {
    return { ok: false, ignored: 'pushed with -o ci.skip' };
  }
  const before = reader.optionalSha('before');
  const after = reader.optionalSha('after');
  if (before === undefined && after === undefined) return { ok: false, ignored: 'the push changed nothing' };
  const sha = after === undefined ? undefined : (reader.optionalSha('checkout_sha') ?? after);
  const event: GitEvent = {
    trigger: sha === undefined ? 'ref_deleted' : 'push',
    forge: 'gitlab',
    eventType: name === 'Push Hook' ? 'push' : 'Tag Push',
    // GitLab gives a push neither number nor time. The same two commits at the same ref are the same push: when a branch goes
    // back and forth between them, what ran for the commit still stands.
    occurrence: `${before ?? 'none'}..${after ?? 'none'}`,
    project: readProject(reader.object('project')),
    actor: pusher(reader),
    ...(sha !== undefined && { revision: revisionOf(reader, sha) }),
    push: { ref, ...(before !== undefined && { before }) },
  };
  return { ok: true, events: [event] };
}

function pusher(reader: PayloadReader): Actor {
  const login = reader.optionalText('user_username') || reader.text('user_name');
  return actor(login, reader.optionalNumber('user_id'));
}

function revisionOf(reader: PayloadReader, sha: string): Revision {
  const commit = reader.objects('commits').find((each) => each.optionalText('id')?.toLowerCase() === sha);
  return commit === undefined ? { sha } : readCommit(commit);
}
