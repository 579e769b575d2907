import type { Clock } from '../../base/clock.ts';
import type { Random } from '../../base/random.ts';
import {
  type ChangeRange,
  type ChangedFiles,
  type Forge,
  ForgeError,
  type GitCredential,
  type PostOutcome,
  type RepositoryFile,
  type ShownStatus,
  type Standing,
  type StatusReport,
  type StatusState,
  type StatusTarget,
  fileBytesMax,
  folderBytesMax,
  folderFilesMax,
} from '../forge.ts';
import type { ForgeKind, Project, Revision } from '../git-event.ts';
import { changesOfPush } from './changed-files.ts';
import type { CloneServer } from './clone-server.ts';
import { notedStatus, withStatus } from './commit-note.ts';
import { openDiskRepository } from './disk-repository.ts';
import type { GitProgram } from './git-program.ts';
import { mirrorOf } from './mirror.ts';
import { changeNote, readNote } from './notes.ts';
import { type TreeEntry, isObjectId, isRefName, listFiles, readObjects } from './objects.ts';
import { type GitRepository, hasCommit } from './repository.ts';
import { revisionOf } from './revision.ts';

export interface GitForgeOptions {
  readonly git: GitProgram;
  readonly clock: Clock;
  readonly random: Random;
  /** Folder for copies of repositories that are reached by SSH; it may be emptied at any time. */
  readonly cache: string;
  /** Folders below which repositories of this machine may be used; absent = anywhere that may be read. */
  readonly roots?: readonly string[];
  /** Lets steps clone over HTTP; absent = they must reach the repository themselves. */
  readonly clones?: CloneServer;
}

/** Repositories that are kept at hand. */
const repositoriesMax = 256;
const commitBytesMax = 4 * 1024 * 1024;

/** What {@link createGitForge} makes. */
export interface GitForge extends Forge {
  /** A git directory with all that the project has now. */
  directoryOf(project: Project): Promise<string>;
}

/** The plain Git host: repositories on this machine or behind SSH, with nothing around them. Statuses are git notes. */
export function createGitForge(options: GitForgeOptions): GitForge {
  return new PlainGitForge(options);
}

class PlainGitForge implements GitForge {
  readonly kind: ForgeKind = 'git';
  readonly commentable = false;
  readonly #parts: GitForgeOptions;
  readonly #repositories = new Map<string, Promise<GitRepository>>();

  constructor(options: GitForgeOptions) {
    this.#parts = options;
  }

  /** Notes say it as we do. */
  hostState(state: StatusState): string {
    return state;
  }

  async readFolder(project: Project, sha: string, folder: string): Promise<readonly RepositoryFile[]> {
    const path = relativePath(folder);
    const { directory } = await this.#at(project, sha);
    const prefix = path === '' ? '' : `${path}/`;
    const entries = await this.#list(project, directory, sha, path);
    const files = entries.filter((entry) => entry.path.startsWith(prefix));
    checkFolder(project, folder, files);
    return this.#contents(directory, files);
  }

  async readFile(project: Project, sha: string, path: string): Promise<string | undefined> {
    const wanted = relativePath(path);
    const { directory } = await this.#at(project, sha);
    const entry = (await this.#list(project, directory, sha, wanted)).find((found) => found.path === wanted);
    if (entry === undefined) return undefined;
    checkFile(project, entry);
    return (await this.#contents(directory, [entry]))[0]?.text;
  }

  async readProject(project: Project): Promise<Project | undefined> {
    const repository = await this.#open(project);
    const gitDirectory = await repository.ready('newest-refs');
    const answer = await this.#parts.git.run({ gitDirectory, args: ['symbolic-ref', '--quiet', 'HEAD'] });
    const head = answer.output.toString('utf8').trim();
    if (!head.startsWith('refs/heads/')) return project;
    return { ...project, defaultBranch: head.slice('refs/heads/'.length) };
  }

  async readRevision(project: Project, ref: string): Promise<Revision | undefined> {
    const names = namesFor(ref);
    if (names.length === 0) return undefined;
    const repository = await this.#open(project);
    const directory = await repository.ready(isObjectId(ref) ? { commit: ref } : 'newest-refs');
    const commits = await readObjects(
      this.#parts.git,
      directory,
      names.map((name) => `${name}^{commit}`),
      commitBytesMax,
    );
    const found = commits.find((commit) => commit !== undefined);
    return found === undefined ? undefined : revisionOf(found);
  }

  async changedFiles(project: Project, range: ChangeRange): Promise<ChangedFiles> {
    if (range.kind === 'pull_request') throw noPullRequests(project);
    const { directory } = await this.#at(project, range.after);
    const before = range.before !== undefined && isObjectId(range.before) ? { before: range.before } : {};
    return changesOfPush(this.#parts.git, directory, { ...before, after: range.after });
  }

  /** Whoever could push may write; nobody else can be an actor here. */
  standing(): Promise<Standing> {
    return Promise.resolve('write');
  }

  isTeamMember(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  readPullRequest(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  pullRequestsOf(): Promise<readonly never[]> {
    return Promise.resolve([]);
  }

  readComments(): Promise<readonly never[]> {
    return Promise.resolve([]);
  }

  putComment({ project }: { readonly project: Project }): Promise<never> {
    return Promise.reject(noPullRequests(project));
  }

  cloneUrl(project: Project): string | undefined {
    return this.#parts.clones?.cloneUrl(project);
  }

  gitCredential(project: Project): Promise<GitCredential | undefined> {
    return Promise.resolve(this.#parts.clones?.credential(project));
  }

  async directoryOf(project: Project): Promise<string> {
    return (await this.#open(project)).ready('newest-refs');
  }

  async postStatus(report: StatusReport): Promise<PostOutcome> {
    if (!isObjectId(report.sha)) return { ok: false, refused: `"${report.sha}" is not a whole commit id` };
    const repository = await this.#open(report.project);
    const status = notedStatus(report, new Date(this.#parts.clock.now()).toISOString());
    await changeNote(this.#parts, repository, report.sha, (note) => withStatus(note, report.context, status));
    return { ok: true, handle: {} };
  }

  async readStatus(target: StatusTarget): Promise<ShownStatus | undefined> {
    if (!isObjectId(target.sha)) return undefined;
    const note = await readNote(this.#parts, await this.#open(target.project), target.sha);
    if (note === undefined || !Object.hasOwn(note.statuses, target.context)) return undefined;
    const shown = note.statuses[target.context];
    if (shown === undefined) return undefined;
    const { state, title, url, externalId } = shown;
    const details = url === undefined ? {} : { detailsUrl: url };
    return { state, hostState: state, title, ...details, externalId, handle: {} };
  }

  /** The repository with a commit in it. */
  async #at(project: Project, sha: string): Promise<{ readonly directory: string }> {
    if (!isObjectId(sha)) throw new ForgeError('refused', `"${sha}" is not a whole commit id`);
    const repository = await this.#open(project);
    const directory = await repository.ready({ commit: sha });
    if (await hasCommit(this.#parts.git, directory, sha)) return { directory };
    throw new ForgeError('refused', `${project.url} has no commit ${sha}`);
  }

  async #list(project: Project, directory: string, sha: string, path: string): Promise<readonly TreeEntry[]> {
    const entries = await listFiles(this.#parts.git, directory, sha, path);
    if (entries === undefined) throw new ForgeError('refused', `${project.url} has no commit ${sha}`);
    return entries;
  }

  async #contents(directory: string, entries: readonly TreeEntry[]): Promise<readonly RepositoryFile[]> {
    const ids = entries.map(({ id }) => id);
    const objects = await readObjects(this.#parts.git, directory, ids, folderBytesMax);
    return entries.map(({ path }, index) => {
      const object = objects[index];
      if (object === undefined) throw new ForgeError('bad-answer', `${directory}: the content of ${path} is missing`);
      return { path, text: object.bytes.toString('utf8') };
    });
  }

  async #open(project: Project): Promise<GitRepository> {
    const address = project.cloneUrl ?? project.url;
    const known = this.#repositories.get(address);
    if (known !== undefined) return known;
    if (this.#repositories.size >= repositoriesMax) this.#repositories.clear();
    const opened = this.#openNew(project, address);
    this.#repositories.set(address, opened);
    // What is not there today may be there tomorrow.
    opened.catch(() => this.#repositories.delete(address));
    return opened;
  }

  async #openNew(project: Project, address: string): Promise<GitRepository> {
    const { git, clock, cache, roots } = this.#parts;
    if (address.startsWith('file:')) return openDiskRepository(project, roots);
    return mirrorOf({ git, clock, cache }, address);
  }
}

function noPullRequests(project: Project): ForgeError {
  return new ForgeError('refused', `${project.url} is a plain Git repository: it has no pull requests`);
}

/** The names under which a ref of an event is looked up, in order. Nothing else than these forms gets to git. */
function namesFor(ref: string): readonly string[] {
  if (isObjectId(ref)) return [ref];
  const full = ref.startsWith('refs/') ? [ref] : [`refs/heads/${ref}`, `refs/tags/${ref}`];
  return full.filter(isRefName);
}

/** A path inside the repository, without `.` and `..`: it may come from a comment or an annotation. */
function relativePath(path: string): string {
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  if (parts.includes('..') || path.includes('\0')) {
    throw new ForgeError('refused', `"${path.slice(0, 200)}" is not a path inside the repository`);
  }
  return parts.join('/');
}

function checkFolder(project: Project, folder: string, entries: readonly TreeEntry[]): void {
  if (entries.length > folderFilesMax) {
    const found = `${entries.length} files`;
    throw new ForgeError('too-large', `${project.url}: ${folder} has ${found}; at most ${folderFilesMax} are read`);
  }
  for (const entry of entries) checkFile(project, entry);
  const bytes = entries.reduce((sum, entry) => sum + entry.bytes, 0);
  if (bytes <= folderBytesMax) return;
  throw new ForgeError('too-large', `${project.url}: ${folder} has ${bytes} bytes; at most ${folderBytesMax} are read`);
}

function checkFile(project: Project, { path, bytes }: TreeEntry): void {
  if (bytes <= fileBytesMax) return;
  throw new ForgeError('too-large', `${project.url}: ${path} has ${bytes} bytes; at most ${fileBytesMax} are read`);
}
