/** What programs do with @kubernetes/client-node, against our server on TLS. */
import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { after, before, describe, it } from 'node:test';
import {
  ApiextensionsV1Api,
  ApiException,
  CoordinationV1Api,
  CoreV1Api,
  CustomObjectsApi,
  KubeConfig,
  KubernetesObjectApi,
  Log,
  makeInformer,
  PatchStrategy,
  setHeaderOptions,
  V1MicroTime,
  Watch,
  type V1ConfigMap,
} from '@kubernetes/client-node';
import { simulatedLogs } from '../support/simulated-logs.ts';
import { serveApi, type ServedApi } from '../support/served-api.ts';
import { waitUntil } from '../support/wait-until.ts';

const namespace = 'default';
const configMapsPath = `/api/v1/namespaces/${namespace}/configmaps`;

describe('@kubernetes/client-node', () => {
  let served: ServedApi;
  let config: KubeConfig;
  let core: CoreV1Api;

  before(async () => {
    served = await serveApi({ podLogs: simulatedLogs });
    config = configOf(served);
    core = config.makeApiClient(CoreV1Api);
  });

  after(() => served[Symbol.asyncDispose]());

  it('reads and writes core objects', async () => {
    const created = await core.createNamespacedConfigMap({
      namespace,
      body: { metadata: { name: 'a' }, data: { k: '1' } },
    });
    assert.ok(created.metadata?.creationTimestamp instanceof Date);
    const body = { ...created, data: { k: '2' } };
    const replaced = await core.replaceNamespacedConfigMap({ name: 'a', namespace, body });
    assert.deepEqual(replaced.data, { k: '2' });
    await assert.rejects(core.replaceNamespacedConfigMap({ name: 'a', namespace, body }), hasCode(409));
    await assert.rejects(core.readNamespacedConfigMap({ name: 'none', namespace }), hasCode(404));
    const merge = setHeaderOptions('Content-Type', PatchStrategy.MergePatch);
    const patched = await core.patchNamespacedConfigMap(
      { name: 'a', namespace, body: { data: { k: null, n: '3' } } },
      merge,
    );
    assert.deepEqual(patched.data, { n: '3' });
    await core.deleteNamespacedConfigMap({ name: 'a', namespace });
    const names = (await core.listNamespacedConfigMap({ namespace })).items.map(({ metadata }) => metadata?.name);
    assert.ok(!names.includes('a'));
  });

  it('lists in pages', async () => {
    for (let index = 0; index < 5; index++)
      await core.createNamespacedConfigMap({ namespace: 'kube-system', body: { metadata: { name: `page-${index}` } } });
    const names: (string | undefined)[] = [];
    let _continue: string | undefined;
    let pages = 0;
    do {
      const page = await core.listNamespacedConfigMap({
        namespace: 'kube-system',
        limit: 2,
        ...(_continue ? { _continue } : {}),
      });
      names.push(...page.items.map(({ metadata }) => metadata?.name));
      _continue = page.metadata?._continue;
      pages += 1;
    } while (_continue);
    assert.deepEqual(names, ['page-0', 'page-1', 'page-2', 'page-3', 'page-4']);
    assert.equal(pages, 3);
  });

  it('reads and writes Tekton kinds as custom objects', async () => {
    const custom = config.makeApiClient(CustomObjectsApi);
    const where = { group: 'tekton.dev', version: 'v1', namespace, plural: 'pipelineruns' };
    const body = {
      apiVersion: 'tekton.dev/v1',
      kind: 'PipelineRun',
      metadata: { generateName: 'run-' },
      spec: { pipelineRef: { name: 'build' } },
    };
    const created = (await custom.createNamespacedCustomObject({ ...where, body })) as { metadata: { name: string } };
    const { name } = created.metadata;
    assert.match(name, /^run-/);
    const patch = setHeaderOptions('Content-Type', PatchStrategy.MergePatch);
    const status = { conditions: [{ type: 'Succeeded', status: 'True', reason: 'Succeeded' }] };
    await custom.patchNamespacedCustomObjectStatus({ ...where, name, body: { status } }, patch);
    const read = (await custom.getNamespacedCustomObject({ ...where, name })) as { status: unknown };
    assert.deepEqual(read.status, status);
    const list = (await custom.listNamespacedCustomObject(where)) as { items: readonly unknown[] };
    assert.equal(list.items.length, 1);
    await custom.deleteNamespacedCustomObject({ ...where, name });
    await assert.rejects(custom.getNamespacedCustomObject({ ...where, name }), hasCode(404));
  });

  it('installs a kind and uses it at once', async () => {
    const extensions = config.makeApiClient(ApiextensionsV1Api);
    const objects = KubernetesObjectApi.makeApiClient(config);
    await extensions.createCustomResourceDefinition({
      body: {
        metadata: { name: 'things.example.com' },
        spec: {
          group: 'example.com',
          scope: 'Namespaced',
          names: { plural: 'things', kind: 'Thing' },
          versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } }],
        },
      },
    });
    await until(async () => {
      const { status } = await extensions.readCustomResourceDefinition({ name: 'things.example.com' });
      return status?.conditions?.some(({ type, status: state }) => type === 'Established' && state === 'True') ?? false;
    });
    const thing = { apiVersion: 'example.com/v1', kind: 'Thing', metadata: { name: 't', namespace } };
    assert.equal((await objects.create(thing)).kind, 'Thing');
    await extensions.deleteCustomResourceDefinition({ name: 'things.example.com' });
    await until(() => served.store.range('example.com/').items.length === 0);
  });

  it('holds a lease', async () => {
    const coordination = config.makeApiClient(CoordinationV1Api);
    const spec = { holderIdentity: 'me', leaseDurationSeconds: 15, renewTime: new V1MicroTime() };
    const body = { metadata: { name: 'leader' }, spec };
    const lease = await coordination.createNamespacedLease({ namespace, body });
    assert.equal(lease.spec?.holderIdentity, 'me');
    const renewed = { ...lease, spec: { ...lease.spec, holderIdentity: 'you' } };
    await coordination.replaceNamespacedLease({ name: 'leader', namespace, body: renewed });
    await assert.rejects(
      coordination.replaceNamespacedLease({ name: 'leader', namespace, body: renewed }),
      hasCode(409),
    );
  });

  it('informs of every change, also behind a restart', async () => {
    const informed: string[] = [];
    const informer = makeInformer<V1ConfigMap>(
      config,
      configMapsPath,
      () => core.listNamespacedConfigMap({ namespace, labelSelector: 'informed' }),
      'informed',
    );
    const tell = (verb: string) => (object: V1ConfigMap) => informed.push(`${verb} ${object.metadata?.name}`);
    informer.on('add', tell('add'));
    informer.on('update', tell('update'));
    informer.on('delete', tell('delete'));
    // The client reports the end that `stop` makes as an error, too.
    const errors: unknown[] = [];
    informer.on('error', (error: unknown) => errors.push(error));
    const create = (name: string): Promise<unknown> =>
      core.createNamespacedConfigMap({ namespace, body: { metadata: { name, labels: { informed: '' } } } });
    await create('before');
    await informer.start();
    await until(() => informed.join() === 'add before');
    await create('during');
    const merge = setHeaderOptions('Content-Type', PatchStrategy.MergePatch);
    await core.patchNamespacedConfigMap({ name: 'during', namespace, body: { data: { x: '1' } } }, merge);
    await core.deleteNamespacedConfigMap({ name: 'before', namespace });
    await until(() => informed.join() === 'add before,add during,update during,delete before');
    await informer.stop();
    await create('meanwhile');
    await core.deleteNamespacedConfigMap({ name: 'during', namespace });
    await informer.start();
    await until(() => informed.slice(4).sort().join() === 'add meanwhile,delete during');
    assert.equal(
      informer
        .list()
        .map(({ metadata }) => metadata?.name)
        .join(),
      'meanwhile',
    );
    await informer.stop();
    assert.ok(
      errors.every((error) => error instanceof Error && error.name === 'AbortError'),
      String(errors),
    );
  });

  it('is told when the revision it asks for is gone', async () => {
    const { metadata } = await core.listNamespacedConfigMap({ namespace });
    for (const name of ['w1', 'w2', 'w3'])
      await core.createNamespacedConfigMap({ namespace, body: { metadata: { name } } });
    served.store.compact(served.store.revision());
    const events: string[] = [];
    const ended = new Promise<unknown>((resolve, reject) => {
      const query = { resourceVersion: metadata?.resourceVersion };
      const onEvent = (phase: string, object: { reason?: string; code?: number }): void => {
        events.push(`${phase} ${object.code} ${object.reason}`);
      };
      new Watch(config).watch(configMapsPath, query, onEvent, resolve).catch(reject);
    });
    const error = await ended;
    assert.deepEqual(events, ['ERROR 410 Expired']);
    assert.ok(error === null || error === undefined || error instanceof Error);
  });

  it('reads and follows logs', async () => {
    const body = { metadata: { name: 'logged' }, spec: { containers: [{ name: 'main', image: 'busybox:1' }] } };
    await core.createNamespacedPod({ namespace, body });
    assert.equal(await core.readNamespacedPodLog({ name: 'logged', namespace }), 'main 1\nmain 2\nmain 3\n');
    const stream = new PassThrough();
    await new Log(config).log(namespace, 'logged', 'main', stream, { follow: true });
    assert.equal(await text(stream), 'main 1\nmain 2\nmain 3\nmain 4\nmain 5\n');
  });

  it('is let in with its token only', async () => {
    const stranger = configOf({ ...served, token: 'wrong' }).makeApiClient(CoreV1Api);
    await assert.rejects(stranger.listNamespacedPod({ namespace }), hasCode(401));
  });
});

function configOf({ listener, certificate, token }: ServedApi): KubeConfig {
  const config = new KubeConfig();
  config.loadFromOptions({
    clusters: [{ name: 'c', server: listener.url, caData: Buffer.from(certificate).toString('base64') }],
    users: [{ name: 'u', token }],
    contexts: [{ name: 'x', cluster: 'c', user: 'u' }],
    currentContext: 'x',
  });
  return config;
}

function hasCode(code: number): (thrown: unknown) => boolean {
  return (thrown) => thrown instanceof ApiException && thrown.code === code;
}

const until = (condition: () => boolean | Promise<boolean>): Promise<void> => waitUntil(String(condition), condition);
