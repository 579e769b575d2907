/** Runs one test file in a process of its own. */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { FileRun, TestRecord } from './tally.ts';

export interface RunOptions {
  readonly root: string;
  /** Folder for the records of the run. */
  readonly scratch: string;
  readonly timeoutMs: number;
  /** What the cases of properties are drawn from; undefined: of others each time. */
  readonly seed?: number;
}

const seededProperties = new URL('seeded-properties.ts', import.meta.url).href;
/**
 * What the programs under test would heed: the machine's proxy (tests reach this machine only), the repository and the
 * cluster that somebody works with (a Git hook that runs the tests names its own), where traces go, and colours.
 */
const foreign = /^(?:https?_proxy|all_proxy|no_proxy|git_.*|otel_.*|kubeconfig|force_color|no_color)$/i;

const reporter = new URL('event-reporter.ts', import.meta.url).href;

/** Never rejects because of what the file does. A file that hangs is killed with every process it started. */
export async function runTestFile(file: string, options: RunOptions): Promise<FileRun> {
  const recordsPath = join(options.scratch, `${basename(file)}-${crypto.randomUUID()}`);
  const reporting = [`--test-reporter=${reporter}`, `--test-reporter-destination=${recordsPath}`];
  // A process group of its own, so that children of the tests can be killed with it.
  const seeding = options.seed !== undefined && checksProperties(file) ? ['--import', seededProperties] : [];
  const child = spawn(process.execPath, [...reporting, ...seeding, file], {
    cwd: options.root,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: testEnvironment(options),
  });
  const killGroup = (): void => killQuietly(child.pid);
  process.once('exit', killGroup);
  const output: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => output.push(text));
  }
  let timedOut = false;
  const timer = setTimeout(() => {
    timedOut = true;
    killGroup();
  }, options.timeoutMs);
  const ending = await new Promise<{ code: number | null; signal: string | null }>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ code, signal }));
  });
  clearTimeout(timer);
  process.off('exit', killGroup);
  return { file, records: recordsIn(recordsPath), output: output.join(''), ending: timedOut ? 'timeout' : ending };
}

/** Compiled code is kept between runs: most of a small file's time would be the stripping of types. */
function testEnvironment({ root, seed }: RunOptions): NodeJS.ProcessEnv {
  // Without these two a run of tests inside a test works as well.
  const { NODE_TEST_CONTEXT: _context, NODE_TEST_WORKER_ID: _worker, ...env } = process.env;
  const own = Object.fromEntries(Object.entries(env).filter(([name]) => !foreign.test(name)));
  return { NODE_COMPILE_CACHE: join(root, 'node_modules', '.cache', 'compiled'), ...own, TEST_SEED: String(seed) };
}

/** Whether it does so itself, or by way of what several of them share. */
function checksProperties(file: string): boolean {
  return /from '(?:fast-check|.*\/store-histories\.ts)'/.test(readFileSync(file, 'utf8'));
}

/** The records are lines that this program's own reporter wrote; the last may be cut off when the process was killed. */
function recordsIn(path: string): readonly TestRecord[] {
  if (!existsSync(path)) return [];
  const lines = readFileSync(path, 'utf8').split('\n').slice(0, -1);
  return lines.map((line) => JSON.parse(line) as TestRecord);
}

function killQuietly(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error; // it had just ended
  }
}
