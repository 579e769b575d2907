import type { GitEvent } from '../git-event.ts';
import type { Normalised } from '../webhook-format.ts';
import type { PayloadReader } from '../webhook-payload.ts';
import { readAccount, readCommit, readRepository } from './webhook-parts.ts';

/** A push: each branch and tag that it changed is an event. */
export function pushEvents(reader: PayloadReader): Normalised {
  const common = {
    forge: 'bitbucket-cloud',
    eventType: 'push',
    project: readRepository(reader.object('repository')),
    actor: readAccount(reader.object('actor')),
  } as const;
  const changes = reader.object('push').objects('changes');
  const events = changes.flatMap((change) => changeEvent(change, common));
  return events.length > 0 ? { ok: true, events } : { ok: false, ignored: 'no branch or tag was pushed' };
}

function changeEvent(
  change: PayloadReader,
  common: Pick<GitEvent, 'forge' | 'eventType' | 'project' | 'actor'>,
): readonly GitEvent[] {
  const [before, after] = [change.optionalObject('old'), change.optionalObject('new')];
  const named = after ?? before;
  const ref = named === undefined ? undefined : refOf(named);
  if (ref === undefined) return [];
  const old = before?.object('target').sha('hash');
  const revision = after === undefined ? undefined : readCommit(after.object('target'));
  const push = {
    ref,
    ...(old !== undefined && { before: old }),
    ...(change.flag('forced') && { forced: true as const }),
  };
  // The payload has no instant of the push. Between the same two commits once more, nothing new is to be told of the second.
  const occurrence = `${old ?? 'none'}..${revision?.sha ?? 'none'}`;
  if (revision === undefined) return [{ ...common, trigger: 'ref_deleted', occurrence, push }];
  return [{ ...common, trigger: 'push', occurrence, revision, push }];
}

/** undefined = of a kind that is neither branch nor tag. */
function refOf(reader: PayloadReader): string | undefined {
  const kind = reader.text('type');
  if (kind === 'branch' || kind === 'named_branch') return `refs/heads/${reader.text('name')}`;
  return kind === 'tag' || kind === 'annotated_tag' ? `refs/tags/${reader.text('name')}` : undefined;
}
