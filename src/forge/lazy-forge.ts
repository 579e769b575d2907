import type { Forge, StatusState } from './forge.ts';
import type { ForgeKind } from './git-event.ts';

/** A forge whose code is loaded when it is first used: the libraries of five hosts would slow down every start. */
export function lazyForge(
  kind: ForgeKind,
  hostState: (state: StatusState) => string,
  load: () => Promise<Forge>,
): Forge {
  let loading: Promise<Forge> | undefined;
  const forge = (): Promise<Forge> => (loading ??= load());
  return {
    kind,
    commentable: kind !== 'git',
    hostState,
    readFolder: async (...args) => (await forge()).readFolder(...args),
    readFile: async (...args) => (await forge()).readFile(...args),
    readProject: async (...args) => (await forge()).readProject(...args),
    readRevision: async (...args) => (await forge()).readRevision(...args),
    readPullRequest: async (...args) => (await forge()).readPullRequest(...args),
    pullRequestsOf: async (...args) => (await forge()).pullRequestsOf(...args),
    changedFiles: async (...args) => (await forge()).changedFiles(...args),
    readComments: async (...args) => (await forge()).readComments(...args),
    standing: async (...args) => (await forge()).standing(...args),
    isTeamMember: async (...args) => (await forge()).isTeamMember(...args),
    postStatus: async (...args) => (await forge()).postStatus(...args),
    readStatus: async (...args) => (await forge()).readStatus(...args),
    putComment: async (...args) => (await forge()).putComment(...args),
    gitCredential: async (...args) => (await forge()).gitCredential(...args),
    readingFor: async (home) => {
      const loaded = await forge();
      return loaded.readingFor === undefined ? loaded : loaded.readingFor(home);
    },
  };
}
