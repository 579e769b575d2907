import { hasHiddenMarker, withHiddenMarker } from '../calls/hidden-marker.ts';
import { type RestApi, unlessMissing } from '../calls/rest-api.ts';
import { cutMarkdown } from '../cut-markdown.ts';
import { type CommentReport, ForgeError, type PullRequestComment } from '../forge.ts';
import type { Project, PullRequest } from '../git-event.ts';
import type { PayloadReader } from '../webhook-payload.ts';
import { pathOf } from './cloud-api.ts';
import { readRevision } from './repository.ts';
import { readAccount, readPullRequest } from './webhook-parts.ts';

const openPullRequestsMax = 500;
const commentsMax = 500;
/** Most bytes of a comment's text: Bitbucket takes fewer than 32,768 characters, of which the marker is a part. */
const commentBytesMax = 32_000;

/** A pull request, with the whole id of its head: the API abbreviates it. */
export async function getPullRequest(api: RestApi, project: Project, number: number): Promise<PullRequest | undefined> {
  const path = `${pathOf(project)}/pullrequests/${number}`;
  const found = await unlessMissing(api.read({ path }, readPullRequest));
  return found === undefined ? undefined : withWholeHead(api, found);
}

async function withWholeHead(api: RestApi, pull: PullRequest): Promise<PullRequest | undefined> {
  const head = await readRevision(api, pull.headProject, pull.headSha);
  return head === undefined ? undefined : { ...pull, headSha: head.sha };
}

/** Open pull requests with this head. Bitbucket knows them by commit only where an app of its marketplace is installed. */
export async function pullRequestsOf(api: RestApi, project: Project, sha: string): Promise<readonly PullRequest[]> {
  const call = { path: `${pathOf(project)}/pullrequests`, query: { state: 'OPEN', pagelen: 50 } };
  const { items } = await api.list(call, openPullRequestsMax, readPullRequest);
  return items.flatMap((pull) =>
    pull !== undefined && sha.startsWith(pull.headSha) ? [{ ...pull, headSha: sha }] : [],
  );
}

/** The newest comments, oldest first. */
export async function readComments(
  api: RestApi,
  project: Project,
  number: number,
): Promise<readonly PullRequestComment[]> {
  const call = {
    path: `${pathOf(project)}/pullrequests/${number}/comments`,
    query: { sort: '-created_on', pagelen: 100 },
  };
  const { items } = await api.list(call, commentsMax, readComment);
  return items.flatMap((comment) => comment ?? []).toReversed();
}

/** undefined = deleted, of which a shell is left. */
function readComment(reader: PayloadReader): PullRequestComment | undefined {
  if (reader.flag('deleted') || !reader.has('user')) return undefined;
  return {
    id: String(reader.number('id')),
    author: readAccount(reader.object('user')),
    body: reader.object('content').optionalText('raw') ?? '',
    createdAt: reader.text('created_on'),
  };
}

/** Changes the comment with the marker, or makes one. One that belongs to somebody else cannot be changed, and is passed over. */
export async function putComment(api: RestApi, comment: CommentReport): Promise<void> {
  const path = `${pathOf(comment.project)}/pullrequests/${comment.pullRequest}/comments`;
  const body = { content: { raw: withHiddenMarker(cutMarkdown(comment.body, commentBytesMax), comment.marker) } };
  const known = await readComments(api, comment.project, comment.pullRequest);
  for (const { id, body: raw } of known.filter((each) => hasHiddenMarker(each.body, comment.marker))) {
    if (raw === body.content.raw) return;
    try {
      await api.text({ method: 'PUT', path: `${path}/${id}`, body });
      return;
    } catch (thrown) {
      if (!(thrown instanceof ForgeError) || (thrown.status !== 403 && thrown.status !== 404)) throw thrown;
    }
  }
  await api.text({ method: 'POST', path, body });
}
