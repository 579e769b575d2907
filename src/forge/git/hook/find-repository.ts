import { realpath } from 'node:fs/promises';
import { isAbsolute, join, relative } from 'node:path';
import { UserError } from '../../../base/errors.ts';
import type { GitProgram } from '../git-program.ts';

/** A repository that a person named by a folder. */
export interface FoundRepository {
  /** Its git directory, shared by all its working copies. Absolute, without symbolic links. */
  readonly gitDirectory: string;
  /** Where it looks for hooks. */
  readonly hooks: string;
}

/** The repository at or above `folder`, found as git finds it. Throws `GIT_NOT_A_REPOSITORY`. */
export async function findRepository(git: GitProgram, folder: string): Promise<FoundRepository> {
  const directory = await askPath(git, folder, ['--git-common-dir']);
  const hooks = await askPath(git, folder, ['--git-path', 'hooks']);
  return { gitDirectory: await realpath(directory), hooks };
}

async function askPath(git: GitProgram, folder: string, question: readonly string[]): Promise<string> {
  const args = ['rev-parse', ...question];
  // spawn says "git is missing" when it is the folder that is: look at it first.
  const start = await realpath(folder).catch(() => undefined);
  const answer = start === undefined ? undefined : await git.run({ folder: start, args, configuration: 'person' });
  if (start === undefined || answer?.exitCode !== 0) {
    throw new UserError(`${folder} is not a Git repository${answer ? `: ${answer.complaint}` : ''}`, {
      code: 'GIT_NOT_A_REPOSITORY',
      remedy: 'name the folder of one, or make one with git init --bare',
    });
  }
  return join(start, '.', pathOf(answer.output.toString('utf8').replace(/\n$/, ''), start));
}

/** git answers a path from the folder it was started in, or an absolute one. */
function pathOf(path: string, start: string): string {
  return isAbsolute(path) ? relative(start, path) : path;
}
