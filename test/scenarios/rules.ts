/** Rules beyond the shape of objects: what Kubernetes refuses, and what it mends without a word. */
import type { Json, JsonObject } from '../../src/base/json.ts';
import type { Scenario } from './scenario.ts';

const configMap = (name: string, metadata: JsonObject = {}, more: JsonObject = {}): JsonObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, ...metadata },
  ...more,
});
const secret = (name: string, more: JsonObject): JsonObject => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name },
  ...more,
});
const run = (
  name: string,
  spec: JsonObject = { pipelineRef: { name: 'p' } },
  metadata: JsonObject = {},
): JsonObject => ({
  apiVersion: 'tekton.dev/v1',
  kind: 'PipelineRun',
  metadata: { name, ...metadata },
  spec,
});
const pod = (name: string, spec: JsonObject): JsonObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name },
  spec,
});
const main = { name: 'main', image: 'busybox:1' };
const withMain = (members: JsonObject): JsonObject => ({ containers: [{ ...main, ...members }] });
const withVolume = (volume: JsonObject): JsonObject => ({ containers: [main], volumes: [{ name: 'v', ...volume }] });

const runs = 'tekton.dev/v1/pipelineruns';
const owner = { apiVersion: 'v1', kind: 'ConfigMap', name: 'o', uid: 'u' };
const badOption = 'a wrong option is a bad request (400), not an invalid object (422)';
const unknownInPatch = 'a field that is not known, or there twice, is a bad request (400) in a patch as elsewhere';

export const ruleScenarios: readonly Scenario[] = [
  {
    name: 'metadata',
    async run(api) {
      const make = (label: string, metadata: JsonObject) =>
        api.create(label, 'configmaps', configMap('a', metadata), dry);
      const dry = { query: { dryRun: 'All' } };
      await make('a finalizer of nobody', { finalizers: ['mine'] });
      await make('a finalizer of Kubernetes', { finalizers: ['orphan'] });
      await make('finalizers that contradict each other', { finalizers: ['orphan', 'foregroundDeletion'] });
      await make('a finalizer twice', { finalizers: ['a.b/c', 'a.b/c'] });
      await make('an owner twice', { ownerReferences: [owner, owner] });
      await make('owners of one uid', { ownerReferences: [owner, { ...owner, name: 'other' }] });
      await make('an event as the owner', { ownerReferences: [{ ...owner, kind: 'Event' }] });
      await make('an owner of no version', { ownerReferences: [{ ...owner, apiVersion: 'a/b/c' }] });
      await make('an owner without a uid', { ownerReferences: [{ ...owner, uid: '' }] });
      await make('a link to itself', { selfLink: '/x' });
      await api.create('version 0', 'configmaps', configMap('zero', { resourceVersion: '0' }));
      await make('a prefix that ends with a dot', { name: '', generateName: 'a.' });
      await make('a prefix that is too long', { name: '', generateName: 'a'.repeat(300) });
      await api.create(
        'a finalizer of nobody, of a custom kind',
        runs,
        run('a', undefined, { finalizers: ['mine'] }),
        dry,
      );
      await api.create('without a kind', runs, { apiVersion: 'tekton.dev/v1', metadata: { name: 'a' }, spec: {} }, dry);
      await api.create('without a version', runs, { kind: 'PipelineRun', metadata: { name: 'a' }, spec: {} }, dry);
      const body = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: `${api.namespace}-x` } };
      await api.call('a namespace', 'POST', '/api/v1/namespaces', { ...dry, body });
    },
    differs: {
      'a prefix that ends with a dot': 'no name is made from it, so none is judged',
      'a prefix that is too long': 'no name is made from it, so none is judged',
    },
  },
  {
    name: 'updates of metadata',
    async run(api) {
      await api.create('made', 'configmaps', configMap('a', { generateName: 'a-' }, { data: { k: '1' } }));
      const put = (label: string, metadata: JsonObject, managedFields?: true) =>
        api.put(
          label,
          'configmaps/a',
          configMap('a', metadata, { data: { k: '1' } }),
          managedFields ? { managedFields } : {},
        );
      await put('another prefix', { generateName: 'b-' });
      await put('no prefix', {});
      await put('another time of creation', { creationTimestamp: '2020-01-01T00:00:00Z' });
      await put('a time of deletion', { deletionTimestamp: '2020-01-01T00:00:00Z' });
      await put('a time to go in', { deletionGracePeriodSeconds: 5 });
      await put('an owner twice', { ownerReferences: [owner, owner] });
      await put('ownership that nobody understands', { managedFields: [{ operation: 'Guess' }] });
      await put('no ownership', { managedFields: [] }, true);
    },
  },
  {
    name: 'data',
    async run(api) {
      const map = (label: string, more: JsonObject) => api.create(label, 'configmaps', configMap('m', {}, more), dry);
      const keep = (label: string, more: JsonObject) => api.create(label, 'secrets', secret('s', more), dry);
      const dry = { query: { dryRun: 'All' } };
      const type = (name: string): JsonObject => ({ type: `kubernetes.io/${name}` });
      for (const key of ['a b', 'a/b', '', '.', '..', '..a', 'k'.repeat(254)]) {
        await map(`the key ${key}`, { data: { [key]: '' } });
        await keep(`the secret key ${key}`, { stringData: { [key]: '' } });
      }
      await map('a key in two places', { data: { a: '' }, binaryData: { a: '' } });
      await map('as much as fits', { data: { a: 'x'.repeat(1024 * 1024) } });
      await map('more than fits', { data: { a: 'x'.repeat(1024 * 1024), b: 'x' } });
      await keep('more than fits into a secret', { stringData: { a: 'x'.repeat(1024 * 1024 + 1) } });
      for (const name of ['tls', 'ssh-auth', 'basic-auth', 'dockercfg', 'dockerconfigjson', 'service-account-token'])
        await keep(`an empty secret for ${name}`, type(name));
      await keep('a password', { ...type('basic-auth'), stringData: { password: 'x' } });
      await keep('a certificate', { ...type('tls'), stringData: { 'tls.crt': '', 'tls.key': '' } });
    },
    differs: { 'more than fits': 'the field is the data, not []' },
  },
  {
    name: 'claims, leases and events',
    async run(api) {
      const dry = { query: { dryRun: 'All' } };
      const claim = (label: string, spec: JsonObject) => {
        const whole = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } }, ...spec };
        const body = { apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata: { name: 'c' }, spec: whole };
        return api.create(label, 'persistentvolumeclaims', body, dry);
      };
      await claim('no way of access', { accessModes: [] });
      await claim('a way of access nobody knows', { accessModes: ['Some'] });
      await claim('no amount', { resources: {} });
      await claim('nothing', { resources: { requests: { storage: '0' } } });
      await claim('less than nothing', { resources: { requests: { storage: '-1Gi' } } });
      await claim('a mode nobody knows', { volumeMode: 'Some' });
      const lease = (label: string, spec: JsonObject) =>
        api.create(
          label,
          'coordination.k8s.io/v1/leases',
          { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name: 'l' }, spec },
          dry,
        );
      await lease('a lease of no time', { leaseDurationSeconds: 0 });
      await lease('less than no changes', { leaseTransitions: -1 });
      const event = (label: string, involvedObject: JsonObject) =>
        api.create(label, 'events', { apiVersion: 'v1', kind: 'Event', metadata: { name: 'e' }, involvedObject }, dry);
      await event('about another place', { kind: 'Pod', namespace: 'default', name: 'p' });
      await event('about a node', { kind: 'Node', name: 'n' });
      await api.create('named by a name and a dot', 'events', {
        apiVersion: 'v1',
        kind: 'Event',
        metadata: { generateName: 'p.' },
        involvedObject: { kind: 'Pod', namespace: api.namespace, name: 'p' },
      });
      await api.get('events as a table', 'events', { query: { labelSelector: 'none' } });
    },
  },
  {
    name: 'containers and volumes',
    async run(api) {
      const dry = { query: { dryRun: 'All' } };
      const make = (label: string, spec: JsonObject) => api.create(label, 'pods', pod('p', spec), dry);
      await make('a name that is no label', withMain({ name: 'A_b' }));
      await make('a pull policy', withMain({ imagePullPolicy: 'Now' }));
      await make('a message policy', withMain({ terminationMessagePolicy: 'Now' }));
      await make('a variable from nowhere', withMain({ env: [{ name: 'a', valueFrom: {} }] }));
      await make(
        'a key without a name',
        withMain({ env: [{ name: 'a', valueFrom: { secretKeyRef: { name: 's', key: '' } } }] }),
      );
      const from = { fieldRef: { fieldPath: 'metadata.name' } };
      await make('a variable from two places', withMain({ env: [{ name: 'a', value: 'x', valueFrom: from }] }));
      await make('no port', withMain({ ports: [{ containerPort: 0 }] }));
      await make('a port beyond all', withMain({ ports: [{ containerPort: 70_000 }] }));
      await make('a protocol', withMain({ ports: [{ containerPort: 1, protocol: 'X' }] }));
      await make('less than nothing', withMain({ resources: { requests: { cpu: '-1' } } }));
      await make('more than allowed', withMain({ resources: { limits: { cpu: '1500m' }, requests: { cpu: '2' } } }));
      await make('two sources', withVolume({ emptyDir: {}, hostPath: { path: '/' } }));
      await make('a volume that is no label', { containers: [main], volumes: [{ name: 'V', emptyDir: {} }] });
      await make('a nameless map', withVolume({ configMap: {} }));
      await make('a nameless secret', withVolume({ secret: {} }));
      await make('a nameless projected secret', withVolume({ projected: { sources: [{ secret: {} }] } }));
      await make('a path out of the host', withVolume({ hostPath: { path: '/a/../b' } }));
      await make(
        'a file out of the volume',
        withVolume({ secret: { secretName: 's', items: [{ key: 'a', path: '../b' }] } }),
      );
      await make('rights beyond all', withVolume({ secret: { secretName: 's', defaultMode: 0o1000 } }));
      await make('a name used twice', { containers: [main], initContainers: [main] });
      const probed = { ...main, name: 'first', readinessProbe: { exec: { command: ['x'] } } };
      await make('a probe before the start', { containers: [main], initContainers: [probed] });
      await make('a sidecar with a probe', {
        containers: [main],
        initContainers: [{ ...probed, restartPolicy: 'Always' }],
      });
      await make('a way to names', { containers: [main], dnsPolicy: 'X' });
      await make('labels of a node', { containers: [main], nodeSelector: { 'a b': 'c' } });
      await make('what is added later', { containers: [main], ephemeralContainers: [{ ...main, name: 'later' }] });
    },
  },
  {
    name: 'changes of pods',
    async run(api) {
      const tolerations = [{ key: 'a', operator: 'Exists' }];
      await api.create('made', 'pods', pod('p', { containers: [main], tolerations }));
      const change = (label: string, spec: JsonObject) => api.patch(label, 'pods/p', 'merge', { spec });
      await change('a deadline', { activeDeadlineSeconds: 100 });
      await change('a later deadline', { activeDeadlineSeconds: 200 });
      await change('no deadline', { activeDeadlineSeconds: null });
      await change('an earlier deadline', { activeDeadlineSeconds: 50 });
      await change('more tolerations', { tolerations: [...tolerations, { key: 'b', operator: 'Exists' }] });
      await change('fewer tolerations', { tolerations: [] });
      await change('a shorter grace', { terminationGracePeriodSeconds: 1 });
    },
  },
  {
    name: 'texts and options',
    async run(api) {
      const twice = (name: string): Json =>
        `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"${name}"},"data":{"k":"1","k":"2"}}`;
      const strictly = { query: { fieldValidation: 'Strict' } };
      await api.create('a field twice', 'configmaps', twice('a'));
      await api.create('a field twice, strictly', 'configmaps', twice('b'), strictly);
      await api.patch(
        'a patched field twice, strictly',
        'configmaps/a',
        'merge',
        '{"data":{"k":"3","k":"4"}}',
        strictly,
      );
      await api.patch('an added replacement', 'configmaps/a', 'json', [
        { op: 'replace', path: '/data/new', value: 'x' },
      ]);
      await api.patch('a replacement in nothing', 'configmaps/a', 'json', [
        { op: 'replace', path: '/none/new', value: 'x' },
      ]);
      await api.create('made', runs, run('a'));
      // As `tkn pipelinerun cancel` does.
      await api.patch('cancelled', `${runs}/a`, 'json', [{ op: 'replace', path: '/spec/status', value: 'Cancelled' }]);
      const owned = { query: { fieldManager: 'one' } };
      await api.patch('applied, unknown', 'configmaps/a', 'apply', configMap('a', {}, { size: 1 }), owned);
      for (const preconditions of [{ uid: 5 }, [], 'x', { resourceVersion: 1 }])
        await api.delete(`under ${JSON.stringify(preconditions)}`, 'configmaps/a', {
          body: { apiVersion: 'v1', kind: 'DeleteOptions', preconditions },
        });
      await api.delete('dry in a way', 'configmaps/a', { query: { dryRun: '' } });
      await api.get('still there', 'configmaps/a');
      await api.call('everywhere', 'DELETE', '/api/v1/configmaps', { query: { labelSelector: 'none=x' } });
      await api.get('initial events of a list', 'configmaps', { query: { sendInitialEvents: 'true' } });
      await api.get('a watch at a version', 'configmaps', { query: { watch: 'true', resourceVersionMatch: 'Exact' } });
    },
    differs: {
      'a patched field twice, strictly': unknownInPatch,
      'a replacement in nothing': 'the cause says which operation failed',
      'applied, unknown': 'a fault of the caller is answered 400, not as one of the server (500)',
      'under {"uid":5}': 'a fault of the caller is answered 400, not as one of the server (500)',
      'under []': 'a fault of the caller is answered 400, not as one of the server (500)',
      'under "x"': 'a fault of the caller is answered 400, not as one of the server (500)',
      'under {"resourceVersion":1}': 'a fault of the caller is answered 400, not as one of the server (500)',
      'dry in a way': badOption,
      'initial events of a list': badOption,
      'a watch at a version': badOption,
    },
  },
];
