/**
 * `npm run check [-- STEP…]`: types, lint, format, tidy and the unit tests. The quick steps run side by side, then the
 * tests, which would share the machine with them. Ends with 1 when any step failed, and shows what that step printed.
 */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

interface Step {
  readonly name: string;
  /** Path from the root, and arguments; all are programs for Node. */
  readonly command: readonly string[];
}

interface StepResult {
  readonly step: Step;
  readonly ok: boolean;
  readonly output: string;
}

const root = join(import.meta.dirname, '..');
const quickSteps: readonly Step[] = [
  { name: 'types', command: ['node_modules/typescript/bin/tsc', '-p', '.'] },
  { name: 'lint', command: ['node_modules/oxlint/bin/oxlint', '--deny-warnings', '.'] },
  { name: 'format', command: ['node_modules/oxfmt/bin/oxfmt', '--list-different', '.'] },
  { name: 'tidy', command: ['tools/tidy.ts'] },
];
const tests: Step = { name: 'tests', command: ['tools/test.ts', 'src/', 'tools/'] };

const asked = process.argv.slice(2);
const known = [...quickSteps, tests].map(({ name }) => name);
const unknown = asked.filter((name) => !known.includes(name));
if (unknown.length > 0) {
  console.error(`no step is called ${unknown.join(', ')}; the steps are ${known.join(', ')}`);
  process.exit(2);
}
const wanted = ({ name }: Step): boolean => asked.length === 0 || asked.includes(name);

const results = await Promise.all(quickSteps.filter(wanted).map(runStep));
if (wanted(tests)) results.push(await runStep(tests));
const failed = results.filter(({ ok }) => !ok);
for (const { step, output } of failed) console.log(`\n── ${step.name} ──\n${output.trimEnd()}`);
if (failed.length > 0) console.log(`\ncheck failed: ${failed.map(({ step }) => step.name).join(', ')}`);
process.exitCode = failed.length === 0 ? 0 : 1;

async function runStep(step: Step): Promise<StepResult> {
  const startMs = performance.now();
  const child = spawn(process.execPath, [...step.command], { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  const [stdout, stderr, code] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  const ok = code === 0;
  const seconds = ((performance.now() - startMs) / 1000).toFixed(1);
  const summary = ok && step === tests ? `  ${stdout.trimEnd().split('\n').at(-1)}` : '';
  console.log(`${ok ? 'ok    ' : 'FAILED'}  ${step.name.padEnd(7)} ${seconds.padStart(5)} s${summary}`);
  return { step, ok, output: stdout + stderr };
}
