import type { GitEvent } from '../git-event.ts';
import type { Normalised } from '../webhook-format.ts';
import type { PayloadReader } from '../webhook-payload.ts';
import { readCommit, readMergeRequest, readProject, readUser } from './webhook-parts.ts';

/** Somebody wrote a comment on a merge request or a commit. `user` is who wrote it. */
export function noteEvent(reader: PayloadReader): Normalised {
  const note = reader.object('object_attributes');
  if (note.flag('system')) return { ok: false, ignored: 'GitLab wrote the comment itself' };
  const action = note.optionalText('action') ?? 'create';
  if (action !== 'create') return { ok: false, ignored: `only new comments count; this one says "${action}"` };
  const on = note.text('noteable_type');
  if (on === 'MergeRequest') return mergeRequestNote(reader, note);
  if (on === 'Commit') return commitNote(reader, note);
  return { ok: false, ignored: `nothing starts with a comment on ${on}` };
}

function mergeRequestNote(reader: PayloadReader, note: PayloadReader): Normalised {
  const base = partsOf(reader, note, 'pull_request');
  const attributes = reader.object('merge_request');
  const labels = attributes.objects('labels');
  const { number, state, pullRequest } = readMergeRequest(attributes, base.project, labels, base.actor);
  if (state !== 'open') return { ok: false, ignored: `merge request ${number} is ${state}` };
  if (pullRequest === undefined) return { ok: true, events: [{ ...base, pullRequestNumber: number }] };
  const revision = readCommit(attributes.object('last_commit'));
  return { ok: true, events: [{ ...base, pullRequest, revision }] };
}

function commitNote(reader: PayloadReader, note: PayloadReader): Normalised {
  const commit = reader.optionalObject('commit');
  const revision = commit === undefined ? { sha: note.sha('commit_id') } : readCommit(commit);
  return { ok: true, events: [{ ...partsOf(reader, note, 'commit'), revision }] };
}

function partsOf(reader: PayloadReader, note: PayloadReader, on: 'pull_request' | 'commit'): GitEvent {
  const id = String(note.number('id'));
  const url = note.optionalText('url');
  return {
    trigger: 'comment',
    forge: 'gitlab',
    eventType: 'Note',
    action: 'created',
    occurrence: `note ${id}`,
    project: readProject(reader.object('project')),
    actor: readUser(reader.object('user')),
    comment: { id, body: note.optionalText('note') ?? '', on, ...(url && { url }) },
  };
}
