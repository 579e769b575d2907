import type { GitProgram } from './git-program.ts';

/** What is to be found in a repository before it is read. */
export type Need =
  /** This commit; whatever else may be old. */
  | { readonly commit: string }
  /** Refs as they are now. */
  | 'newest-refs'
  /** The notes as they are now. */
  | 'newest-notes';

/** A repository whose objects can be read here. */
export interface GitRepository {
  /** Its address, for messages. */
  readonly address: string;
  /** A git directory in which `need` is met as far as the repository can meet it. */
  ready(need: Need): Promise<string>;
  /** Makes a ref of the repository point to a commit that {@link ready}'s directory has; false = it had moved meanwhile. */
  publish(ref: string, commit: string): Promise<boolean>;
  /** One after another in this process: writers of the same repository do not need to find out about each other by failing. */
  exclusively<T>(work: () => Promise<T>): Promise<T>;
}

/** Whether a git directory has a commit. */
export async function hasCommit(git: GitProgram, gitDirectory: string, commit: string): Promise<boolean> {
  const answer = await git.run({ gitDirectory, args: ['cat-file', '-e', `${commit}^{commit}`] });
  return answer.exitCode === 0;
}
