/**
 * What a call costs in the API server itself, in process and in memory, and what an object takes to keep.
 *
 * The calls are those of a pipeline run: TaskRuns and pods are created, their statuses written, finalizers removed, pods
 * deleted. Run with `node bin/with-node.js test/bench/apiserver.ts [objects]`; with `NODE_OPTIONS=--expose-gc` it also says
 * what an object takes to keep. CPU time, so that a busy machine matters less; figures are of this machine.
 */
import { createApiServer } from '../../src/apiserver/api-server.ts';
import type { JsonObject } from '../../src/base/json.ts';
import { systemClock } from '../../src/base/system-clock.ts';
import { systemRandom } from '../../src/base/system-random.ts';
import type { HttpMethod } from '../../src/kube/transport.ts';
import { createMemoryStore } from '../../src/store/memory-store.ts';
import { silentLogger } from '../../src/telemetry/logger.ts';

const objects = Number(process.argv[2] ?? 3_000);

/** Rounds of each measurement; only the last counts, when the code is warm. */
const rounds = 3;

const taskRunsPath = '/apis/tekton.dev/v1/namespaces/default/taskruns';
const podsPath = '/api/v1/namespaces/default/pods';
const merge = { 'content-type': 'application/merge-patch+json' };

const server = createApiServer({
  store: createMemoryStore(),
  clock: systemClock,
  random: systemRandom,
  logger: silentLogger,
});

async function call(
  method: HttpMethod,
  path: string,
  body?: JsonObject,
  headers: Readonly<Record<string, string>> = {},
): Promise<JsonObject> {
  const answer = await server.handle({ method, path, query: {}, headers, ...(body === undefined ? {} : { body }) });
  if (answer.status >= 400 || answer.body.kind !== 'json') throw new Error(`${method} ${path}: ${answer.status}`);
  return answer.body.value;
}

function taskRun(index: number): JsonObject {
  const owner = { apiVersion: 'tekton.dev/v1', kind: 'PipelineRun', name: 'run', uid: 'u', controller: true };
  const steps = [
    { name: 'one', image: 'busybox', script: 'echo hello\necho world\n' },
    { name: 'two', image: 'busybox', command: ['sh', '-c'], args: ['true'] },
  ];
  return {
    apiVersion: 'tekton.dev/v1',
    kind: 'TaskRun',
    metadata: {
      name: `task-run-${index}`,
      labels: { 'tekton.dev/pipelineRun': 'run', 'tekton.dev/pipelineTask': 'build' },
      ownerReferences: [owner],
    },
    spec: { serviceAccountName: 'default', timeout: '1h', taskSpec: { steps } },
  };
}

function pod(index: number): JsonObject {
  const container = (name: string): JsonObject => ({
    name,
    image: 'busybox:1',
    command: ['/tekton/scripts/script'],
    env: [{ name: 'HOME', value: '/tekton/home' }],
    volumeMounts: ['workspace', 'home'].map((volume) => ({ name: volume, mountPath: `/${volume}` })),
  });
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: `pod-${index}`, labels: { 'tekton.dev/taskRun': 'run' }, finalizers: ['penstock.dev/verdict'] },
    spec: {
      restartPolicy: 'Never',
      initContainers: [container('step-one'), container('step-two')],
      containers: [container('step-three')],
      volumes: ['workspace', 'home'].map((name) => ({ name, emptyDir: {} })),
    },
  };
}

function status(index: number): JsonObject {
  const instant = '2026-11-21T04:05:06Z';
  const condition = { type: 'Succeeded', status: 'True', reason: 'Succeeded', message: `run ${index}` };
  return { startTime: instant, podName: `pod-${index}`, conditions: [{ ...condition, lastTransitionTime: instant }] };
}

function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}

/** Times `action`, called with numbers that never repeat. */
async function measure(title: string, action: (index: number) => Promise<unknown>): Promise<void> {
  let spentMs = 0;
  for (let round = 0; round < rounds; round++) {
    const startMs = cpuMs();
    for (let index = 0; index < objects; index++) await action(round * objects + index);
    spentMs = cpuMs() - startMs;
  }
  const perSecond = Math.round((objects / spentMs) * 1_000).toLocaleString('en');
  console.log(
    `${title.padEnd(34)} ${((spentMs * 1_000) / objects).toFixed(1).padStart(6)} µs  ${perSecond.padStart(8)}/s`,
  );
}

function heapBytes(): number {
  globalThis.gc?.();
  return process.memoryUsage().heapUsed;
}

const emptyBytes = heapBytes();
const written: JsonObject[] = [];
await measure('create a TaskRun', async (index) => written.push(await call('POST', taskRunsPath, taskRun(index))));
await measure('read a TaskRun', (index) => call('GET', `${taskRunsPath}/task-run-${index}`));
await measure('write the status of a TaskRun', async (index) => {
  const object = { ...written[index], status: status(index) };
  written[index] = await call('PUT', `${taskRunsPath}/task-run-${index}/status`, object);
});
const keptBytes = Math.round((heapBytes() - emptyBytes) / (rounds * objects));
await measure('create a pod', (index) => call('POST', podsPath, pod(index)));
const release = { metadata: { finalizers: null } };
await measure('remove a finalizer by merge patch', (index) =>
  call('PATCH', `${podsPath}/pod-${index}`, release, merge),
);
await measure('delete a pod', (index) => call('DELETE', `${podsPath}/pod-${index}`));
if (globalThis.gc) console.log(`a TaskRun with a status and its history keeps ${keptBytes} bytes`);
