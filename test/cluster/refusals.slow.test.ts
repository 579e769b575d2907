/** A real API server that refuses, is away, or has forgotten: what may pass is waited for, what may not is told. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { JsonObject } from '../../src/base/json.ts';
import { sleep } from '../../src/base/clock.ts';
import { systemClock } from '../../src/base/system-clock.ts';
import { ApiStatusError } from '../../src/kube/api-error.ts';
import { events, pods } from '../../src/kube/core-types.ts';
import type { KubeObject } from '../../src/kube/object.ts';
import type { ResourceType } from '../../src/kube/resource.ts';
import { pipelineRuns, taskRuns } from '../../src/tekton/types.ts';
import { Cluster } from '../support/cluster.ts';
import { whyNoRealApi } from '../support/real-api-binaries.ts';
import { waitUntil } from '../support/wait-until.ts';
import {
  isDone,
  messageOf,
  pipelineRun,
  pipelineTask,
  simulatedBehaviour,
  simulatedStep,
  simulatedTask,
  taskRun,
  verdictOf,
} from '../support/simulated-work.ts';

const resourceQuotas: ResourceType<KubeObject> = {
  group: '',
  version: 'v1',
  resource: 'resourcequotas',
  kind: 'ResourceQuota',
  namespaced: true,
};

const admission = { group: 'admissionregistration.k8s.io', version: 'v1', namespaced: false } as const;
const policies: ResourceType<KubeObject> = {
  ...admission,
  resource: 'validatingadmissionpolicies',
  kind: 'ValidatingAdmissionPolicy',
};
const policyBindings: ResourceType<KubeObject> = {
  ...admission,
  resource: 'validatingadmissionpolicybindings',
  kind: 'ValidatingAdmissionPolicyBinding',
};

const one = simulatedTask(simulatedStep('a'));

describe('refusals and faults of a real API server', { skip: whyNoRealApi(), timeout: 300_000 }, () => {
  let cluster: Cluster;

  before(async () => {
    cluster = await Cluster.start({ behaviour: simulatedBehaviour });
  });
  after(() => cluster[Symbol.asyncDispose]());

  /** There is no quota controller here that would publish what is allowed, and count. */
  const setQuota = (namespace: string, podCount: string): Promise<KubeObject> => {
    const status = { status: { hard: { pods: podCount }, used: { pods: '0' } } };
    const options = { type: 'merge', subresource: 'status' } as const;
    return cluster.client.patch(resourceQuotas, { namespace, name: 'few' }, status, options);
  };

  it('wait while a quota has no room, visibly, and run once it has', async () => {
    const namespace = await cluster.namespace('quota');
    const metadata = { name: 'few', namespace };
    const quota = { apiVersion: 'v1', kind: 'ResourceQuota', metadata, spec: { hard: { pods: '0' } } };
    await cluster.client.create(resourceQuotas, quota);
    await setQuota(namespace, '0');
    await untilRefused(cluster, namespace);
    await cluster.client.create(pipelineRuns, pipelineRun({ name: 'r', namespace }, [pipelineTask('a', {})]));
    const waiting = await cluster.until(taskRuns, { namespace, name: 'r-a' }, ({ status }) => status !== undefined);
    const [condition] = waiting.status?.conditions ?? [];
    assert.equal(`${condition?.status}/${condition?.reason}`, 'Unknown/ExceededResourceQuota');
    assert.match(condition?.message ?? '', /exceeded quota: few/);
    assert.equal(isDone(await cluster.client.get(pipelineRuns, { namespace, name: 'r' })), false);
    await cluster.client.patch(
      resourceQuotas,
      { namespace, name: 'few' },
      { spec: { hard: { pods: '5' } } },
      { type: 'merge' },
    );
    await setQuota(namespace, '5');
    const run = await cluster.until(pipelineRuns, { namespace, name: 'r' }, isDone);
    assert.equal(verdictOf(run), 'True/Succeeded', messageOf(run));
  });

  it('fail a run whose pod is refused by a policy, in its words', async () => {
    const namespace = await cluster.namespace('policy');
    await forbidPods(cluster, namespace, 'images must come from the registry of the house');
    await cluster.client.create(taskRuns, taskRun({ name: 'r', namespace }, one));
    const run = await cluster.until(taskRuns, { namespace, name: 'r' }, isDone);
    assert.equal(verdictOf(run), 'False/PodAdmissionFailed');
    assert.match(messageOf(run), /images must come from the registry of the house/);
    const said = async (): Promise<readonly string[]> =>
      (await cluster.client.list(events, { namespace })).items.map(({ message = '' }) => message);
    const isSaid = async (): Promise<boolean> => (await said()).some((message) => message.includes('registry of the'));
    await waitUntil('an Event says it, too', isSaid, { seen: said });
  });

  it('fail a run whose pod the API finds invalid, and name the field', async () => {
    const namespace = await cluster.namespace('invalid');
    const bad = { steps: [{ name: 'a', image: 'x', env: [{ name: 'not=a=name', value: '' }] }] };
    await cluster.client.create(taskRuns, taskRun({ name: 'r', namespace }, bad));
    const run = await cluster.until(taskRuns, { namespace, name: 'r' }, isDone);
    assert.equal(verdictOf(run), 'False/PodCreationFailed');
    assert.match(messageOf(run), /spec\.containers\[0\]\.env\[1\]\.name: Invalid value/);
  });

  it('are outlived: the API goes away in mid-run, and comes back with its history gone', async () => {
    const namespace = await cluster.namespace('outage');
    const tasks = [
      pipelineTask('a', { durationMs: 1_000 }),
      pipelineTask('b', { durationMs: 1_000 }, { runAfter: ['a'] }),
      pipelineTask('c', { durationMs: 1_000, exitCode: 3 }, { runAfter: ['a'] }),
    ];
    const names = ['r1', 'r2', 'r3', 'r4'];
    for (const name of names) await cluster.client.create(pipelineRuns, pipelineRun({ name, namespace }, tasks));
    await cluster.until(pods, { namespace, name: 'r4-a-pod' }, ({ status }) => status?.phase === 'Running');
    const earlier = await cluster.client.list(pipelineRuns, { namespace });
    await cluster.api.outage(async () => {
      // Long enough for the pods to end meanwhile.
      await sleep(systemClock, 2_000);
      await cluster.api.compact();
    });
    assert.equal(await refusalOfWatch(cluster, namespace, earlier.metadata.resourceVersion), 410);
    for (const name of names) {
      const run = await cluster.until(pipelineRuns, { namespace, name }, isDone);
      assert.equal(verdictOf(run), 'False/Failed');
      const ends = await Promise.all(
        ['a', 'b', 'c'].map(async (task) =>
          verdictOf(await cluster.client.get(taskRuns, { namespace, name: `${name}-${task}` })),
        ),
      );
      assert.deepEqual(ends, ['True/Succeeded', 'True/Succeeded', 'False/StepFailed']);
    }
    assert.equal((await cluster.client.list(pods, { namespace })).items.length, names.length * 3);
  });
});

/** With which status a watch from `resourceVersion` on is refused; not while the server still gathers itself (429). */
async function refusalOfWatch({ client }: Cluster, namespace: string, resourceVersion: string): Promise<number> {
  for (;;) {
    try {
      for await (const event of client.watch(pipelineRuns, { namespace, resourceVersion }))
        assert.fail(`the watch goes on: ${event.type}`);
    } catch (thrown) {
      if (!(thrown instanceof ApiStatusError)) throw thrown;
      if (thrown.status !== 429) return thrown.status;
      await sleep(systemClock, 100);
    }
  }
}

/** Waits until the API server has learnt of a quota that leaves no room. */
async function untilRefused({ client }: Cluster, namespace: string): Promise<void> {
  const spec = { containers: [{ name: 'a', image: 'x' }] };
  const probe = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'probe', namespace }, spec };
  const isTaken = (): Promise<boolean> =>
    client.create(pods, probe, { dryRun: true }).then(
      () => true,
      () => false,
    );
  await waitUntil(`pods are refused in ${namespace}`, async () => !(await isTaken()));
}

/** Refuses all pods of `namespace` by a policy that says `message`; resolves when it is in force. */
async function forbidPods(cluster: Cluster, namespace: string, message: string): Promise<void> {
  const { client } = cluster;
  const apiVersion = `${admission.group}/${admission.version}`;
  const metadata = { name: `${namespace}.test.penstock.dev` };
  const resourceRules = [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'] }];
  const matchConstraints = { resourceRules };
  const validations = [{ expression: 'false', message }];
  await client.create(policies, {
    apiVersion,
    kind: policies.kind,
    metadata,
    spec: { matchConstraints, validations },
  } as KubeObject);
  const namespaceSelector = { matchLabels: { 'kubernetes.io/metadata.name': namespace } };
  const spec: JsonObject = {
    policyName: metadata.name,
    validationActions: ['Deny'],
    matchResources: { namespaceSelector },
  };
  await client.create(policyBindings, { apiVersion, kind: policyBindings.kind, metadata, spec } as KubeObject);
  await untilRefused(cluster, namespace);
}
