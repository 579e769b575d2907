import type { Actor, Project, PullRequest, Revision } from '../git-event.ts';
import type { PayloadReader } from '../webhook-payload.ts';
import { revisionFrom } from '../told-commit.ts';
import { actor } from './webhook-parts.ts';

/** A project as the API describes it. */
export function projectOf(reader: PayloadReader): Project {
  const path = reader.text('path_with_namespace');
  const slash = path.lastIndexOf('/');
  const defaultBranch = reader.optionalText('default_branch');
  const cloneUrl = reader.optionalText('http_url_to_repo');
  return {
    url: reader.webUrl('web_url'),
    owner: path.slice(0, Math.max(slash, 0)),
    name: path.slice(slash + 1),
    id: String(reader.number('id')),
    ...(defaultBranch && { defaultBranch }),
    ...(cloneUrl && { cloneUrl }),
  };
}

/** A commit as the API describes it. */
export function revisionOf(reader: PayloadReader): Revision {
  return revisionFrom({
    sha: reader.sha('id'),
    title: reader.optionalText('title'),
    message: reader.optionalText('message'),
    url: reader.optionalText('web_url'),
    author: reader.optionalText('author_name'),
    date: reader.optionalText('committed_date'),
  });
}

/** Somebody as the API describes him: `author` of merge requests and notes. */
export function accountOf(reader: PayloadReader): Actor {
  return actor(reader.text('username'), reader.optionalNumber('id'));
}

/** A merge request of the API, but for the project its commits live in, of which only the id is told. */
export interface MergeRequestAnswer {
  readonly pullRequest: Omit<PullRequest, 'headProject'>;
  readonly sourceProjectId: string | undefined;
  readonly isOpen: boolean;
  /** GitLab kept only a part of its changes: `1000+`. */
  readonly overflows: boolean;
}

export function mergeRequestOf(reader: PayloadReader): MergeRequestAnswer {
  const state = reader.text('state');
  const sourceProjectId = reader.optionalNumber('source_project_id');
  const draft = reader.flag('draft') || reader.flag('work_in_progress');
  return {
    sourceProjectId: sourceProjectId === undefined ? undefined : String(sourceProjectId),
    isOpen: state === 'opened' || state === 'locked',
    overflows: reader.optionalText('changes_count')?.endsWith('+') === true,
    pullRequest: {
      number: reader.number('iid'),
      title: reader.optionalText('title') ?? '',
      url: reader.webUrl('web_url'),
      author: accountOf(reader.object('author')),
      state: state === 'merged' ? 'merged' : state === 'closed' ? 'closed' : 'open',
      ...(draft && { draft: true as const }),
      baseBranch: reader.text('target_branch'),
      headBranch: reader.text('source_branch'),
      headSha: reader.sha('sha'),
      labels: reader.texts('labels'),
    },
  };
}
