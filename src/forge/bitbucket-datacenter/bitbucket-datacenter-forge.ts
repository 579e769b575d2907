import type { CreateForge } from '../forge-parts.ts';
import { cloneCredential, openDatacenterApi } from './datacenter-api.ts';
import { isTeamMember, standing } from './people.ts';
import { getPullRequest, pullRequestsOf, putComment, readComments } from './pull-requests.ts';
import { changedFiles, readFile, readFolder, readProject, readRevision } from './repository.ts';
import { buildState } from './status-words.ts';
import { type BuildsApi, postStatus, readBuildsApi, readStatus } from './statuses.ts';

/** Bitbucket Data Center and Server (5.4 and newer) under an HTTP access token. */
export const createBitbucketDatacenterForge: CreateForge = (parts) => {
  const api = openDatacenterApi(parts);
  let known: Promise<BuildsApi> | undefined;
  const builds = (): Promise<BuildsApi> => {
    known ??= readBuildsApi(api).catch((thrown: unknown) => {
      // Not kept: it may be told the next time.
      known = undefined;
      throw thrown;
    });
    return known;
  };
  return {
    kind: 'bitbucket-datacenter',
    commentable: true,
    hostState: buildState,
    readFolder: (project, sha, folder) => readFolder(api, project, sha, folder),
    readFile: (project, sha, path) => readFile(api, project, sha, path),
    readProject: (project) => readProject(api, project),
    readRevision: (project, ref) => readRevision(api, project, ref),
    readPullRequest: (project, number) => getPullRequest(api, project, number),
    pullRequestsOf: (project, sha) => pullRequestsOf(api, project, sha),
    changedFiles: (project, range) => changedFiles(api, project, range),
    readComments: (project, number) => readComments(api, project, number),
    standing: (project, actor) => standing(api, project, actor),
    isTeamMember: (_project, team, actor) => isTeamMember(api, team, actor),
    postStatus: async (report) => postStatus(api, await builds(), report),
    readStatus: async (target) => readStatus(api, await builds(), target),
    putComment: (comment) => putComment(api, comment),
    gitCredential: () => Promise.resolve(cloneCredential(parts.access)),
  };
};
