/**
 * A burst of PipelineRuns of three tasks on the embedded server, each pod a timer of 200 ms: runs a minute, calls to the
 * API, latencies, memory, and what a run costs when many finished runs are kept.
 *
 * `npm run bench:engine -- [--runs N] [--kept N]`. Each row is a process of its own. Figures are of this machine; the
 * ratios between the rows of one call are what to compare.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { systemClock } from '../../src/base/system-clock.ts';
import { createMemoryStore } from '../../src/store/memory-store.ts';
import { openSqliteStore } from '../../src/store/sqlite-store.ts';
import type { Store } from '../../src/store/store.ts';
import { silentLogger } from '../../src/telemetry/logger.ts';
import { type BurstFigures, burst, fillWithFinishedRuns, podMs, startBench } from './engine/burst.ts';

/** Runs before the measured ones, in the same server; they stay, as the first of those kept. */
const warmUpRuns = 100;

/** Runs one after another, when the burst is over. */
const runsAlone = 9;

interface Row {
  readonly store: 'memory' | 'sqlite';
  readonly runs: number;
  /** Finished runs in the store when the burst begins. */
  readonly kept: number;
}

interface RowFigures extends BurstFigures {
  readonly peakBytes: number;
  /** From create to verdict of runs one after another, ascending. */
  readonly aloneMs: readonly number[];
}

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '1000' },
    kept: { type: 'string', default: '10000' },
    row: { type: 'string' },
  },
});

if (values.row === undefined) compareRows(Number(values.runs), Number(values.kept));
else process.stdout.write(JSON.stringify(await measure(JSON.parse(values.row) as Row)));

async function measure({ store: kind, runs, kept }: Row): Promise<RowFigures> {
  const directory = mkdtempSync(join(tmpdir(), 'penstock-bench-'));
  const open = (): Store =>
    kind === 'memory' ? createMemoryStore() : openSqliteStore({ directory, clock: systemClock, logger: silentLogger });
  const store = open();
  try {
    if (kept > warmUpRuns) await fillWithFinishedRuns(store, createMemoryStore(), kept - warmUpRuns);
    const bench = await startBench(store);
    await burst(bench, warmUpRuns, 'warm-up');
    const figures = await burst(bench, runs, 'burst');
    const peakBytes = process.resourceUsage().maxRSS * 1024;
    const aloneMs: number[] = [];
    for (let run = 0; run < runsAlone; run++) aloneMs.push(...(await burst(bench, 1, `alone-${run}`)).latenciesMs);
    aloneMs.sort((a, b) => a - b);
    await bench.embedded.stop();
    return { ...figures, peakBytes, aloneMs };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function compareRows(runs: number, kept: number): void {
  console.log(`${runs} PipelineRuns at once, three tasks each (a, then b and c), ${podMs} ms a pod`);
  const stores = ['memory', 'sqlite'] as const;
  const rows = stores.map((store) => ({
    store,
    few: report({ store, runs, kept: warmUpRuns }),
    many: report({ store, runs, kept }),
  }));
  console.log(`\nwhat a run costs with ${kept} kept, as a ratio to ${warmUpRuns} kept:`);
  for (const { store, few, many } of rows) {
    const [cpu, wall] = [(many.cpuMs / few.cpuMs).toFixed(2), (many.wallMs / few.wallMs).toFixed(2)];
    console.log(`  ${store} store: processor time ${cpu}, wall ${wall}`);
  }
  const [{ few } = { few: undefined }] = rows;
  for (const caller of few ? (['controllers', 'node agent'] as const) : []) {
    console.log(`\ncalls a run, ${caller}:`);
    for (const [name, count] of few?.calls[caller] ?? [])
      console.log(`  ${(count / runs).toFixed(3).padStart(7)} ${name}`);
  }
}

function report(row: Row): RowFigures {
  const words = [import.meta.filename, '--row', JSON.stringify(row)];
  const child = spawnSync(process.execPath, words, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
  if (child.status !== 0) throw new Error(`the row ended with ${child.status ?? child.signal}`);
  const figures = JSON.parse(child.stdout) as RowFigures;
  console.log(`\n${row.store} store, ${row.kept} finished runs kept`);
  console.log(`  ${((row.runs / figures.wallMs) * 60_000).toFixed(0)} runs a minute`);
  console.log(`  ${(figures.cpuMs / row.runs).toFixed(2)} ms of processor time a run`);
  const [own, agent] = [callsPerRun(figures, 'controllers'), callsPerRun(figures, 'node agent')];
  console.log(`  ${own.toFixed(2)} API calls a run of the engine's own, ${agent.toFixed(2)} of the node agent`);
  const percentile = (share: number): string =>
    `p${share * 100} ${(figures.latenciesMs[Math.ceil(row.runs * share) - 1] ?? Number.NaN).toFixed(0)} ms`;
  console.log(`  create to verdict: ${percentile(0.5)}, ${percentile(0.99)} (all were created at once)`);
  console.log(`  one run alone: ${(figures.aloneMs[Math.floor(runsAlone / 2)] ?? Number.NaN).toFixed(0)} ms (median)`);
  console.log(`  peak memory ${(figures.peakBytes / 2 ** 20).toFixed(0)} MiB`);
  return figures;
}

function callsPerRun({ calls, runs }: BurstFigures, caller: keyof BurstFigures['calls']): number {
  return calls[caller].reduce((sum, [, count]) => sum + count, 0) / runs;
}
