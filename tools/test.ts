/**
 * `npm test [-- [--slow] [--root FOLDER] [--timeout SECONDS] [--seed NUMBER|none] [WORD…]]`: runs the test files, each in a
 * process of its own, as many at a time as there are cores. A word picks the files whose path holds it. Properties are checked
 * on the same cases in every run, so that a run of somebody else's finds what this one found; `--seed none` draws others.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { findTestFiles } from './testing/find-test-files.ts';
import { reportLines } from './testing/report.ts';
import { runTestFile } from './testing/run-file.ts';
import { Tally, type FileRun } from './testing/tally.ts';

/** No file of the ordinary run takes nearly as long, on a machine that is many times slower; one that hangs must not hang the run. */
const fileTimeoutSecondsDefault = 240;
const seedDefault = 20_261_121;

const { values, positionals } = parseArgs({
  options: {
    slow: { type: 'boolean', default: false },
    root: { type: 'string' },
    timeout: { type: 'string', default: String(fileTimeoutSecondsDefault) },
    seed: { type: 'string', default: String(seedDefault) },
  },
  allowPositionals: true,
});
const root = resolve(values.root ?? join(import.meta.dirname, '..'));
const { chosen, slow } = findTestFiles(root, positionals, values.slow);
process.exitCode = await runFiles(chosen);

async function runFiles(files: readonly string[]): Promise<number> {
  if (files.length === 0) {
    console.error(`no test file under ${root} has a path with: ${positionals.join(', ')}`);
    return 2;
  }
  const scratch = mkdtempSync(join(tmpdir(), 'tests-'));
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(130));
  process.once('exit', () => rmSync(scratch, { recursive: true, force: true }));
  const startMs = performance.now();
  const timeoutMs = Number(values.timeout) * 1000;
  const seeding = values.seed === 'none' ? {} : { seed: Number(values.seed) };
  const runs = await inParallel(files, (file) => runTestFile(file, { root, scratch, timeoutMs, ...seeding }));
  const tally = new Tally();
  for (const run of runs) tally.add(run);
  const seconds = (performance.now() - startMs) / 1000;
  for (const line of reportLines(tally, { root, seconds, runs, slow })) console.log(line);
  return tally.failures.length === 0 ? 0 : 1;
}

/** Keeps every core busy; the results are in the order of `files`. */
async function inParallel(
  files: readonly string[],
  runOne: (file: string) => Promise<FileRun>,
): Promise<readonly FileRun[]> {
  const runs: FileRun[] = [];
  const waiting = files.entries();
  async function work(): Promise<void> {
    for (const [index, file] of waiting) runs[index] = await runOne(file);
  }
  await Promise.all(Array.from({ length: availableParallelism() }, work));
  return runs;
}
