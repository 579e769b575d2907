import { rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type BackoffPolicy, backoffDelayMs } from '../../base/backoff.ts';
import { type Clock, sleep } from '../../base/clock.ts';
import type { Random } from '../../base/random.ts';
import { ForgeError } from '../forge.ts';
import { type CommitNote, emptyNote, formatNote, noteBytesMax, notesRef, parseNote } from './commit-note.ts';
import type { GitProgram } from './git-program.ts';
import { readObjects } from './objects.ts';
import type { GitRepository } from './repository.ts';

export interface NotesParts {
  readonly git: GitProgram;
  readonly clock: Clock;
  readonly random: Random;
}

/** Other writers may come first; each round one of them gets through. */
const roundsMax = 40;
const roundBackoff: BackoffPolicy = { baseMs: 5, capMs: 400 };
/** A ref is locked for milliseconds. A lock this old is what a killed git left behind. */
const staleLockMs = 30_000;

/** A note and the state of all notes it was read from. */
interface NoteAtHand {
  readonly note: CommitNote;
  /** The commit of {@link notesRef}; undefined = there are no notes yet. */
  readonly notesCommit: string | undefined;
  /** The commit the note is about exists, and is a commit: notes of tags would be seen by nobody. */
  readonly commitExists: boolean;
}

/** The note of a commit, as it is now; undefined = there is none. */
export async function readNote(
  parts: NotesParts,
  repository: GitRepository,
  commit: string,
): Promise<CommitNote | undefined> {
  const directory = await repository.ready('newest-notes');
  const { note } = await noteAt(parts.git, directory, commit);
  return note === emptyNote ? undefined : note;
}

/** The note of a commit below a ref of notes in a git directory. */
export async function noteAt(
  git: GitProgram,
  directory: string,
  commit: string,
  ref: string = notesRef,
): Promise<NoteAtHand> {
  for (let round = 1; round <= roundsMax; round++) {
    // Git puts notes into folders as they become many: abcd…, ab/cd…, ab/cd/ef….
    const paths = [0, 2, 4].map((depth) => `${ref}:${pathAtDepth(commit, depth)}`);
    const names = [`${ref}^{commit}`, ...paths, `${commit}^{commit}`, `${ref}^{commit}`];
    const objects = await readObjects(git, directory, names, noteBytesMax);
    const [first, flat, folded, twice, about, last] = objects;
    if (first?.id !== last?.id) continue; // Somebody wrote in between: what was read may belong to either.
    const blob = [flat, folded, twice].find((object) => object?.type === 'blob');
    const note = blob === undefined ? emptyNote : parseNote(blob.bytes.toString('utf8'));
    return { note, notesCommit: first?.id, commitExists: about?.id === commit };
  }
  throw new ForgeError('unavailable', `${directory}: ${ref} did not stand still for one reading`);
}

function pathAtDepth(commit: string, depth: number): string {
  const folders = Array.from({ length: depth / 2 }, (_, index) => `${commit.slice(index * 2, index * 2 + 2)}/`);
  return folders.join('') + commit.slice(depth);
}

/**
 * Changes the note of a commit. `change` sees the newest note and may be called again when another writer was first; when it
 * returns the very note it was given, nothing is written. Whole or not at all: a crash at any point leaves the note as it was.
 * Throws `refused` when the repository has no such commit.
 */
export async function changeNote(
  parts: NotesParts,
  repository: GitRepository,
  commit: string,
  change: (note: CommitNote) => CommitNote,
): Promise<void> {
  await repository.exclusively(async () => {
    for (let round = 1; round <= roundsMax; round++) {
      if (await tryChange(parts, repository, commit, change)) return;
      await sleep(parts.clock, backoffDelayMs(roundBackoff, round, parts.random));
    }
    throw new ForgeError('unavailable', `${repository.address}: other writers of ${notesRef} came first too often`);
  });
}

/** False = somebody else was first; nothing has changed. */
async function tryChange(
  parts: NotesParts,
  repository: GitRepository,
  commit: string,
  change: (note: CommitNote) => CommitNote,
): Promise<boolean> {
  const directory = await repository.ready('newest-notes');
  const found = await knownCommit(parts, repository, directory, commit);
  const note = change(found.note);
  if (note === found.note) return true;
  const written = await writeNote(parts, directory, { commit, parent: found.notesCommit, text: formatNote(note) });
  return written !== undefined && (await repository.publish(notesRef, written));
}

async function knownCommit(
  parts: NotesParts,
  repository: GitRepository,
  directory: string,
  commit: string,
): Promise<NoteAtHand> {
  const found = await noteAt(parts.git, directory, commit);
  if (found.commitExists) return found;
  await repository.ready({ commit });
  const again = await noteAt(parts.git, directory, commit);
  if (!again.commitExists) throw new ForgeError('refused', `${repository.address} has no commit ${commit}`);
  return again;
}

interface NewNote {
  readonly commit: string;
  readonly parent: string | undefined;
  readonly text: string;
}

/**
 * Adds a commit to {@link notesRef} whose parent is `parent`, and answers its id; undefined when the ref points elsewhere by
 * now. `git fast-import` compares before it sets the ref, under the ref's lock, and does nothing if its input ends early.
 */
async function writeNote(parts: NotesParts, directory: string, note: NewNote): Promise<string | undefined> {
  const answer = await parts.git.run({
    gitDirectory: directory,
    args: ['-c', 'core.fsync=committed', 'fast-import', '--quiet', '--done'],
    input: importStream(note, Math.floor(parts.clock.now() / 1000)),
  });
  if (answer.exitCode === 0) return answer.output.toString('utf8').trim();
  if (/cannot lock ref|Unable to create .*\.lock/is.test(answer.complaint)) {
    await removeStaleLock(parts.clock, directory);
    return undefined;
  }
  if (/not updating|reference already exists|is at [0-9a-f]+ but expected/i.test(answer.complaint)) return undefined;
  throw new ForgeError('unavailable', `${directory}: git fast-import: ${answer.complaint.slice(-500)}`);
}

function importStream({ commit, parent, text }: NewNote, seconds: number): string {
  const message = `penstock: status of ${commit.slice(0, 12)}`;
  return [
    `commit ${notesRef}`,
    'mark :1',
    `committer Penstock <penstock@localhost> ${seconds} +0000`,
    `data ${Buffer.byteLength(message)}`,
    message,
    ...(parent === undefined ? [] : [`from ${parent}`]),
    `N inline ${commit}`,
    `data ${Buffer.byteLength(text)}`,
    text,
    'get-mark :1',
    'done',
    '',
  ].join('\n');
}

/** A git that was killed in mid-write leaves the ref locked for everybody. */
async function removeStaleLock(clock: Clock, directory: string): Promise<void> {
  const lock = join(directory, `${notesRef}.lock`);
  const found = await stat(lock).catch(() => undefined); // Gone by now, as a rule: another writer was at work.
  if (found === undefined || clock.now() - found.mtimeMs < staleLockMs) return;
  // By renaming, only one of several that see it removes it.
  const aside = `${lock}.stale-${found.ino}`;
  const mine = await rename(lock, aside).then(
    () => true,
    () => false,
  );
  if (mine) await rm(aside, { force: true });
}
