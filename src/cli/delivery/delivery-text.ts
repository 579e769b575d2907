/** Deliveries in words. */
import { fromRfc3339 } from '../../base/clock.ts';
import type { GitEvent } from '../../forge/git-event.ts';
import type { Delivery, PlannedRun, StatusNotice } from '../../forge/kinds/delivery.ts';
import { formatSpan } from '../progress/style.ts';
import { formatTable } from '../table.ts';

/** Characters of a commit's id that are shown. */
const shaCharacters = 10;
/** Longest message in a row of a table, in characters. */
const messageCharactersMax = 120;

/** One row a Delivery. */
export function deliveryTable(all: readonly Delivery[], nowMs: number, form: 'table' | 'wide'): string {
  const headings = ['NAME', 'EVENT', 'PROJECT', 'ABOUT', 'PHASE', 'OUTCOME', 'RUNS', 'AGE'];
  const wide = ['DELIVERY ID', 'VERIFIED BY', 'TRIES', 'MESSAGE'];
  return formatTable(
    form === 'wide' ? [...headings, ...wide] : headings,
    all.map((delivery) => (form === 'wide' ? [...row(delivery, nowMs), ...wideCells(delivery)] : row(delivery, nowMs))),
  );
}

function row({ metadata, spec, status }: Delivery, nowMs: number): readonly string[] {
  const [event] = spec.events;
  const reasons = new Set((status?.outcomes ?? []).map(({ reason }) => reason));
  return [
    metadata.name ?? '',
    `${spec.forge} ${spec.eventName}`,
    event === undefined ? '-' : projectOf(event),
    event === undefined ? '-' : aboutOf(event) + (spec.events.length > 1 ? ` and ${spec.events.length - 1} more` : ''),
    status?.phase ?? 'Pending',
    [...reasons].join(',') || '-',
    String(status?.runs?.length ?? 0),
    ageOf(spec.receivedAt, nowMs),
  ];
}

function wideCells({ spec, status }: Delivery): readonly string[] {
  const messages = status?.outcomes?.map(({ message }) => message) ?? [];
  const text = oneLine(status?.lastError ?? messages.join('; '));
  return [spec.deliveryId ?? '-', verifierOf(spec.verifiedBy), String(status?.tries ?? 0), text || '-'];
}

/** All about one. */
export function describeDelivery({ metadata, spec, status }: Delivery, nowMs: number): string {
  const name = metadata.name ?? '';
  const facts: readonly (readonly [string, string | undefined])[] = [
    ['Name', name],
    ['Received', `${spec.receivedAt}, ${ageOf(spec.receivedAt, nowMs)} ago`],
    ['Event', `${spec.forge} ${spec.eventName}`],
    ['Delivery id', spec.deliveryId],
    ['Repeats', spec.replayOf],
    ['Verified by', verifierOf(spec.verifiedBy)],
    ['Body', spec.payload === undefined ? spec.payloadOmitted : `${spec.payload.bytes} bytes: --body shows it`],
    ['Phase', phaseOf(status)],
    ['Last error', status?.lastError],
  ];
  const known = facts.filter((fact): fact is readonly [string, string] => fact[1] !== undefined);
  const width = Math.max(...known.map(([title]) => title.length)) + 2;
  return [
    ...known.map(([title, text]) => `${`${title}:`.padEnd(width)}${text}\n`),
    '\nEvents\n',
    eventTable(spec.events, status?.outcomes ?? []),
    ...section('Runs', runTable(status?.runs ?? [])),
    ...section('Shown at the host besides runs', noticeTable(status?.notices ?? [])),
    `\nTo let it happen once more: penstock delivery replay ${name}\n`,
  ].join('');
}

function phaseOf(status: Delivery['status']): string {
  const tries = status?.tries ?? 0;
  return `${status?.phase ?? 'Pending'}${tries > 1 ? ` after ${tries} tries` : ''}`;
}

function section(title: string, table: string | undefined): readonly string[] {
  return table === undefined ? [] : [`\n${title}\n`, table];
}

function eventTable(
  events: readonly GitEvent[],
  outcomes: NonNullable<NonNullable<Delivery['status']>['outcomes']>,
): string {
  const rows = events.flatMap((event, index) => {
    const own = outcomes.filter((outcome) => outcome.event === index);
    const start = [String(index), event.eventType, projectOf(event), aboutOf(event), event.actor.login];
    if (own.length === 0) return [[...start, '-', 'nothing yet']];
    return own.map(({ reason, message }) => [...start, reason, oneLine(message)]);
  });
  return formatTable(['  EVENT', 'TYPE', 'PROJECT', 'ABOUT', 'BY', 'OUTCOME', 'WHY'], indented(rows));
}

function runTable(runs: readonly PlannedRun[]): string | undefined {
  if (runs.length === 0) return undefined;
  const rows = runs.map(({ event, definition, namespace, name, attempt, outcome, message = '' }) => [
    String(event),
    definition,
    `${namespace}/${name}`,
    String(attempt),
    outcome,
    oneLine(message) || '-',
  ]);
  return formatTable(['  EVENT', 'DEFINITION', 'RUN', 'ATTEMPT', 'OUTCOME', 'MESSAGE'], indented(rows));
}

function noticeTable(notices: readonly StatusNotice[]): string | undefined {
  if (notices.length === 0) return undefined;
  const rows = notices.map(({ target, state, title }) => [target.context, state, oneLine(title)]);
  return formatTable(['  CONTEXT', 'STATE', 'TITLE'], indented(rows));
}

function indented(rows: readonly (readonly string[])[]): readonly (readonly string[])[] {
  return rows.map(([first = '', ...rest]) => [`  ${first}`, ...rest]);
}

function projectOf({ project }: GitEvent): string {
  return project.owner === '' ? project.name : `${project.owner}/${project.name}`;
}

/** What an event is about: a pull request, a branch, a tag, at which commit. */
function aboutOf({ push, pullRequest, pullRequestNumber, revision, incoming, schedule, comment }: GitEvent): string {
  const number = pullRequest?.number ?? pullRequestNumber;
  const sha = (pullRequest?.headSha ?? revision?.sha)?.slice(0, shaCharacters);
  const subject =
    number !== undefined
      ? `#${number}`
      : (push?.ref.replace(/^refs\/(?:heads\/)?/, '') ??
        (incoming && `${incoming.pipelineRun} on ${incoming.branch}`) ??
        (schedule && `${schedule.name} at ${schedule.at.slice(0, 16)}Z`) ??
        (comment && 'a commit') ??
        '');
  return [subject, sha].filter((part) => part !== undefined && part !== '').join(' ') || '-';
}

function verifierOf(verifiedBy: string | undefined): string {
  return verifiedBy ?? 'GitHub App';
}

function ageOf(receivedAt: string, nowMs: number): string {
  const receivedMs = fromRfc3339(receivedAt);
  return receivedMs === undefined ? '-' : formatSpan(nowMs - receivedMs);
}

function oneLine(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ').trim();
  return line.length <= messageCharactersMax ? line : `${line.slice(0, messageCharactersMax)}…`;
}
