import type { LogFields, Logger } from './logger.ts';
import { redact } from './redact.ts';

/** How many lines a {@link MemoryLogger} keeps; older ones are forgotten. */
const linesMax = 10_000;

/** One line as it was logged; fields of the logger and of the line together, secrets replaced. */
export interface LogLine {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly message: string;
  readonly fields: LogFields;
}

/** Keeps lines for tests and for reports of a failed simulation. Children write to the same list. */
export class MemoryLogger implements Logger {
  readonly lines: LogLine[];
  readonly #fields: LogFields;

  constructor(lines: LogLine[] = [], fields: LogFields = {}) {
    this.lines = lines;
    this.#fields = fields;
  }

  debug(message: string, fields?: LogFields): void {
    this.#add('debug', message, fields);
  }

  info(message: string, fields?: LogFields): void {
    this.#add('info', message, fields);
  }

  warn(message: string, fields?: LogFields): void {
    this.#add('warn', message, fields);
  }

  error(message: string, fields?: LogFields): void {
    this.#add('error', message, fields);
  }

  child(fields: LogFields): MemoryLogger {
    return new MemoryLogger(this.lines, { ...this.#fields, ...fields });
  }

  /** The messages of one level, oldest first. */
  messages(level: LogLine['level']): string[] {
    return this.lines.filter((line) => line.level === level).map((line) => line.message);
  }

  #add(level: LogLine['level'], message: string, fields: LogFields = {}): void {
    this.lines.push({ level, message, fields: redact({ ...this.#fields, ...fields }) as LogFields });
    if (this.lines.length > linesMax) this.lines.shift();
  }
}
