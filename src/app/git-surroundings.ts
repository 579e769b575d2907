import type { GitSurroundings } from '../forge/git/git-program.ts';
import type { ProcessEnvironment } from './environment.ts';

/** What git may know of this process's environment. */
export function gitSurroundings({ path, home, sshAgent }: ProcessEnvironment): GitSurroundings {
  return {
    path,
    ...(home === undefined ? {} : { home }),
    ...(sshAgent === undefined ? {} : { sshAgent }),
  };
}
