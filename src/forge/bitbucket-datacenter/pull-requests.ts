import { hasHiddenMarker, withHiddenMarker } from '../calls/hidden-marker.ts';
import { type RestApi, unlessMissing } from '../calls/rest-api.ts';
import { cutMarkdown } from '../cut-markdown.ts';
import { type CommentReport, ForgeError, type PullRequestComment } from '../forge.ts';
import type { Project, PullRequest } from '../git-event.ts';
import type { PayloadReader } from '../webhook-payload.ts';
import { pathOf } from './datacenter-api.ts';
import { readAccount, readPullRequest } from './webhook-parts.ts';

const pullRequestsMax = 500;
const activitiesMax = 2_000;
const commentsMax = 500;
/** Most bytes of a comment's text: Bitbucket takes fewer than 32,768 characters, of which the marker is a part. */
const commentBytesMax = 32_000;

export function getPullRequest(api: RestApi, project: Project, number: number): Promise<PullRequest | undefined> {
  return unlessMissing(api.read({ path: `${pathOf(project)}/pull-requests/${number}` }, readPullRequest));
}

/** Open pull requests with this head. */
export async function pullRequestsOf(api: RestApi, project: Project, sha: string): Promise<readonly PullRequest[]> {
  const call = { path: `${pathOf(project)}/commits/${sha}/pull-requests`, query: { limit: 100 } };
  const list = await unlessMissing(api.list(call, pullRequestsMax, readPullRequest));
  return list?.items.filter(({ state, headSha }) => state === 'open' && headSha === sha) ?? [];
}

interface FoundComment extends PullRequestComment {
  /** A comment is changed only by who knows its newest version. */
  readonly version: number;
}

/** The newest comments, oldest first. */
export async function readComments(api: RestApi, project: Project, number: number): Promise<readonly FoundComment[]> {
  // The only list of all comments is that of what happened; it begins with the newest.
  const call = { path: `${pathOf(project)}/pull-requests/${number}/activities`, query: { limit: 100 } };
  const { items } = await api.list(call, activitiesMax, (reader) =>
    reader.text('action') === 'COMMENTED' && reader.optionalText('commentAction') !== 'DELETED'
      ? readComment(reader.object('comment'))
      : undefined,
  );
  const comments = items.filter((comment) => comment !== undefined);
  return comments.slice(0, commentsMax).toReversed();
}

function readComment(reader: PayloadReader): FoundComment {
  const createdMs = reader.optionalNumber('createdDate') ?? 0;
  return {
    id: String(reader.number('id')),
    // The first version is 0, which counts as absent.
    version: reader.has('version') ? Number(reader.scalar('version')) : 0,
    author: readAccount(reader.object('author')),
    body: reader.optionalText('text') ?? '',
    createdAt: new Date(createdMs).toISOString(),
  };
}

/** Changes the comment with the marker, or makes one. One that belongs to somebody else cannot be changed, and is passed over. */
export async function putComment(api: RestApi, comment: CommentReport): Promise<void> {
  const path = `${pathOf(comment.project)}/pull-requests/${comment.pullRequest}/comments`;
  const text = withHiddenMarker(cutMarkdown(comment.body, commentBytesMax), comment.marker);
  const known = await readComments(api, comment.project, comment.pullRequest);
  for (const { id, version, body } of known.filter((each) => hasHiddenMarker(each.body, comment.marker))) {
    if (body === text) return;
    try {
      await api.text({ method: 'PUT', path: `${path}/${id}`, body: { text, version } });
      return;
    } catch (thrown) {
      if (!(thrown instanceof ForgeError)) throw thrown;
      // Somebody else changed it meanwhile: the caller comes again, and then knows its version.
      if (thrown.status === 409) throw new ForgeError('unavailable', thrown.message, { status: 409, cause: thrown });
      if (thrown.status !== 401 && thrown.status !== 403 && thrown.status !== 404) throw thrown;
    }
  }
  await api.text({ method: 'POST', path, body: { text } });
}
