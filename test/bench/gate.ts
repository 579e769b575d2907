/**
 * A gate under load, on the embedded server with the real engine and simulated containers: many pending runs and a small
 * limit. Shows that no more than the limit ever run, that the order is exact, how soon a freed slot is used, what an admission
 * costs in API calls, and whether that depends on how many wait.
 *
 * `npm run bench:gate -- [--runs N] [--limit N] [--few N] [--many N]`. Each row is a process of its own. Figures are of this
 * machine; the ratio between the rows of one call is what to compare.
 */
import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';
import { type GateFigures, measureGate } from './gate/measure-gate.ts';

/** How long the one container of each run takes. */
const podMs = 100;
/** Admissions that are measured for the comparison of few with many. */
const compared = 1_500;

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '2000' },
    limit: { type: 'string', default: '20' },
    few: { type: 'string', default: '100' },
    many: { type: 'string', default: '10000' },
    row: { type: 'string' },
  },
});

type Row = Parameters<typeof measureGate>[0];

if (values.row === undefined) compareRows();
else process.stdout.write(JSON.stringify(await measureGate(JSON.parse(values.row) as Row)));

function compareRows(): void {
  const limit = Number(values.limit);
  const runs = Number(values.runs);
  console.log(`${runs} pending runs of one task of ${podMs} ms, limit ${limit}`);
  show(measured({ waiting: runs, limit, podMs, measured: runs }));
  const [few, many] = [Number(values.few), Number(values.many)].map((waiting) => {
    const figures = measured({ waiting, limit, podMs, measured: compared, refill: true });
    console.log(`\n${waiting} waiting throughout, ${figures.admissions} admissions`);
    show(figures);
    return figures;
  });
  if (!few || !many) return;
  console.log(`\ncost an admission with ${values.many} waiting, as a ratio to ${values.few} waiting:`);
  console.log(
    `  in the gate ${(many.gateMsEach / few.gateMsEach).toFixed(2)}, of the whole process ${(many.cpuMsEach / few.cpuMsEach).toFixed(2)}`,
  );
}

function measured(row: Row): GateFigures {
  const words = [import.meta.filename, '--row', JSON.stringify(row)];
  const child = spawnSync(process.execPath, words, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
  if (child.status !== 0) throw new Error(`the row ended with ${child.status ?? child.signal}`);
  return JSON.parse(child.stdout) as GateFigures;
}

function show(figures: GateFigures): void {
  const { latenciesMs, calls, admissions } = figures;
  const at = (share: number): string =>
    `${(latenciesMs[Math.ceil(latenciesMs.length * share) - 1] ?? Number.NaN).toFixed(1)} ms`;
  console.log(`  most at once ${figures.runningMax}, out of order ${figures.outOfOrder}`);
  console.log(`  from a free slot to the start of the next run: p50 ${at(0.5)}, p99 ${at(0.99)}, longest ${at(1)}`);
  const sum = calls.reduce((total, [, count]) => total + count, 0);
  console.log(`  ${(sum / admissions).toFixed(2)} API calls of the gate an admission`);
  for (const [name, count] of calls) console.log(`    ${(count / admissions).toFixed(3).padStart(7)} ${name}`);
  console.log(
    `  ${figures.gateMsEach.toFixed(3)} ms in the gate an admission, ${figures.cpuMsEach.toFixed(2)} ms of processor time of the whole process`,
  );
  console.log(`  ${((admissions / figures.wallMs) * 60_000).toFixed(0)} admissions a minute`);
}
