import { readAnswer, readAnswers } from '../calls/read-answer.ts';
import { cutText, oneLine } from '../cut-text.ts';
import { ForgeError } from '../forge.ts';
import type { PostOutcome, RemoteHandle, ShownStatus, StatusReport, StatusState, StatusTarget } from '../forge.ts';
import type { PayloadReader } from '../webhook-payload.ts';
import { allPages, pageEntriesMax, pathOf } from './gitea-api.ts';
import type { GiteaApi } from './gitea-api.ts';
import { giteaState, giteaStates, stateOfGitea } from './status-words.ts';

/** Longest description, in characters: what Gitea shows of one beside a pull request. */
const descriptionCharactersMax = 255;
/** The newest statuses of a commit that are looked through for a context. */
const statusesMax = 1000;

/**
 * Shows a status. Gitea keeps every one that was posted and shows the newest of a context: any state may follow any other, and
 * the same one again does no harm. Statuses of a fork's commits are shown in the repository of the pull request, which has
 * these commits too.
 */
export async function postStatus(api: GiteaApi, report: StatusReport): Promise<PostOutcome> {
  try {
    const answer = await api.repos.repoCreateStatus(...pathOf(report.project), report.sha, {
      state: giteaState(report.state),
      context: report.context,
      description: cutText(oneLine(report.title), descriptionCharactersMax),
      ...(report.detailsUrl === undefined ? {} : { target_url: report.detailsUrl }),
    });
    const row = readAnswer(`${api.host}: status of ${report.sha}`, answer.data, rowOf);
    return { ok: true, handle: { status: String(row.id), state: report.state } };
  } catch (thrown) {
    if (thrown instanceof ForgeError && (thrown.status === 400 || thrown.status === 422)) {
      return { ok: false, refused: thrown.message };
    }
    throw thrown;
  }
}

/**
 * What is shown: the newest status of the context. Several of our states share a word; which it was is known of the status that
 * the handle tells of.
 */
export async function readStatus(
  api: GiteaApi,
  target: StatusTarget,
  handle: RemoteHandle | undefined,
): Promise<ShownStatus | undefined> {
  const answer = await allPages(
    (page) =>
      api.repos.repoListStatuses(...pathOf(target.project), target.sha, {
        sort: 'highestindex',
        page,
        limit: pageEntriesMax,
      }),
    statusesMax,
  );
  const rows = readAnswers(`${api.host}: statuses of ${target.sha}`, answer, rowOf);
  const ours = rows.filter((row) => row.context === target.context).toSorted((a, b) => b.id - a.id);
  const [newest] = ours;
  if (newest === undefined) return undefined;
  const known = handle?.['status'] === String(newest.id) ? stateOfHandle(handle, newest.status) : undefined;
  return {
    state: known ?? stateOfGitea(newest.status),
    hostState: newest.status,
    ...(newest.description && { title: newest.description }),
    ...(newest.link && { detailsUrl: newest.link }),
    handle: { status: String(newest.id), ...(known === undefined ? {} : { state: known }) },
  };
}

interface StatusRow {
  readonly id: number;
  readonly status: string;
  readonly context: string | undefined;
  readonly description: string | undefined;
  readonly link: string | undefined;
}

function rowOf(reader: PayloadReader): StatusRow {
  return {
    id: reader.number('id'),
    status: reader.text('status'),
    context: reader.optionalText('context'),
    description: reader.optionalText('description'),
    link: reader.optionalText('target_url'),
  };
}

/** The state that was posted, if the handle says one and the host's word is the one for it. */
function stateOfHandle(handle: RemoteHandle, word: string): StatusState | undefined {
  return giteaStates.find((state) => state === handle['state'] && giteaState(state) === word);
}
