/** Objects as the documentation of Bitbucket Cloud's API 2.0 shows them. */
import type { GitModel, ModelComment, ModelPullRequest, ModelRepository, ModelUser } from '../git-model.ts';
import type { Commit, FileChange } from '../git-objects.ts';

/** What a key of a commit shows. */
export interface Build {
  readonly key: string;
  readonly state: string;
  readonly name: string;
  readonly description: string;
  readonly url: string;
}

export function uuidOf(id: number): string {
  return `{00000000-0000-4000-8000-${String(id).padStart(12, '0')}}`;
}

export function instant(atMs: number): string {
  return new Date(atMs).toISOString().replace('Z', '000+00:00');
}

/** Nicknames are not unique: all have the same. */
export function accountJson(user: ModelUser): object {
  return {
    type: 'user',
    uuid: uuidOf(user.id),
    account_id: user.login,
    nickname: 'somebody',
    display_name: user.login,
  };
}

export function repositoryJson(url: string, repository: ModelRepository): object {
  const web = `${url}/${repository.fullName}`;
  return {
    type: 'repository',
    uuid: uuidOf(repository.id),
    full_name: repository.fullName,
    name: repository.name,
    slug: repository.name,
    is_private: true,
    scm: 'git',
    mainbranch: { type: 'branch', name: repository.defaultBranch },
    links: { html: { href: web }, clone: [{ name: 'https', href: `${web}.git` }] },
  };
}

export function commitJson(url: string, repository: ModelRepository, commit: Commit): object {
  return {
    type: 'commit',
    hash: commit.sha,
    date: instant(commit.author.atMs),
    message: commit.message,
    author: { type: 'author', raw: `${commit.author.name} <${commit.author.email}>` },
    links: { html: { href: `${url}/${repository.fullName}/commits/${commit.sha}` } },
    parents: commit.parents.map((hash) => ({ type: 'commit', hash })),
  };
}

const pullStates = { open: 'OPEN', merged: 'MERGED', closed: 'DECLINED' } as const;

/** The ids of commits have 12 digits here. */
export function pullRequestJson(
  url: string,
  model: GitModel,
  repository: ModelRepository,
  pull: ModelPullRequest,
): object {
  const side = (of: ModelRepository, branch: string, sha: string): object => ({
    branch: { name: branch },
    commit: { type: 'commit', hash: sha.slice(0, 12) },
    repository: repositoryJson(url, of),
  });
  return {
    type: 'pullrequest',
    id: pull.number,
    title: pull.title,
    state: pullStates[pull.state],
    draft: false,
    author: accountJson(model.user(pull.author)),
    source: side(pull.head.repository, pull.head.branch, repository.headSha(pull)),
    destination: side(repository, pull.baseBranch, repository.baseSha(pull)),
    created_on: instant(pull.createdAtMs),
    updated_on: instant(pull.updatedAtMs),
    links: { html: { href: `${url}/${repository.fullName}/pull-requests/${pull.number}` } },
  };
}

export function commentJson(model: GitModel, comment: ModelComment): object {
  return {
    type: 'pullrequest_comment',
    id: comment.id,
    content: { raw: comment.body, markup: 'markdown', html: comment.body },
    user: accountJson(model.user(comment.author)),
    created_on: instant(comment.createdAtMs),
    updated_on: instant(comment.updatedAtMs),
    deleted: false,
  };
}

export function buildJson(url: string, repository: ModelRepository, sha: string, build: Build): object {
  const self = `${url}/2.0/repositories/${repository.fullName}/commit/${sha}/statuses/build/${build.key}`;
  return { type: 'build', ...build, links: { self: { href: self } } };
}

export function changeJson({ path, previousPath, status }: FileChange): object {
  const file = (name: string): object => ({ type: 'commit_file', path: name });
  return {
    type: 'diffstat',
    status,
    lines_added: 1,
    lines_removed: 1,
    ...(status === 'added' ? {} : { old: file(previousPath ?? path) }),
    ...(status === 'removed' ? {} : { new: file(path) }),
  };
}
