/**
 * `npm run demo [-- --keep]`: a push to a Git repository, its pipeline, its status, on this machine alone. Ends with 0 only
 * if the three commits got the statuses they must get.
 */
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { notedStates } from './demo/noted-states.ts';
import { Stage, StoppedError, launcher } from './demo/stage.ts';

const sample = join(import.meta.dirname, '..', 'examples', 'demo');
const context = 'Pipelines as Code CI / check / main';
const interruptedCode = 130;
const wrongUsageCode = 2;
const bare = 'shop.git';
const work = 'shop';

process.exitCode = await main();

async function main(): Promise<number> {
  const keep = readFlags();
  if (keep === undefined) return wrongUsageCode;
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stop.abort());
  const stage = new Stage(stop.signal);
  let kept = false;
  try {
    const wrong = await play(stage);
    const code = conclude(wrong);
    if (keep && code === 0) kept = tellWhatIsKept(stage);
    return code;
  } catch (thrown) {
    if (thrown instanceof StoppedError) {
      await stage.clear();
      console.log('\nstopped: everything is ended and removed');
      return interruptedCode;
    }
    console.error(`\nthe demo cannot go on: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
    return 1;
  } finally {
    if (!kept) await stage.clear();
  }
}

function readFlags(): boolean | undefined {
  try {
    return parseArgs({ options: { keep: { type: 'boolean', default: false } } }).values.keep;
  } catch (thrown) {
    console.error(`${thrown instanceof Error ? thrown.message : String(thrown)}\nusage: npm run demo [-- --keep]`);
    return undefined;
  }
}

/** Resolves to what was not as it must be. */
async function play(stage: Stage): Promise<readonly string[]> {
  console.log(`All of this happens in ${stage.folder}; \`penstock\` stands for ${launcher}.`);
  heading('A server, and a repository with no Git host around it');
  console.log(indented(await stage.serve()));
  await stage.run(['git', 'init', '--quiet', '--bare', '--initial-branch=main', bare]);
  await stage.run(['penstock', 'setup', 'git', bare]);
  heading('A small project is pushed to it');
  await stage.run(['git', 'clone', '--quiet', stage.path(bare), work]);
  cpSync(sample, stage.path(work), { recursive: true });
  stage.show(`cp -r ${sample}/. ${work}`);
  await stage.run(['git', 'config', 'user.name', 'Alice'], work);
  await stage.run(['git', 'config', 'user.email', 'alice@example.org'], work);
  const first = await push(stage, 'Prices of orders', 'succeeded');
  heading('A commit that breaks a test');
  await stage.run(['sed', '-i', 's/9 \\/ 10/8 \\/ 10/', 'price.sh'], work);
  const second = await push(stage, 'A better discount', 'failed');
  heading('The fix');
  await stage.run(['sed', '-i', 's/8 \\/ 10/9 \\/ 10/', 'price.sh'], work);
  return [...first, ...second, ...(await push(stage, 'The discount as it was', 'succeeded'))];
}

/** Commits and pushes what is there, waits for the end, and compares what is stored then. */
async function push(stage: Stage, message: string, wanted: 'succeeded' | 'failed'): Promise<readonly string[]> {
  await stage.run(['git', 'add', '--all'], work);
  await stage.run(['git', 'commit', '--quiet', '--message', message], work);
  await stage.run(['git', 'push', '--quiet'], work);
  const code = await stage.run(['penstock', 'status', '--follow'], work, [0, 1]);
  const { output } = await stage.read(['git', 'rev-parse', 'HEAD'], work);
  const states = await notedStates(stage, bare, output.trim());
  const found = [...states].map(([name, state]) => `${name}: ${state}`).join(', ') || 'no status';
  const wantedCode = wanted === 'succeeded' ? 0 : 1;
  if (states.size === 1 && states.get(context) === wanted && code === wantedCode) return [];
  return [`"${message}" must be ${wanted} in "${context}"; the note says ${found}, the exit code was ${code}`];
}

function heading(text: string): void {
  console.log(`\n── ${text}`);
}

function indented(text: string): string {
  return text.replaceAll(/^/gm, '  ');
}

function conclude(wrong: readonly string[]): number {
  for (const line of wrong) console.error(`wrong: ${line}`);
  if (wrong.length > 0) return 1;
  console.log(
    '\nGreen, red and green, as it must be. The statuses are in the repository itself: git log --notes=penstock',
  );
  return 0;
}

function tellWhatIsKept(stage: Stage): true {
  const hints = [
    ['to change something and push it', `cd ${stage.path(work)}`],
    ['so that commands find the server', `export KUBECONFIG=${stage.path('penstock-data', 'kubeconfig')}`],
    ['what came in, and what became of it', `${launcher} delivery list`],
    ['whether all is well', `${launcher} doctor`],
    ['the objects behind it', 'kubectl get pipelineruns,commitstatuses -A'],
    ['the end', `kill ${stage.leave()} && rm -r ${stage.folder}`],
  ] as const;
  console.log(`\nIt all goes on in ${stage.folder}:`);
  for (const [what, command] of hints) console.log(`  ${what.padEnd(36)} ${command}`);
  return true;
}
