/** `npm run conformance -- [--runtime process] [--only TEXT]`: the Tekton examples, each in a `penstock run` of its own. */
import { spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { type CorpusEntry, findCorpus, readIndex } from './corpus.ts';
import { type Judgement, type Trial, type TrialLine, judge } from './judge.ts';

/** The longest one example may take, as Penstock's own limit and as the limit of the process, in milliseconds. */
const runTimeout = '2m';
const trialMsMax = 180_000;
/** How many of the examples have to succeed. */
const passedMin = 55;

interface Result {
  readonly entry: CorpusEntry;
  readonly judgement: Judgement;
  readonly ms: number;
}

const root = fileURLToPath(new URL('../..', import.meta.url));
const { values } = parseArgs({
  options: { runtime: { type: 'string', default: 'process' }, only: { type: 'string', default: '' } },
});
const corpus = findCorpus(root);
if (corpus === undefined) console.log('conformance: skipped, there is no corpus beside the repository');
else process.exitCode = await conform(corpus);

async function conform(folder: string): Promise<number> {
  const entries = readIndex(folder).filter((entry) => entry.path.includes(values.only));
  const inScope = entries.filter((entry) => entry.shellOnly !== 'no');
  const results = await tryAll(inScope, folder);
  for (const entry of entries.filter((candidate) => candidate.shellOnly === 'no')) {
    console.log(`other   ${entry.path}  (${entry.needs || entry.features})`);
  }
  return summarise(results, entries.length - inScope.length);
}

async function tryAll(entries: readonly CorpusEntry[], folder: string): Promise<readonly Result[]> {
  const queue = [...entries];
  const results: Result[] = [];
  const worker = async (): Promise<void> => {
    for (let entry = queue.shift(); entry; entry = queue.shift()) {
      const startMs = performance.now();
      const judgement = judge(entry, await attempt(join(folder, entry.path)));
      const result = { entry, judgement, ms: performance.now() - startMs };
      results.push(result);
      console.log(lineOf(result));
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, worker));
  return results;
}

function attempt(file: string): Promise<Trial> {
  const words = ['run', file, '--runtime', values.runtime, '--output', 'json', '--timeout', runTimeout];
  const child = spawn(process.execPath, [join(root, 'bin', 'penstock.js'), ...words], { timeout: trialMsMax });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (exitCode) => resolve({ exitCode, lines: parseLines(stdout), stderr }));
  });
}

function parseLines(text: string): readonly TrialLine[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as TrialLine);
}

function lineOf({ entry, judgement, ms }: Result): string {
  const time = `${(ms / 1000).toFixed(1)}s`;
  if (judgement.verdict === 'passed') return `passed  ${entry.path}  ${time}`;
  if (judgement.verdict === 'waits') return `waits   ${entry.path}  (${judgement.feature})`;
  return `FAILED  ${entry.path}  ${judgement.why}`;
}

function summarise(results: readonly Result[], others: number): number {
  const count = (verdict: Judgement['verdict']): number =>
    results.filter(({ judgement }) => judgement.verdict === verdict).length;
  const waiting = results.flatMap(({ judgement }) => (judgement.verdict === 'waits' ? [judgement.feature] : []));
  for (const feature of [...new Set(waiting)].sort()) {
    console.log(`waiting for ${feature}: ${waiting.filter((other) => other === feature).length}`);
  }
  const [passed, failed] = [count('passed'), count('failed')];
  console.log(`${others} need more than a shell`);
  const tooFew = values.only === '' && passed < passedMin;
  if (tooFew) console.log(`only ${passed} of the examples succeed; at least ${passedMin} have to`);
  console.log(`conformance: ${passed} passed, ${failed} failed, ${waiting.length} waiting`);
  return failed > 0 || tooFew ? 1 : 0;
}
