import { type Diagnostic, formatDiagnostic } from '../../yaml/diagnostic.ts';
import type { Screen } from '../environment.ts';
import { type RunView, type TaskView, isOver } from '../progress/run-view.ts';
import { type Paint, formatSpan, paintFor } from '../progress/style.ts';
import { renderSummary } from '../progress/summary.ts';
import type { RunOutput } from './output.ts';
import type { LogLine } from './step-logs.ts';

/** Lines that say whose they are, for logs and for people who read afterwards. */
export class PlainOutput implements RunOutput {
  readonly wantsLogs = true;
  readonly #screen: Screen;
  readonly #paint: Paint;
  readonly #told = new Map<string, string>();
  #several = false;

  constructor(screen: Screen) {
    this.#screen = screen;
    this.#paint = paintFor(screen.colour);
  }

  notice(text: string): void {
    this.#screen.writeError(`note: ${text}\n`);
  }

  warning(diagnostic: Diagnostic): void {
    this.#screen.writeError(`warning: ${formatDiagnostic(diagnostic)}\n`);
  }

  update(views: readonly RunView[], isReading: (run: string, task: string) => boolean): void {
    this.#several = views.length > 1;
    for (const view of views) {
      this.#tell(view.name, view.phase, () =>
        isOver(view.phase) ? undefined : `${view.kind} ${view.name} ${view.phase}`,
      );
      for (const task of view.tasks) {
        // That it is over is said after its last line.
        if (isOver(task.phase) && isReading(view.name, task.name)) continue;
        this.#tell(`${view.name}/${task.name}`, task.phase, () => {
          return task.phase === 'waiting' ? undefined : `${this.#prefix(view.name, task.name)} ${describe(task)}`;
        });
      }
    }
  }

  log(line: LogLine): void {
    this.#screen.write(`${this.#prefix(line.run, `${line.task} : ${line.step}`)} ${line.text}\n`);
  }

  failedStep(): void {
    // Its lines have been written as they came.
  }

  finish(views: readonly RunView[]): void {
    for (const view of views) this.#screen.write(`${renderSummary(view, this.#paint).join('\n')}\n`);
  }

  #prefix(run: string, rest: string): string {
    return this.#paint('cyan', this.#several ? `[${run} : ${rest}]` : `[${rest}]`);
  }

  #tell(key: string, state: string, text: () => string | undefined): void {
    if (this.#told.get(key) === state) return;
    this.#told.set(key, state);
    const line = text();
    if (line !== undefined) this.#screen.write(`${line}\n`);
  }
}

function describe(task: TaskView): string {
  const span =
    task.startMs === undefined || task.endMs === undefined ? '' : ` in ${formatSpan(task.endMs - task.startMs)}`;
  const note = task.reason && task.phase !== 'running' && task.phase !== 'succeeded' ? ` (${task.reason})` : '';
  return `${task.phase}${note}${span}`;
}
