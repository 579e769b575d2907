import { assert } from '../../base/assert.ts';
import { ForgeError } from '../forge.ts';
import type { GitAnswer, GitProgram } from './git-program.ts';

/** An object of a repository. */
export interface GitObject {
  readonly id: string;
  readonly type: string;
  readonly bytes: Buffer;
}

/** An entry of a tree. */
export interface TreeEntry {
  readonly path: string;
  readonly id: string;
  readonly bytes: number;
}

/** Whether `text` is a whole object id: SHA-1 or SHA-256, lower case. */
export function isObjectId(text: string): boolean {
  return /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(text);
}

/**
 * Whether `text` may be the full name of a ref: the rules of `git check-ref-format`, and nothing that could be taken for an
 * option or for an expression over commits.
 */
export function isRefName(text: string): boolean {
  return (
    text.length <= 1024 &&
    /^refs\/.+/.test(text) &&
    // oxlint-disable-next-line no-control-regex -- Control characters are what it looks for.
    !/[\x00-\x20\x7f~^:?*[\\]|\.\.|@\{|\/\/|\/$|\.$/.test(text) &&
    text.split('/').every((part) => part !== '' && !part.startsWith('.') && !part.endsWith('.lock'))
  );
}

/**
 * The objects that `names` stand for, in their order; undefined where there is none. A name is an object id, a ref or either
 * followed by `^{commit}` or `:path`. Throws `too-large` beyond `bytesMax` for all together.
 */
export async function readObjects(
  git: GitProgram,
  gitDirectory: string,
  names: readonly string[],
  bytesMax: number,
): Promise<readonly (GitObject | undefined)[]> {
  if (names.length === 0) return [];
  // oxlint-disable-next-line no-control-regex -- Control characters are what it looks for.
  for (const name of names) assert(!/[\x00-\x1f]/.test(name), 'a name of an object is one line');
  const answer = await git.run({
    gitDirectory,
    args: ['cat-file', '--batch'],
    input: names.map((name) => `${name}\n`).join(''),
    outputBytesMax: bytesMax + names.length * 512,
  });
  if (answer.truncated)
    throw new ForgeError('too-large', `${gitDirectory}: more than ${bytesMax} bytes were to be read`);
  expectSuccess(answer, gitDirectory, 'cat-file');
  return parseBatch(answer.output, names.length, gitDirectory);
}

function parseBatch(output: Buffer, count: number, gitDirectory: string): readonly (GitObject | undefined)[] {
  const objects: (GitObject | undefined)[] = [];
  let position = 0;
  while (objects.length < count) {
    const lineEnd = output.indexOf(0x0a, position);
    if (lineEnd < 0) throw new ForgeError('bad-answer', `${gitDirectory}: git cat-file ended early`);
    const line = output.subarray(position, lineEnd).toString('utf8');
    position = lineEnd + 1;
    const [, id, type, size] = /^([0-9a-f]{40,64}) (blob|tree|commit|tag) (\d+)$/.exec(line) ?? [];
    if (id === undefined || type === undefined) {
      if (!/ (?:missing|ambiguous)$/.test(line)) {
        throw new ForgeError('bad-answer', `${gitDirectory}: git cat-file said "${line.slice(0, 200)}"`);
      }
      objects.push(undefined);
      continue;
    }
    objects.push({ id, type, bytes: output.subarray(position, position + Number(size)) });
    position += Number(size) + 1;
  }
  return objects;
}

/** Most bytes of names of files that are looked through. */
const listingBytesMax = 4 * 1024 * 1024;

/**
 * Plain files at or below `path` (empty = the root) in the tree of a commit, sorted as git sorts them. Symbolic links and submodules are
 * left out: what they point to is not part of the commit. undefined = there is no such commit.
 */
export async function listFiles(
  git: GitProgram,
  gitDirectory: string,
  commit: string,
  path: string,
): Promise<readonly TreeEntry[] | undefined> {
  assert(isObjectId(commit), 'a whole object id');
  const answer = await git.run({
    gitDirectory,
    args: ['ls-tree', '-r', '-z', '-l', '--full-tree', commit, ...(path === '' ? [] : ['--', path])],
    outputBytesMax: listingBytesMax,
  });
  if (answer.truncated) throw new ForgeError('too-large', `${gitDirectory}: ${path} has too many files`);
  if (answer.exitCode === 128 && /^fatal: (?:not a tree object|Not a valid object name)/i.test(answer.complaint)) {
    return undefined;
  }
  expectSuccess(answer, gitDirectory, 'ls-tree');
  return nulParts(answer.output).flatMap((entry) => {
    const [, mode, id, size, name] = /^(\d+) \w+ ([0-9a-f]+) +(\d+|-)\t(.*)$/s.exec(entry) ?? [];
    const plain = mode === '100644' || mode === '100755';
    return plain && id !== undefined && name !== undefined ? [{ path: name, id, bytes: Number(size) }] : [];
  });
}

/** The parts of an output that end with NUL. */
export function nulParts(output: Buffer): readonly string[] {
  const parts = output.toString('utf8').split('\0');
  parts.pop();
  return parts;
}

/** Throws what git said when it did not succeed. */
export function expectSuccess(answer: GitAnswer, repository: string, what: string): void {
  if (answer.exitCode === 0) return;
  const words = answer.complaint.slice(-500) || `exit code ${answer.exitCode}`;
  throw new ForgeError(problemOf(answer.complaint), `${repository}: git ${what}: ${words}`);
}

/** What the words of git mean: whether trying again can help. */
function problemOf(complaint: string): 'unavailable' | 'unauthorized' | 'forbidden' {
  if (/Permission denied \(|Host key verification failed|Authentication failed/.test(complaint)) return 'unauthorized';
  if (/Permission denied|Read-only file system|insufficient permission/i.test(complaint)) return 'forbidden';
  return 'unavailable';
}
