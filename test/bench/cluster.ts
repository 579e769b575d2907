/**
 * A burst of PipelineRuns of three tasks on a real API server with etcd, each pod a timer of 200 ms: runs a minute, calls
 * a run by verb, latencies, and what the controllers cost.
 *
 * `npm run bench:cluster -- [--runs N] [--warm-up N]`. The controllers are a process of their own, so that their processor time
 * and memory are theirs alone; scheduler, kubelet and user are in this one. All share the machine with the API server.
 */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { systemClock } from '../../src/base/system-clock.ts';
import { systemRandom } from '../../src/base/system-random.ts';
import { Informer } from '../../src/controller/informer.ts';
import { type PipelineRun, type PipelineTask, pipelineRuns } from '../../src/tekton/types.ts';
import { silentLogger } from '../../src/telemetry/logger.ts';
import { installKinds } from '../support/installed-kinds.ts';
import { startRealApi, type RealApi } from '../support/real-api.ts';
import { whyNoRealApi } from '../support/real-api-binaries.ts';
import { startSimulatedNodes } from '../support/simulated-nodes.ts';
import { isDone, pipelineRun, verdictOf } from '../support/simulated-work.ts';
import type { ControllerAnswer, ControllerFigures } from './cluster/controllers.ts';

const podMs = 200;
const namespace = 'default';
/** Creates under way at a time: what a busy webhook receiver does. */
const createsAtOnce = 32;

const taskSpec = {
  steps: [
    { name: 'work', image: 'busybox', script: '#!/bin/sh\nset -eu\necho "building $(context.pipelineRun.name)"\n' },
  ],
};
const tasks: readonly PipelineTask[] = [
  { name: 'a', taskSpec },
  { name: 'b', taskSpec, runAfter: ['a'] },
  { name: 'c', taskSpec, runAfter: ['a'] },
];

const { values } = parseArgs({
  options: { runs: { type: 'string', default: '300' }, 'warm-up': { type: 'string', default: '30' } },
});
const reason = whyNoRealApi();
if (reason === false) await measure(Number(values.runs), Number(values['warm-up']));
else console.log(`left out: ${reason}`);

async function measure(runs: number, warmUp: number): Promise<void> {
  await using api = await startRealApi();
  await installKinds(api.client);
  const behaviour = (): { readonly durationMs: number } => ({ durationMs: podMs });
  const errors: unknown[] = [];
  await using _nodes = await startSimulatedNodes({
    transport: api.connect(),
    behaviour,
    onError: (error) => errors.push(error),
  });
  const controllers = await startControllers(api);
  await burst(api, 'warm-up', warmUp);
  await ask(controllers, 'reset');
  const serverStart = processorSeconds(api.processes());
  const { wallMs, latenciesMs } = await burst(api, 'burst', runs);
  const serverEnd = processorSeconds(api.processes());
  const figures = await ask(controllers, 'figures');
  controllers.disconnect();
  await once(controllers, 'exit');
  if (errors.length > 0) throw new AggregateError(errors, 'pods could not be placed');
  report(runs, wallMs, latenciesMs, figures);
  for (const [name, seconds] of Object.entries(serverEnd))
    console.log(`  ${name}: ${((seconds - (serverStart[name] ?? 0)) / (wallMs / 1000)).toFixed(2)} cores`);
}

function report(runs: number, wallMs: number, latenciesMs: readonly number[], figures: ControllerFigures): void {
  const { calls, cpuMs, peakBytes } = figures;
  const own = calls.filter(([name]) => !/^(watch|list) /.test(name));
  const sum = own.reduce((total, [, count]) => total + count, 0);
  const percentile = (share: number): string => (latenciesMs[Math.ceil(runs * share) - 1] ?? Number.NaN).toFixed(0);
  console.log(`${runs} PipelineRuns at once, three tasks each (a, then b and c), ${podMs} ms a pod, real API server`);
  console.log(`  ${((runs / wallMs) * 60_000).toFixed(0)} runs a minute`);
  console.log(`  create to verdict: p50 ${percentile(0.5)} ms, p99 ${percentile(0.99)} ms`);
  console.log(`  ${(sum / runs).toFixed(2)} calls a run of the controllers' own:`);
  for (const [name, count] of own) console.log(`  ${(count / runs).toFixed(3).padStart(9)} ${name}`);
  console.log(
    `  controllers: ${(cpuMs / runs).toFixed(1)} ms of processor time a run (${(cpuMs / wallMs).toFixed(2)} cores)`,
  );
  console.log(`  controllers: peak memory ${(peakBytes / 2 ** 20).toFixed(0)} MiB`);
}

/** Creates `count` runs at once and waits for the verdict of each. Throws unless all succeed. */
async function burst(
  api: RealApi,
  prefix: string,
  count: number,
): Promise<{ readonly wallMs: number; readonly latenciesMs: readonly number[] }> {
  const created = new Map<string, number>();
  const latenciesMs: number[] = [];
  const all = Promise.withResolvers<void>();
  const look = (run: PipelineRun): void => {
    const name = run.metadata.name ?? '';
    const startMs = created.get(name);
    if (startMs === undefined || !isDone(run)) return;
    created.delete(name);
    latenciesMs.push(systemClock.monotonicMs() - startMs);
    if (verdictOf(run) !== 'True/Succeeded') all.reject(new Error(`${name}: ${verdictOf(run)}`));
    if (latenciesMs.length === count) all.resolve();
  };
  const { client } = api;
  const parts = { client, clock: systemClock, random: systemRandom, logger: silentLogger };
  const informer = new Informer({ ...parts, type: pipelineRuns });
  informer.addHandler({ added: look, updated: (_before, run) => look(run) });
  const stop = new AbortController();
  const watching = informer.run(stop.signal);
  const startMs = systemClock.monotonicMs();
  const names = Array.from({ length: count }, (_, index) => `${prefix}-${index}`).values();
  const creator = async (): Promise<void> => {
    for (const name of names) {
      created.set(name, systemClock.monotonicMs());
      await client.create(pipelineRuns, pipelineRun({ name, namespace }, tasks));
    }
  };
  await Promise.all(Array.from({ length: createsAtOnce }, creator));
  await all.promise;
  const wallMs = systemClock.monotonicMs() - startMs;
  stop.abort();
  await watching;
  return { wallMs, latenciesMs: latenciesMs.toSorted((a, b) => a - b) };
}

async function startControllers(api: RealApi): Promise<ChildProcess> {
  const { server, certificateAuthority = '' } = api;
  const access = JSON.stringify({ server, certificateAuthority, token: api.tokenOf('admin') });
  const child = fork(join(import.meta.dirname, 'cluster', 'controllers.ts'), [access]);
  const [answer] = (await once(child, 'message')) as [ControllerAnswer];
  if (answer !== 'ready') throw new Error('the controllers did not start');
  return child;
}

async function ask(child: ChildProcess, question: 'reset' | 'figures'): Promise<ControllerFigures> {
  child.send(question);
  const [answer] = (await once(child, 'message')) as [ControllerAnswer];
  if (answer === 'ready') throw new Error('figures were asked for');
  return answer;
}

/** Processor time of processes so far, in seconds; `/proc/PID/stat` counts it in hundredths. */
function processorSeconds(processes: Readonly<Record<string, number>>): Readonly<Record<string, number>> {
  const secondsOf = (pid: number): number => {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const [user = '0', system = '0'] = stat
      .slice(stat.lastIndexOf(')') + 2)
      .split(' ')
      .slice(11, 13);
    return (Number(user) + Number(system)) / 100;
  };
  return Object.fromEntries(Object.entries(processes).map(([name, pid]) => [name, secondsOf(pid)]));
}
