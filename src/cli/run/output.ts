import type { Diagnostic } from '../../yaml/diagnostic.ts';
import type { RunView } from '../progress/run-view.ts';
import type { LogLine } from './step-logs.ts';

/** What a person or a program reads of a run, in one of the three forms. */
export interface RunOutput {
  /** Whether {@link log} wants the lines of every step while they run. */
  readonly wantsLogs: boolean;
  /** Something about the input or the machine that is worth knowing. */
  notice(text: string): void;
  warning(diagnostic: Diagnostic): void;
  /** The views of all runs, at each change. `isReading`: more lines of this task are going to come. */
  update(views: readonly RunView[], isReading: (run: string, task: string) => boolean): void;
  log(line: LogLine): void;
  /** The log of a step that failed, when the lines have not gone through {@link log}. */
  failedStep(step: FailedStep): void;
  /** The last word: everything is over. */
  finish(views: readonly RunView[], exitCode: number): void;
}

/** The log of a failing step, or its end when it is long. */
export interface FailedStep {
  readonly run: string;
  readonly task: string;
  readonly step: string;
  readonly exitCode?: number;
  readonly reason?: string;
  readonly lines: readonly string[];
  /** Whether earlier lines were left out. */
  readonly cut: boolean;
}
