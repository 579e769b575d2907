/** The roles of an installation allow what the controllers do, and nothing else. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { TestApi } from '../../src/apiserver/api-fixture.ts';
import { ClusterControllers } from '../../src/app/cluster-controllers.ts';
import { startEmbedded, type Embedded } from '../../src/app/embedded.ts';
import { type Clock, toRfc3339 } from '../../src/base/clock.ts';
import type { JsonObject } from '../../src/base/json.ts';
import { seededRandom } from '../../src/base/random.ts';
import { systemClock } from '../../src/base/system-clock.ts';
import { VirtualClock } from '../../src/base/virtual-clock.ts';
import { createClient } from '../../src/client/client.ts';
import type { ContainerPlan } from '../../src/executor/runtime/container-runtime.ts';
import { SimulatedRuntime, type SimulatedBehaviour } from '../../src/executor/simulated/simulated-runtime.ts';
import { deliveries } from '../../src/forge/kinds/delivery.ts';
import { repositories } from '../../src/forge/kinds/repository.ts';
import { type Gate, gates } from '../../src/gate/types.ts';
import { leaseName } from '../../src/install/names.ts';
import { namespaces, pods, secrets, serviceAccounts } from '../../src/kube/core-types.ts';
import { keyOf } from '../../src/kube/object.ts';
import type { Pod } from '../../src/kube/pod.ts';
import type { Transport } from '../../src/kube/transport.ts';
import { MemoryBlobStore } from '../../src/logs/memory-blob-store.ts';
import { ConnectionError } from '../../src/net/connection-error.ts';
import { keptMs } from '../../src/reports/desire-reconciler.ts';
import { CertificateRig } from '../../src/server/admission/certificate-rig.ts';
import { serverDaysValid } from '../../src/server/admission/webhook-certificates.ts';
import { createMemoryStore } from '../../src/store/memory-store.ts';
import { type PipelineRun, pipelineRuns, tasks } from '../../src/tekton/types.ts';
import { silentLogger } from '../../src/telemetry/logger.ts';
import { noMetrics } from '../../src/telemetry/metrics.ts';
import { deliveryKeepMs, deliverySweepEveryMs } from '../../src/triggers/inbox/retention.ts';
import { EnforcedRoles } from '../support/enforced-roles.ts';
import { startGitea } from '../support/git-hosts/gitea/simulated-gitea.ts';
import type { SentWebhook, SimulatedHost } from '../support/git-hosts/simulated-host.ts';
import { ApiFaults } from '../support/git-world/api-faults.ts';
import { definition } from '../support/git-world/definitions.ts';
import { GitWorld } from '../support/git-world/git-world.ts';
import { ReportRig, systemNamespace as reportSystemNamespace } from '../support/report-rig.ts';
import { waitUntil } from '../support/wait-until.ts';

/** Loses the answer to the first write of each kind, so that controllers also do what they do only then. */
function losingAnswers(transport: Transport): Transport {
  const lost = new Set<string>();
  return async (request) => {
    const answer = await transport(request);
    const { method, path } = request;
    const what = `${method} ${path.split('/').slice(0, 4).join('/')} ${path.split('/').slice(5, 6).join('')}`;
    if (method === 'GET' || lost.has(what)) return answer;
    lost.add(what);
    throw new ConnectionError('NET_TIMEOUT', 'the answer was lost');
  };
}

/** Waits for what controllers bring about in their own time. */
const until = (condition: () => Promise<boolean>): Promise<void> => waitUntil(String(condition), condition);

const tekton = { apiVersion: 'tekton.dev/v1' } as const;

function run(name: string, own: readonly JsonObject[], spec: JsonObject = {}): PipelineRun {
  const metadata = { name, namespace: 'default', labels: { team: 'a' } };
  return {
    ...tekton,
    kind: 'PipelineRun',
    metadata,
    spec: { pipelineSpec: { tasks: own }, ...spec },
  } as unknown as PipelineRun;
}

function task(name: string, script = 'true', more: JsonObject = {}): JsonObject {
  return { name, taskSpec: { steps: [{ name: 's', image: 'busybox', script }] }, ...more };
}

/** Too long to travel in the pod itself. */
const longScript = `true ${'#'.repeat(300 * 1024)}`;

/** Everything that makes the controllers call the API in another way. */
async function exercise({ client }: Embedded): Promise<void> {
  const gate: Gate = {
    apiVersion: 'penstock.dev/v1alpha1',
    kind: 'Gate',
    metadata: { name: 'one' },
    spec: { maxRunning: 1, selector: { matchLabels: { team: 'a' } } },
  };
  await client.create(gates, gate);
  // Admission knows gates from a cache.
  await until(async () => {
    const { spec } = await client.create(pipelineRuns, run('probe', [task('a')]), { dryRun: true });
    return spec.status === 'PipelineRunPending';
  });
  await client.create(tasks, {
    ...tekton,
    kind: 'Task',
    metadata: { name: 'kept', namespace: 'default' },
    spec: { steps: [{ image: 'busybox' }] },
  });
  const workspaces = [
    {
      name: 'w',
      volumeClaimTemplate: { spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } } },
    },
  ];
  const declared = {
    pipelineSpec: {
      workspaces: [{ name: 'w' }],
      tasks: [task('a', longScript), { name: 'b', taskRef: { name: 'kept' } }],
    },
    workspaces,
  };
  await client.create(pipelineRuns, run('whole', [], declared));
  const builder = { name: 'builder', namespace: 'default' };
  await client.create(secrets, { apiVersion: 'v1', kind: 'Secret', metadata: { ...builder, name: 'login' } });
  await client.create(serviceAccounts, {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: builder,
    secrets: [{ name: 'login' }],
  });
  await client.create(
    pipelineRuns,
    run('logged-in', [task('a')], { taskRunTemplate: { serviceAccountName: builder.name } }),
  );
  await client.create(pipelineRuns, run('missing', [{ name: 'a', taskRef: { name: 'nowhere' } }]));
  await client.create(pipelineRuns, run('broken', [task('a', 'false', { retries: 1 })]));
  await client.create(pipelineRuns, run('slow', [task('slow')]));
  await client.create(pipelineRuns, run('by-name', [], { pipelineSpec: undefined, pipelineRef: { name: 'nowhere' } }));
  await until(async () => (await client.list(pods)).items.some(({ metadata }) => metadata.name?.startsWith('slow-')));
  await client.patch(
    pipelineRuns,
    { namespace: 'default', name: 'slow' },
    { spec: { status: 'Cancelled' } },
    { type: 'merge' },
  );
  // Evidence that is gone is looked for where caches do not reach.
  await client.create(pipelineRuns, run('slow-lost', [task('a')]));
  let lost: Pod | undefined;
  await until(async () => {
    lost = (await client.list(pods)).items.find(({ metadata }) => metadata.name?.startsWith('slow-lost'));
    return lost?.status?.phase === 'Running';
  });
  assert.ok(lost);
  await client.delete(pods, keyOf(lost), { gracePeriodSeconds: 0 });
  const isOver = ({ status }: PipelineRun): boolean => status?.completionTime !== undefined;
  await until(async () => (await client.list(pipelineRuns)).items.every(isOver));
  await exerciseGates(client);
}

async function exerciseGates(client: Embedded['client']): Promise<void> {
  await client.delete(gates, { namespace: '', name: 'one' });
  await until(async () => (await client.list(gates)).items.length === 0);
  // A limit that no gate holds gets one.
  await client.create(repositories, {
    apiVersion: 'pipelinesascode.tekton.dev/v1alpha1',
    kind: 'Repository',
    metadata: { name: 'limited', namespace: 'default' },
    spec: { url: 'https://git.example.org/a/limited', concurrency_limit: 1 },
  });
  await until(async () => (await client.list(gates)).items.length === 1);
}

function behaviour({ podName }: ContainerPlan): SimulatedBehaviour {
  if (podName.startsWith('slow')) return { durationMs: Number.POSITIVE_INFINITY };
  return { durationMs: 20, exitCode: podName.startsWith('broken') ? 1 : 0 };
}

/** As a host does it: again until it was taken. */
async function send(world: GitWorld, webhook: SentWebhook): Promise<void> {
  while ((await world.send(webhook)) === 503) await world.pass(1_000);
}

/** What people do at a Git host, what comes of it, and what is forgotten after a while. */
async function exerciseEvents(world: GitWorld, faults: ApiFaults): Promise<void> {
  const { host, project } = world;
  const { virtual = assert.fail() } = world;
  host.addUser('alice', { writes: [project] });
  const kept = { annotations: { 'pipelinesascode.tekton.dev/max-keep-runs': '1' } };
  const push = async (text: string): Promise<void> => {
    const files = { '.tekton/build.yaml': definition('build', kept), 'README.md': text };
    host.commit(project, 'main', files);
    await send(world, host.webhooks.push(project, 'main', 'alice'));
  };
  await push('one');
  await world.settled();
  // Somebody writes to a Delivery at the same time.
  faults.beforeNext(/^PUT .*\/deliveries\/.*\/status$/, async () => {
    const [newest = assert.fail()] = (await world.deliveries()).filter(({ status }) => status?.phase !== 'Done');
    await world.client.patch(deliveries, keyOf(newest), { metadata: { labels: { seen: 'yes' } } }, { type: 'merge' });
  });
  await push('two');
  await world.settled();
  await world.until(async () => (await world.runs()).length === 1, 'one run is kept');
  const invalid = { kind: 'refuse', code: 422, reason: 'Invalid', message: 'no' } as const;
  faults.next(createRun, invalid);
  await push('three');
  await world.settled();
  // Cancelled while it runs.
  host.commit(project, 'change', { '.tekton/build.yaml': definition('slow') });
  const { number, webhook } = host.webhooks.openPullRequest(project, { author: 'alice', head: 'change' });
  await send(world, webhook);
  await world.until(async () => (await world.client.list(pods)).items.some(isRunning), 'it runs');
  await send(world, host.webhooks.comment(project, number, '/cancel', 'alice'));
  await world.settled();
  const before = (await world.deliveries()).length;
  await world.pass(3_600_000);
  assert.equal((await world.deliveries()).length, before + 1, 'an hour has passed');
  await world.settled();
  const old = new Set((await world.deliveries()).map(({ metadata }) => metadata.name));
  virtual.jump(deliveryKeepMs);
  await world.pass(2 * deliverySweepEveryMs);
  const left = (await world.deliveries()).map(({ metadata }) => metadata.name);
  assert.deepEqual(
    left.filter((name) => old.has(name)),
    [],
    'old Deliveries go',
  );
}

const createRun = /^POST .*\/pipelineruns$/;

function isRunning({ status }: Pod): boolean {
  return status?.phase === 'Running';
}

/** The pages that statuses lead to: of runs, of Deliveries, and of what is gone. */
async function openPages(world: GitWorld): Promise<void> {
  const open = async (): Promise<readonly number[]> => {
    const urls = (await world.reports()).flatMap(({ spec }) => spec.report.detailsUrl ?? []);
    const pages = world.pages();
    const answers = urls.map((url) => pages({ method: 'GET', path: new URL(url).pathname, accept: undefined }));
    return (await world.during(Promise.all(answers))).map(({ status }) => status);
  };
  assert.deepEqual([...new Set(await open())], [200]);
  for (const object of await world.runs()) await world.client.delete(pipelineRuns, keyOf(object));
  assert.deepEqual([...new Set(await open())], [200]);
}

/** Statuses that are shown, refused, quoted and given up, of runs that end, vanish and are forgotten. */
async function exerciseReports(rig: ReportRig): Promise<void> {
  await rig.repository();
  await rig.start();
  rig.readLog = undefined;
  await rig.failingRun('build-1');
  await rig.settle();
  await rig.run('build-2', { target: { context: 'gone' } });
  await rig.settle();
  await rig.deleteRun('build-2');
  await rig.settle();
  rig.host.down = true;
  await rig.run('build-3', { target: { context: 'late' } });
  await rig.settle(60_000);
  rig.kill();
  for (const name of ['build-1', 'build-3']) await rig.deleteRun(name);
  rig.clock.jump(2 * keptMs);
  await rig.start();
  await rig.settle();
}

describe('the roles of an installation', () => {
  const namespace = 'penstock';
  const roles = new EnforcedRoles({ engine: 'penstock', namespace });
  const parts = { clock: systemClock, random: seededRandom(1), logger: silentLogger };

  it('allow what engine and gate do', async () => {
    const embedded = await startEmbedded({
      ...parts,
      store: createMemoryStore(),
      controllers: ['engine', 'gate'],
      logStore: new MemoryBlobStore(systemClock),
      runtime: new SimulatedRuntime({ ...parts, behaviour }),
      observeCalls: (transport, caller) =>
        // The caches are shared with the node agent, which a cluster does not have; only it looks at claims.
        caller === 'node agent' ? transport : losingAnswers(exceptClaims(roles.enforce(transport), transport)),
    });
    try {
      await exercise({ ...embedded, client: createClient(embedded.server.handle) });
    } finally {
      await embedded.stop();
    }
    assert.deepEqual([...roles.refused], []);
  });

  it('allow everything between a webhook and its status', async () => {
    const faults = new ApiFaults();
    await using world = await GitWorld.embedded({
      host: startHost,
      repository: { concurrency_limit: 2, schedules: [{ name: 'hourly', cron: '0 * * * *' }] },
      settings: { 'details-url': 'https://ci.example.org' },
      behaviour: ({ podName }) => ({ durationMs: podName.startsWith('slow') ? 3_600_000 : 1_000 }),
      disturb: (transport) => losingAnswers(faults.disturb(roles.enforce(transport))),
    });
    await world.startPenstock();
    await exerciseEvents(world, faults);
    await openPages(world);
    assert.deepEqual([...roles.refused], []);
  });

  it('allow it too where Tekton runs the pipelines', async () => {
    const besideTekton = new EnforcedRoles({ engine: 'tekton', namespace });
    await using world = await GitWorld.embedded({
      host: startHost,
      engine: 'tekton',
      disturb: (transport) => besideTekton.enforce(transport),
    });
    await world.startPenstock();
    const sha = world.host.commit(world.project, 'main', { '.tekton/build.yaml': definition('build') });
    assert.equal(await world.send(world.host.webhooks.push(world.project, 'main', 'alice')), 202);
    await world.until(async () => (await world.runs()).length === 1, 'a run');
    await world.pass(60_000);
    const [waiting = assert.fail()] = await world.runs();
    assert.equal(waiting.status?.startTime, undefined, 'nobody of ours runs it');
    // What Tekton would say.
    const condition = { type: 'Succeeded', status: 'True', reason: 'Succeeded', message: '' } as const;
    const time = toRfc3339(world.virtual?.now() ?? 0);
    const status = { startTime: time, completionTime: time, conditions: [condition] };
    await world.client.updateStatus(pipelineRuns, { ...waiting, status });
    await world.settled();
    assert.equal(world.sequence(sha, 'CI / build / main').at(-1), 'success');
    assert.deepEqual([...besideTekton.refused], []);
  });

  it('allow what shows statuses, whatever becomes of runs and hosts', async () => {
    const rig = new ReportRig();
    rig.observe = (request) => roles.note(request, reportSystemNamespace);
    await exerciseReports(rig);
    assert.deepEqual([...roles.refused], []);
  });

  it('allow what the webhook does with its certificates', async () => {
    const rig = new CertificateRig();
    await rig.install();
    rig.before = (request) => roles.note(request);
    await rig.keeper().check();
    rig.clock.jump(serverDaysValid * 86_400_000);
    await rig.keeper().check();
    assert.deepEqual([...roles.refused], []);
  });

  it('allow an election', async () => {
    const clock = new VirtualClock();
    const { handle } = new TestApi().server;
    await createClient(handle).create(namespaces, {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: namespace },
    });
    const election = {
      lease: { namespace, name: leaseName },
      times: { leaseMs: 15_000, renewMs: 10_000, retryMs: 2_000 },
    };
    const replica = new ClusterControllers({
      ...{ ...parts, clock, metrics: noMetrics, engine: 'penstock', controllers: [], identity: 'a', election },
      transport: roles.enforce(handle),
    });
    const stopping = new AbortController();
    const ended = replica.run(stopping.signal);
    for (let second = 0; second < 20; second++) await clock.advance(1_000);
    assert.deepEqual(
      replica.readiness().map(({ name, detail }) => `${name}: ${detail}`),
      ['lease: the leader is a', 'caches: synced'],
    );
    stopping.abort();
    await clock.advance(20_000);
    await ended;
    assert.deepEqual([...roles.refused], []);
  });

  it('allow nothing that none of this needed', () => {
    assert.deepEqual(roles.unused(), []);
  });
});

function startHost(clock: Clock): Promise<SimulatedHost> {
  return startGitea({ clock });
}

function exceptClaims(roles: Transport, transport: Transport): Transport {
  return (request) =>
    (request.path.endsWith('/persistentvolumeclaims') && request.method === 'GET' ? transport : roles)(request);
}
