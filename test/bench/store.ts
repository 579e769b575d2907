/**
 * What a write costs in each store, as a share of one core at the rate that the engine needs, and as a ratio.
 *
 * The load is that of pipeline runs: objects of a few kilobytes are created, updated and finished, watchers follow each
 * kind. Run with `node bin/with-node.js test/bench/store.ts [runs]`. Figures are of this machine; compare ratios.
 */
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { JsonObject } from '../../src/base/json.ts';
import { systemClock } from '../../src/base/system-clock.ts';
import { createMemoryStore } from '../../src/store/memory-store.ts';
import { openSqliteStore, storeFileName } from '../../src/store/sqlite-store.ts';
import type { Store } from '../../src/store/store.ts';

/** 6,000 runs a minute, 16 writes each. */
const neededWritesPerSecond = 1_600;

/** Objects of one run: its PipelineRun, three TaskRuns, three Pods. */
const kinds = ['tekton.dev/pipelineruns', 'tekton.dev/taskruns', 'pods'] as const;

interface Measured {
  readonly name: string;
  readonly writes: number;
  readonly events: number;
  readonly wallMs: number;
  readonly cpuMs: number;
  readonly turnMs: readonly number[];
}

function body(kind: string, name: string, phase: string, revision: number): JsonObject {
  const step = (index: number): JsonObject => ({
    name: `step-${index}`,
    image: 'registry.example/tools/builder:1.24',
    script: '#!/bin/sh\nset -eu\n'.padEnd(400, `echo building ${name}; `),
    env: [{ name: 'HOME', value: '/tekton/home' }],
    state: {
      terminated: { exitCode: 0, reason: phase, startedAt: '2026-11-21T04:05:06Z', finishedAt: '2026-11-21T04:05:09Z' },
    },
  });
  return {
    apiVersion: 'tekton.dev/v1',
    kind,
    metadata: {
      name,
      namespace: 'default',
      uid: name,
      resourceVersion: String(revision),
      labels: { 'tekton.dev/pipelineRun': name },
    },
    spec: { params: [{ name: 'revision', value: 'main' }], steps: [step(0), step(1), step(2)] },
    status: {
      phase,
      conditions: [{ type: 'Succeeded', status: 'Unknown', reason: phase, message: 'Tasks Completed: 1, Skipped: 0' }],
    },
  };
}

/** The writes of one run: 16, in 4 turns, and the deletion of an old run's pods (3 more). */
function* turnsOfRun(store: Store, run: number): Generator<number, void, undefined> {
  const put = (kind: string, name: string, phase: string): void => {
    const key = `${kind}/default/${name}`;
    store.put(key, store.get(key)?.modRevision ?? 0, (revision) => body(kind, name, phase, revision));
  };
  const children = [0, 1, 2].map((index) => `run-${run}-task-${index}`);
  const [runs, tasks, pods] = kinds;
  put(runs, `run-${run}`, 'Started');
  for (const name of children) put(tasks, name, 'Started');
  yield 4;
  for (const name of children) put(pods, name, 'Pending');
  put(runs, `run-${run}`, 'Running');
  yield 4;
  for (const name of children) put(pods, name, 'Succeeded');
  yield 3;
  for (const name of children) put(tasks, name, 'Succeeded');
  put(runs, `run-${run}`, 'Completing');
  put(runs, `run-${run}`, 'Succeeded');
  yield 5;
  for (const name of children) store.delete(`${pods}/default/${name}`, undefined);
  yield 3;
}

async function measure(name: string, store: Store, runs: number, concurrent: number): Promise<Measured> {
  let events = 0;
  const watches = kinds.map((kind) => store.watch(`${kind}/`, store.revision()));
  const readers = watches.map(async (watch) => {
    for await (const event of watch.events) events += event.revision > 0 ? 1 : 0;
  });
  let writes = 0;
  const turnMs: number[] = [];
  const cpu = process.cpuUsage();
  const startMs = performance.now();
  for (let first = 0; first < runs; first += concurrent) {
    const active = Array.from({ length: Math.min(concurrent, runs - first) }, (_, index) =>
      turnsOfRun(store, first + index),
    );
    for (let busy = true; busy;) {
      busy = false;
      const turnStartMs = performance.now();
      for (const run of active) {
        const { value } = run.next();
        writes += value ?? 0;
        busy ||= value !== undefined;
      }
      await new Promise(setImmediate);
      turnMs.push(performance.now() - turnStartMs);
    }
  }
  await store.durable();
  const wallMs = performance.now() - startMs;
  const { user, system } = process.cpuUsage(cpu);
  await store.close();
  await Promise.all(readers);
  return { name, writes, events, wallMs, cpuMs: (user + system) / 1_000, turnMs: turnMs.sort((a, b) => a - b) };
}

function report(measured: Measured, base: Measured): void {
  const { name, writes, events, wallMs, cpuMs, turnMs } = measured;
  const cpuUs = (cpuMs * 1_000) / writes;
  const at = (part: number): string => (turnMs[Math.floor((turnMs.length - 1) * part)] ?? 0).toFixed(2);
  const cells = [
    name.padEnd(22),
    `${Math.round((writes / wallMs) * 1_000)} writes/s`.padStart(16),
    `${cpuUs.toFixed(1)} µs CPU/write`.padStart(20),
    `${((cpuUs * neededWritesPerSecond) / 10_000).toFixed(1)} % of a core at ${neededWritesPerSecond}/s`.padStart(30),
    `turn p50 ${at(0.5)} p99 ${at(0.99)} max ${at(1)} ms`.padStart(44),
    `${(cpuMs / writes / (base.cpuMs / base.writes)).toFixed(2)} × memory`.padStart(16),
  ];
  process.stdout.write(`${cells.join('')}\n`);
  if (events !== writes) throw new Error(`${name}: ${events} events for ${writes} writes`);
}

async function measureDurable(directory: string): Promise<void> {
  const store = openSqliteStore({ directory, clock: systemClock });
  const spansMs: number[] = [];
  for (let count = 0; count < 500; count++) {
    const startMs = performance.now();
    store.put(`deliveries/default/d-${count}`, 0, (revision) => body('Delivery', `d-${count}`, 'Stored', revision));
    await store.durable();
    spansMs.push(performance.now() - startMs);
  }
  spansMs.sort((a, b) => a - b);
  await store.close();
  process.stdout.write(
    `put + durable, one after another: p50 ${spansMs[250]?.toFixed(2)} ms, p99 ${spansMs[495]?.toFixed(2)} ms\n`,
  );
}

function measureReads(store: Store, name: string): void {
  const rounds = 200;
  const at = store.revision() - 5_000;
  for (const [what, options] of Object.entries({ 'newest page': {}, 'page 5,000 writes ago': { atRevision: at } })) {
    const startMs = performance.now();
    let items = 0;
    for (let round = 0; round < rounds; round++)
      items += store.range(`${kinds[1]}/`, { limit: 500, ...options }).items.length;
    const spanMs = (performance.now() - startMs) / rounds;
    process.stdout.write(`${name}, ${what} of 500: ${spanMs.toFixed(3)} ms (${items / rounds} items)\n`);
  }
}

async function measureReopen(directory: string): Promise<void> {
  const bytes = statSync(join(directory, storeFileName)).size;
  const startMs = performance.now();
  const store = openSqliteStore({ directory, clock: systemClock });
  const spanMs = performance.now() - startMs;
  const keys = store.range('').items.length;
  process.stdout.write(
    `reopened ${keys} keys (${(bytes / 1024 ** 2).toFixed(0)} MiB file) in ${spanMs.toFixed(0)} ms\n`,
  );
  measureReads(store, 'sqlite');
  await store.close();
}

const runs = Number(process.argv[2] ?? 3_000);
process.stdout.write(
  `${runs} runs of 19 writes, values of ${JSON.stringify(body('TaskRun', 'name', 'Started', 1)).length} characters\n`,
);
for (const concurrent of [1, 16, 100]) {
  const directory = mkdtempSync(join(tmpdir(), 'penstock-bench-'));
  const memory = await measure(`memory, ${concurrent} at once`, createMemoryStore(), runs, concurrent);
  const sqlite = await measure(
    `sqlite, ${concurrent} at once`,
    openSqliteStore({ directory, clock: systemClock }),
    runs,
    concurrent,
  );
  report(memory, memory);
  report(sqlite, memory);
  if (concurrent === 100) {
    await measureReopen(directory);
    await measureDurable(directory);
  }
  rmSync(directory, { recursive: true });
}
