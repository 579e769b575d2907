/** Creating, changing and deleting, as controllers do. */
import type { JsonObject } from '../../src/base/json.ts';
import { type Scenario, versionOf, withMetadata } from './scenario.ts';

const configMap = (name: string, data: JsonObject = { a: '1' }, metadata: JsonObject = {}): JsonObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, ...metadata },
  data,
});

const run = (name: string, spec: JsonObject = { pipelineRef: { name: 'p' } }, more: JsonObject = {}): JsonObject => ({
  apiVersion: 'tekton.dev/v1',
  kind: 'PipelineRun',
  metadata: { name },
  spec,
  ...more,
});
const runs = 'tekton.dev/v1/pipelineruns';

export const writeScenarios: readonly Scenario[] = [
  {
    name: 'names',
    async run(api) {
      await api.create('created', 'configmaps', configMap('a'));
      await api.create('again', 'configmaps', configMap('a'));
      await api.create('again, of a custom kind', runs, run('a'));
      await api.create('twice, of a custom kind', runs, run('a'));
      await api.create('generated', 'configmaps', {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { generateName: 'g-' },
      });
      await api.create('without a name', 'configmaps', { apiVersion: 'v1', kind: 'ConfigMap', metadata: {} });
      await api.create('a bad name', 'configmaps', configMap('Not_A_Name'));
      await api.create('a bad name, of a custom kind', runs, run('Not_A_Name'));
      await api.create('of another kind', 'configmaps', { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'x' } });
      await api.create('in another namespace', 'configmaps', configMap('b', {}, { namespace: 'default' }));
      await api.create('with a version', 'configmaps', configMap('b', {}, { resourceVersion: '1' }));
      await api.get('unknown', 'configmaps/none');
      await api.get('unknown, of a custom kind', `${runs}/none`);
      await api.get('an unknown collection', 'nothings');
    },
    differs: {
      'with a version': 'a fault of the caller is answered 400, not as one of the server (500)',
    },
  },
  {
    name: 'conflicts',
    async run(api) {
      const made = await api.create('created', 'configmaps', configMap('a'));
      const changed = { ...made.value, data: { a: '2' } };
      await api.put('changed', 'configmaps/a', changed);
      await api.put('stale', 'configmaps/a', { ...changed, data: { a: '3' } });
      await api.put('without a version', 'configmaps/a', configMap('a', { a: '4' }));
      await api.put('unchanged', 'configmaps/a', configMap('a', { a: '4' }));
      await api.put('another uid', 'configmaps/a', configMap('a', {}, { uid: 'other' }));
      await api.put('another name', 'configmaps/a', configMap('b'));
      await api.put('unknown', 'configmaps/none', configMap('none'));
      await api.delete('uid differs', 'configmaps/a', { body: deleteOptions({ preconditions: { uid: 'other' } }) });
      await api.delete('version differs', 'configmaps/a', {
        body: deleteOptions({ preconditions: { resourceVersion: versionOf(made) } }),
      });
      await api.delete('deleted', 'configmaps/a');
      await api.delete('deleted again', 'configmaps/a');
      const custom = await api.create('custom', runs, run('a'));
      await api.put('custom, changed', `${runs}/a`, withMetadata(custom, { labels: { x: 'y' } }));
      await api.put('custom, stale', `${runs}/a`, withMetadata(custom, { labels: { x: 'z' } }));
      await api.put('custom, without a version', `${runs}/a`, run('a'));
      await api.delete('custom, deleted', `${runs}/a`);
    },
    differs: {
      'uid differs': 'details name the resource, as those of other conflicts do',
      'version differs': 'details name the resource, as those of other conflicts do',
      'custom, without a version': 'a missing value is called that',
    },
  },
  {
    name: 'status',
    async run(api) {
      const status = { conditions: [{ type: 'Succeeded', status: 'Unknown', reason: 'Running' }] };
      const made = await api.create('created with a status', runs, run('a', undefined, { status }));
      await api.put('status only', `${runs}/a/status`, {
        ...made.value,
        status,
        spec: { pipelineRef: { name: 'other' } },
      });
      await api.patch('merge into the status', `${runs}/a/status`, 'merge', {
        status: { startTime: '2026-01-01T00:00:00Z' },
        spec: { timeouts: null },
      });
      await api.patch('status through the object', `${runs}/a`, 'merge', {
        status: { startTime: null },
        metadata: { labels: { a: 'b' } },
      });
      await api.patch('spec changes the generation', `${runs}/a`, 'merge', { spec: { status: 'Cancelled' } });
      await api.get('read', `${runs}/a/status`);
      await api.put('stale status', `${runs}/a/status`, made.value);
      await api.patch('finalizers through the status', `${runs}/a/status`, 'merge', {
        metadata: { finalizers: ['example.com/x'], labels: { c: 'd' } },
      });
    },
  },
  {
    name: 'patches',
    async run(api) {
      await api.create('created', 'configmaps', configMap('a', { a: '1', b: '2' }, { labels: { x: 'y' } }));
      await api.patch('merge', 'configmaps/a', 'merge', {
        data: { a: null, c: '3' },
        metadata: { labels: { x: null } },
      });
      await api.patch('merge with a stale version', 'configmaps/a', 'merge', {
        metadata: { resourceVersion: '1' },
        data: { a: '5' },
      });
      await api.patch('json', 'configmaps/a', 'json', [
        { op: 'test', path: '/data/b', value: '2' },
        { op: 'replace', path: '/data/b', value: 'x' },
      ]);
      await api.patch('json, a failed test', 'configmaps/a', 'json', [{ op: 'test', path: '/data/b', value: '2' }]);
      await api.patch('json, no such path', 'configmaps/a', 'json', [{ op: 'remove', path: '/data/none' }]);
      await api.patch('json, no list', 'configmaps/a', 'json', { op: 'remove' });
      await api.patch('strategic', 'configmaps/a', 'strategic', { data: { d: '4' } });
      await api.patch('of an unknown object', 'configmaps/none', 'merge', { data: {} });
      await api.patch('to a wrong type', 'configmaps/a', 'merge', { data: { a: 1 } });
      await api.patch('to a bad label', 'configmaps/a', 'merge', { metadata: { labels: { 'bad key': 'v' } } });
      await api.create('custom', runs, run('a'));
      await api.patch('custom, strategic', `${runs}/a`, 'strategic', { metadata: { labels: { a: 'b' } } });
      await api.patch('custom, json', `${runs}/a`, 'json', [
        { op: 'add', path: '/metadata/labels', value: { a: 'b' } },
      ]);
      await api.patch('custom, a failed test', `${runs}/a`, 'json', [
        { op: 'test', path: '/metadata/labels/a', value: 'c' },
      ]);
      await api.patch('custom, to a wrong type', `${runs}/a`, 'merge', { spec: { params: 'x' } });
    },
    differs: {
      'json, a failed test': 'the cause says which operation failed',
      'json, no such path': 'the cause says which operation failed',
      'custom, a failed test': 'the cause says which operation failed',
      'to a wrong type': 'the cause names the field, not the whole patch',
    },
  },
  {
    name: 'apply',
    async run(api) {
      const managedFields = true;
      const query = (fieldManager: string, force = false) => ({ fieldManager, ...(force ? { force: 'true' } : {}) });
      await api.patch('makes', 'configmaps/a', 'apply', configMap('a', { a: '1', b: '2' }), {
        query: query('one'),
        managedFields,
      });
      await api.patch('again changes nothing', 'configmaps/a', 'apply', configMap('a', { a: '1', b: '2' }), {
        query: query('one'),
        managedFields,
      });
      await api.patch('of another, disputed', 'configmaps/a', 'apply', configMap('a', { a: '3' }), {
        query: query('two'),
        managedFields,
      });
      await api.patch('of another, forced', 'configmaps/a', 'apply', configMap('a', { a: '3' }), {
        query: query('two', true),
        managedFields,
      });
      await api.patch('gives up what it no longer says', 'configmaps/a', 'apply', configMap('a', {}), {
        query: query('one'),
        managedFields,
      });
      await api.patch('without a manager', 'configmaps/a', 'apply', configMap('a', {}));
      await api.patch('a custom object', `${runs}/a`, 'apply', run('a', { params: [{ name: 'x', value: '1' }] }), {
        query: query('one'),
        managedFields,
      });
      await api.patch(
        'a custom object, of another',
        `${runs}/a`,
        'apply',
        run('a', { timeouts: { pipeline: '1h0m0s' } }),
        { query: query('two'), managedFields },
      );
    },
  },
  {
    name: 'deletion',
    async run(api) {
      const held = configMap('a', {}, { finalizers: ['example.com/hold'] });
      await api.create('held', 'configmaps', held);
      await api.delete('marked', 'configmaps/a');
      await api.delete('marked again', 'configmaps/a');
      await api.patch('no new finalizers', 'configmaps/a', 'merge', {
        metadata: { finalizers: ['example.com/hold', 'example.com/more'] },
      });
      await api.patch('still changeable', 'configmaps/a', 'merge', { data: { x: 'y' } });
      await api.create('its name is taken', 'configmaps', configMap('a'));
      await api.patch('freed', 'configmaps/a', 'merge', { metadata: { finalizers: null } });
      await api.get('gone', 'configmaps/a');
      await api.create('a bad finalizer', 'configmaps', configMap('b', {}, { finalizers: ['bad finalizer'] }));
      await api.create('in the foreground', 'configmaps', configMap('c'));
      await api.delete('dry', 'configmaps/c', { query: { dryRun: 'All' } });
      await api.get('still there', 'configmaps/c');
      await api.delete('a wrong policy', 'configmaps/c', { body: deleteOptions({ propagationPolicy: 'Sideways' }) });
      await api.create('one more', 'configmaps', configMap('d', {}, { labels: { app: 'x' } }));
      await api.call('some', 'DELETE', api.path('configmaps'), { query: { labelSelector: 'app=x' } });
      await api.get('the others stay', 'configmaps', { query: { labelSelector: 'app=x' } });
    },
    differs: {
      'a wrong policy': 'a wrong option is a bad request (400), not an invalid object (422)',
    },
  },
  {
    name: 'dry runs',
    async run(api) {
      const query = { dryRun: 'All' };
      await api.create('create', 'configmaps', configMap('a'), { query });
      await api.get('nothing was made', 'configmaps/a');
      await api.create('a wrong word', 'configmaps', configMap('a'), { query: { dryRun: 'Maybe' } });
      await api.create('made', 'configmaps', configMap('a'));
      await api.patch('patch', 'configmaps/a', 'merge', { data: { z: '1' } }, { query });
      await api.get('nothing was changed', 'configmaps/a');
    },
    differs: {
      'a wrong word': 'a wrong option is a bad request (400), not an invalid object (422)',
    },
  },
];

function deleteOptions(members: JsonObject): JsonObject {
  return { apiVersion: 'v1', kind: 'DeleteOptions', ...members };
}
