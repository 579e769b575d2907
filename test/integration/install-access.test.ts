/** The roles of an installation allow what the controllers do, and nothing else. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { startEmbedded, type Embedded } from '../../src/app/embedded.ts';
import { sleep } from '../../src/base/clock.ts';
import type { JsonObject } from '../../src/base/json.ts';
import { seededRandom } from '../../src/base/random.ts';
import { systemClock } from '../../src/base/system-clock.ts';
import type { ContainerPlan } from '../../src/executor/runtime/container-runtime.ts';
import { SimulatedRuntime, type SimulatedBehaviour } from '../../src/executor/simulated/simulated-runtime.ts';
import { type Gate, gates } from '../../src/gate/types.ts';
import type { VirtualClock } from '../../src/base/virtual-clock.ts';
import { Manager } from '../../src/controller/manager.ts';
import { deliveries } from '../../src/forge/kinds/delivery.ts';
import { repositories } from '../../src/forge/kinds/repository.ts';
import { ReportRig } from '../support/report-rig.ts';
import { InboxRig, gitPush, systemNamespace } from '../../src/triggers/inbox/inbox-rig.ts';
import { deliveryKeepMs, deliverySweepEveryMs, registerRetention } from '../../src/triggers/inbox/retention.ts';
import { registerSchedules } from '../../src/triggers/schedules/schedule-controller.ts';
import {
  clusterRules,
  inboxRules,
  ownNamespaceRules,
  type PolicyRule,
  plannerRules,
  reportRules,
  triggerRules,
} from '../../src/install/access.ts';
import { createClient } from '../../src/client/client.ts';
import { pods, secrets, serviceAccounts } from '../../src/kube/core-types.ts';
import { keyOf } from '../../src/kube/object.ts';
import type { Pod } from '../../src/kube/pod.ts';
import type { ApiRequest, Transport } from '../../src/kube/transport.ts';
import { MemoryBlobStore } from '../../src/logs/memory-blob-store.ts';
import { CertificateRig } from '../../src/server/admission/certificate-rig.ts';
import { serverDaysValid } from '../../src/server/admission/webhook-certificates.ts';
import { createMemoryStore } from '../../src/store/memory-store.ts';
import { keptMs } from '../../src/reports/desire-reconciler.ts';
import { settingsConfigMap } from '../../src/forge/kinds/settings.ts';
import { silentLogger } from '../../src/telemetry/logger.ts';
import { type PipelineRun, pipelineRuns, tasks } from '../../src/tekton/types.ts';

/** `update tekton.dev/pipelineruns/status`: what RBAC decides on, names aside. */
type Access = string;

const verbs: Readonly<Record<string, string>> = { POST: 'create', PUT: 'update', PATCH: 'patch', DELETE: 'delete' };

interface Place {
  readonly group: string;
  readonly resource: string;
  readonly name: string | undefined;
  readonly subresource: string | undefined;
}

function placeOf({ path }: ApiRequest): Place {
  const parts = path.split('/').slice(1);
  const [group, rest] = parts[0] === 'api' ? ['', parts.slice(2)] : [parts[1] ?? '', parts.slice(3)];
  const [resource = '', name, subresource] = rest[0] === 'namespaces' && rest.length > 2 ? rest.slice(2) : rest;
  return { group, resource, name, subresource };
}

/** What RBAC would be asked about a request. */
function accessOf(request: ApiRequest): Access {
  const { method, query } = request;
  const { group, resource, name, subresource } = placeOf(request);
  const read = query['watch'] === 'true' ? 'watch' : name === undefined ? 'list' : 'get';
  const verb = method === 'GET' ? read : method === 'DELETE' && name === undefined ? 'deletecollection' : verbs[method];
  return `${verb} ${group}/${[resource, ...(subresource === undefined ? [] : [subresource])].join('/')}`;
}

function accessesOf(rules: readonly PolicyRule[]): ReadonlySet<Access> {
  return new Set(
    rules.flatMap(({ apiGroups, resources, verbs: allowed }) =>
      apiGroups.flatMap((group) =>
        resources.flatMap((resource) => allowed.map((verb) => `${verb} ${group}/${resource}`)),
      ),
    ),
  );
}

/** Records what passes, and now and then loses an answer, so that controllers also do what they do only then. */
class Recorder {
  readonly seen = new Set<Access>();
  readonly #lost = new Set<Access>();

  observe(transport: Transport): Transport {
    return async (request) => {
      const access = accessOf(request);
      this.seen.add(access);
      const owners = (request.body as { metadata?: { ownerReferences?: readonly JsonObject[] } } | undefined)?.metadata
        ?.ownerReferences;
      // Asked by OwnerReferencesPermissionEnforcement.
      for (const { kind, blockOwnerDeletion } of owners ?? []) {
        if (blockOwnerDeletion === true) this.seen.add(`update tekton.dev/${String(kind).toLowerCase()}s/finalizers`);
      }
      const answer = await transport(request);
      if (request.method === 'GET' || this.#lost.has(access)) return answer;
      this.#lost.add(access);
      throw new Error('the answer was lost');
    };
  }
}

/** Waits for what controllers bring about in their own time. */
async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await sleep(systemClock, 10);
}

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

/** Schedules that start, and Deliveries that go. */
async function exerciseSchedules({ client, clock }: InboxRig, seen: Set<Access>): Promise<void> {
  const parts = { client, clock, random: seededRandom(1), logger: silentLogger };
  const host = new Manager(parts);
  registerSchedules({ ...parts, host, systemNamespace, events: { tell() {} } });
  registerRetention({ ...parts, host, systemNamespace });
  await client.create(repositories, {
    apiVersion: 'pipelinesascode.tekton.dev/v1alpha1',
    kind: 'Repository',
    metadata: { name: 'scheduled', namespace: 'ci' },
    spec: {
      url: 'https://gitlab.com/a/b',
      schedules: [{ name: 'often', cron: '* * * * *' }],
    },
  });
  const [stored] = (await client.list(deliveries)).items;
  assert.ok(stored);
  await client.updateStatus(deliveries, { ...stored, status: { phase: 'Done' } });
  for (const access of ['create pipelinesascode.tekton.dev/repositories', 'update penstock.dev/deliveries/status']) {
    seen.delete(access);
  }
  void host.start();
  const virtual = clock as VirtualClock;
  virtual.jump(deliveryKeepMs);
  await until(async () => {
    await virtual.advance(60_000);
    return (await client.list(deliveries)).items.length > 1;
  });
  await until(async () => {
    await virtual.advance(deliverySweepEveryMs);
    return seen.has('delete penstock.dev/deliveries');
  });
  const stopped = host.stop();
  await virtual.advance(60_000);
  await stopped;
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
  it('allow what engine and gate do in a cluster, and nothing else', async () => {
    const recorder = new Recorder();
    const parts = { clock: systemClock, random: seededRandom(1), logger: silentLogger };
    const embedded = await startEmbedded({
      ...parts,
      store: createMemoryStore(),
      logStore: new MemoryBlobStore(systemClock),
      runtime: new SimulatedRuntime({ ...parts, behaviour }),
      observeCalls: (transport, caller) => (caller === 'node agent' ? transport : recorder.observe(transport)),
    });
    try {
      await exercise({ ...embedded, client: createClient(embedded.server.handle) });
    } finally {
      await embedded.stop();
    }
    // The caches are shared with the node agent, which a cluster does not have; only it looks at claims.
    for (const verb of ['list', 'watch']) recorder.seen.delete(`${verb} /persistentvolumeclaims`);
    const allowed = accessesOf(clusterRules({ engine: 'penstock' }).filter((rule) => !isNamed(rule)));
    assert.deepEqual([...recorder.seen.difference(allowed)], [], 'done, but not allowed');
    const elsewhere = accessesOf([...triggerRules, ...plannerRules, ...reportRules]);
    assert.deepEqual([...allowed.difference(recorder.seen).difference(elsewhere)], [], 'allowed, but never done');
  });

  it('allow what the inbox and schedules do, and nothing else', async () => {
    const seen = new Set<Access>();
    const rig = await InboxRig.create();
    await rig.gitRepository();
    rig.before = (request) => void seen.add(accessOf(request));
    await rig.push(gitPush());
    await exerciseSchedules(rig, seen);
    // What the planner does with what came in.
    const planner = ['create /events', 'update penstock.dev/deliveries/status', 'get penstock.dev/deliveries'];
    const allowed = accessesOf([...triggerRules, ...inboxRules]);
    assert.deepEqual([...seen.difference(allowed)], [], 'done, but not allowed');
    assert.deepEqual([...allowed.difference(seen).difference(new Set(planner))], [], 'allowed, but never done');
  });

  it('allow what shows statuses, and nothing else', async () => {
    const seen = new Set<Access>();
    const rig = new ReportRig();
    rig.observe = (request) => void seen.add(accessOf(request));
    await exerciseReports(rig);
    // By name, in Penstock's own namespace; and what the recorder of Events does, which the rig has none of.
    assert.ok(seen.delete('get /configmaps') && rig.events.length > 0);
    seen.add('create /events');
    assert.deepEqual([...seen].sort(), [...accessesOf(reportRules)].sort());
  });

  it('allow what the webhook does with its certificates, by name', async () => {
    const seen = new Set<string>();
    const rig = new CertificateRig();
    await rig.install();
    rig.before = (request) => {
      const { name } = placeOf(request);
      seen.add([accessOf(request), ...(name === undefined ? [] : [name])].join(' '));
    };
    await rig.keeper().check();
    rig.clock.jump(serverDaysValid * 86_400_000);
    await rig.keeper().check();
    const isSettings = ({ resourceNames }: PolicyRule): boolean => resourceNames?.includes(settingsConfigMap) ?? false;
    const own = ownNamespaceRules.filter((rule) => !inboxRules.includes(rule) && !isSettings(rule));
    const rules = [...clusterRules({ engine: 'penstock' }).filter(isNamed), ...own];
    const allowed = rules.flatMap((rule) =>
      [...accessesOf([rule])].flatMap((access) =>
        (rule.resourceNames ?? ['']).map((name) => `${access} ${name}`.trim()),
      ),
    );
    const ours = new Set(allowed.filter((access) => !access.includes('/leases')));
    assert.deepEqual(seen, ours);
  });
});

function isNamed({ resourceNames }: PolicyRule): boolean {
  return resourceNames !== undefined;
}
