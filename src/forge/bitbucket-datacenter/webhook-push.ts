import type { GitEvent } from '../git-event.ts';
import type { Normalised } from '../webhook-format.ts';
import type { PayloadReader } from '../webhook-payload.ts';
import { readAccount, readCommit, readInstant, readRepository } from './webhook-parts.ts';

/** A push: each branch and tag that it changed is an event. */
export function pushEvents(reader: PayloadReader): Normalised {
  const common = {
    forge: 'bitbucket-datacenter',
    eventType: 'push',
    project: readRepository(reader.object('repository')),
    actor: readAccount(reader.object('actor')),
  } as const;
  const events = reader.objects('changes').flatMap((change): readonly GitEvent[] => {
    const ref = change.object('ref').text('id');
    if (!ref.startsWith('refs/heads/') && !ref.startsWith('refs/tags/')) return [];
    const [before, after] = [change.optionalSha('fromHash'), change.optionalSha('toHash')];
    const occurrence = `${before ?? 'none'}..${after ?? 'none'}|${readInstant(reader)}`;
    const push = { ref, ...(before !== undefined && { before }) };
    if (after === undefined) return [{ ...common, trigger: 'ref_deleted', occurrence, push }];
    return [{ ...common, trigger: 'push', occurrence, push, revision: revisionOf(reader, after) }];
  });
  return events.length > 0 ? { ok: true, events } : { ok: false, ignored: 'no branch or tag was pushed' };
}

/** Versions from 8.3 on describe the newest commits. */
function revisionOf(reader: PayloadReader, sha: string): NonNullable<GitEvent['revision']> {
  const known = [...reader.objects('commits'), ...(reader.has('toCommit') ? [reader.object('toCommit')] : [])];
  const commit = known.find((each) => each.optionalText('id') === sha);
  return commit === undefined ? { sha } : readCommit(commit);
}
