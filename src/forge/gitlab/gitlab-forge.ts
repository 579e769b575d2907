import type { CreateForge } from '../forge-parts.ts';
import { openGitlabApi, tokenOf } from './gitlab-api.ts';
import { mergeRequestsOf, putNote, readMergeRequest, readNotes } from './merge-requests.ts';
import { isTeamMember, readOwnAccount, standing } from './people.ts';
import type { OwnAccount } from './people.ts';
import { changedFiles, readFile, readFolder, readProject, readRevision } from './repository.ts';
import { gitlabState } from './status-words.ts';
import type { StatusCalls } from './status-place.ts';
import { postStatus, readStatus } from './statuses.ts';

/** GitLab under a personal, project or group access token, or an OAuth token, with the scope `api`. */
export const createGitlabForge: CreateForge = (parts) => {
  const api = openGitlabApi(parts);
  let account: Promise<OwnAccount> | undefined;
  const own = (): Promise<OwnAccount> => {
    account ??= readOwnAccount(api).catch((thrown: unknown) => {
      // Not kept: it may be told the next time.
      account = undefined;
      throw thrown;
    });
    return account;
  };
  const statuses: StatusCalls = { api, own };
  return {
    kind: 'gitlab',
    commentable: true,
    hostState: gitlabState,
    readFolder: (project, sha, folder) => readFolder(api, project, sha, folder),
    readFile: (project, sha, path) => readFile(api, project, sha, path),
    readProject: (project) => readProject(api, project),
    readRevision: (project, ref) => readRevision(api, project, ref),
    readPullRequest: (project, number) => readMergeRequest(api, project, number),
    pullRequestsOf: (project, sha) => mergeRequestsOf(api, project, sha),
    changedFiles: (project, range) => changedFiles(api, project, range),
    readComments: (project, number) => readNotes(api, project, number),
    standing: (project, actor) => standing(api, project, actor),
    isTeamMember: (project, team, actor) => isTeamMember(api, project, team, actor),
    postStatus: (report, handle) => postStatus(statuses, report, handle),
    readStatus: (target, handle) => readStatus(statuses, target, handle),
    putComment: async (comment) => putNote(api, comment, await own()),
    // GitLab cannot make a narrower token of this one: whoever clones with it may do what it may. A project access token with
    // the scope `read_repository` keeps that small.
    gitCredential: () =>
      Promise.resolve({
        username: parts.access.credential.type === 'token' ? (parts.access.credential.user ?? 'oauth2') : 'oauth2',
        token: tokenOf(parts),
      }),
  };
};
