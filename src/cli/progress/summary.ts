import { type Paint, formatSpan, symbolOf } from './style.ts';
import { type RunView, type TaskView, isOver } from './run-view.ts';

/** The end of a run in words: its verdict with reason and message, then each task that did not succeed. */
export function renderSummary(view: RunView, paint: Paint): readonly string[] {
  const verdict = isOver(view.phase) ? view.phase : 'not over';
  const because = view.reason && view.reason.toLowerCase() !== view.phase ? ` (${view.reason})` : '';
  const span =
    view.startMs === undefined || view.endMs === undefined ? '' : ` in ${formatSpan(view.endMs - view.startMs)}`;
  const head = `${symbolOf(view.phase, paint)} ${view.kind} ${paint('bold', view.name)} ${verdict}${because}${span}`;
  const message = view.message ? [`  ${view.message}`] : [];
  return [head, ...message, ...view.tasks.filter(isNoteworthy).map((task) => taskLine(task, paint))];
}

function isNoteworthy(task: TaskView): boolean {
  return task.phase === 'failed' || task.phase === 'lost' || task.phase === 'cancelled';
}

function taskLine(task: TaskView, paint: Paint): string {
  const reason = task.reason ? ` (${task.reason})` : '';
  return `  ${symbolOf(task.phase, paint)} ${task.name} ${task.phase}${reason}${task.message ? `: ${task.message}` : ''}`;
}
