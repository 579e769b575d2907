/** The real `penstock`, started through its launcher as a person starts it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { processesGone } from './processes.ts';
import { waitFor } from './wait-until.ts';

/** The program that a person starts. */
export const launcher: string = new URL('../../bin/penstock.js', import.meta.url).pathname;

/** How a process ended, and what it said. */
export interface Ending {
  /** Absent when a signal ended it. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface PenstockOptions {
  readonly stdin?: string;
  /** Runs it in a pseudo terminal of `script`, whose output is all in `stdout`. */
  readonly terminal?: boolean;
  readonly environment?: Readonly<Record<string, string>>;
}

/** A folder of its own to work in, with a folder for temporary files whose leftovers can be seen. */
export class Workplace implements AsyncDisposable {
  readonly folder: string = mkdtempSync(join(tmpdir(), 'penstock-e2e-'));
  readonly temporary: string = join(this.folder, 'tmp');
  readonly #started: PenstockProcess[] = [];

  constructor() {
    mkdirSync(this.temporary);
  }

  /** The path of a file here. */
  path(name: string): string {
    return join(this.folder, name);
  }

  /** Writes a file here, with the folders above it; resolves to its path. */
  write(name: string, content: string | Uint8Array): string {
    const path = this.path(name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
    return path;
  }

  /** What Penstock has left in the folder for temporary files. */
  leftovers(): readonly string[] {
    return readdirSync(this.temporary);
  }

  /** Starts `penstock ARGS` here. */
  start(args: readonly string[], { stdin, terminal, environment }: PenstockOptions = {}): PenstockProcess {
    const words = [process.execPath, launcher, ...args];
    const [program = '', ...rest] = terminal ? inTerminal(words) : words;
    const child = spawn(program, rest, {
      cwd: this.folder,
      stdio: 'pipe',
      env: { ...ownEnvironment(), TMPDIR: this.temporary, ...environment },
    });
    child.stdin.on('error', () => undefined); // A program that ends without reading its input is no fault of the test.
    if (terminal) child.stdin.write(stdin ?? '');
    else child.stdin.end(stdin);
    const started = new PenstockProcess(child);
    this.#started.push(started);
    return started;
  }

  /** Runs `penstock ARGS` to its end. */
  run(args: readonly string[], options?: PenstockOptions): Promise<Ending> {
    return this.start(args, options).ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const started of this.#started) await started.kill();
    // Steps carry the folder in the arguments of their sandbox; they end with the process that started them.
    await processesGone(this.temporary);
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** Why tests with a terminal are skipped; false where there is `script`. */
export const noTerminal: string | false = existsSync('/usr/bin/script') ? false : 'no /usr/bin/script';

function inTerminal(words: readonly string[]): readonly string[] {
  const quoted = words.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(' ');
  return ['/usr/bin/script', '--quiet', '--return', '--command', quoted, '/dev/null'];
}

function ownEnvironment(): NodeJS.ProcessEnv {
  const { NODE_TEST_CONTEXT: _context, NO_COLOR: _noColour, FORCE_COLOR: _colour, ...environment } = process.env;
  return { ...environment, TERM: 'xterm' };
}

/** A `penstock` that runs. */
export class PenstockProcess {
  readonly #child: ChildProcess;
  /** Who waits for its next words, or its end. */
  readonly #waiting: (() => void)[] = [];
  #over = false;
  stdout = '';
  stderr = '';
  readonly ended: Promise<Ending>;

  constructor(child: ChildProcess) {
    this.#child = child;
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.stdout += text;
      this.#tellChange();
    });
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text;
      this.#tellChange();
    });
    this.ended = new Promise((resolve, reject) => {
      child.on('error', reject);
      child.on('close', (code, signal) => {
        this.#over = true;
        resolve({ code, signal, stdout: this.stdout, stderr: this.stderr });
        this.#tellChange();
      });
    });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Resolves once what it has written to standard output or error matches; rejects when it ends before, or says nothing more. */
  async until(pattern: RegExp): Promise<void> {
    const seen = (): unknown => ({ stdout: this.stdout, stderr: this.stderr });
    await waitFor(`penstock says ${pattern}`, this.#said(pattern), { seen });
  }

  async #said(pattern: RegExp): Promise<void> {
    while (!pattern.test(this.stdout) && !pattern.test(this.stderr)) {
      if (this.#over) throw new Error(`penstock ended without ${pattern}:\n${this.stdout}\n${this.stderr}`);
      await new Promise<void>((resolve) => void this.#waiting.push(resolve));
    }
  }

  #tellChange(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  /** What a person types into its terminal. */
  type(text: string): void {
    this.#child.stdin?.write(text);
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Ends it as a crash would: without a chance to do anything. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.ended;
  }
}
