/** Objects of GitLab's REST API (v4) as its documentation shows them, with the members that say something. */
import { present } from '../../../../src/base/assert.ts';
import type { Commit, FileChange } from '../git-objects.ts';
import type { GitModel, ModelComment, ModelPullRequest, ModelRepository, ModelUser } from '../git-model.ts';
import type { Pipeline, StatusRow } from './commit-statuses.ts';

type JsonMembers = Record<string, unknown>;

export function instant(ms: number | undefined): string | null {
  return ms === undefined ? null : new Date(ms).toISOString();
}

export function webUrl(url: string, repository: ModelRepository): string {
  return `${url}/${repository.fullName}`;
}

export function userJson(url: string, user: ModelUser): JsonMembers {
  return {
    id: user.id,
    username: user.login,
    name: user.login,
    state: 'active',
    avatar_url: null,
    web_url: `${url}/${user.login}`,
  };
}

export function projectJson(url: string, repository: ModelRepository): JsonMembers {
  return {
    id: repository.id,
    name: repository.name,
    path: repository.name,
    path_with_namespace: repository.fullName,
    web_url: webUrl(url, repository),
    http_url_to_repo: `${webUrl(url, repository)}.git`,
    ssh_url_to_repo: `git@gitlab.example.org:${repository.fullName}.git`,
    default_branch: repository.defaultBranch,
    visibility: 'public',
    archived: false,
    namespace: { path: repository.owner, full_path: repository.owner, kind: 'group' },
    ...(repository.forkOf === undefined ? {} : { forked_from_project: { id: repository.forkOf.id } }),
  };
}

export function commitJson(url: string, repository: ModelRepository, commit: Commit): JsonMembers {
  const at = instant(commit.author.atMs);
  return {
    id: commit.sha,
    short_id: commit.sha.slice(0, 8),
    title: commit.message.split('\n')[0],
    message: commit.message,
    parent_ids: commit.parents,
    author_name: commit.author.name,
    author_email: commit.author.email,
    authored_date: at,
    committed_date: at,
    created_at: at,
    web_url: `${webUrl(url, repository)}/-/commit/${commit.sha}`,
  };
}

export function diffJson(change: FileChange): JsonMembers {
  return {
    old_path: change.previousPath ?? change.path,
    new_path: change.path,
    a_mode: change.status === 'added' ? '0' : '100644',
    b_mode: change.status === 'removed' ? '0' : '100644',
    diff: '',
    new_file: change.status === 'added',
    renamed_file: change.status === 'renamed',
    deleted_file: change.status === 'removed',
  };
}

export function statusJson(url: string, row: StatusRow): JsonMembers {
  return {
    id: row.id,
    sha: row.pipeline.sha,
    ref: row.pipeline.ref,
    status: row.status,
    name: row.name,
    target_url: row.targetUrl,
    description: row.description,
    created_at: instant(row.createdAtMs),
    started_at: instant(row.startedAtMs),
    finished_at: instant(row.finishedAtMs),
    allow_failure: false,
    coverage: null,
    pipeline_id: row.pipeline.id,
    author: userJson(url, row.user),
  };
}

export function pipelineJson(pipeline: Pipeline): JsonMembers {
  return {
    id: pipeline.id,
    project_id: pipeline.repository.id,
    sha: pipeline.sha,
    ref: pipeline.ref,
    source: pipeline.source,
    status: 'running',
  };
}

export function stateOf(pull: ModelPullRequest): string {
  return pull.state === 'open' ? 'opened' : pull.state;
}

export function mergeRequestJson(
  url: string,
  model: GitModel,
  repository: ModelRepository,
  pull: ModelPullRequest,
): JsonMembers {
  const changes = repository.changes(repository.baseSha(pull), repository.headSha(pull)).length;
  return {
    id: pull.id,
    iid: pull.number,
    project_id: repository.id,
    title: pull.title,
    state: stateOf(pull),
    draft: false,
    work_in_progress: false,
    labels: pull.labels,
    author: userJson(url, model.user(pull.author)),
    source_branch: pull.head.branch,
    target_branch: pull.baseBranch,
    source_project_id: pull.head.repository.id,
    target_project_id: repository.id,
    sha: repository.headSha(pull),
    changes_count: String(changes),
    web_url: `${webUrl(url, repository)}/-/merge_requests/${pull.number}`,
    created_at: instant(pull.createdAtMs),
    updated_at: instant(pull.updatedAtMs),
  };
}

export function noteJson(url: string, model: GitModel, comment: ModelComment, system: boolean): JsonMembers {
  return {
    id: comment.id,
    body: comment.body,
    author: userJson(url, present(model.users.get(comment.author.toLowerCase()), 'authors are users')),
    created_at: instant(comment.createdAtMs),
    updated_at: instant(comment.updatedAtMs),
    system,
    noteable_type: 'MergeRequest',
    internal: false,
  };
}
