import type { EventTrigger, Project, PullRequest } from '../git-event.ts';
import type { Normalised } from '../webhook-format.ts';
import type { PayloadReader } from '../webhook-payload.ts';
import { readRepository, readUser } from './webhook-parts.ts';

interface Meaning {
  readonly trigger: EventTrigger;
  readonly eventType: string;
}

const commitsMayDiffer: Meaning = { trigger: 'pull_request', eventType: 'pull_request' };
const labelsDiffer: Meaning = { trigger: 'pull_request', eventType: 'pull_request_labeled' };

/** By `action`. Gitea says `synchronized`; `synchronize` is what GitHub says, and Forgejo's documentation shows. */
const meanings: ReadonlyMap<string, Meaning> = new Map([
  ['opened', commitsMayDiffer],
  ['reopened', commitsMayDiffer],
  ['synchronized', commitsMayDiffer],
  ['synchronize', commitsMayDiffer],
  ['label_updated', labelsDiffer],
  ['label_cleared', labelsDiffer],
  ['closed', { trigger: 'pull_request_closed', eventType: 'pull_request' }],
]);

/** How a title says that the pull request is not ready, unless an administrator chose other words. */
const draftTitle = /^\s*(?:wip:|\[wip\])/i;

/** A pull request was opened, changed or closed. */
export function pullRequestEvent(reader: PayloadReader): Normalised {
  const action = reader.text('action');
  const payload = reader.object('pull_request');
  const meaning = action === 'edited' ? meaningOfEdit(reader, payload) : meanings.get(action);
  if (meaning === undefined) return { ok: false, ignored: ignoredBecause(action) };
  const project = readRepository(reader.object('repository'));
  const number = payload.number('number');
  const pullRequest = pullRequestOf(payload, project);
  if (pullRequest === undefined && meaning.trigger === 'pull_request') {
    return { ok: false, ignored: `the source repository of pull request ${number} is gone` };
  }
  return {
    ok: true,
    events: [
      {
        ...meaning,
        forge: 'gitea',
        action,
        occurrence: occurrenceOf(payload, action),
        project,
        actor: readUser(reader.object('sender')),
        ...(pullRequest === undefined
          ? { pullRequestNumber: number }
          : { pullRequest, revision: { sha: pullRequest.headSha } }),
      },
    ],
  };
}

/** An edited title may end a draft; there is no event of its own for that. */
function meaningOfEdit(reader: PayloadReader, payload: PayloadReader): Meaning | undefined {
  const before = reader.optionalObject('changes')?.optionalObject('title')?.optionalText('from');
  return before !== undefined && draftTitle.test(before) && !isDraft(payload) ? commitsMayDiffer : undefined;
}

function isDraft(payload: PayloadReader): boolean {
  return payload.flag('draft') || draftTitle.test(payload.optionalText('title') ?? '');
}

function ignoredBecause(action: string): string {
  return action === 'edited' ? 'it did not cease to be a draft' : `nothing starts with the action "${action}"`;
}

/** A pull request, as webhooks and the API describe it. undefined: the repository of the head was deleted. */
export function pullRequestOf(payload: PayloadReader, project: Project): PullRequest | undefined {
  const number = payload.number('number');
  const head = payload.object('head');
  const headRepository = head.optionalObject('repo');
  if (headRepository === undefined) return undefined;
  const draft = isDraft(payload);
  return {
    number,
    title: payload.optionalText('title') ?? '',
    url: payload.has('html_url') ? payload.webUrl('html_url') : `${project.url}/pulls/${number}`,
    author: readUser(payload.object('user')),
    state: payload.flag('merged') ? 'merged' : payload.text('state') === 'closed' ? 'closed' : 'open',
    ...(draft && { draft: true as const }),
    baseBranch: payload.object('base').text('ref'),
    headBranch: head.text('ref'),
    headSha: head.sha('sha'),
    headProject: readRepository(headRepository),
    labels: payload.objects('labels').map((label) => label.text('name')),
  };
}

function occurrenceOf(payload: PayloadReader, action: string): string {
  const labels = payload.objects('labels').map((label) => label.optionalNumber('id') ?? label.text('name'));
  return `${action}|${payload.optionalText('updated_at') ?? ''}|${labels.join(',')}`;
}
