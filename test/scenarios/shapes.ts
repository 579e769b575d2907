/** What the API makes of the shape of objects: defaults, what is pruned, what is refused. */
import type { JsonObject } from '../../src/base/json.ts';
import type { Scenario } from './scenario.ts';

const pod = (name: string, spec: JsonObject, metadata: JsonObject = {}): JsonObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, ...metadata },
  spec,
});
const main = { name: 'main', image: 'busybox:1' };
const taskRun = (name: string, spec: JsonObject, more: JsonObject = {}): JsonObject => ({
  apiVersion: 'tekton.dev/v1',
  kind: 'TaskRun',
  metadata: { name },
  spec,
  ...more,
});
const taskRuns = 'tekton.dev/v1/taskruns';

const wrongType = 'a wrong type is refused with the name of its field (422), not as an undecodable body (400)';
const bindingGeneration = 'a binding counts as a change of the spec';

export const shapeScenarios: readonly Scenario[] = [
  {
    name: 'pods',
    async run(api) {
      await api.create('small', 'pods', pod('small', { containers: [main] }));
      const steps = {
        restartPolicy: 'Never',
        initContainers: [
          { name: 'side', image: 'x', restartPolicy: 'Always' },
          {
            name: 'one',
            image: 'repo/x',
            command: ['/scripts/0'],
            env: [{ name: 'N', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } }],
          },
        ],
        containers: [
          {
            ...main,
            image: 'x@sha256:0123',
            volumeMounts: [{ name: 'scripts', mountPath: '/scripts' }],
            resources: { limits: { cpu: '1' } },
          },
        ],
        volumes: [
          {
            name: 'scripts',
            downwardAPI: { items: [{ path: '0', mode: 0o755, fieldRef: { fieldPath: "metadata.annotations['s']" } }] },
          },
          { name: 'files', configMap: { name: 'files' } },
          { name: 'secret', secret: { secretName: 's' } },
          { name: 'all', projected: { sources: [{ secret: { name: 's' } }] } },
          { name: 'empty', emptyDir: {} },
        ],
        activeDeadlineSeconds: 90,
      };
      await api.create('steps', 'pods', pod('steps', steps));
      await api.create(
        'probed',
        'pods',
        pod('probed', {
          containers: [
            {
              ...main,
              ports: [{ containerPort: 80 }],
              startupProbe: { exec: { command: ['true'] } },
              livenessProbe: { httpGet: { port: 80 } },
            },
          ],
        }),
      );
    },
  },
  {
    name: 'pods that are refused',
    async run(api) {
      await api.create('no containers', 'pods', pod('bad-1', { containers: [] }));
      await api.create('no image', 'pods', pod('bad-2', { containers: [{ name: 'main' }] }));
      await api.create('twice a name', 'pods', pod('bad-3', { containers: [main, main] }));
      await api.create(
        'a mount of nothing',
        'pods',
        pod('bad-4', { containers: [{ ...main, volumeMounts: [{ name: 'none', mountPath: '/x' }] }] }),
      );
      await api.create('a bad policy', 'pods', pod('bad-5', { containers: [main], restartPolicy: 'Sometimes' }));
      await api.create('a wrong type', 'pods', pod('bad-6', { containers: [{ ...main, image: 5 }] }));
      await api.create(
        'a bad variable',
        'pods',
        pod('bad-7', { containers: [{ ...main, env: [{ name: 'a=b', value: '' }] }] }),
      );
      await api.create(
        'a bad quantity',
        'pods',
        pod('bad-8', { containers: [{ ...main, resources: { limits: { cpu: 'much' } } }] }),
      );
      await api.create(
        'more requested than allowed',
        'pods',
        pod('bad-9', { containers: [{ ...main, resources: { limits: { cpu: '1' }, requests: { cpu: '2' } } }] }),
      );
      await api.create(
        'a deadline of nothing',
        'pods',
        pod('bad-10', { containers: [main], activeDeadlineSeconds: 0 }),
      );
    },
    differs: {
      'a wrong type': wrongType,
      'twice a name': 'the field is the container, not its name',
      'no image': 'images may be left out: where steps are processes of the machine there are none',
      'a bad quantity': wrongType,
    },
  },
  {
    name: 'the life of pods',
    async run(api) {
      await api.create('small', 'pods', pod('small', { containers: [main] }));
      await api.create('on no node', 'pods', pod('steps', { containers: [main] }));
      await api.patch('another image', 'pods/small', 'strategic', {
        spec: { containers: [{ name: 'main', image: 'busybox:2' }] },
      });
      await api.patch('another command', 'pods/small', 'strategic', {
        spec: { containers: [{ name: 'main', command: ['x'] }] },
      });
      await api.patch('its status', 'pods/small/status', 'merge', { status: { phase: 'Running' } });
      await api.create('bound', 'pods/small/binding', {
        apiVersion: 'v1',
        kind: 'Binding',
        metadata: { name: 'small' },
        target: { kind: 'Node', name: 'n' },
      });
      await api.get('on its node', 'pods/small');
      await api.create('bound again', 'pods/small/binding', {
        apiVersion: 'v1',
        kind: 'Binding',
        metadata: { name: 'small' },
        target: { kind: 'Node', name: 'm' },
      });
      await api.delete('told to go', 'pods/small');
      await api.get('going', 'pods/small');
      await api.create('evicted while it goes', 'pods/small/eviction', {
        apiVersion: 'policy/v1',
        kind: 'Eviction',
        metadata: { name: 'small' },
      });
      await api.delete('gone', 'pods/small', { query: { gracePeriodSeconds: '0' } });
      await api.get('not there', 'pods/small');
      await api.delete('on no node: gone at once', 'pods/steps');
      await api.get('not there either', 'pods/steps');
      await api.create('to be held', 'pods', pod('held', { containers: [main] }, { finalizers: ['example.com/hold'] }));
      await api.create('evicted', 'pods/held/eviction', {
        apiVersion: 'policy/v1',
        kind: 'Eviction',
        metadata: { name: 'held' },
      });
      await api.get('held back', 'pods/held');
    },
    differs: {
      'on its node': bindingGeneration,
      'told to go': bindingGeneration,
      going: bindingGeneration,
      gone: 'the answer is a Status, as for other kinds, not the last pod',
      'on no node: gone at once': 'the answer is a Status, as for other kinds, not the last pod',
    },
  },
  {
    name: 'Tekton kinds',
    async run(api) {
      const taskSpec = { steps: [{ name: 'a', image: 'x', script: 'true' }] };
      await api.create('small', taskRuns, taskRun('small', { taskSpec }));
      await api.create(
        'values of all types',
        taskRuns,
        taskRun('values', {
          taskSpec,
          params: [
            { name: 's', value: '1' },
            { name: 'l', value: ['1', '2'] },
            { name: 'o', value: { k: 'v' } },
          ],
        }),
      );
      await api.create('a wrong type', taskRuns, taskRun('bad', { taskSpec: { steps: 'none' } }));
      await api.create(
        'two wrong types',
        taskRuns,
        taskRun('bad', { retries: 'x', taskSpec: { steps: [{ name: 5 }] } }),
      );
      await api.create('a null', taskRuns, taskRun('null', { taskSpec, timeout: null }));
      await api.create('unknown fields', taskRuns, taskRun('unknown', { taskSpec, extra: true }), {
        query: { fieldValidation: 'Ignore' },
      });
      await api.create('unknown fields, strictly', taskRuns, taskRun('strict', { taskSpec, extra: true }), {
        query: { fieldValidation: 'Strict' },
      });
      await api.create('a wrong version', taskRuns, { ...taskRun('v', { taskSpec }), apiVersion: 'tekton.dev/v2' });
      await api.create('no spec', taskRuns, {
        apiVersion: 'tekton.dev/v1',
        kind: 'TaskRun',
        metadata: { name: 'none' },
      });
    },
    differs: {
      'unknown fields': 'refused, as the webhook of Tekton does',
    },
  },
  {
    name: 'core kinds',
    async run(api) {
      await api.create('a secret', 'secrets', {
        apiVersion: 'v1',
        kind: 'Secret',
        metadata: { name: 's' },
        stringData: { a: 'text' },
      });
      await api.create('a secret that is no base64', 'secrets', {
        apiVersion: 'v1',
        kind: 'Secret',
        metadata: { name: 't' },
        data: { a: '*' },
      });
      await api.create('an unchangeable map', 'configmaps', {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name: 'i' },
        data: { a: '1' },
        immutable: true,
      });
      await api.patch('changed all the same', 'configmaps/i', 'merge', { data: { a: '2' } });
      await api.create('a bad key', 'configmaps', {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name: 'k' },
        data: { 'a b': '1' },
      });
      const claim = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } };
      await api.create('a claim', 'persistentvolumeclaims', {
        apiVersion: 'v1',
        kind: 'PersistentVolumeClaim',
        metadata: { name: 'c' },
        spec: claim,
      });
      await api.create('a claim without modes', 'persistentvolumeclaims', {
        apiVersion: 'v1',
        kind: 'PersistentVolumeClaim',
        metadata: { name: 'd' },
        spec: { ...claim, accessModes: [] },
      });
      await api.create('a service account', 'serviceaccounts', {
        apiVersion: 'v1',
        kind: 'ServiceAccount',
        metadata: { name: 'sa' },
      });
      const lease = { holderIdentity: 'me', leaseDurationSeconds: 15, renewTime: '2026-01-01T00:00:00.000000Z' };
      await api.create('a lease', 'coordination.k8s.io/v1/leases', {
        apiVersion: 'coordination.k8s.io/v1',
        kind: 'Lease',
        metadata: { name: 'l' },
        spec: lease,
      });
      const about = { kind: 'Pod', namespace: api.namespace, name: 'p' };
      await api.create('an event', 'events', {
        apiVersion: 'v1',
        kind: 'Event',
        metadata: { name: 'e' },
        involvedObject: about,
        reason: 'R',
        message: 'm',
        type: 'Warning',
      });
      await api.create('an event of another place', 'events', {
        apiVersion: 'v1',
        kind: 'Event',
        metadata: { name: 'f' },
        involvedObject: { ...about, namespace: 'default' },
      });
    },
    differs: {
      'a secret that is no base64': wrongType,
      'a lease': 'leases have a generation',
    },
  },
];
