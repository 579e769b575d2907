import type { CreateForge } from '../forge-parts.ts';
import type { Actor } from '../git-event.ts';
import { changedFiles } from './changed-files.ts';
import { openGiteaApi, tokenOf } from './gitea-api.ts';
import { isTeamMember, readOwnAccount, standing } from './people.ts';
import { pullRequestsOf, putComment, readComments, readPullRequest } from './pull-requests.ts';
import { readFile, readFolder, readProject, readRevision } from './repository.ts';
import { giteaState } from './status-words.ts';
import { postStatus, readStatus } from './statuses.ts';

/** Gitea or Forgejo under an access token with the scopes `write:repository`, `write:issue`, `read:organization`, `read:user`. */
export const createGiteaForge: CreateForge = (parts) => {
  const api = openGiteaApi(parts);
  const { credential } = parts.access;
  const username = (credential.type === 'token' ? credential.user : undefined) ?? 'git';
  let account: Promise<Actor> | undefined;
  const own = (): Promise<Actor> => {
    account ??= readOwnAccount(api).catch((thrown: unknown) => {
      // Not kept: it may be told the next time.
      account = undefined;
      throw thrown;
    });
    return account;
  };
  return {
    kind: 'gitea',
    commentable: true,
    hostState: giteaState,
    readFolder: (project, sha, folder) => readFolder(api, project, sha, folder),
    readFile: (project, sha, path) => readFile(api, project, sha, path),
    readProject: (project) => readProject(api, project),
    readRevision: (project, ref) => readRevision(api, project, ref),
    readPullRequest: (project, number) => readPullRequest(api, project, number),
    pullRequestsOf: (project, sha) => pullRequestsOf(api, project, sha),
    changedFiles: (project, range) => changedFiles(api, project, range),
    readComments: (project, number) => readComments(api, project, number),
    standing: (project, actor) => standing(api, project, actor),
    isTeamMember: (project, team, actor) => isTeamMember(api, project, team, actor),
    postStatus: (report) => postStatus(api, report),
    readStatus: (target, handle) => readStatus(api, target, handle),
    putComment: async (comment) => putComment(api, comment, await own()),
    // Gitea cannot make a narrower token of this one without the account's password: whoever clones with it may do what it may.
    gitCredential: () => Promise.resolve({ username, token: tokenOf(parts) }),
  };
};
