import type { CreateForge } from '../forge-parts.ts';
import { cloneCredential, openCloudApi } from './cloud-api.ts';
import { standing } from './people.ts';
import { getPullRequest, pullRequestsOf, putComment, readComments } from './pull-requests.ts';
import { changedFiles, readFile, readFolder, readProject, readRevision } from './repository.ts';
import { buildState } from './status-words.ts';
import { postStatus, readStatus } from './statuses.ts';

/** Bitbucket Cloud under an access token, or the API token of a user. */
export const createBitbucketCloudForge: CreateForge = (parts) => {
  const api = openCloudApi(parts);
  return {
    kind: 'bitbucket-cloud',
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
    // Its groups cannot be asked for by the API.
    isTeamMember: () => Promise.resolve(undefined),
    postStatus: (report, handle) => postStatus(api, report, handle),
    readStatus: (target, handle) => readStatus(api, target, handle),
    putComment: (comment) => putComment(api, comment),
    gitCredential: () => Promise.resolve(cloneCredential(parts.access)),
  };
};
