import type { EventTrigger, GitEvent } from '../git-event.ts';
import type { Normalised } from '../webhook-format.ts';
import type { PayloadReader } from '../webhook-payload.ts';
import { readOrigin, readPullRequest } from './webhook-parts.ts';

interface Meaning {
  readonly trigger: EventTrigger;
  readonly eventType: string;
}

const commitsMayDiffer: Meaning = { trigger: 'pull_request', eventType: 'pull_request' };

/** By `action`. */
const meanings: ReadonlyMap<string, Meaning> = new Map([
  ['opened', commitsMayDiffer],
  ['reopened', commitsMayDiffer],
  ['synchronize', commitsMayDiffer],
  // What old servers wrote.
  ['synchronized', commitsMayDiffer],
  ['ready_for_review', commitsMayDiffer],
  ['labeled', { trigger: 'pull_request', eventType: 'pull_request_labeled' }],
  ['closed', { trigger: 'pull_request_closed', eventType: 'pull_request' }],
]);

/** `pull_request`: it was opened, changed or closed. */
export function pullRequestEvent(reader: PayloadReader): Normalised {
  const action = reader.text('action');
  const meaning = meanings.get(action);
  if (meaning === undefined) return { ok: false, ignored: `nothing starts with the action "${action}"` };
  const payload = reader.object('pull_request');
  const pullRequest = readPullRequest(payload);
  const number = payload.number('number');
  if (pullRequest === undefined && meaning.trigger === 'pull_request') {
    return { ok: false, ignored: `the source repository of pull request ${number} is gone` };
  }
  const label = reader.optionalObject('label')?.optionalText('name') ?? '';
  const event: GitEvent = {
    ...readOrigin(reader),
    ...meaning,
    action,
    occurrence: `${action}|${payload.text('updated_at')}|${label}`,
    ...(pullRequest === undefined
      ? { pullRequestNumber: number }
      : { pullRequest, revision: { sha: pullRequest.headSha } }),
  };
  return { ok: true, events: [event] };
}
