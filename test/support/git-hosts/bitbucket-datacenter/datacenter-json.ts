/** Objects as the REST documentation of Bitbucket Data Center shows them. */
import type { GitModel, ModelComment, ModelPullRequest, ModelRepository, ModelUser } from '../git-model.ts';
import type { Commit, FileChange } from '../git-objects.ts';

/** Key of the project: personal ones begin with a tilde. Here, forks are personal. */
export function keyOf(repository: ModelRepository): string {
  return repository.forkOf === undefined ? repository.owner : `~${repository.owner}`;
}

export function webUrl(url: string, repository: ModelRepository): string {
  const personal = repository.forkOf !== undefined;
  return `${url}/${personal ? 'users' : 'projects'}/${repository.owner}/repos/${repository.name}`;
}

export function userJson(user: ModelUser): object {
  return {
    name: user.login,
    emailAddress: `${user.login}@users.example.org`,
    active: true,
    displayName: user.login,
    id: user.id,
    slug: user.login,
    type: 'NORMAL',
  };
}

export function repositoryJson(url: string, repository: ModelRepository): object {
  const key = keyOf(repository);
  return {
    slug: repository.name,
    id: repository.id,
    name: repository.name,
    scmId: 'git',
    state: 'AVAILABLE',
    forkable: true,
    project: { key, name: repository.owner, type: key.startsWith('~') ? 'PERSONAL' : 'NORMAL' },
    public: false,
    links: {
      self: [{ href: `${webUrl(url, repository)}/browse` }],
      clone: [
        { href: `ssh://git@127.0.0.1:7999/${key}/${repository.name}.git`, name: 'ssh' },
        { href: `${url}/scm/${key}/${repository.name}.git`, name: 'http' },
      ],
    },
  };
}

export function commitJson(commit: Commit): object {
  const person = { name: commit.author.name, emailAddress: commit.author.email };
  return {
    id: commit.sha,
    displayId: commit.sha.slice(0, 11),
    author: person,
    authorTimestamp: commit.author.atMs,
    committer: person,
    committerTimestamp: commit.author.atMs,
    message: commit.message,
    parents: commit.parents.map((id) => ({ id, displayId: id.slice(0, 11) })),
  };
}

const pullStates = { open: 'OPEN', merged: 'MERGED', closed: 'DECLINED' } as const;

export function pullRequestJson(
  url: string,
  model: GitModel,
  repository: ModelRepository,
  pull: ModelPullRequest,
): object {
  const side = (of: ModelRepository, branch: string, latestCommit: string): object => ({
    id: `refs/heads/${branch}`,
    displayId: branch,
    latestCommit,
    repository: repositoryJson(url, of),
  });
  return {
    id: pull.number,
    version: 0,
    title: pull.title,
    state: pullStates[pull.state],
    open: pull.state === 'open',
    closed: pull.state !== 'open',
    createdDate: pull.createdAtMs,
    updatedDate: pull.updatedAtMs,
    fromRef: side(pull.head.repository, pull.head.branch, repository.headSha(pull)),
    toRef: side(repository, pull.baseBranch, repository.baseSha(pull)),
    locked: false,
    author: { user: userJson(model.user(pull.author)), role: 'AUTHOR', approved: false, status: 'UNAPPROVED' },
    reviewers: [],
    participants: [],
    links: { self: [{ href: `${webUrl(url, repository)}/pull-requests/${pull.number}` }] },
  };
}

export function commentJson(model: GitModel, comment: ModelComment, version: number): object {
  return {
    id: comment.id,
    version,
    text: comment.body,
    author: userJson(model.user(comment.author)),
    createdDate: comment.createdAtMs,
    updatedDate: comment.updatedAtMs,
    comments: [],
    tasks: [],
    severity: 'NORMAL',
    state: 'OPEN',
  };
}

const changeTypes = { added: 'ADD', modified: 'MODIFY', removed: 'DELETE', renamed: 'MOVE' } as const;

export function changeJson({ path, previousPath, status }: FileChange): object {
  const place = (name: string): object => ({
    components: name.split('/'),
    parent: name.split('/').slice(0, -1).join('/'),
    name: name.split('/').at(-1),
    toString: name,
  });
  return {
    path: place(path),
    ...(previousPath === undefined ? {} : { srcPath: place(previousPath) }),
    executable: false,
    percentUnchanged: -1,
    type: changeTypes[status],
    nodeType: 'FILE',
  };
}
