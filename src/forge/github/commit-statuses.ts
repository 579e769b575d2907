/** Statuses as commit statuses: what a token can show. */
import { cutText, oneLine } from '../cut-text.ts';
import { readAnswer } from '../calls/read-answer.ts';
import { ForgeError, type PostOutcome, type ShownStatus, type StatusReport, type StatusTarget } from '../forge.ts';
import type { PayloadReader } from '../webhook-payload.ts';
import { nameOf, pathOfProject } from './contents.ts';
import { hasNext, pageEntriesMax, unlessMissing, type GithubApi } from './github-api.ts';
import { commitStateOf, stateOfWord } from './status-words.ts';

/** Most characters of a description. */
export const descriptionCharactersMax = 140;
/** Pages of contexts at one commit that are looked through. */
const statusPagesMax = 10;

/** Shows a status. The newest one of a context counts, so that saying it twice is harmless. */
export async function postCommitStatus(api: GithubApi, report: StatusReport): Promise<PostOutcome> {
  try {
    const answer = await api.of(report.project)('POST /repos/{owner}/{repo}/statuses/{sha}', {
      ...pathOfProject(report.project),
      sha: report.sha,
      state: commitStateOf(report.state),
      context: report.context,
      description: cutText(oneLine(report.title), descriptionCharactersMax),
      ...(report.detailsUrl === undefined ? {} : { target_url: report.detailsUrl }),
    });
    const what = `${nameOf(api, report.project)}: the status made`;
    const id = readAnswer(what, answer.data, (reader) => reader.number('id'));
    return { ok: true, handle: { statusId: String(id) } };
  } catch (thrown) {
    // Also after a thousand statuses of one commit and context.
    if (thrown instanceof ForgeError && thrown.status === 422) return { ok: false, refused: thrown.message };
    throw thrown;
  }
}

export async function readCommitStatus(api: GithubApi, target: StatusTarget): Promise<ShownStatus | undefined> {
  for (let page = 1; page <= statusPagesMax; page++) {
    const answer = await unlessMissing(
      api.of(target.project)('GET /repos/{owner}/{repo}/commits/{ref}/status', {
        ...pathOfProject(target.project),
        ref: target.sha,
        per_page: pageEntriesMax,
        page,
      }),
    );
    if (answer === undefined) return undefined;
    const what = `${nameOf(api, target.project)}: statuses of ${target.sha}`;
    const shown = readAnswer(what, answer.data, (reader) =>
      reader
        .objects('statuses')
        .filter((status) => status.text('context') === target.context)
        .map(readShown),
    );
    if (shown[0] !== undefined || !hasNext(answer)) return shown[0];
  }
  return undefined;
}

function readShown(reader: PayloadReader): ShownStatus {
  const hostState = reader.text('state');
  const title = reader.optionalText('description');
  const detailsUrl = reader.optionalText('target_url');
  return {
    state: stateOfWord(hostState),
    hostState,
    ...(title ? { title } : {}),
    ...(detailsUrl ? { detailsUrl } : {}),
    handle: { statusId: String(reader.number('id')) },
  };
}
