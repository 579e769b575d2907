/** Pull requests and their comments. */
import { hiddenMarker, markedBody } from '../comment-marker.ts';
import { readAnswer, readAnswers } from '../calls/read-answer.ts';
import { cutMarkdown } from '../cut-markdown.ts';
import type { CommentReport, PullRequestComment } from '../forge.ts';
import type { Project, PullRequest } from '../git-event.ts';
import type { PayloadReader } from '../webhook-payload.ts';
import { nameOf, pathOfProject } from './contents.ts';
import { hasNext, lastPageOf, pageEntriesMax, unlessMissing, type GithubApi } from './github-api.ts';
import { readAuthor, readPullRequest as readPull } from './webhook-parts.ts';

/** Pages of comments that are read: 500 of them. */
const commentPagesMax = 5;
/** Pull requests with one commit that are looked at. */
const pullPagesMax = 3;
/** Most bytes of a comment. */
const commentBytesMax = 65_000;

/** undefined: there is none, or the repository of its head is gone, so that nothing of it can be run. */
export async function readPullRequest(
  api: GithubApi,
  project: Project,
  number: number,
): Promise<PullRequest | undefined> {
  const answer = await unlessMissing(
    api.of(project)('GET /repos/{owner}/{repo}/pulls/{pull_number}', {
      ...pathOfProject(project),
      pull_number: number,
    }),
  );
  if (answer === undefined) return undefined;
  return readAnswer(`${nameOf(api, project)}: pull request ${number}`, answer.data, readPull);
}

/** Open pull requests of this project whose head is that commit. */
export async function pullRequestsOf(api: GithubApi, project: Project, sha: string): Promise<readonly PullRequest[]> {
  const found: PullRequest[] = [];
  for (let page = 1; page <= pullPagesMax; page++) {
    const answer = await unlessMissing(
      api.of(project)('GET /repos/{owner}/{repo}/commits/{commit_sha}/pulls', {
        ...pathOfProject(project),
        commit_sha: sha,
        per_page: pageEntriesMax,
        page,
      }),
    );
    if (answer === undefined) return [];
    const pulls = readAnswers(`${nameOf(api, project)}: pull requests of ${sha}`, answer.data, (reader) =>
      isAbout(reader, project) ? readPull(reader) : undefined,
    );
    found.push(...pulls.filter((pull) => pull !== undefined));
    if (!hasNext(answer)) break;
  }
  return found.filter((pull) => pull.state === 'open' && pull.headSha === sha);
}

/** The same commit may be in pull requests of forks, too. */
function isAbout(reader: PayloadReader, project: Project): boolean {
  const base = reader.object('base').optionalObject('repo')?.optionalText('full_name')?.toLowerCase();
  return base === undefined || base === `${project.owner}/${project.name}`.toLowerCase();
}

/** The newest comments, oldest first. */
export async function readComments(
  api: GithubApi,
  project: Project,
  number: number,
): Promise<readonly PullRequestComment[]> {
  const first = await commentPage(api, project, number, 1);
  const start = Math.max(2, first.lastPage - commentPagesMax + 1);
  const comments = start > 2 ? [] : [...first.comments];
  for (let page = start; page <= first.lastPage; page++) {
    comments.push(...(await commentPage(api, project, number, page)).comments);
  }
  return comments;
}

async function commentPage(
  api: GithubApi,
  project: Project,
  number: number,
  page: number,
): Promise<{ readonly comments: readonly PullRequestComment[]; readonly lastPage: number }> {
  const answer = await api.of(project)('GET /repos/{owner}/{repo}/issues/{issue_number}/comments', {
    ...pathOfProject(project),
    issue_number: number,
    per_page: pageEntriesMax,
    page,
  });
  const what = `${nameOf(api, project)}: comments of pull request ${number}`;
  return { comments: readAnswers(what, answer.data, readComment), lastPage: lastPageOf(answer) };
}

function readComment(reader: PayloadReader): PullRequestComment {
  return {
    id: String(reader.number('id')),
    author: readAuthor(reader),
    body: reader.optionalText('body') ?? '',
    createdAt: reader.text('created_at'),
  };
}

/** Changes the comment of ours that has the marker, or makes one. `ownLogin` is who we are. */
export async function putComment(api: GithubApi, comment: CommentReport, ownLogin: string): Promise<void> {
  const { project, pullRequest, marker } = comment;
  const hidden = hiddenMarker(marker);
  const body = markedBody({ marker, body: cutMarkdown(comment.body, commentBytesMax) });
  const comments = await readComments(api, project, pullRequest);
  const ours = comments.find(({ author, body: text }) => author.login === ownLogin && text.includes(hidden));
  if (ours?.body === body) return;
  const request = api.of(project);
  const path = pathOfProject(project);
  if (ours === undefined) {
    await request('POST /repos/{owner}/{repo}/issues/{issue_number}/comments', {
      ...path,
      issue_number: pullRequest,
      body,
    });
  } else {
    await request('PATCH /repos/{owner}/{repo}/issues/comments/{comment_id}', {
      ...path,
      comment_id: Number(ours.id),
      body,
    });
  }
}
