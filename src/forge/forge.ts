import type { Actor, ForgeKind, Project, PullRequest, Revision } from './git-event.ts';

/** A file of a repository at a commit. */
export interface RepositoryFile {
  /** From the root of the repository. */
  readonly path: string;
  readonly text: string;
}

/** Most files read from `.tekton`. */
export const folderFilesMax = 200;
/** Most bytes of one file read from a repository. */
export const fileBytesMax: number = 1024 * 1024;
/** Most bytes of all files of a folder together. */
export const folderBytesMax: number = 8 * 1024 * 1024;

/** Paths that changed, by what became of them. A renamed file is in `renamed` under its new path. */
export interface ChangedFiles {
  readonly added: readonly string[];
  readonly modified: readonly string[];
  readonly deleted: readonly string[];
  readonly renamed: readonly string[];
  /** The host did not tell all: a path filter must not conclude from absence. */
  readonly truncated: boolean;
}

/** Between which commits files changed. */
export type ChangeRange =
  | { readonly kind: 'push'; readonly before?: string; readonly after: string }
  | { readonly kind: 'pull_request'; readonly number: number; readonly headSha: string };

/** What somebody may do in a project. `write` may push. */
export type Standing = 'write' | 'read' | 'none';

/** What is told of a commit in one context. Total: each forge maps every one of them to a word of its host. */
export type StatusState =
  | 'queued'
  | 'awaiting_approval'
  | 'running'
  | 'succeeded'
  | 'failed'
  /** Could not be carried out: could not be created, misconfigured. */
  | 'error'
  /** Ended without evidence of its outcome. */
  | 'lost'
  | 'timed_out'
  | 'cancelled'
  | 'skipped'
  /** A newer attempt or commit took its place. */
  | 'superseded';

/** Whether nothing more will come for this attempt. */
export function isTerminal(state: StatusState): boolean {
  return state !== 'queued' && state !== 'awaiting_approval' && state !== 'running';
}

/** A finding at a line of a file. */
export interface Annotation {
  readonly path: string;
  readonly line: number;
  readonly message: string;
  readonly level: 'failure' | 'warning' | 'notice';
}

/** Where a status is shown. */
export interface StatusTarget {
  readonly project: Project;
  readonly sha: string;
  /** Stable over attempts, at most 255 characters. */
  readonly context: string;
  readonly pullRequest?: { readonly number: number; readonly headProject: Project };
  /** Branch or tag ref the commit was pushed to, `refs/heads/main`. */
  readonly ref?: string;
}

/** A status to show. Texts are masked already and plain Markdown; forges cut and convert to what their host takes. */
export interface StatusReport extends StatusTarget {
  /** Names the attempt: the same for every state of one attempt. */
  readonly externalId: string;
  readonly state: StatusState;
  /** One line. */
  readonly title: string;
  readonly text: string;
  readonly detailsUrl?: string;
  /** RFC 3339. */
  readonly startedAt?: string;
  readonly completedAt?: string;
  readonly annotations: readonly Annotation[];
}

/** What the host must be told to find a status again: kept beside the report, opaque to everybody else. */
export type RemoteHandle = Readonly<Record<string, string>>;

/** A status as the host shows it now. */
export interface ShownStatus {
  readonly state: StatusState | 'unknown';
  /** The host's own word. */
  readonly hostState: string;
  readonly title?: string;
  readonly detailsUrl?: string;
  /** Of the attempt that is shown, where the host keeps it. */
  readonly externalId?: string;
  readonly handle: RemoteHandle;
}

/** How a report was taken. `refused`: the host says no to this very transition or content; nothing changed. */
export type PostOutcome =
  | { readonly ok: true; readonly handle: RemoteHandle }
  | { readonly ok: false; readonly refused: string };

/** A comment of ours on a pull request. */
export interface CommentReport {
  readonly project: Project;
  readonly pullRequest: number;
  /** Hidden in the comment; by it the comment is found again. */
  readonly marker: string;
  readonly body: string;
}

/** A comment of somebody. */
export interface PullRequestComment {
  readonly id: string;
  readonly author: Actor;
  readonly body: string;
  readonly createdAt: string;
}

/** What a step may clone with. */
export interface GitCredential {
  readonly username: string;
  readonly token: string;
  /** RFC 3339; absent = it does not expire. */
  readonly expiresAt?: string;
}

/**
 * One Git host under one credential. Every call may throw {@link ForgeError}; `undefined` means the host says that there
 * is no such thing. Calls of one credential share one budget: they wait for it, and for what the host asks us to wait.
 */
export interface Forge {
  readonly kind: ForgeKind;
  /** Whether comments on pull requests can be made. */
  readonly commentable: boolean;
  /** The host's word for a state, as {@link ShownStatus.hostState} gives it: several states may share one. */
  hostState(state: StatusState): string;
  /** Files below `folder`, all levels, at a commit. Throws code `FORGE_TOO_LARGE` beyond the limits above. */
  readFolder(project: Project, sha: string, folder: string): Promise<readonly RepositoryFile[]>;
  readFile(project: Project, sha: string, path: string): Promise<string | undefined>;
  /** The project as the host knows it: default branch, id. */
  readProject(project: Project): Promise<Project | undefined>;
  /** The commit a branch, tag (full ref, or short name of a branch) or sha stands for. */
  readRevision(project: Project, ref: string): Promise<Revision | undefined>;
  readPullRequest(project: Project, number: number): Promise<PullRequest | undefined>;
  /** Open pull requests whose head is this commit. */
  pullRequestsOf(project: Project, sha: string): Promise<readonly PullRequest[]>;
  changedFiles(project: Project, range: ChangeRange): Promise<ChangedFiles>;
  /** The newest comments of a pull request, oldest first, at most 500. */
  readComments(project: Project, pullRequest: number): Promise<readonly PullRequestComment[]>;
  standing(project: Project, actor: Actor): Promise<Standing>;
  /** undefined = there is no such team, or the host has none. */
  isTeamMember(project: Project, team: string, actor: Actor): Promise<boolean | undefined>;
  /** Shows a status. Repeating it is harmless. `handle` is what the last post or read of this context gave. */
  postStatus(report: StatusReport, handle: RemoteHandle | undefined): Promise<PostOutcome>;
  /** What is shown now in that context; undefined = nothing. */
  readStatus(target: StatusTarget, handle: RemoteHandle | undefined): Promise<ShownStatus | undefined>;
  /** Makes the comment with that marker say `body`: changes ours if it is there, else makes one. */
  putComment(comment: CommentReport): Promise<void>;
  /** Where steps clone the project from, when it is not what the project says. */
  cloneUrl?(project: Project): string | undefined;
  /**
   * A credential for cloning this project (and `further` ones, or `all` that the credential of the forge reaches) and nothing
   * else, as narrow and short as the host can make it.
   */
  gitCredential(project: Project, further: readonly string[] | 'all'): Promise<GitCredential | undefined>;
  /** Reads of other projects with what may be read on behalf of `home`; absent = the forge has one credential for all. */
  readonly readingFor?: (home: Project) => Promise<Pick<Forge, 'readFile' | 'readRevision'>>;
}

/** What went wrong with a call. */
export type ForgeProblem =
  /** No answer, or 5xx: may have been carried out. */
  | 'unavailable'
  /** Wait `retryAfterMs`. */
  | 'rate-limited'
  /** The credential is wrong or has expired. */
  | 'unauthorized'
  /** The credential is right and may not do this. */
  | 'forbidden'
  /** The host understood and says no. */
  | 'refused'
  /** More than our limits. */
  | 'too-large'
  /** The answer is not what the host's documentation says. */
  | 'bad-answer';

/** A call to a Git host failed. The message names host, what was tried, and the host's own words; never a secret. */
export class ForgeError extends Error {
  override readonly name = 'ForgeError';
  readonly code: string;
  readonly problem: ForgeProblem;
  readonly retryAfterMs: number | undefined;
  /** HTTP status, if there was an answer. */
  readonly status: number | undefined;

  constructor(
    problem: ForgeProblem,
    message: string,
    details: { readonly retryAfterMs?: number; readonly status?: number; readonly cause?: unknown } = {},
  ) {
    super(message, { cause: details.cause });
    this.code = `FORGE_${problem.toUpperCase().replaceAll('-', '_')}`;
    this.problem = problem;
    this.retryAfterMs = details.retryAfterMs;
    this.status = details.status;
  }

  /** Whether the same call may succeed later without anybody changing anything. */
  get passing(): boolean {
    return this.problem === 'unavailable' || this.problem === 'rate-limited' || this.problem === 'bad-answer';
  }
}
