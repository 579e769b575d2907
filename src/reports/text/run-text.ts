/** What is told of a run: the title and the text of its status. */
import { fromRfc3339 } from '../../base/clock.ts';
import type { StatusState } from '../../forge/forge.ts';
import { penstockKeys, runKeys } from '../../forge/kinds/run-keys.ts';
import type { Settings } from '../../forge/kinds/settings.ts';
import { succeededCondition } from '../../tekton/pipeline-run/children.ts';
import type { PipelineRun, TaskRun } from '../../tekton/types.ts';
import type { DetailsLink } from '../details/details-path.ts';
import { type LinkFacts, runLink, taskLink } from './links.ts';
import { bytesOf, cutToBytes, fenced, inline, lastBytes, link, plainLine, textBytesMax } from './markdown.ts';
import { spanText } from './span-text.ts';
import { type FailedStep, failedSteps, type TaskLine, taskLines } from './task-lines.ts';

/** Most characters of a title. */
export const titleCharactersMax = 140;
/** Most lines of the table of tasks. */
export const taskLinesMax = 200;
/** Most bytes of the table of tasks. */
const tableBytesMax = 40_000;
/** Most bytes of a message of the API or of a condition. */
const messageBytesMax = 8_000;

/** The last lines of the step that failed, or why they cannot be shown. */
export type Snippet = { readonly lines: string } | { readonly unavailable: string };

/** All that the text of a run is made from. */
export interface RunTextFacts {
  readonly run: PipelineRun;
  readonly taskRuns: readonly TaskRun[];
  readonly state: StatusState;
  readonly settings: Settings;
  readonly snippet?: Snippet;
  readonly params: Readonly<Record<string, string>>;
  readonly detailsLink?: DetailsLink;
  /** Takes out what is secret: before a text is cut or escaped, by which a value would become another text. */
  readonly mask: (text: string) => string;
}

/** Where the gate says that a waiting run stands. */
const queueNoteKey = 'penstock.dev/queue';

/** One line: what happened, as exactly as a line can say it. */
export function runTitle(facts: RunTextFacts): string {
  return plainLine(facts.mask(titleOf(facts)), titleCharactersMax);
}

function titleOf(facts: RunTextFacts): string {
  const { run, taskRuns, state } = facts;
  const annotations = run.metadata.annotations ?? {};
  switch (state) {
    case 'queued':
      return annotations[queueNoteKey] ?? 'Waiting to start';
    case 'awaiting_approval':
      return 'Waiting for approval';
    case 'running':
      return 'Running';
    case 'succeeded':
      return `Succeeded${tookText(run)}`;
    case 'failed':
      return failureTitle(failedSteps(run, taskRuns)[0]) ?? messageOf(run);
    case 'timed_out':
      return `Timed out${tookText(run)}`;
    case 'cancelled':
      return `Cancelled${byText(annotations[penstockKeys.cancelledBy])}`;
    case 'superseded':
      return `Superseded by ${annotations[penstockKeys.supersededBy] ?? 'a newer run'}`;
    case 'lost':
    case 'error':
    case 'skipped':
      return messageOf(run);
  }
}

/** The text, with the link kept whatever has to be left out. */
export function runText(facts: RunTextFacts): string {
  const { run, taskRuns, state } = facts;
  const page = runLink(facts.settings, linkFacts(facts));
  const end = page === undefined ? undefined : link('Details', page);
  const lines = taskLines(run, taskRuns);
  const sections = [headline(facts), ...(isOver(state) ? [conditionText(facts, lines), table(facts, lines)] : [])];
  const known = [...sections, end].filter((section) => section !== undefined && section !== '');
  const room = textBytesMax - bytesOf(known.join('\n\n')) - 2;
  const excerpt = isOver(state) ? excerptText(facts, room) : undefined;
  const all = [...sections, excerpt, end].filter((section) => section !== undefined && section !== '');
  return all.join('\n\n');
}

/** What addresses of consoles may say about a run. */
export function linkFacts({ run, taskRuns, params, detailsLink }: RunTextFacts): LinkFacts {
  const failed = failedSteps(run, taskRuns)[0];
  const { namespace = '', name = '' } = run.metadata;
  return {
    namespace,
    run: name,
    params,
    ...(detailsLink === undefined ? {} : { detailsLink }),
    ...(failed === undefined ? {} : { firstFailedStep: failed.step.name }),
  };
}

function isOver(state: StatusState): boolean {
  return state !== 'queued' && state !== 'running' && state !== 'awaiting_approval';
}

const stateWords: Readonly<Record<StatusState, string>> = {
  queued: 'is waiting to start',
  awaiting_approval: 'is waiting for approval',
  running: 'is running',
  succeeded: 'succeeded',
  failed: 'failed',
  error: 'could not be carried out',
  lost: 'ended without evidence of its outcome',
  timed_out: 'timed out',
  cancelled: 'was cancelled',
  skipped: 'was skipped',
  superseded: 'was superseded',
};

function headline({ run, state, mask }: RunTextFacts): string {
  const { name = '', namespace = '', annotations = {} } = run.metadata;
  const definition = annotations[runKeys.originalName] ?? name;
  const took = isOver(state) ? tookText(run) : '';
  const by =
    state === 'cancelled'
      ? byText(annotations[penstockKeys.cancelledBy])
      : state === 'superseded'
        ? byText(annotations[penstockKeys.supersededBy])
        : '';
  const note = state === 'queued' ? annotations[queueNoteKey] : undefined;
  const shown = (text: string): string => inline(mask(text));
  const where = `run ${inline(name)} in namespace ${inline(namespace)}`;
  const about = `**${shown(definition)}** ${stateWords[state]}${by === '' ? '' : ` ${shown(by)}`}${took} (${where}).`;
  return note === undefined ? about : `${about}\n\n${shown(note)}`;
}

/** The words of the condition, where the table does not say the same. */
function conditionText({ run, state, mask }: RunTextFacts, lines: readonly TaskLine[]): string | undefined {
  const telling = state === 'error' || state === 'lost' || (lines.length === 0 && state !== 'succeeded');
  const message = messageOf(run);
  return telling && message !== '' ? fenced(cutToBytes(mask(message), messageBytesMax)) : undefined;
}

function table(facts: RunTextFacts, lines: readonly TaskLine[]): string | undefined {
  if (lines.length === 0) return undefined;
  const rows = ['| Task | Status | Duration |', '| --- | --- | --- |'];
  let bytes = bytesOf(rows.join('\n'));
  for (const [index, line] of lines.entries()) {
    const row = rowText(facts, line);
    bytes += bytesOf(row) + 1;
    if (index === taskLinesMax || bytes > tableBytesMax) {
      rows.push(`| … and ${lines.length - index} more | | |`);
      break;
    }
    rows.push(row);
  }
  return rows.join('\n');
}

function rowText(facts: RunTextFacts, line: TaskLine): string {
  const page = taskLink(facts.settings, {
    ...linkFacts(facts),
    task: line.task,
    ...(line.podName === undefined ? {} : { pod: line.podName }),
  });
  const title = facts.mask(line.name);
  const name = (page === undefined ? undefined : link(title, page)) ?? inline(title);
  return `| ${name} | ${inline(facts.mask(line.status))} | ${line.spanMs === undefined ? '' : spanText(line.spanMs)} |`;
}

function excerptText({ run, taskRuns, snippet, mask }: RunTextFacts, room: number): string | undefined {
  const failed = failedSteps(run, taskRuns)[0];
  if (failed === undefined || snippet === undefined) return undefined;
  const heading = `Step **${inline(failed.step.name)}** of task **${inline(failed.task)}** ${exitText(failed)}`;
  if ('unavailable' in snippet) return `${heading} (log not available: ${inline(mask(snippet.unavailable))}).`;
  const lines = mask(snippet.lines);
  if (lines.trim() === '') return `${heading}; its log is empty.${causeText(failed, mask)}`;
  // The fence is as long as the longest run of backticks in it, at both ends.
  const around = bytesOf(`${heading}:\n\n${fenced('')}`) + 2 * longestBackticks(lines) + 8;
  if (room <= around) return undefined;
  return `${heading}:\n\n${fenced(lastBytes(lines, room - around))}`;
}

/** What the TaskRun says beyond the exit code: that the program is not there, say, of which no log could tell. */
function causeText({ taskRun, exitCode }: FailedStep, mask: (text: string) => string): string {
  const message = succeededCondition(taskRun.status)?.message ?? '';
  const [, cause] = message.split(` exited with code ${exitCode}: `);
  return cause === undefined ? '' : ` ${inline(mask(cause))}`;
}

function longestBackticks(text: string): number {
  return Math.max(0, ...[...text.matchAll(/`+/g)].map(([run]) => run.length));
}

function failureTitle(failed: FailedStep | undefined): string | undefined {
  if (failed === undefined) return undefined;
  return `Task "${failed.task}" failed: step "${failed.step.name}" ${exitText(failed)}`;
}

function exitText({ step, exitCode }: FailedStep): string {
  const reason = step.terminationReason;
  if (reason === 'OOMKilled') return 'ran out of memory';
  if (reason === 'TimeoutExceeded') return 'took longer than it may';
  return `exited with code ${exitCode}`;
}

function byText(who: string | undefined): string {
  return who === undefined || who === '' ? '' : ` by ${who}`;
}

function tookText({ status }: PipelineRun): string {
  const [startMs, endMs] = [fromRfc3339(status?.startTime), fromRfc3339(status?.completionTime)];
  // Instants of runs are whole seconds: of what took less, there is nothing to say.
  return startMs === undefined || endMs === undefined || endMs <= startMs ? '' : ` after ${spanText(endMs - startMs)}`;
}

function messageOf(run: PipelineRun): string {
  const { message, reason } = succeededCondition(run.status) ?? {};
  return message ?? reason ?? '';
}
