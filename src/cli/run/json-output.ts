import type { Clock } from '../../base/clock.ts';
import type { UserError } from '../../base/errors.ts';
import type { JsonObject } from '../../base/json.ts';
import type { Diagnostic } from '../../yaml/diagnostic.ts';
import type { Screen } from '../environment.ts';
import type { Phase, RunView } from '../progress/run-view.ts';
import type { RunOutput } from './output.ts';
import type { LogLine } from './step-logs.ts';

/**
 * One JSON object a line, each with `type` and `time` (RFC 3339, milliseconds):
 * `run`, `task`, `step` at each change of phase; `log` for each line of a step; `notice`, `warning`, `error`; at the
 * end one `summary` with the exit code.
 */
export class JsonOutput implements RunOutput {
  readonly wantsLogs = true;
  readonly #screen: Screen;
  readonly #clock: Clock;
  readonly #told = new Map<string, string>();

  constructor(screen: Screen, clock: Clock) {
    this.#screen = screen;
    this.#clock = clock;
  }

  notice(message: string): void {
    this.#line('notice', { message });
  }

  warning(diagnostic: Diagnostic): void {
    this.#line('warning', diagnosticMembers(diagnostic));
  }

  /** A complaint about the input. */
  error(diagnostic: Diagnostic): void {
    this.#line('error', diagnosticMembers(diagnostic));
  }

  /** A complaint about the command, or about something that is not in a file. */
  refusal({ code, message, remedy }: UserError): void {
    this.#line('error', { code, message, ...(remedy === undefined ? {} : { remedy }) });
  }

  update(views: readonly RunView[]): void {
    for (const view of views) {
      const run = view.name;
      const { tasks, ...own } = view;
      this.#change('run', run, { ...own });
      for (const { steps, ...task } of tasks) {
        this.#change('task', `${run}/${task.name}`, { run, ...task });
        for (const step of steps) {
          this.#change('step', `${run}/${task.podName}/${step.container}`, { run, task: task.name, ...step });
        }
      }
    }
  }

  log(line: LogLine): void {
    this.#line('log', { ...line });
  }

  failedStep(): void {
    // Its lines have been written as they came.
  }

  finish(views: readonly RunView[], exitCode: number): void {
    const runs = views.map(({ kind, namespace, name, phase, reason = '', message = '' }) => {
      return { kind, namespace, name, phase, reason, message };
    });
    this.#line('summary', { exitCode, runs });
  }

  #change(type: string, key: string, members: JsonObject & { readonly phase: Phase }): void {
    if (this.#told.get(`${type}/${key}`) === members.phase) return;
    this.#told.set(`${type}/${key}`, members.phase);
    this.#line(type, members);
  }

  #line(type: string, members: JsonObject): void {
    const time = new Date(this.#clock.now()).toISOString();
    this.#screen.write(`${JSON.stringify({ type, time, ...members })}\n`);
  }
}

function diagnosticMembers({ code, message, file, position, field }: Diagnostic): JsonObject {
  return {
    code,
    message,
    file,
    ...(position ? { line: position.line, column: position.column } : {}),
    ...(field ? { field } : {}),
  };
}
