import { readAnswer } from '../calls/read-answer.ts';
import type { RemoteHandle, StatusTarget } from '../forge.ts';
import type { PayloadReader } from '../webhook-payload.ts';
import type { GitlabApi } from './gitlab-api.ts';
import { mayPost } from './people.ts';
import type { OwnAccount } from './people.ts';
import { projectKey } from './repository.ts';

/** What statuses need. `own` is asked for only where it matters. */
export interface StatusCalls {
  readonly api: GitlabApi;
  readonly own: () => Promise<OwnAccount>;
}

/** Where the statuses of one context belong. */
export interface StatusPlace {
  /** Number or path of the project. */
  readonly project: string;
  /** The pipeline that holds them, once there is one. */
  readonly pipeline?: string;
  /** Branch or tag for which GitLab makes a pipeline when there is none. */
  readonly ref?: string;
}

/**
 * Where a status belongs: where it was shown before, which the handle says. Else it is decided from what the token may do, not
 * by trying: a failed post must never lead to a second status in another project.
 */
export async function placeOf(
  calls: StatusCalls,
  target: StatusTarget,
  handle: RemoteHandle | undefined,
): Promise<StatusPlace> {
  const project = handle?.['project'];
  const pipeline = handle?.['pipeline'];
  if (project !== undefined && pipeline !== undefined) return { project, pipeline };
  if (target.pullRequest !== undefined) return placeOfMergeRequest(calls, target, target.pullRequest, project);
  return {
    project: project ?? projectKey(target.project),
    ...(target.ref === undefined ? {} : { ref: shortName(target.ref) }),
  };
}

/**
 * A merge request shows the pipelines of the project its commits live in. Of a fork that is the fork; where the token may not
 * write there, the project of the merge request, under the ref that GitLab itself keeps the commits by, so that no branch of
 * that project seems to have a pipeline that it has not.
 */
async function placeOfMergeRequest(
  calls: StatusCalls,
  target: StatusTarget,
  pullRequest: NonNullable<StatusTarget['pullRequest']>,
  decided: string | undefined,
): Promise<StatusPlace> {
  const own = projectKey(target.project);
  const head = projectKey(pullRequest.headProject);
  const isFork = head !== own && pullRequest.headProject.url !== target.project.url;
  const project =
    decided ?? (isFork && (await mayPost(calls.api, pullRequest.headProject, await calls.own())) ? head : own);
  const request = await calls.api.mergeRequests.show(own, pullRequest.number);
  const what = `${calls.api.host}: merge request ${pullRequest.number}`;
  const { sourceBranch, pipeline } = readAnswer(what, request, (reader) => pipelineOf(reader, target.sha));
  const isElsewhere = isFork && project === own;
  return {
    project,
    ref: isElsewhere ? `refs/merge-requests/${pullRequest.number}/head` : sourceBranch,
    ...(pipeline?.project === project ? { pipeline: pipeline.id } : {}),
  };
}

/** The pipeline that the merge request shows for the commit, if it has one: ours is to be seen there too. */
function pipelineOf(
  reader: PayloadReader,
  sha: string,
): { readonly sourceBranch: string; readonly pipeline: { readonly id: string; readonly project: string } | undefined } {
  const head = reader.optionalObject('head_pipeline');
  const pipeline =
    head?.optionalText('sha') === sha
      ? { id: String(head.number('id')), project: String(head.optionalNumber('project_id') ?? '') }
      : undefined;
  return { sourceBranch: reader.text('source_branch'), pipeline };
}

function shortName(ref: string): string {
  return ref.replace(/^refs\/(?:heads|tags)\//, '');
}
