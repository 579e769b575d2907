import { readAnswer, readAnswers } from '../calls/read-answer.ts';
import { cutText, oneLine } from '../cut-text.ts';
import { ForgeError } from '../forge.ts';
import type { PostOutcome, RemoteHandle, ShownStatus, StatusReport, StatusTarget } from '../forge.ts';
import type { PayloadReader } from '../webhook-payload.ts';
import { unlessMissing } from './gitlab-api.ts';
import type { GitlabApi } from './gitlab-api.ts';
import { gitlabState, isOpen, stateOfGitlab } from './status-words.ts';
import type { GitlabState } from './status-words.ts';
import { placeOf } from './status-place.ts';
import type { StatusCalls, StatusPlace } from './status-place.ts';

/** Longest description and link that GitLab takes, in characters. */
const descriptionCharactersMax = 255;
const linkCharactersMax = 255;

/**
 * Shows a status. How GitLab keeps them (its source: `app/services/ci/create_commit_status_service.rb`,
 * `app/models/commit_status.rb`, read in November 2026):
 *
 * - A status is a row of a pipeline. A post changes the row of that pipeline, name and token's account which is `pending` or
 *   `running`. If there is none, it makes another row, which then stands for the name: so a retest shows as running again, and
 *   red becomes green, without any transition from a final state.
 * - A row goes `pending` → `running` → a final state, or to a final state at once. Any other way, the same state again
 *   included, is refused with 400 "Cannot transition status via …", and nothing changes, neither link nor description.
 *   `skipped` cannot follow `running`.
 * - So a newer attempt that finds the row of an older one open at a state that it cannot leave has it ended first, as
 *   `canceled`, which is what became of the older attempt; its own row follows.
 * - Without `pipeline_id` the row goes to the newest pipeline of the commit: once known, the pipeline is kept in the handle.
 */
export async function postStatus(
  calls: StatusCalls,
  report: StatusReport,
  handle: RemoteHandle | undefined,
): Promise<PostOutcome> {
  const place = await placeOf(calls, report, handle);
  const wanted = rowOf(report);
  const sendWanted = (): Promise<PostOutcome> => sendAnywhere(calls, report, place, wanted);
  const first = await sendWanted();
  if (first.ok || !isRefusedTransition(first.refused)) return first;
  const shown = await newestRow(calls.api, place, report);
  if (shown === undefined || !isInTheWay(shown, wanted, handle?.['attempt'])) return first;
  const ended = await send(calls.api, place, {
    ...wanted,
    state: 'canceled',
    description: 'Superseded',
    link: undefined,
  });
  return ended.ok ? sendWanted() : ended;
}

/** What is shown under the name, where this report's status belongs. */
export async function readStatus(
  calls: StatusCalls,
  target: StatusTarget,
  handle: RemoteHandle | undefined,
): Promise<ShownStatus | undefined> {
  const place = await placeOf(calls, target, handle);
  const row = await newestRow(calls.api, place, target);
  if (row === undefined) return undefined;
  return {
    state: stateOfGitlab(row.status),
    hostState: row.status,
    ...(row.description !== undefined && { title: row.description }),
    ...(row.link !== undefined && { detailsUrl: row.link }),
    handle: handleOf(place, row.pipeline, handle?.['attempt']),
  };
}

/** The library's types do not know `skipped` yet. */
type LibraryState = Exclude<GitlabState, 'skipped'>;

/** What a row is to be. */
interface WantedRow {
  readonly attempt: string;
  readonly sha: string;
  readonly name: string;
  readonly state: GitlabState;
  readonly description: string;
  readonly link: string | undefined;
}

function rowOf(report: StatusReport): WantedRow {
  const link = report.detailsUrl;
  return {
    attempt: report.externalId,
    sha: report.sha,
    name: report.context,
    state: gitlabState(report.state),
    description: cutText(oneLine(report.title), descriptionCharactersMax),
    // A longer one is refused, and the status with it.
    link: link !== undefined && link.length <= linkCharactersMax ? link : undefined,
  };
}

/**
 * Whether the row that is shown belongs to an older attempt and must end before the wanted one can be shown. GitLab keeps no
 * trace of an attempt but its link; without links, the handle says whose post was taken last.
 */
function isInTheWay(shown: ShownRow, wanted: WantedRow, lastAttempt: string | undefined): boolean {
  if (!isOpen(shown.status)) return false;
  if (wanted.state === 'skipped') return true;
  if (wanted.link !== undefined && shown.link !== undefined) return shown.link !== wanted.link;
  return lastAttempt !== undefined && lastAttempt !== wanted.attempt;
}

function isRefusedTransition(words: string): boolean {
  return words.includes('Cannot transition status');
}

/** Sends it to the pipeline that is known. When that is gone or full, to one that GitLab chooses: nothing was changed by then. */
async function sendAnywhere(
  calls: StatusCalls,
  target: StatusTarget,
  place: StatusPlace,
  row: WantedRow,
): Promise<PostOutcome> {
  if (place.pipeline === undefined) return sendUnderstood(calls.api, place, row);
  try {
    const outcome = await sendUnderstood(calls.api, place, row);
    if (outcome.ok || !/number of jobs/i.test(outcome.refused)) return outcome;
  } catch (thrown) {
    if (!(thrown instanceof ForgeError) || thrown.status !== 404) throw thrown;
  }
  const { project, ref } = await placeOf(calls, target, { project: place.project });
  return sendUnderstood(calls.api, { project, ...(ref === undefined ? {} : { ref }) }, row);
}

/** Older GitLabs know no `skipped` (its merge request 168350); `canceled` is the word of theirs that is neither good nor bad. */
async function sendUnderstood(api: GitlabApi, place: StatusPlace, row: WantedRow): Promise<PostOutcome> {
  const outcome = await send(api, place, row);
  const isUnknown = !outcome.ok && row.state === 'skipped' && /does not have a valid value/.test(outcome.refused);
  return isUnknown ? send(api, place, { ...row, state: 'canceled' }) : outcome;
}

async function send(api: GitlabApi, place: StatusPlace, row: WantedRow): Promise<PostOutcome> {
  try {
    const answer: unknown = await api.commits.editStatus(place.project, row.sha, row.state as LibraryState, {
      name: row.name,
      description: row.description,
      ...(row.link === undefined ? {} : { targetUrl: row.link }),
      ...(place.pipeline === undefined ? {} : { pipelineId: Number(place.pipeline) }),
      ...(place.pipeline === undefined && place.ref !== undefined ? { ref: place.ref } : {}),
    });
    const shown = readAnswer(`${api.host}: status ${row.name} of ${row.sha}`, answer, shownRow);
    return { ok: true, handle: handleOf(place, shown.pipeline, row.attempt) };
  } catch (thrown) {
    return refusalOf(thrown);
  }
}

/** 400 and 422 say no to what was sent. 409 says that another post to this commit is under way: it will be over soon. */
function refusalOf(thrown: unknown): PostOutcome {
  if (!(thrown instanceof ForgeError)) throw thrown;
  if (thrown.status === 409) throw new ForgeError('unavailable', thrown.message, { status: 409, cause: thrown });
  if (thrown.status !== 400 && thrown.status !== 422) throw thrown;
  return { ok: false, refused: thrown.message };
}

interface ShownRow {
  readonly id: number;
  readonly status: string;
  readonly description: string | undefined;
  readonly link: string | undefined;
  readonly pipeline: string | undefined;
}

function shownRow(reader: PayloadReader): ShownRow {
  const pipeline = reader.optionalNumber('pipeline_id');
  return {
    id: reader.number('id'),
    status: reader.text('status'),
    description: reader.optionalText('description'),
    link: reader.optionalText('target_url'),
    pipeline: pipeline === undefined ? undefined : String(pipeline),
  };
}

/** The row that stands for the name: the newest. */
async function newestRow(api: GitlabApi, place: StatusPlace, target: StatusTarget): Promise<ShownRow | undefined> {
  const filter = {
    name: target.context,
    ...(place.pipeline === undefined ? {} : { pipelineId: Number(place.pipeline) }),
  };
  const answer = await unlessMissing(api.commits.allStatuses(place.project, target.sha, filter));
  const rows = readAnswers(`${api.host}: statuses of ${target.sha}`, answer ?? [], shownRow);
  return rows.reduce<ShownRow | undefined>(
    (newest, row) => (newest === undefined || row.id > newest.id ? row : newest),
    undefined,
  );
}

function handleOf(place: StatusPlace, pipeline: string | undefined, attempt: string | undefined): RemoteHandle {
  const known = pipeline ?? place.pipeline;
  return {
    project: place.project,
    ...(known === undefined ? {} : { pipeline: known }),
    ...(attempt === undefined ? {} : { attempt }),
  };
}
