import { UserError } from '../../base/errors.ts';
import { type CommitNote, type NotedStatus, notesRef } from './commit-note.ts';
import type { GitProgram } from './git-program.ts';
import { findRepository } from './hook/find-repository.ts';
import { noteAt } from './notes.ts';
import { readObjects } from './objects.ts';
import { revisionOf } from './revision.ts';

/** A status of a commit with its context. */
export interface ContextStatus extends NotedStatus {
  readonly context: string;
}

/** What is known of a commit. */
export interface CommitStatuses {
  readonly sha: string;
  readonly title: string;
  /** Sorted by context. */
  readonly statuses: readonly ContextStatus[];
  /** Why the repository this one was cloned from could not be asked. */
  readonly warning?: string;
}

/** Where notes of other repositories are kept: apart from our own, which nobody may overwrite. */
const remoteNotes = 'refs/penstock/notes';
const commitBytesMax = 4 * 1024 * 1024;
const fetchTimeoutMs = 30_000;

/**
 * The statuses of a commit as the notes of the repository at `folder` have them, and those of the repository it was cloned
 * from, which is asked each time. Where both know a context, the newer one counts.
 */
export async function readCommitStatuses(git: GitProgram, folder: string, revision: string): Promise<CommitStatuses> {
  const { gitDirectory } = await findRepository(git, folder);
  const { sha, title } = await resolve(git, folder, gitDirectory, revision);
  const remote = await remoteOf(git, folder);
  const warning = remote === undefined ? undefined : await fetchNotes(git, folder, remote);
  const refs = [notesRef, ...(remote === undefined ? [] : [`${remoteNotes}/${remote}/penstock`])];
  const found = await Promise.all(refs.map((ref) => noteAt(git, gitDirectory, sha, ref)));
  const statuses = merged(found.map(({ note }) => note));
  return { sha, title, statuses, ...(warning === undefined ? {} : { warning }) };
}

async function resolve(
  git: GitProgram,
  folder: string,
  gitDirectory: string,
  revision: string,
): Promise<{ readonly sha: string; readonly title: string }> {
  const args = ['rev-parse', '--verify', '--quiet', '--end-of-options', `${revision}^{commit}`];
  const answer = await git.run({ folder, args, configuration: 'person' });
  const id = answer.output.toString('utf8').trim().split('\n').at(-1) ?? '';
  const [commit] = answer.exitCode === 0 ? await readObjects(git, gitDirectory, [id], commitBytesMax) : [];
  if (commit !== undefined) return { sha: commit.id, title: revisionOf(commit).title ?? '' };
  throw new UserError(`there is no commit "${revision}" in ${gitDirectory}`, {
    code: 'GIT_REVISION_UNKNOWN',
    remedy: 'name a branch, a tag or a commit; git fetch may be needed first',
  });
}

/** The repository this one was cloned from: `origin`, or the only one it knows. */
async function remoteOf(git: GitProgram, folder: string): Promise<string | undefined> {
  const answer = await git.run({ folder, args: ['remote'], configuration: 'person' });
  const names = answer.output
    .toString('utf8')
    .split('\n')
    .filter((name) => /^[\w][\w.-]*$/.test(name));
  return names.find((name) => name === 'origin') ?? (names.length === 1 ? names[0] : undefined);
}

/** Answers why it did not work. A repository without notes is no failure: the pattern matches nothing then. */
async function fetchNotes(git: GitProgram, folder: string, remote: string): Promise<string | undefined> {
  const refs = `+${notesRef}*:${remoteNotes}/${remote}/penstock*`;
  const args = ['fetch', '--quiet', '--no-tags', '--no-write-fetch-head', '--', remote, refs];
  const answer = await git.run({ folder, args, configuration: 'person', timeoutMs: fetchTimeoutMs });
  return answer.exitCode === 0 ? undefined : `${remote} cannot be asked: ${answer.complaint.slice(0, 300)}`;
}

function merged(notes: readonly CommitNote[]): readonly ContextStatus[] {
  const newest = new Map<string, ContextStatus>();
  for (const [context, status] of notes.flatMap(({ statuses }) => Object.entries(statuses))) {
    const known = newest.get(context);
    if (known === undefined || known.updatedAt < status.updatedAt) newest.set(context, { ...status, context });
  }
  return [...newest.values()].toSorted((a, b) => (a.context < b.context ? -1 : 1));
}
