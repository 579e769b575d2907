import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { setTimeout as wait } from 'node:timers/promises';
import type { MeasuredFigures, MeasuredOptions } from './measured-penstock.ts';

/** Nothing new for so long means that nothing comes any more, in milliseconds. */
const patienceMs = 30_000;
const pollMs = 250;

/** A {@link MeasuredPenstock} in a process of its own, which `program` serves when it is given `--penstock OPTIONS`. */
export class OtherPenstock implements AsyncDisposable {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  readonly #lines: AsyncIterator<string>;
  port = 0;

  private constructor(program: string, options: MeasuredOptions) {
    const words = [program, '--penstock', JSON.stringify(options)];
    this.#child = spawn(process.execPath, words, { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  static async start(program: string, options: MeasuredOptions): Promise<OtherPenstock> {
    const other = new OtherPenstock(program, options);
    other.port = Number(await other.#line());
    return other;
  }

  /** Figures once `runs` runs have ended, or nothing happens any more. */
  async settled(runs: number, skipped: number): Promise<MeasuredFigures> {
    let last = await this.#figures(skipped);
    for (let idleMs = 0; last.ended < runs && idleMs < patienceMs; idleMs += pollMs) {
      await wait(pollMs);
      const now = await this.#figures(skipped);
      if (now.ended !== last.ended || now.runs !== last.runs) idleMs = 0;
      last = now;
    }
    return last;
  }

  async #figures(skipped: number): Promise<MeasuredFigures> {
    this.#child.stdin.write(`${skipped}\n`);
    return JSON.parse(await this.#line()) as MeasuredFigures;
  }

  async #line(): Promise<string> {
    const next = await this.#lines.next();
    if (next.done === true) throw new Error('Penstock has ended');
    return next.value;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = once(this.#child, 'exit');
    this.#child.stdin.end();
    await ended;
  }
}
