import { type ChangedFiles, ForgeError } from '../forge.ts';
import type { GitProgram } from './git-program.ts';
import { expectSuccess, nulParts, readObjects } from './objects.ts';

/** Most bytes of names of changed files that are looked through. */
const changesBytesMax = 4 * 1024 * 1024;
const commitBytesMax = 4 * 1024 * 1024;
/** The tree without files exists in every repository, without being stored. */
const emptyTree = {
  40: '4b825dc642cb6eb9a060e54bf8d69288fbee4904',
  64: '6ef19b41225c5369f1c104d45d8d85efa9b057b53b14b4b9b939dd74decc5321',
} as const;

/**
 * What a push changed: everything between `before` and `after`. For a new ref, everything since it left the default branch;
 * for one that is in the default branch already (a tag, as a rule), what its own commit changed.
 */
export async function changesOfPush(
  git: GitProgram,
  gitDirectory: string,
  range: { readonly before?: string; readonly after: string },
): Promise<ChangedFiles> {
  const [before, after] = await readObjects(
    git,
    gitDirectory,
    [`${range.before ?? range.after}^{commit}`, `${range.after}^{commit}`],
    commitBytesMax,
  );
  if (after === undefined) throw new ForgeError('refused', `${gitDirectory} has no commit ${range.after}`);
  // A forced push may leave its old commit to the garbage collector: then it is as good as new.
  const known = range.before !== undefined && before !== undefined;
  const base = known ? range.before : await baseOfNewRef(git, gitDirectory, range.after);
  return diff(git, gitDirectory, base, range.after);
}

async function baseOfNewRef(git: GitProgram, gitDirectory: string, after: string): Promise<string> {
  const answer = await git.run({ gitDirectory, args: ['merge-base', '--end-of-options', 'HEAD', after] });
  // 1: nothing in common; 128: the default branch has no commit yet.
  const base = answer.exitCode === 0 ? answer.output.toString('utf8').trim() : '';
  if (base !== '' && base !== after) return base;
  const [parent] = await readObjects(git, gitDirectory, [`${after}^1^{commit}`], commitBytesMax);
  if (base === after && parent !== undefined) return parent.id;
  return after.length === 64 ? emptyTree[64] : emptyTree[40];
}

async function diff(git: GitProgram, gitDirectory: string, base: string, after: string): Promise<ChangedFiles> {
  const answer = await git.run({
    gitDirectory,
    args: [
      'diff',
      '--name-status',
      '-z',
      '-M',
      '--no-ext-diff',
      '--no-textconv',
      '--ignore-submodules=none',
      base,
      after,
      '--',
    ],
    outputBytesMax: changesBytesMax,
  });
  if (!answer.truncated) expectSuccess(answer, gitDirectory, 'diff');
  return parseNameStatus(nulParts(answer.output), answer.truncated);
}

/** Reads the output of `git diff --name-status -z`. */
function parseNameStatus(parts: readonly string[], truncated: boolean): ChangedFiles {
  const changes = { added: [] as string[], modified: [] as string[], deleted: [] as string[], renamed: [] as string[] };
  for (let index = 0; index + 1 < parts.length;) {
    const letter = parts[index]?.[0];
    const two = letter === 'R' || letter === 'C';
    const path = parts[index + (two ? 2 : 1)];
    index += two ? 3 : 2;
    if (path === undefined) break;
    const list =
      letter === 'A' || letter === 'C'
        ? changes.added
        : letter === 'D'
          ? changes.deleted
          : letter === 'R'
            ? changes.renamed
            : changes.modified;
    list.push(path);
  }
  return { ...changes, truncated };
}
