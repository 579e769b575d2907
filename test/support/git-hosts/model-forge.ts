/** A Git host in memory for those who read from it: the model of a host behind the interface, failing on demand. */
import type { ForgeDirectory } from '../../../src/forge/forge-directory.ts';
import { type Forge, ForgeError, type RepositoryFile, type Standing } from '../../../src/forge/forge.ts';
import type { Project, PullRequest, Revision } from '../../../src/forge/git-event.ts';
import type { GitModel, ModelPullRequest, ModelRepository } from './git-model.ts';
import type { Commit } from './git-objects.ts';

/** Web address of the host. */
export const modelHostUrl = 'https://github.com';

/** The project of a repository as events name it. */
export function projectOf(repository: ModelRepository): Project {
  const { owner, name, id, defaultBranch } = repository;
  return { url: `${modelHostUrl}/${owner}/${name}`, owner, name, id: String(id), defaultBranch };
}

/** A pull request as events name it. */
export function pullRequestOf(repository: ModelRepository, pull: ModelPullRequest): PullRequest {
  return {
    number: pull.number,
    title: pull.title,
    url: `${modelHostUrl}/${repository.fullName}/pull/${pull.number}`,
    author: { login: pull.author },
    state: pull.state,
    baseBranch: pull.baseBranch,
    headBranch: pull.head.branch,
    headSha: repository.headSha(pull),
    headProject: projectOf(pull.head.repository),
    labels: pull.labels,
  };
}

/** A commit as events name it. */
export function revisionOf(commit: Commit): Revision {
  return { sha: commit.sha, message: commit.message, title: commit.message.split('\n')[0] ?? '' };
}

export class ModelHost {
  /** Every call, in order. */
  readonly calls: string[] = [];
  readonly model: GitModel;
  /** Thrown by the next calls, one each. */
  readonly failures: ForgeError[] = [];
  /** Every call fails with 503. */
  down = false;
  /** Called before each call is carried out. */
  before: (call: string) => Promise<void> | void = () => undefined;
  /** What clones get; undefined = nothing. */
  token: { readonly token: string; readonly expiresAt?: string } | undefined = { token: 'ghs_narrow-token' };

  constructor(model: GitModel) {
    this.model = model;
  }

  /** A directory in which every access leads here. */
  directory(): ForgeDirectory {
    const forge = this.#forge();
    return { open: () => forge };
  }

  #repository({ owner, name }: Project): ModelRepository {
    const found = this.model.repository(owner, name);
    if (found === undefined) throw new ForgeError('forbidden', `there is no ${owner}/${name}`, { status: 404 });
    return found;
  }

  async #call<T>(name: string, answer: () => T): Promise<T> {
    this.calls.push(name);
    await this.before(name);
    if (this.down) throw new ForgeError('unavailable', 'HTTP status 503', { status: 503 });
    const failure = this.failures.shift();
    if (failure !== undefined) throw failure;
    return answer();
  }

  // tidy: table
  #forge(): Forge {
    const unused = (): never => {
      throw new Error('the planner posts nothing');
    };
    return {
      kind: 'github',
      commentable: true,
      hostState: (state) => state,
      postStatus: unused,
      readStatus: unused,
      putComment: unused,
      readFolder: (project, sha, folder) => this.#call(`readFolder ${sha}`, () => this.#files(project, sha, folder)),
      readFile: (project, sha, path) =>
        this.#call(`readFile ${path}`, () => this.#repository(project).resolve(sha)?.tree.get(path)),
      readProject: (project) => this.#call('readProject', () => projectOf(this.#repository(project))),
      readRevision: (project, ref) =>
        this.#call(`readRevision ${ref}`, () => {
          const commit = this.#repository(project).resolve(ref);
          return commit === undefined ? undefined : revisionOf(commit);
        }),
      readPullRequest: (project, number) =>
        this.#call(`readPullRequest ${number}`, () => {
          const repository = this.#repository(project);
          const pull = repository.pulls.get(number);
          return pull === undefined ? undefined : pullRequestOf(repository, pull);
        }),
      pullRequestsOf: (project, sha) =>
        this.#call(`pullRequestsOf ${sha}`, () => {
          const repository = this.#repository(project);
          const open = [...repository.pulls.values()].filter(({ state }) => state === 'open');
          return open.filter((pull) => repository.headSha(pull) === sha).map((pull) => pullRequestOf(repository, pull));
        }),
      changedFiles: (project, range) =>
        this.#call('changedFiles', () => {
          const head = range.kind === 'push' ? range.after : range.headSha;
          const base = range.kind === 'push' ? range.before : this.#repository(project).branches.get('main');
          const changes = this.#repository(project).changes(base ?? head, head, range.kind === 'push');
          const of = (status: string): readonly string[] =>
            changes.filter((change) => change.status === status).map(({ path }) => path);
          return {
            added: of('added'),
            modified: of('modified'),
            deleted: of('removed'),
            renamed: of('renamed'),
            truncated: false,
          };
        }),
      readComments: (project, number) =>
        this.#call(`readComments ${number}`, () =>
          (this.#repository(project).pulls.get(number)?.comments ?? []).map(({ id, author, body, createdAtMs }) => ({
            id: String(id),
            author: { login: author },
            body,
            createdAt: new Date(createdAtMs).toISOString(),
          })),
        ),
      standing: (project, actor) =>
        this.#call(`standing ${actor.login}`, (): Standing => {
          const permission = this.#repository(project).permissions.get(actor.login.toLowerCase());
          return permission === 'admin' ? 'write' : (permission ?? 'none');
        }),
      isTeamMember: (_project, team, actor) =>
        this.#call(`isTeamMember ${team} ${actor.login}`, () => {
          const isKnown = [...this.model.users.values()].some(({ teams }) => teams.includes(team));
          return isKnown ? (this.model.users.get(actor.login.toLowerCase())?.teams.includes(team) ?? false) : undefined;
        }),
      gitCredential: () =>
        this.#call('gitCredential', () => (this.token === undefined ? undefined : { username: 'git', ...this.token })),
    };
  }

  #files(project: Project, sha: string, folder: string): readonly RepositoryFile[] {
    const tree = this.#repository(project).resolve(sha)?.tree ?? new Map<string, string>();
    return [...tree].filter(([path]) => path.startsWith(`${folder}/`)).map(([path, text]) => ({ path, text }));
  }
}
