/** How the statuses of a commit are shown, and what they come to. Pure. */
import { fromRfc3339 } from '../../base/clock.ts';
import { type StatusState, isTerminal } from '../../forge/forge.ts';
import type { CommitStatuses, ContextStatus } from '../../forge/git/commit-statuses.ts';
import type { Phase } from '../progress/run-view.ts';
import { type Paint, formatSpan, symbolOf } from '../progress/style.ts';

/** What all statuses of a commit come to. `unknown`: there are none. */
export type StatusVerdict = 'succeeded' | 'failed' | 'unfinished' | 'unknown';

/** Green: all have ended, by succeeding or by being skipped. None at all is not green. */
export function verdictOf(statuses: readonly Pick<ContextStatus, 'state'>[]): StatusVerdict {
  if (statuses.some(({ state }) => isTerminal(state) && state !== 'succeeded' && state !== 'skipped')) {
    return statuses.every(({ state }) => isTerminal(state)) ? 'failed' : 'unfinished';
  }
  if (statuses.some(({ state }) => !isTerminal(state))) return 'unfinished';
  return statuses.length === 0 ? 'unknown' : 'succeeded';
}

const phases: Readonly<Record<StatusState, Phase>> = {
  queued: 'waiting',
  awaiting_approval: 'waiting',
  running: 'running',
  succeeded: 'succeeded',
  failed: 'failed',
  error: 'failed',
  lost: 'lost',
  timed_out: 'failed',
  cancelled: 'cancelled',
  skipped: 'skipped',
  superseded: 'cancelled',
};

/** Lines of a status's text that are shown. */
const textLinesMax = 40;

/** The statuses of a commit as a list. What succeeded is one line; of the others, the text is shown too. */
export function statusList(commit: CommitStatuses, nowMs: number, paint: Paint): string {
  const head = `${paint('yellow', commit.sha.slice(0, 12))} ${plain(commit.title)}\n`;
  if (commit.statuses.length === 0) return `${head}  no status is known\n`;
  const width = Math.max(...commit.statuses.map(({ context }) => plain(context).length));
  return head + commit.statuses.map((status) => statusLines(status, width, nowMs, paint)).join('');
}

function statusLines(status: ContextStatus, width: number, nowMs: number, paint: Paint): string {
  const { state, context, title, text, url } = status;
  const words = state.replaceAll('_', ' ');
  const said = plain(title).toLowerCase() === words ? '' : `   ${plain(title)}`;
  const span = spanOf(status, nowMs).padStart(7);
  const whole = `  ${symbolOf(phases[state], paint)} ${plain(context).padEnd(width)}   ${words.padEnd(9)} ${span}${said}`;
  const shown = state === 'succeeded' || state === 'skipped' ? [] : linesOf(text);
  const link = url === undefined ? [] : [paint('underline', plain(url))];
  const below = [...shown, ...link].map((part) => `      ${part}`);
  return [whole, ...below].map((line) => `${line.trimEnd()}\n`).join('');
}

function linesOf(text: string): readonly string[] {
  const lines = text.split('\n').flatMap((line) => withoutMarkdown(plain(line)));
  const kept = lines.filter((line, index) => line !== '' || (index > 0 && lines[index - 1] !== ''));
  const shown = kept.slice(0, textLinesMax);
  if (shown.at(-1) === '') shown.pop();
  return kept.length > textLinesMax ? [...shown, `(${kept.length - textLinesMax} more lines)`] : shown;
}

/** Texts are plain Markdown: emphasis and the frames of tables say nothing in a terminal. */
function withoutMarkdown(line: string): readonly string[] {
  if (/^\|[\s:|-]+\|$/.test(line.trim())) return [];
  const row = /^\|(.*)\|$/.exec(line.trim())?.[1];
  const bare =
    row === undefined
      ? line
      : row
          .split('|')
          .map((cell) => cell.trim().padEnd(16))
          .join('  ');
  return [bare.replaceAll('**', '').trimEnd()];
}

function spanOf({ startedAt, completedAt, state }: ContextStatus, nowMs: number): string {
  const start = fromRfc3339(startedAt);
  const end = fromRfc3339(completedAt) ?? (isTerminal(state) ? undefined : nowMs);
  return start === undefined || end === undefined ? '' : spanText(end - start);
}

/** The instants are whole seconds: tenths would say more than anybody knows. */
function spanText(spanMs: number): string {
  if (spanMs < 1_000) return '<1s';
  return spanMs < 10_000 ? `${Math.floor(spanMs / 1_000)}s` : formatSpan(spanMs);
}

/** Without what would steer a terminal: the text may quote a log. */
function plain(text: string): string {
  // oxlint-disable-next-line no-control-regex -- Control characters are what it removes.
  return text.replaceAll(/\x1b\[[0-9;?]*[A-Za-z]/g, '').replaceAll(/[\x00-\x08\x0a-\x1f\x7f-\x9f]/g, ' ');
}
