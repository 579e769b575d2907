import type { Clock } from '../../base/clock.ts';
import { type Diagnostic, formatDiagnostic } from '../../yaml/diagnostic.ts';
import type { Screen } from '../environment.ts';
import { LiveRegion } from '../progress/live-region.ts';
import type { RunView } from '../progress/run-view.ts';
import { type Paint, paintFor } from '../progress/style.ts';
import { renderSummary } from '../progress/summary.ts';
import { renderTree } from '../progress/tree.ts';
import type { FailedStep, RunOutput } from './output.ts';

/** A tree that lives while the runs do; where the screen cannot be drawn again, only its last state. */
export class TreeOutput implements RunOutput {
  readonly wantsLogs = false;
  readonly #screen: Screen;
  readonly #paint: Paint;
  readonly #region: LiveRegion;
  #views: readonly RunView[] = [];
  #finished = false;

  constructor(screen: Screen, clock: Clock) {
    this.#screen = screen;
    this.#paint = paintFor(screen.colour);
    this.#region = new LiveRegion(screen, clock, () =>
      this.#views.flatMap((view) => renderTree(view, { nowMs: clock.now(), paint: this.#paint })),
    );
  }

  notice(text: string): void {
    this.#tell(`${this.#paint('yellow', 'note:')} ${text}\n`);
  }

  warning(diagnostic: Diagnostic): void {
    this.#tell(`${this.#paint('yellow', 'warning:')} ${formatDiagnostic(diagnostic)}\n`);
  }

  update(views: readonly RunView[]): void {
    this.#views = views;
    if (this.#screen.live && !this.#finished) this.#region.refresh();
  }

  log(): void {
    // The tree has no place for lines; those of failing steps come through failedStep.
  }

  failedStep(step: FailedStep): void {
    this.#close();
    this.#screen.write(`${failedStepLines(step, this.#paint).join('\n')}\n`);
  }

  finish(views: readonly RunView[]): void {
    this.#close();
    for (const view of views) this.#screen.write(`\n${renderSummary(view, this.#paint).join('\n')}\n`);
  }

  #tell(text: string): void {
    this.#region.interject(() => this.#screen.writeError(text));
  }

  #close(): void {
    if (this.#finished) return;
    this.#finished = true;
    if (this.#screen.live) this.#region.finish();
    else {
      const options = { nowMs: 0, paint: this.#paint };
      this.#screen.write(`${this.#views.flatMap((view) => renderTree(view, options)).join('\n')}\n`);
    }
  }
}

function failedStepLines(step: FailedStep, paint: Paint): readonly string[] {
  const exit = step.exitCode === undefined ? '' : ` (exit ${step.exitCode})`;
  const head = `\n${paint('bold', `── ${step.task} / ${step.step}`)}${paint('red', exit)}`;
  const cut = step.cut ? [paint('gray', '   … earlier lines left out; --output plain shows all')] : [];
  const lines = step.lines.length > 0 ? step.lines.map((line) => `   ${line}`) : [paint('gray', '   (wrote nothing)')];
  return [head, ...cut, ...lines];
}
