import type { EventTrigger } from '../git-event.ts';
import type { Normalised } from '../webhook-format.ts';
import type { PayloadReader } from '../webhook-payload.ts';
import { readCommit, readMergeRequest, readProject, readUser } from './webhook-parts.ts';

/** What an event of a merge request means to us. */
interface Meaning {
  readonly trigger: EventTrigger;
  readonly eventType: string;
}

const commitsMayDiffer: Meaning = { trigger: 'pull_request', eventType: 'Merge Request' };
const ended: Meaning = { trigger: 'pull_request_closed', eventType: 'Merge Request' };

/** By `object_attributes.action`. */
const meanings: ReadonlyMap<string, Meaning> = new Map([
  ['open', commitsMayDiffer],
  ['reopen', commitsMayDiffer],
  ['close', ended],
  ['merge', ended],
]);

/** A merge request was opened, changed, closed or merged. */
export function mergeRequestEvent(reader: PayloadReader): Normalised {
  const attributes = reader.object('object_attributes');
  const action = attributes.optionalText('action') ?? '';
  const meaning = action === 'update' ? meaningOfUpdate(reader) : meanings.get(action);
  if (meaning === undefined) return { ok: false, ignored: ignoredBecause(action) };
  const project = readProject(reader.object('project'));
  const actor = readUser(reader.object('user'));
  const { number, pullRequest } = readMergeRequest(attributes, project, reader.objects('labels'), actor);
  if (pullRequest === undefined && meaning.trigger === 'pull_request') {
    return { ok: false, ignored: `the source project or the commits of merge request ${number} are gone` };
  }
  const commit = attributes.optionalObject('last_commit');
  return {
    ok: true,
    events: [
      {
        ...meaning,
        forge: 'gitlab',
        action,
        occurrence: occurrenceOf(reader, attributes, action),
        project,
        actor,
        ...(commit !== undefined && { revision: readCommit(commit) }),
        ...(pullRequest === undefined ? { pullRequestNumber: number } : { pullRequest }),
      },
    ],
  };
}

/** New commits are told by `oldrev` alone; a label or the end of a draft by what `changes` lists. */
function meaningOfUpdate(reader: PayloadReader): Meaning | undefined {
  const changes = reader.optionalObject('changes');
  if (reader.object('object_attributes').optionalSha('oldrev') !== undefined) {
    return commitsMayDiffer;
  }
  if (changes?.has('labels') === true) {
    return { trigger: 'pull_request', eventType: 'pull_request_labeled' };
  }
  const draft = changes?.optionalObject('draft');
  return draft?.flag('previous') === true && !draft.flag('current') ? commitsMayDiffer : undefined;
}

function ignoredBecause(action: string): string {
  if (action === 'update') return 'neither the commits nor the labels changed, nor did it cease to be a draft';
  return action === '' ? 'the payload names no action' : `nothing starts with the action "${action}"`;
}

/** GitLab's times are whole seconds: what was changed within one is told apart by what it changed to. */
function occurrenceOf(reader: PayloadReader, attributes: PayloadReader, action: string): string {
  const labels = reader.objects('labels').map((label) => label.optionalNumber('id') ?? label.text('title'));
  const parts = [action, attributes.optionalText('updated_at'), attributes.optionalText('oldrev'), labels.join(',')];
  return parts.map((part) => part ?? '').join('|');
}
