/**
 * `penstock run` of three shell tasks (a, then b and c), in turn with gitlab-ci-local on the same three jobs: wall time
 * from the start of the process to its end, and peak memory.
 *
 * `npm run bench:run -- [--rounds N]`. gitlab-ci-local needs bash, git and rsync; without them Penstock is measured alone.
 * Memory is read from /proc in rounds of its own, as reading it costs time.
 */
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type Contestant, gitlabCiLocal, penstock } from './run/contestants.ts';
import { type TreeMemory, endedChildrenCpuMs, treeMemory } from './run/process-memory.ts';

const warmUpRounds = 2;
const memoryRounds = 3;
const memorySampleMs = 5;

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '11' } } });
const rounds = Number(values.rounds);
const scratch = mkdtempSync(join(tmpdir(), 'penstock-bench-'));
try {
  const ours = penstock(scratch);
  const missing = ['bash', 'git', 'rsync'].filter((program) => !isInstalled(program));
  if (missing.length > 0) console.log(`gitlab-ci-local cannot run here: ${missing.join(', ')} not found`);
  await compare(missing.length > 0 ? ours : [...ours, gitlabCiLocal(scratch)]);
} finally {
  rmSync(scratch, { recursive: true, force: true });
}

async function compare(contestants: readonly Contestant[]): Promise<void> {
  const wallMs = new Map(contestants.map(({ name }) => [name, [] as number[]]));
  const cpuMs = new Map(contestants.map(({ name }) => [name, 0]));
  for (let round = 0; round < warmUpRounds + rounds; round++) {
    for (const contestant of contestants) {
      const cpuBeforeMs = endedChildrenCpuMs();
      const ms = await run(contestant);
      if (round < warmUpRounds) continue;
      wallMs.get(contestant.name)?.push(ms);
      cpuMs.set(contestant.name, (cpuMs.get(contestant.name) ?? 0) + endedChildrenCpuMs() - cpuBeforeMs);
    }
  }
  console.log(`three shell tasks, ${rounds} rounds in turn after ${warmUpRounds} to warm up`);
  for (const contestant of contestants) {
    const { largestBytes, sumBytes } = await measureMemory(contestant);
    const walls = (wallMs.get(contestant.name) ?? []).toSorted((a, b) => a - b);
    console.log(`${contestant.name}:`);
    console.log(`  median ${seconds(median(walls))}, fastest ${seconds(walls[0] ?? Number.NaN)}`);
    console.log(`  processor time ${seconds((cpuMs.get(contestant.name) ?? 0) / rounds)} (mean)`);
    console.log(`  peak memory: largest process ${mebibytes(largestBytes)}, all together ${mebibytes(sumBytes)}`);
  }
  const peer = contestants.find(({ name }) => name === 'gitlab-ci-local');
  for (const { name } of peer ? contestants.filter((one) => one !== peer) : []) {
    const ratios = (wallMs.get(peer?.name ?? '') ?? []).map(
      (ms, round) => ms / (wallMs.get(name)?.[round] ?? Number.NaN),
    );
    const [slowest, fastest] = [Math.min(...ratios).toFixed(2), Math.max(...ratios).toFixed(2)];
    console.log(
      `gitlab-ci-local takes ${median(ratios.toSorted((a, b) => a - b)).toFixed(2)} times as long as ${name}`,
    );
    const cpuRatio = (cpuMs.get(peer?.name ?? '') ?? 0) / (cpuMs.get(name) ?? 0);
    console.log(
      `  (median of the rounds' ratios, which were ${slowest} to ${fastest}; in processor time ${cpuRatio.toFixed(2)})`,
    );
  }
}

/** Milliseconds from start to end. Throws unless the program succeeds. */
async function run(
  { command: [file, ...words], directory, name }: Contestant,
  started?: (pid: number) => void,
): Promise<number> {
  const startMs = performance.now();
  const child = spawn(file, words, { cwd: directory, stdio: 'ignore' });
  if (child.pid !== undefined) started?.(child.pid);
  const code = await new Promise<number | null>((resolve, reject) => child.on('error', reject).on('exit', resolve));
  const endMs = performance.now();
  if (code !== 0) throw new Error(`${name} ended with ${code}`);
  return endMs - startMs;
}

/** The largest that was seen at any moment of any round. */
async function measureMemory(contestant: Contestant): Promise<TreeMemory> {
  let peak: TreeMemory = { largestBytes: 0, sumBytes: 0 };
  for (let round = 0; round < memoryRounds; round++) {
    let sampler: NodeJS.Timeout | undefined;
    await run(contestant, (pid) => {
      sampler = setInterval(() => {
        const { largestBytes, sumBytes } = treeMemory(pid);
        peak = { largestBytes: Math.max(peak.largestBytes, largestBytes), sumBytes: Math.max(peak.sumBytes, sumBytes) };
      }, memorySampleMs);
    });
    clearInterval(sampler);
  }
  return peak;
}

function median(sorted: readonly number[]): number {
  const middle = sorted.length / 2;
  return ((sorted[Math.ceil(middle) - 1] ?? Number.NaN) + (sorted[Math.floor(middle)] ?? Number.NaN)) / 2;
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(3)} s`;
}

function mebibytes(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(0)} MiB`;
}

function isInstalled(program: string): boolean {
  try {
    execFileSync(program, ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
