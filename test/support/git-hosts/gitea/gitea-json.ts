/** Objects of Gitea's API (v1) and of its webhooks, which share their shapes, with the members that say something. */
import { present } from '../../../../src/base/assert.ts';
import type { GitModel, ModelComment, ModelPullRequest, ModelRepository, ModelUser } from '../git-model.ts';
import type { Commit, FileChange } from '../git-objects.ts';

export type Members = Record<string, unknown>;

/** A commit status: Gitea keeps every one that was posted. */
export interface StatusRow {
  readonly id: number;
  readonly repository: ModelRepository;
  readonly sha: string;
  readonly state: string;
  readonly context: string;
  readonly description: string;
  readonly targetUrl: string;
  readonly creator: ModelUser;
  readonly atMs: number;
}

export function instant(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z');
}

export function webUrl(url: string, repository: ModelRepository): string {
  return `${url}/${repository.fullName}`;
}

export function userJson(url: string, user: ModelUser): Members {
  return {
    id: user.id,
    login: user.login,
    username: user.login,
    full_name: '',
    email: `${user.login}@noreply.example.org`,
    html_url: `${url}/${user.login}`,
  };
}

export function repositoryJson(url: string, model: GitModel, repository: ModelRepository): Members {
  return {
    id: repository.id,
    owner: userJson(url, model.user(repository.owner)),
    name: repository.name,
    full_name: repository.fullName,
    private: false,
    fork: repository.forkOf !== undefined,
    html_url: webUrl(url, repository),
    clone_url: `${webUrl(url, repository)}.git`,
    ssh_url: `git@gitea.example.org:${repository.fullName}.git`,
    default_branch: repository.defaultBranch,
    created_at: instant(repository.createdAtMs),
    updated_at: instant(model.clock.now()),
  };
}

/** A commit as pushes and branches describe it. */
export function payloadCommitJson(url: string, repository: ModelRepository, commit: Commit): Members {
  return {
    id: commit.sha,
    message: commit.message,
    url: `${webUrl(url, repository)}/commit/${commit.sha}`,
    author: { name: commit.author.name, email: commit.author.email, username: commit.author.name },
    committer: { name: commit.author.name, email: commit.author.email, username: commit.author.name },
    timestamp: instant(commit.author.atMs),
  };
}

/** A commit as the Git part of the API describes it. */
export function commitJson(url: string, repository: ModelRepository, commit: Commit): Members {
  const person = { name: commit.author.name, email: commit.author.email, date: instant(commit.author.atMs) };
  const changes = repository.changes(commit.parents[0] ?? '', commit.sha, true);
  return {
    sha: commit.sha,
    html_url: `${webUrl(url, repository)}/commit/${commit.sha}`,
    created: instant(commit.author.atMs),
    commit: { message: commit.message, author: person, committer: person, tree: { sha: commit.treeSha } },
    parents: commit.parents.map((sha) => ({ sha })),
    files: changes.flatMap(affectedFiles),
  };
}

/** Commits know no renames: a file is gone and another is there. */
function affectedFiles(change: FileChange): readonly Members[] {
  if (change.status !== 'renamed') return [{ filename: change.path, status: change.status }];
  return [
    { filename: change.previousPath, status: 'removed' },
    { filename: change.path, status: 'added' },
  ];
}

/** A file of a pull request. */
export function changedFileJson(change: FileChange): Members {
  const words = { added: 'added', modified: 'changed', removed: 'deleted', renamed: 'renamed' } as const;
  return {
    filename: change.path,
    status: words[change.status],
    ...(change.previousPath === undefined ? {} : { previous_filename: change.previousPath }),
    additions: 1,
    deletions: 0,
    changes: 1,
  };
}

export function labelJson(name: string, index: number): Members {
  return { id: index + 1, name, color: '00aabb', exclusive: false };
}

export function pullRequestJson(
  url: string,
  model: GitModel,
  repository: ModelRepository,
  pull: ModelPullRequest,
): Members {
  const head = pull.head.repository;
  return {
    id: pull.id,
    number: pull.number,
    url: `${webUrl(url, repository)}/pulls/${pull.number}`,
    html_url: `${webUrl(url, repository)}/pulls/${pull.number}`,
    user: userJson(url, model.user(pull.author)),
    title: pull.title,
    body: '',
    labels: pull.labels.map(labelJson),
    state: pull.state === 'open' ? 'open' : 'closed',
    draft: false,
    merged: pull.state === 'merged',
    base: {
      label: pull.baseBranch,
      ref: pull.baseBranch,
      sha: repository.baseSha(pull),
      repo_id: repository.id,
      repo: repositoryJson(url, model, repository),
    },
    head: {
      label: pull.head.branch,
      ref: pull.head.branch,
      sha: repository.headSha(pull),
      repo_id: head.id,
      repo: repositoryJson(url, model, head),
    },
    created_at: instant(pull.createdAtMs),
    updated_at: instant(pull.updatedAtMs),
  };
}

export function commentJson(
  url: string,
  model: GitModel,
  place: { readonly repository: ModelRepository; readonly pull: ModelPullRequest },
  comment: ModelComment,
): Members {
  return {
    id: comment.id,
    html_url: `${webUrl(url, place.repository)}/pulls/${place.pull.number}#issuecomment-${comment.id}`,
    user: userJson(url, present(model.users.get(comment.author.toLowerCase()), 'authors are users')),
    body: comment.body,
    created_at: instant(comment.createdAtMs),
    updated_at: instant(comment.updatedAtMs),
  };
}

export function statusJson(url: string, row: StatusRow): Members {
  return {
    id: row.id,
    status: row.state,
    context: row.context,
    description: row.description,
    target_url: row.targetUrl,
    url: `${url}/api/v1/repos/${row.repository.fullName}/statuses/${row.sha}`,
    creator: userJson(url, row.creator),
    created_at: instant(row.atMs),
    updated_at: instant(row.atMs),
  };
}
