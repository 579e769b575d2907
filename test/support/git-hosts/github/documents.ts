/** What GitHub's API answers, made of the model: every member that its description requires. */
import { createHash } from 'node:crypto';
import type { JsonObject } from '../../../../src/base/json.ts';
import type { Commit, FileChange } from '../git-objects.ts';
import { blobSha } from '../git-objects.ts';
import type { GitModel, ModelComment, ModelPullRequest, ModelRepository } from '../git-model.ts';

/** Where the host is. */
export interface Place {
  /** Web address. */
  readonly web: string;
  /** Base of the API. */
  readonly api: string;
  readonly model: GitModel;
}

export function timeOf(epochMs: number): string {
  return `${new Date(epochMs).toISOString().slice(0, 19)}Z`;
}

/** GitHub's opaque ids; nobody may read anything into them. */
export function nodeId(kind: string, id: number | string): string {
  return Buffer.from(`${kind}:${id}`).toString('base64');
}

export function userOf(place: Place, login: string): JsonObject {
  const { id } = place.model.user(login);
  const url = `${place.api}/users/${encodeURIComponent(login)}`;
  return {
    login,
    id,
    node_id: nodeId('User', id),
    avatar_url: `${place.web}/avatars/${id}`,
    gravatar_id: '',
    url,
    html_url: `${place.web}/${encodeURIComponent(login)}`,
    followers_url: `${url}/followers`,
    following_url: `${url}/following{/other_user}`,
    gists_url: `${url}/gists{/gist_id}`,
    starred_url: `${url}/starred{/owner}{/repo}`,
    subscriptions_url: `${url}/subscriptions`,
    organizations_url: `${url}/orgs`,
    repos_url: `${url}/repos`,
    events_url: `${url}/events{/privacy}`,
    received_events_url: `${url}/received_events`,
    type: login.endsWith('[bot]') ? 'Bot' : 'User',
    site_admin: false,
  };
}

/** Addresses of a repository below its own, by the name of the member without `_url`. */
const repositoryUrls: Readonly<Record<string, string>> = {
  archive: '{archive_format}{/ref}',
  assignees: 'assignees{/user}',
  blobs: 'git/blobs{/sha}',
  branches: 'branches{/branch}',
  collaborators: 'collaborators{/collaborator}',
  comments: 'comments{/number}',
  commits: 'commits{/sha}',
  compare: 'compare/{base}...{head}',
  contents: 'contents/{+path}',
  contributors: 'contributors',
  deployments: 'deployments',
  downloads: 'downloads',
  events: 'events',
  forks: 'forks',
  git_commits: 'git/commits{/sha}',
  git_refs: 'git/refs{/sha}',
  git_tags: 'git/tags{/sha}',
  hooks: 'hooks',
  issue_comment: 'issues/comments{/number}',
  issue_events: 'issues/events{/number}',
  issues: 'issues{/number}',
  keys: 'keys{/key_id}',
  labels: 'labels{/name}',
  languages: 'languages',
  merges: 'merges',
  milestones: 'milestones{/number}',
  notifications: 'notifications{?since,all,participating}',
  pulls: 'pulls{/number}',
  releases: 'releases{/id}',
  stargazers: 'stargazers',
  statuses: 'statuses/{sha}',
  subscribers: 'subscribers',
  subscription: 'subscription',
  tags: 'tags',
  teams: 'teams',
  trees: 'git/trees{/sha}',
};

export function apiUrlOf(place: Place, repository: ModelRepository): string {
  return `${place.api}/repos/${repository.fullName}`;
}

export function repositoryOf(place: Place, repository: ModelRepository): JsonObject {
  const url = apiUrlOf(place, repository);
  const web = `${place.web}/${repository.fullName}`;
  const urls = Object.entries(repositoryUrls).map(([name, path]) => [`${name}_url`, `${url}/${path}`]);
  const at = timeOf(repository.createdAtMs);
  return {
    id: repository.id,
    node_id: nodeId('Repository', repository.id),
    name: repository.name,
    full_name: repository.fullName,
    private: false,
    visibility: 'public',
    owner: userOf(place, repository.owner),
    html_url: web,
    description: null,
    fork: repository.forkOf !== undefined,
    url,
    ...(Object.fromEntries(urls) as JsonObject),
    clone_url: `${web}.git`,
    git_url: `${web.replace(/^http/, 'git')}.git`,
    ssh_url: `git@${new URL(web).hostname}:${repository.fullName}.git`,
    svn_url: web,
    mirror_url: null,
    homepage: null,
    language: null,
    license: null,
    default_branch: repository.defaultBranch,
    archived: false,
    disabled: false,
    has_downloads: true,
    has_issues: true,
    has_projects: true,
    has_wiki: true,
    has_pages: false,
    has_discussions: false,
    forks: 0,
    forks_count: 0,
    open_issues: 0,
    open_issues_count: 0,
    size: 1,
    stargazers_count: 0,
    watchers: 0,
    watchers_count: 0,
    network_count: 0,
    subscribers_count: 0,
    created_at: at,
    updated_at: at,
    pushed_at: at,
  };
}

export function commitOf(
  place: Place,
  repository: ModelRepository,
  commit: Commit,
  files?: readonly FileChange[],
): JsonObject {
  const url = apiUrlOf(place, repository);
  const web = `${place.web}/${repository.fullName}/commit`;
  const { name, email, atMs } = commit.author;
  const who = { name, email, date: timeOf(atMs) };
  return {
    sha: commit.sha,
    node_id: nodeId('Commit', commit.sha),
    url: `${url}/commits/${commit.sha}`,
    html_url: `${web}/${commit.sha}`,
    comments_url: `${url}/commits/${commit.sha}/comments`,
    commit: {
      author: who,
      committer: who,
      message: commit.message,
      tree: { sha: commit.treeSha, url: `${url}/git/trees/${commit.treeSha}` },
      url: `${url}/git/commits/${commit.sha}`,
      comment_count: 0,
    },
    author: userOf(place, name),
    committer: userOf(place, name),
    parents: commit.parents.map((sha) => ({ sha, url: `${url}/commits/${sha}`, html_url: `${web}/${sha}` })),
    ...(files === undefined
      ? {}
      : {
          stats: { additions: files.length, deletions: 0, total: files.length },
          files: files.map((file) => fileOf(place, repository, commit, file)),
        }),
  };
}

export function fileOf(
  place: Place,
  repository: ModelRepository,
  { sha, tree }: Commit,
  change: FileChange,
): JsonObject {
  const web = `${place.web}/${repository.fullName}`;
  const path = change.path.split('/').map(encodeURIComponent).join('/');
  const isRename = change.status === 'renamed';
  return {
    sha: blobSha(tree.get(change.path) ?? ''),
    filename: change.path,
    status: change.status,
    additions: isRename ? 0 : 1,
    deletions: 0,
    changes: isRename ? 0 : 1,
    blob_url: `${web}/blob/${sha}/${path}`,
    raw_url: `${web}/raw/${sha}/${path}`,
    contents_url: `${apiUrlOf(place, repository)}/contents/${path}?ref=${sha}`,
    ...(change.previousPath === undefined ? {} : { previous_filename: change.previousPath }),
  };
}

export function labelOf(place: Place, repository: ModelRepository, name: string): JsonObject {
  const id = Number.parseInt(createHash('sha1').update(name).digest('hex').slice(0, 8), 16);
  return {
    id,
    node_id: nodeId('Label', id),
    url: `${apiUrlOf(place, repository)}/labels/${encodeURIComponent(name)}`,
    name,
    description: '',
    color: 'ededed',
    default: false,
  };
}

function sideOf(place: Place, repository: ModelRepository, ref: string, sha: string): JsonObject {
  return {
    label: `${repository.owner}:${ref}`,
    ref,
    sha,
    user: userOf(place, repository.owner),
    repo: repositoryOf(place, repository),
  };
}

/** As lists have it; {@link pullRequestOf} adds what only the single one has. */
export function simplePullRequestOf(place: Place, repository: ModelRepository, pull: ModelPullRequest): JsonObject {
  const url = `${apiUrlOf(place, repository)}/pulls/${pull.number}`;
  const issueUrl = `${apiUrlOf(place, repository)}/issues/${pull.number}`;
  const web = `${place.web}/${repository.fullName}/pull/${pull.number}`;
  const headSha = repository.headSha(pull);
  const statusesUrl = `${apiUrlOf(place, repository)}/statuses/${headSha}`;
  const closedAt = pull.state === 'open' ? null : timeOf(pull.updatedAtMs);
  return {
    url,
    id: pull.id,
    node_id: nodeId('PullRequest', pull.id),
    html_url: web,
    diff_url: `${web}.diff`,
    patch_url: `${web}.patch`,
    issue_url: issueUrl,
    commits_url: `${url}/commits`,
    review_comments_url: `${url}/comments`,
    review_comment_url: `${apiUrlOf(place, repository)}/pulls/comments{/number}`,
    comments_url: `${issueUrl}/comments`,
    statuses_url: statusesUrl,
    number: pull.number,
    state: pull.state === 'open' ? 'open' : 'closed',
    locked: false,
    title: pull.title,
    user: userOf(place, pull.author),
    body: null,
    labels: pull.labels.map((label) => labelOf(place, repository, label)),
    milestone: null,
    assignee: null,
    assignees: [],
    requested_reviewers: [],
    requested_teams: [],
    created_at: timeOf(pull.createdAtMs),
    updated_at: timeOf(pull.updatedAtMs),
    closed_at: closedAt,
    merged_at: pull.state === 'merged' ? closedAt : null,
    merge_commit_sha: null,
    head: sideOf(place, pull.head.repository, pull.head.branch, headSha),
    base: sideOf(place, repository, pull.baseBranch, repository.baseSha(pull)),
    _links: {
      self: { href: url },
      html: { href: web },
      issue: { href: issueUrl },
      comments: { href: `${issueUrl}/comments` },
      review_comments: { href: `${url}/comments` },
      review_comment: { href: `${apiUrlOf(place, repository)}/pulls/comments{/number}` },
      commits: { href: `${url}/commits` },
      statuses: { href: statusesUrl },
    },
    author_association: 'CONTRIBUTOR',
    auto_merge: null,
    draft: false,
  };
}

export function pullRequestOf(place: Place, repository: ModelRepository, pull: ModelPullRequest): JsonObject {
  return {
    ...simplePullRequestOf(place, repository, pull),
    merged: pull.state === 'merged',
    mergeable: true,
    rebaseable: true,
    mergeable_state: 'clean',
    merged_by: null,
    comments: pull.comments.length,
    review_comments: 0,
    maintainer_can_modify: false,
    commits: 1,
    additions: 1,
    deletions: 0,
    changed_files: 1,
  };
}

export function commentOf(
  place: Place,
  repository: ModelRepository,
  pull: ModelPullRequest,
  comment: ModelComment,
): JsonObject {
  const url = `${apiUrlOf(place, repository)}/issues`;
  return {
    id: comment.id,
    node_id: nodeId('IssueComment', comment.id),
    url: `${url}/comments/${comment.id}`,
    html_url: `${place.web}/${repository.fullName}/pull/${pull.number}#issuecomment-${comment.id}`,
    issue_url: `${url}/${pull.number}`,
    user: userOf(place, comment.author),
    created_at: timeOf(comment.createdAtMs),
    updated_at: timeOf(comment.updatedAtMs),
    author_association: 'CONTRIBUTOR',
    body: comment.body,
  };
}
