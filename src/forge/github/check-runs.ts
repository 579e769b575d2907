/** Statuses as check runs: what a GitHub App shows. */
import { cutText } from '../cut-text.ts';
import { readAnswer } from '../calls/read-answer.ts';
import type { Logger } from '../../telemetry/logger.ts';
import {
  ForgeError,
  isTerminal,
  type Annotation,
  type PostOutcome,
  type RemoteHandle,
  type ShownStatus,
  type StatusReport,
  type StatusTarget,
} from '../forge.ts';
import type { PayloadReader } from '../webhook-payload.ts';
import { nameOf, pathOfProject } from './contents.ts';
import { cutToBytes } from './cut-to-bytes.ts';
import { hasNext, pageEntriesMax, unlessMissing, type GithubApi } from './github-api.ts';
import { checkStateOf, checkWord, stateOfWord } from './status-words.ts';

/** Most bytes of the summary of a check. */
export const summaryBytesMax = 65_535;
/** Annotations that GitHub takes in one call. */
export const annotationsOfCall = 50;
/** Most annotations of one check. */
export const annotationsMax = 500;
/** Pages of checks with one name at one commit that are looked through. */
const checkPagesMax = 10;
/** Most characters of a check's title and of an annotation's message. */
const titleCharactersMax = 255;
const messageCharactersMax = 8_000;

/** A check as GitHub shows it. */
interface CheckRun {
  readonly id: number;
  readonly externalId: string;
  readonly word: string;
  readonly title: string | undefined;
  readonly detailsUrl: string | undefined;
  readonly annotations: number;
}

/** What calls about checks need. */
export interface CheckCalls {
  readonly api: GithubApi;
  readonly applicationId: number;
  readonly logger: Logger;
}

/**
 * Shows a status as a check run. Each attempt is a check of its own, found by its external id; GitHub shows the newest of those
 * with one name. So a create whose answer was lost is found by the next try, and not made twice.
 */
export async function postCheck(
  calls: CheckCalls,
  report: StatusReport,
  handle: RemoteHandle | undefined,
): Promise<PostOutcome> {
  try {
    const known = knownCheck(report, handle);
    const updated = known === undefined ? undefined : await updateCheck(calls, report, known);
    const check = updated ?? (await findOrCreate(calls, report));
    if (isTerminal(report.state)) await annotate(calls, report, check);
    return { ok: true, handle: handleOf(check) };
  } catch (thrown) {
    if (thrown instanceof ForgeError && thrown.status === 422) return { ok: false, refused: thrown.message };
    throw thrown;
  }
}

/** The check shown in that context: the newest one. */
export async function readCheck(calls: CheckCalls, target: StatusTarget): Promise<ShownStatus | undefined> {
  const newest = (await listChecks(calls, target)).toSorted((a, b) => b.id - a.id)[0];
  if (newest === undefined) return undefined;
  return {
    state: stateOfWord(newest.word),
    hostState: newest.word,
    ...(newest.title === undefined ? {} : { title: newest.title }),
    ...(newest.detailsUrl === undefined ? {} : { detailsUrl: newest.detailsUrl }),
    ...(newest.externalId === '' ? {} : { externalId: newest.externalId }),
    handle: handleOf(newest),
  };
}

function handleOf({ id, externalId }: CheckRun): RemoteHandle {
  return { checkRunId: String(id), externalId };
}

/** The check of this very attempt, if the handle is one of it. */
function knownCheck({ externalId }: StatusReport, handle: RemoteHandle | undefined): number | undefined {
  const id = handle?.['externalId'] === externalId ? Number(handle['checkRunId']) : undefined;
  return id !== undefined && Number.isSafeInteger(id) && id > 0 ? id : undefined;
}

async function findOrCreate(calls: CheckCalls, report: StatusReport): Promise<CheckRun> {
  const found = (await listChecks(calls, report)).filter(({ externalId }) => externalId === report.externalId);
  const newest = found.toSorted((a, b) => b.id - a.id)[0];
  const updated = newest === undefined ? undefined : await updateCheck(calls, report, newest.id);
  return updated ?? createCheck(calls, report);
}

async function createCheck({ api }: CheckCalls, report: StatusReport): Promise<CheckRun> {
  const answer = await api.of(report.project)('POST /repos/{owner}/{repo}/check-runs', {
    ...pathOfProject(report.project),
    ...contentOf(report),
    head_sha: report.sha,
  });
  return readAnswer(`${nameOf(api, report.project)}: the check made`, answer.data, readCheckRun);
}

/** undefined: there is no such check any more. */
async function updateCheck(
  { api }: CheckCalls,
  report: StatusReport,
  id: number,
  annotations: readonly Annotation[] = [],
): Promise<CheckRun | undefined> {
  const content = contentOf(report);
  const more = annotations.length === 0 ? {} : { annotations: annotations.map(annotationOf) };
  const answer = await unlessMissing(
    api.of(report.project)('PATCH /repos/{owner}/{repo}/check-runs/{check_run_id}', {
      ...pathOfProject(report.project),
      check_run_id: id,
      ...content,
      output: { ...content.output, ...more },
    }),
  );
  if (answer === undefined) return undefined;
  return readAnswer(`${nameOf(api, report.project)}: check ${id}`, answer.data, readCheckRun);
}

/**
 * Adds the annotations that the check does not have yet: GitHub appends what it is given, so those it counts already are left
 * out. A finding that it refuses must not keep the status from being true: it is logged.
 */
async function annotate(calls: CheckCalls, report: StatusReport, check: CheckRun): Promise<void> {
  const annotations = report.annotations.slice(0, annotationsMax);
  for (let start = check.annotations; start < annotations.length; start += annotationsOfCall) {
    try {
      await updateCheck(calls, report, check.id, annotations.slice(start, start + annotationsOfCall));
    } catch (thrown) {
      if (!(thrown instanceof ForgeError && thrown.problem === 'refused')) throw thrown;
      calls.logger.warn('GitHub refused annotations of a check', { check: check.id, message: thrown.message });
      return;
    }
  }
}

async function listChecks({ api, applicationId }: CheckCalls, target: StatusTarget): Promise<readonly CheckRun[]> {
  const checks: CheckRun[] = [];
  for (let page = 1; page <= checkPagesMax; page++) {
    const answer = await unlessMissing(
      api.of(target.project)('GET /repos/{owner}/{repo}/commits/{ref}/check-runs', {
        ...pathOfProject(target.project),
        ref: target.sha,
        check_name: target.context,
        filter: 'all',
        app_id: applicationId,
        per_page: pageEntriesMax,
        page,
      }),
    );
    if (answer === undefined) return [];
    const what = `${nameOf(api, target.project)}: checks of ${target.sha}`;
    checks.push(...readAnswer(what, answer.data, (reader) => reader.objects('check_runs').map(readCheckRun)));
    if (!hasNext(answer)) break;
  }
  return checks;
}

function readCheckRun(reader: PayloadReader): CheckRun {
  const output = reader.optionalObject('output');
  return {
    id: reader.number('id'),
    externalId: reader.optionalText('external_id') ?? '',
    word: checkWord(reader.text('status'), reader.optionalText('conclusion')),
    title: output?.optionalText('title'),
    detailsUrl: reader.optionalText('details_url'),
    annotations: Number(output?.scalar('annotations_count') ?? 0),
  };
}

function contentOf(report: StatusReport) {
  const title = cutText(report.title, titleCharactersMax);
  const ended = isTerminal(report.state) && report.completedAt !== undefined;
  return {
    name: report.context,
    external_id: report.externalId,
    ...checkStateOf(report.state),
    ...(report.detailsUrl === undefined ? {} : { details_url: report.detailsUrl }),
    ...(report.startedAt === undefined ? {} : { started_at: report.startedAt }),
    ...(ended ? { completed_at: report.completedAt } : {}),
    output: { title, summary: cutToBytes(report.text === '' ? title : report.text, summaryBytesMax) },
  };
}

function annotationOf({ path, line, message, level }: Annotation) {
  return {
    path,
    start_line: line,
    end_line: line,
    annotation_level: level,
    message: cutText(message, messageCharactersMax),
  };
}
