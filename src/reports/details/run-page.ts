/** The page of a run. Pure. */
import type { StatusReport, StatusState, StatusTarget } from '../../forge/forge.ts';
import { isTerminal } from '../../forge/forge.ts';
import type { CommitStatus } from '../../forge/kinds/commit-status.ts';
import { penstockKeys, runKeys } from '../../forge/kinds/run-keys.ts';
import { runAttemptOf, statusTargetOf } from '../../forge/kinds/status-target.ts';
import { succeededCondition } from '../../tekton/pipeline-run/children.ts';
import type { PipelineRun, TaskRun } from '../../tekton/types.ts';
import { fromRfc3339 } from '../../base/clock.ts';
import { progressOf } from '../delivery-step.ts';
import { stateOfRun } from '../run-state.ts';
import type { Snippet } from '../text/run-text.ts';
import { spanText } from '../text/span-text.ts';
import { type FailedStep, allFailedSteps, type TaskLine, taskLines } from '../text/task-lines.ts';
import type { DetailsPage } from './details-path.ts';
import { fact, line, type Line, type Page, type Piece, type Section } from './page.ts';
import { sinceText, stateWords, toneOf } from './state-words.ts';

/** Most tasks of a page. */
export const tasksMax = 200;
/** Most attempts of a page: the newest ones. */
export const attemptsMax = 50;

/** The end of the log of a step that failed, or why it cannot be shown. */
export interface StepLog {
  readonly step: FailedStep;
  readonly log: Snippet;
}

/** What the page of a run is made from. */
export interface RunPageFacts {
  readonly run: PipelineRun;
  readonly taskRuns: readonly TaskRun[];
  /** All runs that are there for the same definition and commit, this one too. */
  readonly attempts: readonly PipelineRun[];
  /** What the Git host is to show in the context of the run. */
  readonly shown: CommitStatus | undefined;
  readonly logs: readonly StepLog[];
  /** Why no log is shown at all. */
  readonly noLogs?: string;
}

/** The page of a run that is there. */
export function runPage(facts: RunPageFacts): Page {
  const { run } = facts;
  const state = stateOfRun(run);
  const { name = '', annotations = {} } = run.metadata;
  const { startTime, completionTime } = run.status ?? {};
  const since = isTerminal(state) ? completionTime : (startTime ?? run.metadata.creationTimestamp);
  return {
    title: `${annotations[runKeys.originalName] ?? name}, attempt ${runAttemptOf(run)}`,
    state: `${stateWords[state]}${sinceText(since)}`,
    tone: toneOf(state),
    sections: [
      { title: '', blocks: [{ kind: 'facts', rows: aboutRows(facts, state) }] },
      ...whySection(run),
      ...taskSection(facts),
      ...logSections(facts),
      ...attemptSection(facts),
      commandSection(run),
    ],
  };
}

function aboutRows({ run, shown }: RunPageFacts, state: StatusState): readonly { name: string; value: Line }[] {
  const { name = '', namespace = '', annotations = {}, labels = {} } = run.metadata;
  const delivery = labels[penstockKeys.delivery];
  const { startTime, completionTime } = run.status ?? {};
  return [
    ...fact('Definition', annotations[runKeys.originalName]),
    ...fact('Run', `${namespace}/${name}`),
    ...fact('Repository', repositoryLine(run)),
    ...fact('Commit', commitLine(run)),
    ...placeRows(statusTargetOf(run), annotations[runKeys.branch]),
    ...fact('Triggered by', triggerText(annotations)),
    ...fact('Delivery', delivery === undefined ? undefined : deliveryLine(delivery)),
    ...fact('Cancelled by', state === 'cancelled' ? annotations[penstockKeys.cancelledBy] : undefined),
    ...fact('Superseded by', state === 'superseded' ? supersededLine(run) : undefined),
    ...fact('Queue', state === 'queued' ? annotations['penstock.dev/queue'] : undefined),
    ...fact('Started', startTime),
    ...fact('Took', durationText(startTime, completionTime)),
    ...fact('Context', statusTargetOf(run)?.context),
    ...fact('At the Git host', hostText(shown, name)),
  ];
}

function repositoryLine({ metadata: { annotations = {}, labels = {} } }: PipelineRun): Line {
  const name = annotations[runKeys.repository] ?? labels[runKeys.repository] ?? '';
  const url = annotations[runKeys.repoUrl];
  return url === undefined ? line(name) : [{ text: `${name}, ` }, { text: url, to: url }];
}

function commitLine(run: PipelineRun): Line {
  const { annotations = {} } = run.metadata;
  const sha = annotations[runKeys.sha] ?? statusTargetOf(run)?.sha ?? '';
  const title = annotations[runKeys.shaTitle];
  const url = annotations[runKeys.shaUrl];
  const commit: Piece = { text: sha, ...(url === undefined ? {} : { to: url }) };
  return [commit, ...(title === undefined || title === '' ? [] : [{ text: ` ${title}` }])];
}

/** Pull request, branch or tag of what a status is about. */
export function placeRows(
  target: StatusTarget | StatusReport | undefined,
  branch?: string,
): readonly { name: string; value: Line }[] {
  const number = target?.pullRequest?.number;
  const ref = target?.ref ?? branch;
  return [
    ...fact('Pull request', number === undefined ? undefined : `#${number}`),
    ...fact(number === undefined ? 'Branch or tag' : 'Into', ref?.replace(/^refs\/(?:heads|tags)\//, '')),
  ];
}

function triggerText(annotations: Readonly<Record<string, string>>): string {
  const [event, sender] = [annotations[runKeys.eventType], annotations[runKeys.sender]];
  return [event, sender === undefined || sender === '' ? undefined : `by ${sender}`]
    .filter((word) => word !== undefined)
    .join(' ');
}

/** A Delivery, with a link to its page. */
export function deliveryLine(name: string): Line {
  return [{ text: name, to: { kind: 'delivery', name } }];
}

function supersededLine({ metadata: { namespace = '', annotations = {} } }: PipelineRun): Line {
  const name = annotations[penstockKeys.supersededBy] ?? 'a newer run';
  // Runs are named by what names can hold; commits and sentences are not.
  return /^[a-z0-9-]+-[0-9a-f]{10}$/.test(name) ? [{ text: name, to: { kind: 'run', namespace, name } }] : line(name);
}

/** What the host was seen to show: this attempt, another one, or nothing yet. */
function hostText(shown: CommitStatus | undefined, name: string): string {
  if (shown === undefined) return 'nothing is to be shown yet';
  const { spec } = shown;
  const which = spec.run?.name === name ? 'this attempt' : `attempt ${spec.attempt} (${spec.report.externalId})`;
  return `${which} is to be shown: ${acknowledgedText(shown)}`;
}

/** How far the host is with what it is to show. */
export function acknowledgedText(shown: CommitStatus): string {
  const { spec, status = {} } = shown;
  const { acknowledged, lastError = '', nextTryAt = 'soon' } = status;
  const seen = acknowledged && `${stateWords[acknowledged.state]}, seen there ${acknowledged.at}`;
  const before = seen === undefined ? '' : ` (before it: ${seen}, attempt ${acknowledged?.attempt})`;
  const wanted = stateWords[spec.report.state];
  switch (progressOf(shown)) {
    case 'told':
      return seen ?? 'the comment was made';
    case 'on-its-way':
      return `${wanted}, on its way${before}`;
    case 'failing':
      return `${wanted}, not taken so far: ${lastError}; next try ${nextTryAt}${before}`;
    case 'given-up':
      return `${wanted}, not taken, and given up: ${lastError}${before}`;
  }
}

function whySection(run: PipelineRun): readonly Section[] {
  const { message, reason } = succeededCondition(run.status) ?? {};
  if (message === undefined || message === '') return [];
  const title = reason === undefined ? 'Why' : `Why (${reason})`;
  return [{ title, blocks: [{ kind: 'verbatim', text: message }] }];
}

function taskSection({ run, taskRuns }: RunPageFacts): readonly Section[] {
  const lines = taskLines(run, taskRuns);
  if (lines.length === 0) return [];
  const failed = new Map(allFailedSteps(run, taskRuns).map((step) => [step.task, step]));
  const rows = lines.slice(0, tasksMax).map((task) => taskRow(task, failed.get(task.task)));
  const more = lines.length - tasksMax;
  const head = ['Task', 'Status', 'Duration', 'Failing step'];
  return [
    {
      title: 'Tasks',
      blocks: [
        { kind: 'table', head, rows },
        ...(more > 0 ? [{ kind: 'paragraph', line: line(`… and ${more} more`) } as const] : []),
      ],
    },
  ];
}

function taskRow({ name, status, spanMs }: TaskLine, failed: FailedStep | undefined): readonly Line[] {
  const step = failed === undefined ? '' : `${failed.step.name}, exit code ${failed.exitCode}`;
  return [line(name), line(status), line(spanMs === undefined ? '' : spanText(spanMs)), line(step)];
}

function logSections({ logs, noLogs }: RunPageFacts): readonly Section[] {
  if (noLogs !== undefined) {
    return [{ title: 'Logs', blocks: [{ kind: 'paragraph', line: line(`Not shown: ${noLogs}.`) }] }];
  }
  return logs.map(({ step, log }) => {
    const title = `End of the log of step ${step.step.name} of task ${step.task}`;
    if ('lines' in log) return { title, blocks: [{ kind: 'verbatim', text: log.lines || '(it is empty)' }] };
    return { title, blocks: [{ kind: 'paragraph', line: line(`Not available: ${log.unavailable}.`) }] };
  });
}

function attemptSection({ run, attempts, shown }: RunPageFacts): readonly Section[] {
  if (attempts.length < 2) return [];
  const newestFirst = [...attempts].sort((a, b) => runAttemptOf(b) - runAttemptOf(a)).slice(0, attemptsMax);
  const rows = newestFirst.map((attempt): readonly Line[] => {
    const { name = '', namespace = '', creationTimestamp = '' } = attempt.metadata;
    const to: DetailsPage = { kind: 'run', namespace, name };
    const own = name === run.metadata.name;
    const notes = [own ? 'this page' : '', shown?.spec.run?.name === name ? 'to be shown at the Git host' : ''];
    const number: Piece = { text: `${runAttemptOf(attempt)}: ${name}`, ...(own ? {} : { to }) };
    const state = line(stateWords[stateOfRun(attempt)]);
    return [[number], state, line(creationTimestamp), line(notes.filter(Boolean).join(', '))];
  });
  return [{ title: 'Attempts', blocks: [{ kind: 'table', head: ['Attempt', 'State', 'Made', ''], rows }] }];
}

function commandSection({ metadata: { name = '', namespace = '' } }: PipelineRun): Section {
  const text = [
    `penstock logs ${name} -n ${namespace} --follow`,
    `kubectl get pipelinerun ${name} -n ${namespace} -o yaml`,
    `kubectl describe pipelinerun ${name} -n ${namespace}`,
  ].join('\n');
  return { title: 'With access to the cluster', blocks: [{ kind: 'verbatim', text }] };
}

function durationText(from: string | undefined, to: string | undefined): string | undefined {
  const [startMs, endMs] = [fromRfc3339(from), fromRfc3339(to)];
  return startMs === undefined || endMs === undefined ? undefined : spanText(endMs - startMs);
}
