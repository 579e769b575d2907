/** What every simulated Git host holds: users, repositories, pull requests. Knows nothing of HTTP or of one host's words. */
import type { Clock } from '../../../src/base/clock.ts';
import { assert, present } from '../../../src/base/assert.ts';
import { changesBetween, makeCommit, type Commit, type FileChange } from './git-objects.ts';
import type { Files } from './simulated-host.ts';

export interface ModelUser {
  readonly id: number;
  readonly login: string;
  readonly teams: readonly string[];
}

export interface ModelComment {
  readonly id: number;
  readonly author: string;
  body: string;
  readonly createdAtMs: number;
  updatedAtMs: number;
}

export interface ModelPullRequest {
  readonly id: number;
  readonly number: number;
  readonly title: string;
  readonly author: string;
  readonly baseBranch: string;
  readonly head: { readonly repository: ModelRepository; readonly branch: string };
  readonly createdAtMs: number;
  updatedAtMs: number;
  state: 'open' | 'closed' | 'merged';
  /** What the head was when it was closed. */
  closedSha?: string;
  readonly labels: string[];
  readonly comments: ModelComment[];
}

/** What somebody may do in a repository; `undefined` = is no member. */
export type ModelPermission = 'admin' | 'write' | 'read';

/** All of one host. Ids are unique over everything it holds. */
export class GitModel {
  readonly clock: Clock;
  readonly repositories: ModelRepository[] = [];
  readonly users: Map<string, ModelUser> = new Map();
  #lastId = 1000;

  constructor(clock: Clock) {
    this.clock = clock;
  }

  nextId(): number {
    return ++this.#lastId;
  }

  /** The user of that name, made when there is none. */
  user(login: string, teams: readonly string[] = []): ModelUser {
    const known = this.users.get(login.toLowerCase());
    if (known !== undefined && teams.length === 0) return known;
    const user: ModelUser = { id: known?.id ?? this.nextId(), login, teams: [...(known?.teams ?? []), ...teams] };
    this.users.set(login.toLowerCase(), user);
    return user;
  }

  /** A repository whose default branch `main` holds `files`; its owner may write. */
  addRepository(owner: string, name: string, files: Files = { 'README.md': `# ${name}\n` }): ModelRepository {
    assert(this.repository(owner, name) === undefined, `${owner}/${name} is there already`);
    const repository = new ModelRepository(this, owner, name);
    this.user(owner);
    repository.permissions.set(owner.toLowerCase(), 'admin');
    this.repositories.push(repository);
    repository.commit('main', files, { message: 'Initial commit', author: owner });
    return repository;
  }

  repository(owner: string, name: string): ModelRepository | undefined {
    const wanted = `${owner}/${name}`.toLowerCase();
    return this.repositories.find((repository) => repository.fullName.toLowerCase() === wanted);
  }

  fork(source: ModelRepository, owner: string): ModelRepository {
    const fork = new ModelRepository(this, owner, source.name, source);
    this.user(owner);
    fork.permissions.set(owner.toLowerCase(), 'admin');
    for (const [name, sha] of source.branches) fork.branches.set(name, sha);
    this.repositories.push(fork);
    return fork;
  }
}

/** One repository. A fork shares the commits of its source, as hosts have it. */
export class ModelRepository {
  readonly id: number;
  readonly owner: string;
  readonly name: string;
  readonly forkOf: ModelRepository | undefined;
  readonly defaultBranch = 'main';
  readonly createdAtMs: number;
  /** By branch name without `refs/heads/`. */
  readonly branches: Map<string, string> = new Map();
  readonly tags: Map<string, string> = new Map();
  readonly pulls: Map<number, ModelPullRequest> = new Map();
  /** Public, and of an owner who has no App installed. */
  isElsewhere = false;
  /** By login in lower case. */
  readonly permissions: Map<string, ModelPermission> = new Map();
  readonly commits: Map<string, Commit>;
  readonly #model: GitModel;
  #lastNumber = 0;

  constructor(model: GitModel, owner: string, name: string, forkOf?: ModelRepository) {
    this.#model = model;
    this.id = model.nextId();
    this.owner = owner;
    this.name = name;
    this.forkOf = forkOf;
    this.createdAtMs = model.clock.now();
    this.commits = forkOf?.commits ?? new Map<string, Commit>();
  }

  get fullName(): string {
    return `${this.owner}/${this.name}`;
  }

  /**
   * Commits to a branch: `files` are added to what is there, an empty text deletes. The branch is made from the default
   * one when it is new. Answers the commit's sha.
   */
  commit(branch: string, files: Files, options: { readonly message?: string; readonly author?: string } = {}): string {
    const parent = this.branches.get(branch) ?? this.branches.get(this.defaultBranch);
    const tree = new Map(parent === undefined ? [] : present(this.commits.get(parent), 'a branch has a commit').tree);
    for (const [path, text] of Object.entries(files)) {
      if (text === '') tree.delete(path);
      else tree.set(path, text);
    }
    const login = options.author ?? this.owner;
    const email = `${login}@users.example.org`;
    const author = { name: login, email, atMs: this.#model.clock.now() };
    const parents = parent === undefined ? [] : [parent];
    const message = options.message ?? `Change ${Object.keys(files).join(', ')}`;
    const commit = makeCommit(tree, parents, message, author);
    this.commits.set(commit.sha, commit);
    this.branches.set(branch, commit.sha);
    this.#touchPulls(branch);
    return commit.sha;
  }

  /** A full ref, a branch, a tag, or a sha (also abbreviated to 7 and more). */
  resolve(ref: string): Commit | undefined {
    const named = ref.startsWith('refs/heads/')
      ? this.branches.get(ref.slice('refs/heads/'.length))
      : ref.startsWith('refs/tags/')
        ? this.tags.get(ref.slice('refs/tags/'.length))
        : (this.branches.get(ref) ?? this.tags.get(ref));
    if (named !== undefined) return this.commits.get(named);
    if (!/^[0-9a-f]{7,40}$/.test(ref)) return undefined;
    return this.commits.get(ref) ?? [...this.commits.values()].find(({ sha }) => sha.startsWith(ref));
  }

  /** A commit and all before it, newest first. */
  historyOf(sha: string): readonly Commit[] {
    const seen = new Map<string, Commit>();
    const open = [sha];
    for (let next = open.shift(); next !== undefined; next = open.shift()) {
      const commit = this.commits.get(next);
      if (commit === undefined || seen.has(next)) continue;
      seen.set(next, commit);
      open.push(...commit.parents);
    }
    return [...seen.values()];
  }

  /** The newest commit that both have. */
  mergeBase(a: string, b: string): Commit | undefined {
    const ofB = new Set(this.historyOf(b).map(({ sha }) => sha));
    return this.historyOf(a).find(({ sha }) => ofB.has(sha));
  }

  /** What `head` changed since it left `base` (`base...head`); `direct` compares the two trees (`base..head`). */
  changes(base: string, head: string, direct = false): readonly FileChange[] {
    const from = direct ? this.commits.get(base) : this.mergeBase(base, head);
    return changesBetween(from?.tree ?? new Map(), this.commits.get(head)?.tree ?? new Map());
  }

  openPullRequest(options: {
    readonly author: string;
    readonly head: string;
    readonly base?: string;
    readonly from?: ModelRepository;
    readonly title?: string;
  }): ModelPullRequest {
    const repository = options.from ?? this;
    assert(repository.branches.has(options.head), `${repository.fullName} has a branch ${options.head}`);
    this.#model.user(options.author);
    const now = this.#model.clock.now();
    const pull: ModelPullRequest = {
      id: this.#model.nextId(),
      number: ++this.#lastNumber,
      title: options.title ?? `Merge ${options.head}`,
      author: options.author,
      baseBranch: options.base ?? this.defaultBranch,
      head: { repository, branch: options.head },
      createdAtMs: now,
      updatedAtMs: now,
      state: 'open',
      labels: [],
      comments: [],
    };
    this.pulls.set(pull.number, pull);
    return pull;
  }

  headSha(pull: ModelPullRequest): string {
    return pull.closedSha ?? present(pull.head.repository.branches.get(pull.head.branch), 'an open one has a head');
  }

  baseSha(pull: ModelPullRequest): string {
    return present(this.branches.get(pull.baseBranch), 'the base is there');
  }

  closePullRequest(pull: ModelPullRequest, state: 'closed' | 'merged' = 'closed'): void {
    pull.closedSha = this.headSha(pull);
    pull.state = state;
    pull.updatedAtMs = this.#model.clock.now();
  }

  addLabel(pull: ModelPullRequest, label: string): void {
    if (!pull.labels.includes(label)) pull.labels.push(label);
    pull.updatedAtMs = this.#model.clock.now();
  }

  addComment(pull: ModelPullRequest, author: string, body: string): ModelComment {
    const now = this.#model.clock.now();
    const comment: ModelComment = { id: this.#model.nextId(), author, body, createdAtMs: now, updatedAtMs: now };
    pull.comments.push(comment);
    this.#model.user(author);
    return comment;
  }

  deleteBranch(branch: string): string | undefined {
    const sha = this.branches.get(branch);
    this.branches.delete(branch);
    return sha;
  }

  #touchPulls(branch: string): void {
    for (const repository of this.#model.repositories) {
      for (const pull of repository.pulls.values()) {
        if (pull.head.repository === this && pull.head.branch === branch && pull.state === 'open') {
          pull.updatedAtMs = this.#model.clock.now();
        }
      }
    }
  }
}
