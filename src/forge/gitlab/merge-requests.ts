import { readAnswer, readAnswers } from '../calls/read-answer.ts';
import { hiddenMarker, markedBody } from '../comment-marker.ts';
import { ForgeError } from '../forge.ts';
import type { CommentReport, PullRequestComment } from '../forge.ts';
import type { Project, PullRequest } from '../git-event.ts';
import type { PayloadReader } from '../webhook-payload.ts';
import { accountOf, mergeRequestOf } from './answers.ts';
import type { MergeRequestAnswer } from './answers.ts';
import { answered, unlessMissing } from './gitlab-api.ts';
import type { GitlabApi } from './gitlab-api.ts';
import type { OwnAccount } from './people.ts';
import { pageEntriesMax, projectKey, readProject } from './repository.ts';

/** The newest comments of a merge request that are looked at. */
const notesMax = 500;

export async function readMergeRequest(
  api: GitlabApi,
  project: Project,
  number: number,
): Promise<PullRequest | undefined> {
  const answer = await unlessMissing(api.mergeRequests.show(projectKey(project), number));
  if (answer === undefined) return undefined;
  return withHeadProject(api, project, readAnswer(`${api.host}: merge request ${number}`, answer, mergeRequestOf));
}

/** Open merge requests whose newest commit is `sha`: GitLab lists all that contain it. */
export async function mergeRequestsOf(api: GitlabApi, project: Project, sha: string): Promise<readonly PullRequest[]> {
  const answer = await unlessMissing(
    api.commits.allMergeRequests(projectKey(project), sha, { perPage: pageEntriesMax }),
  );
  // The others are not read: one of them without commits is nobody's matter here.
  const all = readAnswers(`${api.host}: merge requests of ${sha}`, answer ?? [], (reader) =>
    reader.optionalText('sha') === sha ? mergeRequestOf(reader) : undefined,
  );
  const open = all.filter((request) => request !== undefined).filter((request) => request.isOpen);
  const found = await Promise.all(open.map((request) => withHeadProjectIfShown(api, project, request)));
  return found.filter((request) => request !== undefined);
}

/** Of several, one whose fork is gone or hidden is nobody's matter here: it must not keep the others from being found. */
async function withHeadProjectIfShown(
  api: GitlabApi,
  project: Project,
  request: MergeRequestAnswer,
): Promise<PullRequest | undefined> {
  try {
    return await withHeadProject(api, project, request);
  } catch (thrown) {
    if (thrown instanceof ForgeError && thrown.problem === 'forbidden') return undefined;
    throw thrown;
  }
}

async function withHeadProject(
  api: GitlabApi,
  project: Project,
  { pullRequest, sourceProjectId }: MergeRequestAnswer,
): Promise<PullRequest> {
  if (sourceProjectId !== undefined && sourceProjectId === project.id) return { ...pullRequest, headProject: project };
  const headProject =
    sourceProjectId === undefined ? undefined : await readProject(api, { ...project, id: sourceProjectId });
  if (headProject !== undefined) return { ...pullRequest, headProject };
  throw new ForgeError(
    'forbidden',
    `${api.host}: the project that the commits of merge request ${pullRequest.number} come from is gone, or hidden from the token`,
  );
}

interface Note extends PullRequestComment {
  readonly system: boolean;
}

function noteOf(reader: PayloadReader): Note {
  return {
    id: String(reader.number('id')),
    author: accountOf(reader.object('author')),
    body: reader.optionalText('body') ?? '',
    createdAt: reader.text('created_at'),
    system: reader.flag('system'),
  };
}

/** What people wrote, the newest, oldest first. */
export async function readNotes(
  api: GitlabApi,
  project: Project,
  number: number,
): Promise<readonly PullRequestComment[]> {
  const answer = await answered(
    api.notes.all(projectKey(project), number, {
      sort: 'desc',
      orderBy: 'created_at',
      perPage: pageEntriesMax,
      maxPages: notesMax / pageEntriesMax,
    }),
  );
  const notes = readAnswers(`${api.host}: comments of merge request ${number}`, answer, noteOf);
  return notes
    .filter((note) => !note.system)
    .map(({ id, author, body, createdAt }) => ({ id, author, body, createdAt }))
    .reverse();
}

/** Changes the comment of ours that has the marker, or makes one. */
export async function putNote(api: GitlabApi, comment: CommentReport, own: OwnAccount): Promise<void> {
  const notes = await readNotes(api, comment.project, comment.pullRequest);
  const marker = hiddenMarker(comment.marker);
  const ours = notes.find((note) => note.author.id === String(own.id) && note.body.includes(marker));
  const body = markedBody(comment);
  const key = projectKey(comment.project);
  if (ours === undefined) await api.notes.create(key, comment.pullRequest, body);
  else if (ours.body !== body) await api.notes.edit(key, comment.pullRequest, Number(ours.id), { body });
}
