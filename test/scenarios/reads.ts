/** Lists and watches. */
import type { JsonObject } from '../../src/base/json.ts';
import { type Caller, type Scenario, versionOf } from './scenario.ts';

const configMap = (name: string, labels: JsonObject): JsonObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, labels },
});

/** Config maps `a` to `e`, every other one of team `x`. */
async function makeFive(api: Caller): Promise<void> {
  for (const [index, name] of ['a', 'b', 'c', 'd', 'e'].entries())
    await api.create(`made ${name}`, 'configmaps', configMap(name, { team: index % 2 === 0 ? 'x' : 'y', [name]: '' }));
}

const namesIn = ({ items }: JsonObject): readonly string[] =>
  (items as readonly { readonly metadata: { readonly name: string } }[]).map(({ metadata }) => metadata.name);

export const readScenarios: readonly Scenario[] = [
  {
    name: 'selectors',
    async run(api) {
      await makeFive(api);
      const labels = [
        'team=x',
        'team!=x',
        'team in (x,y),!a',
        'team notin (x)',
        'a',
        'team in (',
        'team=',
        'bad key=x',
        'team>1',
      ];
      for (const labelSelector of labels)
        await api.get(`labels ${labelSelector}`, 'configmaps', { query: { labelSelector } });
      const fields = ['metadata.name=b', 'metadata.name!=b', 'metadata.namespace=default', 'data.a=1', 'nonsense'];
      for (const fieldSelector of fields)
        await api.get(`fields ${fieldSelector}`, 'configmaps', { query: { fieldSelector } });
      const podFields = ['status.phase=Running', 'spec.nodeName=n', 'spec.containers=x'];
      for (const fieldSelector of podFields)
        await api.get(`pod fields ${fieldSelector}`, 'pods', { query: { fieldSelector } });
      await api.get('custom fields', 'tekton.dev/v1/taskruns', { query: { fieldSelector: 'spec.taskRef.name=x' } });
    },
  },
  {
    name: 'pages',
    async run(api) {
      await makeFive(api);
      const first = await api.get('first', 'configmaps', { query: { limit: '2' } });
      const next = (first.value['metadata'] as JsonObject)['continue'] as string;
      await api.create('meanwhile', 'configmaps', configMap('b1', {}));
      const second = await api.get('second', 'configmaps', { query: { limit: '2', continue: next } });
      api.note('the second page', [...namesIn(second.value)]);
      const last = (second.value['metadata'] as JsonObject)['continue'] as string;
      await api.get('last', 'configmaps', { query: { limit: '2', continue: last } });
      await api.get('a broken token', 'configmaps', { query: { limit: '2', continue: 'broken' } });
      await api.get('a negative limit', 'configmaps', { query: { limit: '-1' } });
      await api.get('any version', 'configmaps', { query: { resourceVersion: '0' } });
      await api.get('a version that is no number', 'configmaps', { query: { resourceVersion: 'x' } });
    },
    differs: {
      'a negative limit': 'refused, not ignored',
    },
  },
  {
    name: 'watches',
    async run(api) {
      const before = versionOf(await api.get('empty', 'configmaps'));
      await api.create('made', 'configmaps', configMap('a', { team: 'x' }));
      await api.patch('changed', 'configmaps/a', 'merge', { data: { k: 'v' } });
      await api.patch('moved', 'configmaps/a', 'merge', { metadata: { labels: { team: 'y' } } });
      await api.delete('deleted', 'configmaps/a');
      const resourceVersion = before;
      await api.watch('all of it', 'configmaps', { resourceVersion }, 4);
      await api.watch('what team x sees', 'configmaps', { resourceVersion, labelSelector: 'team=x' }, 3);
      await api.watch('what team y sees', 'configmaps', { resourceVersion, labelSelector: 'team=y' }, 2);
      await api.watch('one name', 'configmaps', { resourceVersion, fieldSelector: 'metadata.name=a' }, 4);
      await api.watch('a version that is no number', 'configmaps', { resourceVersion: 'x' }, 1);
      await api.create('made again', 'configmaps', configMap('b', {}));
      await api.watch('from now on', 'configmaps', {}, 1);
      const run = {
        apiVersion: 'tekton.dev/v1',
        kind: 'TaskRun',
        metadata: { name: 'r' },
        spec: { taskRef: { name: 't' } },
      };
      const list = versionOf(await api.get('no runs', 'tekton.dev/v1/taskruns'));
      await api.create('a run', 'tekton.dev/v1/taskruns', run);
      await api.watch('custom', 'tekton.dev/v1/taskruns', { resourceVersion: list }, 1);
    },
    differs: {
      'a version that is no number': 'a fault of the caller is answered 400, not as one of the server (500)',
    },
  },
];
