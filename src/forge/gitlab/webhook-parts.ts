import type { Actor, Project, PullRequest, Revision } from '../git-event.ts';
import type { PayloadReader } from '../webhook-payload.ts';
import { revisionFrom } from '../told-commit.ts';

/** GitLab's own accounts of project and group tokens: `project_12_bot_4f…`, `group_7_bot`. */
const botName = /^(?:project|group)_\d+_bot/;

/** The project of a webhook: `project`, or `source` and `target` of a merge request. */
export function readProject(reader: PayloadReader): Project {
  const url = reader.webUrl('web_url');
  const path = reader.text('path_with_namespace');
  const slash = path.lastIndexOf('/');
  const id = reader.optionalNumber('id');
  const defaultBranch = reader.optionalText('default_branch');
  const cloneUrl = cloneUrlOf(reader, url);
  return {
    url,
    owner: path.slice(0, Math.max(slash, 0)),
    name: path.slice(slash + 1),
    ...(id !== undefined && { id: String(id) }),
    ...(defaultBranch && { defaultBranch }),
    ...(cloneUrl !== undefined && { cloneUrl }),
  };
}

/** Only at the host of the project: nobody is to be sent elsewhere with our token by what a webhook says. */
function cloneUrlOf(reader: PayloadReader, url: string): string | undefined {
  const text = reader.optionalText('git_http_url');
  if (text === undefined || URL.parse(text)?.origin !== new URL(url).origin) return undefined;
  return text;
}

/** `user` of merge requests and notes. */
export function readUser(reader: PayloadReader): Actor {
  return actor(reader.text('username'), reader.optionalNumber('id'));
}

export function actor(login: string, id: number | undefined): Actor {
  return { login, ...(id !== undefined && { id: String(id) }), ...(botName.test(login) && { bot: true as const }) };
}

/** A commit as webhooks describe it. */
export function readCommit(reader: PayloadReader): Revision {
  return revisionFrom({
    sha: reader.sha('id'),
    title: reader.optionalText('title'),
    message: reader.optionalText('message'),
    url: reader.optionalText('url'),
    author: reader.optionalObject('author')?.optionalText('name'),
    date: reader.optionalText('timestamp'),
  });
}

/** What a merge request's state is called elsewhere. `locked` lasts while GitLab merges it. */
const states: ReadonlyMap<string, PullRequest['state']> = new Map([
  ['opened', 'open'],
  ['locked', 'open'],
  ['closed', 'closed'],
  ['merged', 'merged'],
]);

/** A merge request, as `object_attributes` of its own webhook and `merge_request` of a note's. */
export interface MergeRequestParts {
  readonly number: number;
  readonly state: PullRequest['state'];
  /** Absent: its source project or its commits are gone. */
  readonly pullRequest?: PullRequest;
}

/**
 * Reads a merge request. `actorOfEvent` stands for the author when he did it himself: a webhook names authors by number only.
 */
export function readMergeRequest(
  reader: PayloadReader,
  project: Project,
  labels: readonly PayloadReader[],
  actorOfEvent: Actor,
): MergeRequestParts {
  const number = reader.number('iid');
  const state = states.get(reader.text('state')) ?? 'open';
  const source = reader.optionalObject('source');
  const commit = reader.optionalObject('last_commit');
  if (source === undefined || commit === undefined) return { number, state };
  return {
    number,
    state,
    pullRequest: wholePullRequest({ reader, project, labels, actorOfEvent, number, state, source, commit }),
  };
}

interface WholeParts {
  readonly reader: PayloadReader;
  readonly project: Project;
  readonly labels: readonly PayloadReader[];
  readonly actorOfEvent: Actor;
  readonly number: number;
  readonly state: PullRequest['state'];
  readonly source: PayloadReader;
  readonly commit: PayloadReader;
}

function wholePullRequest(parts: WholeParts): PullRequest {
  const { reader, project } = parts;
  const draft = reader.flag('draft') || reader.flag('work_in_progress');
  return {
    number: parts.number,
    title: reader.optionalText('title') ?? '',
    url: reader.has('url') ? reader.webUrl('url') : `${project.url}/-/merge_requests/${parts.number}`,
    author: authorOf(reader, parts.actorOfEvent),
    state: parts.state,
    ...(draft && { draft: true as const }),
    baseBranch: reader.text('target_branch'),
    headBranch: reader.text('source_branch'),
    headSha: parts.commit.sha('id'),
    headProject: headProjectOf(reader, parts.source, project),
    labels: parts.labels.map((label) => label.text('title')),
  };
}

/** Of an author who did not do this himself only the number is told: he gets a name that no account can have. */
function authorOf(reader: PayloadReader, actorOfEvent: Actor): Actor {
  const id = reader.optionalNumber('author_id');
  if (id === undefined || String(id) === actorOfEvent.id) return actorOfEvent;
  return { login: `user ${id}`, id: String(id) };
}

/** `source` of a note's merge request has no `id`; the merge request itself has it as `source_project_id`. */
function headProjectOf(reader: PayloadReader, source: PayloadReader, project: Project): Project {
  const id = reader.optionalNumber('source_project_id');
  if (id !== undefined && String(id) === project.id) return project;
  return { ...readProject(source), ...(id !== undefined && { id: String(id) }) };
}
