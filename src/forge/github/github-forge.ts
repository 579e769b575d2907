import type { CreateForge } from '../forge-parts.ts';
import type { Project } from '../git-event.ts';
import { ContentCache } from './content-cache.ts';
import { changedFiles } from './changed-files.ts';
import { postCheck, readCheck, type CheckCalls } from './check-runs.ts';
import { postCommitStatus, readCommitStatus } from './commit-statuses.ts';
import { type KnownContents, readFile, readFolder, readProject, readRevision } from './contents.ts';
import { gitCredential } from './git-credential.ts';
import { openGithubApi } from './github-api.ts';
import { isTeamMember, readOwnLogin, standing } from './people.ts';
import { pullRequestsOf, putComment, readComments, readPullRequest } from './pull-requests.ts';
import { githubState } from './status-words.ts';

/** Most characters of files that are kept. */
const blobCharactersMax: number = 16 * 1024 * 1024;
/** Most entries of trees that are kept; a tree counts as one more. */
const treeEntriesMax = 50_000;

/** github.com or GitHub Enterprise: with an App, statuses are check runs; with a token, commit statuses. */
export const createGithubForge: CreateForge = (parts) => {
  const api = openGithubApi(parts);
  const known: KnownContents = {
    blobs: new ContentCache({ sizeMax: blobCharactersMax, sizeOf: (text) => text.length }),
    trees: new ContentCache({ sizeMax: treeEntriesMax, sizeOf: ({ entries }) => entries.length + 1 }),
  };
  const { credential } = parts.access;
  const checks: CheckCalls | undefined =
    credential.type === 'github-app'
      ? { api, applicationId: credential.applicationId, logger: parts.logger }
      : undefined;
  let login: Promise<string> | undefined;
  const ownLogin = (project: Project): Promise<string> => {
    login ??= readOwnLogin(api, project).catch((thrown: unknown) => {
      // Not kept: it may be told the next time.
      login = undefined;
      throw thrown;
    });
    return login;
  };
  return {
    kind: 'github',
    commentable: true,
    hostState: (state) => githubState(parts.access, state),
    readFolder: (project, sha, folder) => readFolder(api, known, { project, sha, folder }),
    readFile: (project, sha, path) => readFile(api, project, sha, path),
    readProject: (project) => readProject(api, project),
    readRevision: (project, ref) => readRevision(api, project, ref),
    readPullRequest: (project, number) => readPullRequest(api, project, number),
    pullRequestsOf: (project, sha) => pullRequestsOf(api, project, sha),
    changedFiles: (project, range) => changedFiles(api, project, range),
    readComments: (project, number) => readComments(api, project, number),
    standing: (project, actor) => standing(api, project, actor),
    isTeamMember: (project, team, actor) => isTeamMember(api, project, team, actor),
    postStatus: (report, handle) =>
      checks === undefined ? postCommitStatus(api, report) : postCheck(checks, report, handle),
    readStatus: (target) => (checks === undefined ? readCommitStatus(api, target) : readCheck(checks, target)),
    putComment: async (comment) => putComment(api, comment, await ownLogin(comment.project)),
    gitCredential: (project, further) => gitCredential(api, project, further),
    readingFor: (home) => {
      // A token that is narrowed to one repository reads public ones as everybody does, and no other.
      const limited = { ...api, of: () => api.of(home) };
      return Promise.resolve({
        readFile: (project, sha, path) => readFile(limited, project, sha, path),
        readRevision: (project, ref) => readRevision(limited, project, ref),
      });
    },
  };
};
