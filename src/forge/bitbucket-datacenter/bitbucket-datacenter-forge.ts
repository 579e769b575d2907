import type { CreateForge } from '../forge-parts.ts';
import { cloneCredential, openDatacenterApi } from './datacenter-api.ts';
import { isTeamMember, standing } from './people.ts';
import { getPullRequest, pullRequestsOf, putComment, readComments } from './pull-requests.ts';
import { changedFiles, readFile, readFolder, readProject, readRevision } from './repository.ts';
import { buildState } from './status-words.ts';
import { postStatus, readStatus } from './statuses.ts';

/** Bitbucket Data Center (7.14 and newer) under an HTTP access token. */
export const createBitbucketDatacenterForge: CreateForge = (parts) => {
  const api = openDatacenterApi(parts);
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
    postStatus: (report) => postStatus(api, report),
    readStatus: (target) => readStatus(api, target),
    putComment: (comment) => putComment(api, comment),
    gitCredential: () => Promise.resolve(cloneCredential(parts.access)),
  };
};
