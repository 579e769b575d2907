import type { GitEvent } from '../git-event.ts';
import type { Normalised } from '../webhook-format.ts';
import type { PayloadReader } from '../webhook-payload.ts';
import { readAccount, readPullRequest, readRepository } from './webhook-parts.ts';

/**
 * A pull request was opened, changed or closed. What changed is not told: so an occurrence is one head on one base, and a new
 * title or reviewer is not another.
 */
export function pullRequestEvent(
  reader: PayloadReader,
  name: string,
  trigger: 'pull_request' | 'pull_request_closed',
): Normalised {
  const payload = reader.object('pullrequest');
  const number = payload.number('id');
  const pullRequest = readPullRequest(payload);
  if (pullRequest === undefined && trigger === 'pull_request') {
    return { ok: false, ignored: `the branch or repository of pull request ${number} is gone` };
  }
  const head = `${pullRequest?.headSha ?? 'gone'}|${pullRequest?.baseBranch ?? ''}`;
  const event: GitEvent = {
    trigger,
    forge: 'bitbucket-cloud',
    eventType: 'pull_request',
    action: name.replace('pullrequest:', ''),
    occurrence: trigger === 'pull_request' ? head : `closed|${head}`,
    project: readRepository(reader.object('repository')),
    actor: readAccount(reader.object('actor')),
    ...(pullRequest === undefined ? { pullRequestNumber: number } : { pullRequest }),
  };
  return { ok: true, events: [event] };
}
