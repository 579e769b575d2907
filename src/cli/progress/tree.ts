import { type Paint, formatSpan, symbolOf } from './style.ts';
import { isOver, type RunView, type StepView, type TaskView } from './run-view.ts';

/** What the tree needs besides the view. */
export interface TreeOptions {
  readonly nowMs: number;
  readonly paint: Paint;
}

/**
 * The tree of a run as lines: the run, its tasks, and the steps of tasks that run or failed. Pure, so what a terminal
 * shows can be tested without one.
 */
export function renderTree(view: RunView, options: TreeOptions): readonly string[] {
  const { paint } = options;
  const title = `${symbolOf(view.phase, paint)} ${paint('bold', `${view.kind} ${view.name}`)}`;
  const lines = [withSpan(title, view, options)];
  const width = Math.max(0, ...view.tasks.map((task) => task.name.length));
  view.tasks.forEach((task, index) => {
    lines.push(...taskLines(task, width, index === view.tasks.length - 1, options));
  });
  return lines;
}

function taskLines(task: TaskView, width: number, last: boolean, options: TreeOptions): readonly string[] {
  const { paint } = options;
  const branch = paint('gray', last ? '└─ ' : '├─ ');
  const head = `${branch}${symbolOf(task.phase, paint)} ${task.name.padEnd(width)}`;
  const note = noteOf(task);
  const lines = [withSpan(head, task, options) + (note ? ` ${paint('gray', note)}` : '')];
  if (!showsSteps(task)) return lines;
  const stem = paint('gray', last ? '   ' : '│  ');
  task.steps.forEach((step, index) => {
    const twig = paint('gray', index === task.steps.length - 1 ? '└─ ' : '├─ ');
    lines.push(
      withSpan(`${stem}${twig}${symbolOf(step.phase, paint)} ${step.name}`, step, options) + exitNote(step, paint),
    );
  });
  return lines;
}

function showsSteps(task: TaskView): boolean {
  const eventful = task.phase === 'running' || task.phase === 'failed' || task.phase === 'lost';
  return eventful && task.steps.length > 0;
}

function noteOf(task: TaskView): string {
  if (task.phase === 'skipped') return task.reason ?? 'skipped';
  if (task.phase === 'failed' || task.phase === 'lost' || task.phase === 'cancelled') return task.reason ?? '';
  return task.finally && task.phase === 'waiting' ? '(finally)' : '';
}

function exitNote(step: StepView, paint: Paint): string {
  return step.exitCode ? paint('gray', ` exit ${step.exitCode}`) : '';
}

function withSpan(
  text: string,
  timed: { readonly phase: RunView['phase']; readonly startMs?: number; readonly endMs?: number },
  options: TreeOptions,
): string {
  if (timed.startMs === undefined) return text;
  const endMs = timed.endMs ?? (isOver(timed.phase) ? undefined : options.nowMs);
  return endMs === undefined ? text : `${text} ${options.paint('gray', formatSpan(endMs - timed.startMs))}`;
}
