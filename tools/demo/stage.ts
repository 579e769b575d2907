/** Where the demo plays: a folder, and the commands that run in it, shown as one would type them. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, openSync, closeSync, readFileSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

/** What starts Penstock. */
export const launcher: string = join(import.meta.dirname, '..', '..', 'bin', 'penstock.js');
const pollMs = 50;
/** How long the server may take to be ready, and to end. */
const readyMsMax = 60_000;
const endMsMax = 15_000;

/** How a command ended, and what it wrote when that was asked for. */
export interface Finished {
  readonly code: number;
  readonly output: string;
}

/** The end of the demo before its end. */
export class StoppedError extends Error {
  override readonly name = 'StoppedError';
}

export class Stage {
  readonly folder: string = mkdtempSync(join(tmpdir(), 'penstock-demo-'));
  readonly #signal: AbortSignal;
  /** Each is the first of a process group of its own, so that all it started can be ended with it. */
  readonly #groups = new Set<number>();
  #server: ChildProcess | undefined;

  constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  path(...names: readonly string[]): string {
    return join(this.folder, ...names);
  }

  /** Shows a line as typed at a prompt. */
  show(line: string): void {
    console.log(`\n$ ${line}`);
  }

  /** Shows a command and runs it in `directory`; what it writes is seen. Any end but 0 is an error unless `codes` has it. */
  async run(words: readonly string[], directory = '.', codes: readonly number[] = [0]): Promise<number> {
    this.show(words.map(quoted).join(' '));
    const { code } = await this.#finish(this.#start(words, directory, 'inherit'));
    if (!codes.includes(code)) throw new Error(`${words.join(' ')} ended with ${code}`);
    return code;
  }

  /** Runs a command without showing it; resolves to what it wrote. */
  async read(words: readonly string[], directory = '.'): Promise<Finished> {
    return this.#finish(this.#start(words, directory, 'pipe'));
  }

  /** Starts `penstock serve`; resolves once it is ready, with what it has said. */
  async serve(): Promise<string> {
    const words = ['penstock', 'serve', '--port', '0'];
    this.show(`${words.join(' ')} &`);
    const log = openSync(this.path('serve.log'), 'w');
    this.#server = this.#start(words, '.', log);
    closeSync(log);
    for (let waitedMs = 0; !existsSync(this.path('penstock-data', 'kubeconfig')); waitedMs += pollMs) {
      const said = readFileSync(this.path('serve.log'), 'utf8');
      if (this.#server.exitCode !== null) throw new Error(`penstock serve ended: ${said}`);
      if (waitedMs > readyMsMax) throw new Error(`penstock serve does not become ready: ${said}`);
      await this.#pause();
    }
    return readFileSync(this.path('serve.log'), 'utf8').trimEnd();
  }

  /** Lets the server run on after this process; resolves to its process id. */
  leave(): number {
    this.#server?.unref();
    return this.#server?.pid ?? 0;
  }

  /** Ends all that runs here and removes the folder. */
  async clear(): Promise<void> {
    for (const group of this.#groups) signalGroup(group, 'SIGTERM');
    for (let waitedMs = 0; [...this.#groups].some(isThere) && waitedMs < endMsMax; waitedMs += pollMs)
      await wait(pollMs);
    for (const group of this.#groups) signalGroup(group, 'SIGKILL');
    while ([...this.#groups].some(isThere)) await wait(pollMs);
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }

  #start(words: readonly string[], directory: string, output: 'inherit' | 'pipe' | number): ChildProcess {
    if (this.#signal.aborted) throw new StoppedError('stopped');
    const [program = '', ...rest] = words[0] === 'penstock' ? [process.execPath, launcher, ...words.slice(1)] : words;
    const errors = output === 'pipe' ? 'inherit' : output;
    const child = spawn(program, rest, {
      cwd: this.path(directory),
      env: this.#environment(),
      stdio: ['ignore', output, errors],
      detached: true,
    });
    if (child.pid !== undefined) this.#groups.add(child.pid);
    return child;
  }

  /** Nothing of the person's own configuration of git or Penstock: the demo is the same everywhere. */
  #environment(): NodeJS.ProcessEnv {
    const { PATH, TERM, LANG, NO_COLOR, FORCE_COLOR, TMPDIR, XDG_CACHE_HOME } = process.env;
    return {
      ...Object.fromEntries(
        Object.entries({ PATH, TERM, LANG, NO_COLOR, FORCE_COLOR, TMPDIR }).filter(([, value]) => value),
      ),
      XDG_CACHE_HOME: XDG_CACHE_HOME || join(homedir(), '.cache'),
      HOME: this.folder,
      GIT_CONFIG_NOSYSTEM: '1',
      KUBECONFIG: this.path('penstock-data', 'kubeconfig'),
    };
  }

  #finish(child: ChildProcess): Promise<Finished> {
    return new Promise((resolve, reject) => {
      let output = '';
      child.stdout?.setEncoding('utf8').on('data', (text: string) => (output += text));
      const onAbort = (): void => reject(new StoppedError('stopped'));
      this.#signal.addEventListener('abort', onAbort, { once: true });
      child.on('error', reject);
      child.on('close', (code) => {
        this.#signal.removeEventListener('abort', onAbort);
        resolve({ code: code ?? -1, output });
      });
    });
  }

  async #pause(): Promise<void> {
    if (this.#signal.aborted) throw new StoppedError('stopped');
    await wait(pollMs);
  }
}

function quoted(word: string): string {
  return /^[\w./:=@,+-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

function signalGroup(group: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-group, signal);
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code !== 'ESRCH') throw thrown;
  }
}

/** Whether a process group has anybody in it. */
function isThere(group: number): boolean {
  try {
    process.kill(-group, 0);
    return true;
  } catch {
    return false;
  }
}
