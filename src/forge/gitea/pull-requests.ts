import { readAnswer, readAnswers } from '../calls/read-answer.ts';
import { hiddenMarker, markedBody } from '../comment-marker.ts';
import { ForgeError } from '../forge.ts';
import type { CommentReport, PullRequestComment } from '../forge.ts';
import type { Actor, Project, PullRequest } from '../git-event.ts';
import { allPages, pageEntriesMax, pathOf, unlessMissing } from './gitea-api.ts';
import type { GiteaApi } from './gitea-api.ts';
import { readUser } from './webhook-parts.ts';
import { pullRequestOf } from './webhook-pull-request.ts';

/** Open pull requests of a repository that are looked through. */
const openPullRequestsMax = 500;
/** The newest comments of a pull request that are looked at. */
const commentsMax = 500;

export async function readPullRequest(
  api: GiteaApi,
  project: Project,
  number: number,
): Promise<PullRequest | undefined> {
  const answer = await unlessMissing(api.repos.repoGetPullRequest(...pathOf(project), number));
  if (answer === undefined) return undefined;
  const what = `${api.host}: pull request ${number}`;
  const found = readAnswer(what, answer, (reader) => pullRequestOf(reader, project));
  if (found !== undefined) return found;
  throw new ForgeError('forbidden', `${what}: the repository its commits come from is gone, or hidden from the token`);
}

/** Open pull requests whose newest commit is `sha`. Gitea can only list those that are open. */
export async function pullRequestsOf(api: GiteaApi, project: Project, sha: string): Promise<readonly PullRequest[]> {
  const answer = await allPages(
    (page) => api.repos.repoListPullRequests(...pathOf(project), { state: 'open', page, limit: pageEntriesMax }),
    openPullRequestsMax,
  );
  // The others are not read: one of them without commits, or whose fork is gone, is nobody's matter here.
  const found = readAnswers(`${api.host}: open pull requests`, answer, (reader) =>
    reader.optionalObject('head')?.optionalText('sha') === sha ? pullRequestOf(reader, project) : undefined,
  );
  return found.filter((request) => request !== undefined);
}

/** The newest comments, oldest first. */
export async function readComments(
  api: GiteaApi,
  project: Project,
  number: number,
): Promise<readonly PullRequestComment[]> {
  const answer = (await api.repos.issueGetComments(...pathOf(project), number)).data;
  const comments = readAnswers(`${api.host}: comments of pull request ${number}`, answer, (comment) => ({
    id: String(comment.number('id')),
    author: readUser(comment.object('user')),
    body: comment.optionalText('body') ?? '',
    createdAt: comment.text('created_at'),
  }));
  return comments.slice(-commentsMax);
}

/** Changes the comment of ours that has the marker, or makes one. */
export async function putComment(api: GiteaApi, comment: CommentReport, own: Actor): Promise<void> {
  const comments = await readComments(api, comment.project, comment.pullRequest);
  const marker = hiddenMarker(comment.marker);
  const isOurs = ({ author }: PullRequestComment): boolean => own.id !== undefined && author.id === own.id;
  const ours = comments.find((each) => isOurs(each) && each.body.includes(marker));
  const body = markedBody(comment);
  const path = pathOf(comment.project);
  if (ours === undefined) await api.repos.issueCreateComment(...path, comment.pullRequest, { body });
  else if (ours.body !== body) await api.repos.issueEditComment(...path, Number(ours.id), { body });
}
