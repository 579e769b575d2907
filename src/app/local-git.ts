import { realpathSync } from 'node:fs';
import { basename } from 'node:path';
import { systemClock } from '../base/system-clock.ts';
import { systemRandom } from '../base/system-random.ts';
import type { DescribedRepository, LocalGit } from '../cli/environment.ts';
import { readCommitStatuses } from '../forge/git/commit-statuses.ts';
import { type GitProgram, createGitProgram } from '../forge/git/git-program.ts';
import { findRepository } from '../forge/git/hook/find-repository.ts';
import { hookAddress, readHookSettings, repositoryUrlOf } from '../forge/git/hook/hook-settings.ts';
import { installHook, uninstallHook } from '../forge/git/hook/install-hook.ts';
import type { ProcessEnvironment } from './environment.ts';
import { gitSurroundings } from './git-surroundings.ts';
import { sendWaitingPushes } from './waiting-pushes.ts';

/** Git repositories of this machine, for commands. `program` is the path of what this process was started with. */
export function openLocalGit(environment: ProcessEnvironment, program: string): LocalGit {
  const clock = systemClock;
  const git = createGitProgram({ clock, surroundings: gitSurroundings(environment) });
  return {
    describe: (folder) => describe(git, folder),
    installHook: (options) => installHook({ ...options, git, command: [process.execPath, realpathSync(program)] }),
    uninstallHook: (folder) => uninstallHook(git, folder),
    readStatuses: (folder, revision) => readCommitStatuses(git, folder, revision),
    async sendPushes(folder, triesMax) {
      const { gitDirectory } = await findRepository(git, folder);
      return sendWaitingPushes({ git, clock, random: systemRandom }, gitDirectory, triesMax);
    },
  };
}

async function describe(git: GitProgram, folder: string): Promise<DescribedRepository> {
  const { gitDirectory } = await findRepository(git, folder);
  const settings = await readHookSettings(gitDirectory);
  return {
    gitDirectory,
    hasWorkingTree: basename(gitDirectory) === '.git',
    repositoryUrl: repositoryUrlOf(gitDirectory, settings ?? {}),
    ...(settings === undefined ? {} : { hookAddress: hookAddress(settings.url) }),
  };
}
