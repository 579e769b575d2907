/** What people do with the real kubectl, against our server on TLS. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { JsonObject } from '../../src/base/json.ts';
import { simulatedLogs } from '../support/simulated-logs.ts';
import { Kubectl, noKubectl, type KubectlResult } from '../support/kubectl.ts';
import { serveApi, type ServedApi } from '../support/served-api.ts';

const pod = (name: string): JsonObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, labels: { app: name } },
  spec: {
    restartPolicy: 'Never',
    initContainers: [{ name: 'first', image: 'busybox:1', command: ['true'] }],
    containers: [{ name: 'main', image: 'busybox:1', env: [{ name: 'A', value: '1' }] }],
  },
});

const configMap = (name: string, data: JsonObject = { a: '1', b: '2' }): JsonObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, labels: { app: name } },
  data,
});

const pipelineRun = (metadata: JsonObject): JsonObject => ({
  apiVersion: 'tekton.dev/v1',
  kind: 'PipelineRun',
  metadata,
  spec: { pipelineRef: { name: 'build' }, params: [{ name: 'revision', value: 'main' }] },
});

describe('kubectl', { skip: noKubectl }, () => {
  let served: ServedApi;
  let kubectl: Kubectl;

  before(async () => {
    served = await serveApi({ podLogs: simulatedLogs });
    kubectl = new Kubectl(served.listener, served);
  });

  after(async () => {
    kubectl[Symbol.dispose]();
    await served[Symbol.asyncDispose]();
  });

  /** Runs a command line that succeeds; its standard output. */
  async function run(line: string, input?: JsonObject): Promise<string> {
    const { code, stdout, stderr } = await attempt(line, input);
    assert.equal(code, 0, `kubectl ${line}: ${stderr}`);
    return stdout;
  }

  /** Runs a command line that fails; its standard error. */
  async function fail(line: string, input?: JsonObject): Promise<string> {
    const { code, stdout, stderr } = await attempt(line, input);
    assert.notEqual(code, 0, `kubectl ${line} did not fail: ${stdout}`);
    return stderr;
  }

  function attempt(line: string, input?: JsonObject): Promise<KubectlResult> {
    return kubectl.run(wordsOf(line), input ? { stdin: JSON.stringify(input) } : {});
  }

  async function json(line: string): Promise<JsonObject> {
    return JSON.parse(await run(`${line} -o json`)) as JsonObject;
  }

  it('shows objects: wide, yaml, json, jsonpath, name, custom columns, sorted', async () => {
    await run('apply -f -', pod('shown'));
    const wide = (await run('get pods shown -o wide')).split('\n').map((line) => line.trim().split(/ {2,}/));
    assert.deepEqual(wide[0], 'NAME,READY,STATUS,RESTARTS,AGE,IP,NODE,NOMINATED NODE,READINESS GATES'.split(','));
    assert.deepEqual(wide[1]?.toSpliced(4, 1), 'shown,0/1,Pending,0,<none>,<none>,<none>,<none>'.split(','));
    assert.match(
      await run('get pod shown -o yaml'),
      /^apiVersion: v1\nkind: Pod\nmetadata:\n(.*\n)+spec:\n {2}containers:\n {2}- env:/,
    );
    assert.equal((await json('get pod shown'))['kind'], 'Pod');
    assert.equal(
      await run('get pods shown -o jsonpath={.spec.containers[0].image}/{.status.phase}'),
      'busybox:1/Pending',
    );
    assert.equal(await run('get po shown -o name'), 'pod/shown\n');
    const columns = await run('get pods -l app=shown -o custom-columns=N:.metadata.name,I:.spec.containers[*].image');
    assert.match(columns, /^N +I\nshown +busybox:1\n$/);
    assert.match(await run('get pods --sort-by=.metadata.name --show-labels'), /app=shown/);
    assert.match(await run('get all'), /shown/);
  });

  it('selects by labels and fields', async () => {
    for (const name of ['sel-a', 'sel-b']) await run('apply -f -', configMap(name));
    assert.equal(await run('get cm -l app=sel-a -o name'), 'configmap/sel-a\n');
    assert.equal(await run("get cm -l 'app in (sel-a,sel-b),app!=sel-a,!none' -o name"), 'configmap/sel-b\n');
    assert.equal(await run('get cm --field-selector metadata.name=sel-b -o name'), 'configmap/sel-b\n');
    assert.match(await fail('get pods --field-selector spec.color=red'), /field label not supported: spec.color/);
    assert.match(await fail("get cm -l 'app in (a'"), /unable to parse requirement/);
  });

  it('applies on the client side, and sees when nothing changes', async () => {
    const line = 'apply -f -';
    assert.equal(await run(line, configMap('applied')), 'configmap/applied created\n');
    assert.equal(await run(line, configMap('applied')), 'configmap/applied unchanged\n');
    assert.equal(await run(line, configMap('applied', { a: '3' })), 'configmap/applied configured\n');
    assert.deepEqual((await json('get cm applied'))['data'], { a: '3' });
    assert.equal(await run(line, pipelineRun({ name: 'applied' })), 'pipelinerun.tekton.dev/applied created\n');
    assert.equal(await run(line, pipelineRun({ name: 'applied' })), 'pipelinerun.tekton.dev/applied unchanged\n');
    assert.match(await run(`${line} --dry-run=server`, configMap('dry')), /created \(server dry run\)/);
    assert.match(await fail('get cm dry'), /configmaps "dry" not found/);
  });

  it('applies on the server side, with conflicts', async () => {
    const line = 'apply --server-side -f -';
    assert.equal(await run(`${line} --field-manager=one`, configMap('ssa')), 'configmap/ssa serverside-applied\n');
    const taken = configMap('ssa', { a: 'other' });
    const conflict = await fail(`${line} --field-manager=two`, taken);
    assert.match(conflict, /Apply failed with 1 conflict: conflict with "one": \.data\.a/);
    await run(`${line} --field-manager=two --force-conflicts`, taken);
    assert.deepEqual((await json('get cm ssa'))['data'], { a: 'other', b: '2' });
    const managed = await run('get cm ssa -o yaml --show-managed-fields');
    assert.match(managed, /manager: one\n/);
    assert.match(managed, /manager: two\n/);
    assert.equal(await run(line, pipelineRun({ name: 'ssa' })), 'pipelinerun.tekton.dev/ssa serverside-applied\n');
  });

  it('patches in every way', async () => {
    await run('apply -f -', configMap('patched'));
    await run(`patch cm patched -p '{"data":{"a":"strategic"}}'`);
    await run(`patch cm patched --type merge -p '{"data":{"b":null}}'`);
    await run(`patch cm patched --type json -p '[{"op":"add","path":"/data/c","value":"json"}]'`);
    assert.deepEqual((await json('get cm patched'))['data'], { a: 'strategic', c: 'json' });
    const failed = await fail(`patch cm patched --type json -p '[{"op":"test","path":"/data/c","value":"x"}]'`);
    assert.match(failed, /invalid: .*the value is another one/);
    const stale = `{"metadata":{"resourceVersion":"1"},"data":{"a":"stale"}}`;
    assert.match(await fail(`patch cm patched --type merge -p '${stale}'`), /the object has been modified/);
    await run('apply -f -', pod('patched'));
    await run(`patch pod patched -p '{"spec":{"containers":[{"name":"main","image":"busybox:2"}]}}'`);
    assert.equal(await run('get pod patched -o jsonpath={.spec.containers[*].image}'), 'busybox:2');
    await run(`patch pod patched --subresource status --type merge -p '{"status":{"phase":"Running"}}'`);
    assert.equal(await run('get pod patched -o jsonpath={.status.phase}'), 'Running');
    await run('apply -f -', pipelineRun({ name: 'patched' }));
    assert.match(await fail(`patch pr patched -p '{"spec":{}}'`), /strategic-merge-patch\+json is not supported/);
    await run(`patch pr patched --type merge -p '{"spec":{"status":"Cancelled"}}'`);
  });

  it('edits with the version that was read', async () => {
    await run('apply -f -', configMap('edited'));
    const { code, stderr } = await kubectl.run(['edit', 'cm', 'edited'], {
      environment: { KUBE_EDITOR: 'sed -i \'s/a: "1"/a: edited/\'' },
    });
    assert.equal(code, 0, stderr);
    assert.equal(await run('get cm edited -o jsonpath={.data.a}'), 'edited');
  });

  it('labels and annotates', async () => {
    await run('apply -f -', configMap('marked'));
    await run('label cm marked tier=front');
    assert.match(await fail('label cm marked tier=back'), /already has a value/);
    await run('label cm marked tier=back --overwrite');
    await run('annotate cm marked note=one');
    const { metadata } = (await json('get cm marked')) as { metadata: { labels: object; annotations: JsonObject } };
    assert.deepEqual(metadata.labels, { app: 'marked', tier: 'back' });
    assert.equal(metadata.annotations['note'], 'one');
    await run('label cm marked tier-');
    assert.match(await fail('label cm marked "x=a b"'), /invalid label value/);
    assert.match(
      await fail(`patch cm marked --type merge -p '{"metadata":{"labels":{"x":"a b"}}}'`),
      /metadata.labels/,
    );
  });

  it('replaces and compares', async () => {
    await run('create -f -', configMap('replaced'));
    assert.match(await fail('create -f -', configMap('replaced')), /configmaps "replaced" already exists/);
    assert.equal(await run('replace -f -', configMap('replaced', { c: '3' })), 'configmap/replaced replaced\n');
    assert.deepEqual((await json('get cm replaced'))['data'], { c: '3' });
    const { code, stdout } = await attempt('diff -f -', configMap('replaced', { c: '4' }));
    assert.equal(code, 1);
    assert.match(stdout, /-  c: "3"\n\+  c: "4"/);
    assert.equal((await attempt('diff -f -', configMap('replaced', { c: '3' }))).stdout.includes('c: "4"'), false);
    assert.match(await run('replace --force -f -', configMap('replaced')), /deleted\n.*replaced/s);
  });

  it('creates with a generated name', async () => {
    const line = 'create -f - -o name';
    const names = [
      await run(line, pipelineRun({ generateName: 'gen-' })),
      await run(line, pipelineRun({ generateName: 'gen-' })),
    ];
    for (const name of names) assert.match(name, /^pipelinerun.tekton.dev\/gen-[a-z0-9]{5}\n$/);
    assert.notEqual(names[0], names[1]);
  });

  it('says what is wrong with an object', async () => {
    const wrong = { ...configMap('wrong'), extra: 1 };
    assert.match(await fail('create -f -', wrong), /unknown field "extra"/);
    const { stderr, code } = await attempt('create --validate=warn -f -', wrong);
    assert.equal(code, 0);
    assert.match(stderr, /Warning: unknown field "extra"/);
    assert.match(await fail('create -f -', configMap('Not_A_Name')), /a lowercase RFC 1123 subdomain/);
    const typed = { ...pipelineRun({ name: 'typed' }), spec: { pipelineRef: { name: 1 } } };
    assert.match(await fail('create --validate=false -f -', typed), /spec.pipelineRef.name/);
  });

  it('describes objects with their events', async () => {
    for (const object of [pod('told'), pipelineRun({ name: 'told' })]) {
      await run('apply -f -', object);
      const kind = String(object['kind']).toLowerCase();
      const { metadata } = (await json(`get ${kind} told`)) as { metadata: JsonObject };
      const { uid = '', resourceVersion = '' } = metadata;
      await run('create -f -', {
        apiVersion: 'v1',
        kind: 'Event',
        metadata: { name: `${kind}.1`, namespace: 'default' },
        involvedObject: {
          apiVersion: object['apiVersion'] ?? '',
          kind: object['kind'] ?? '',
          name: 'told',
          namespace: 'default',
          uid,
          resourceVersion,
        },
        type: 'Warning',
        reason: 'Tested',
        message: `something about the ${kind}`,
        source: { component: 'tester' },
        firstTimestamp: '2026-01-01T00:00:00Z',
        lastTimestamp: '2026-01-01T00:00:00Z',
        count: 2,
      });
      const described = await run(`describe ${kind} told`);
      assert.match(described, /^Name: +told\nNamespace: +default\n/);
      assert.match(described, new RegExp(`Events:\\n(.*\\n)*.*Warning +Tested .*tester +something about the ${kind}`));
    }
    assert.match(await run('get events --field-selector involvedObject.kind=Pod'), /Warning +Tested +pod\/told/);
    assert.match(await run('events --for pod/told'), /Tested/);
    assert.match(await run('describe ns default'), /Status: +Active/);
  });

  it('reads and follows logs', async () => {
    await run('apply -f -', pod('logged'));
    assert.equal(await run('logs logged'), 'main 1\nmain 2\nmain 3\n');
    assert.equal(await run('logs logged -c first'), 'first 1\nfirst 2\nfirst 3\n');
    assert.equal(await run('logs logged --tail=1'), 'main 3\n');
    assert.equal(await run('logs -f logged'), 'main 1\nmain 2\nmain 3\nmain 4\nmain 5\n');
    assert.match(await run('logs logged --all-containers --prefix'), /\[pod\/logged\/first\] first 1\n/);
    assert.match(await run('logs -l app=logged'), /main 3/);
    assert.match(await fail('logs logged -c other'), /container other is not valid for pod logged/);
    assert.match(await fail('logs nobody'), /pods "nobody" not found/);
  });

  it('watches', async () => {
    const line =
      'get cm -l app=watched -w --output-watch-events -o custom-columns=T:.type,N:.object.metadata.name,A:.object.data.a';
    const watching = kubectl.start(wordsOf(`${line} --no-headers`));
    const tables = kubectl.start(wordsOf('get cm -l app=watched -w'));
    await run('apply -f -', configMap('watched'));
    await watching.until(/watched/);
    await tables.until(/watched/);
    await run('apply -f -', configMap('watched', { a: '2' }));
    await run('delete cm watched');
    await watching.until(/DELETED.*\n/);
    await tables.until(/^watched +1 .*\n/m);
    const words = watching.stdout
      .trim()
      .split('\n')
      .map((text) => text.trim().split(/\s+/).join(' '));
    assert.deepEqual(words, ['ADDED watched 1', 'MODIFIED watched 2', 'DELETED watched 2']);
    assert.match(tables.stdout, /^NAME +DATA +AGE\nwatched +2 +\ds\nwatched +1 /);
    await watching.stop();
    await tables.stop();
  });

  it('waits for conditions, values and the end', async () => {
    await run('apply -f -', pod('awaited'));
    assert.match(await fail('wait --for=condition=Ready pod/awaited --timeout=100ms'), /timed out/);
    const ready = run('wait --for=condition=Ready pod/awaited --timeout=20s');
    const phase = run('wait --for=jsonpath={.status.phase}=Running pod/awaited --timeout=20s');
    const status = { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] };
    await run(`patch pod awaited --subresource status --type merge -p '${JSON.stringify({ status })}'`);
    assert.match(await ready, /condition met/);
    assert.match(await phase, /condition met/);
    const gone = run('wait --for=delete pod/awaited --timeout=20s');
    await run('delete pod awaited');
    // It says so only when it began to wait before the end.
    await gone;
    assert.match(await fail('get pod awaited'), /not found/);
  });

  it('deletes: one, by label, all, in the foreground, without waiting, what is not there', async () => {
    for (const name of ['d1', 'd2', 'd3', 'd4']) await run('apply -n kube-system -f -', configMap(name));
    const line = 'delete -n kube-system cm';
    assert.equal(await run(`${line} d1`), 'configmap "d1" deleted\n');
    assert.equal(await run(`${line} -l app=d2`), 'configmap "d2" deleted\n');
    assert.equal(await run(`${line} d3 --cascade=foreground`), 'configmap "d3" deleted\n');
    assert.match(await run(`${line} --all --wait=false`), /configmap "d4" deleted\n/);
    assert.equal(await run('get cm -n kube-system -o name'), '');
    assert.match(await fail(`${line} d1`), /configmaps "d1" not found/);
    await run(`${line} d1 --ignore-not-found`);
  });

  it('deletes a namespace with all that is in it', async () => {
    await run('create -f -', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'brief' } });
    await run('apply -n brief -f -', configMap('inside'));
    assert.match(await run('delete ns brief --timeout=20s'), /namespace "brief" deleted/);
    assert.match(await fail('get ns brief'), /namespaces "brief" not found/);
    assert.equal(await run('get cm -n brief -o name'), '');
  });

  it('follows owners down', async () => {
    await run('apply -f -', configMap('owner'));
    const { metadata } = (await json('get cm owner')) as { metadata: { uid: string } };
    const ownerReferences = [
      { apiVersion: 'v1', kind: 'ConfigMap', name: 'owner', uid: metadata.uid, blockOwnerDeletion: true },
    ];
    for (const name of ['owned', 'spared']) {
      const object = configMap(name);
      await run('apply -f -', { ...object, metadata: { name, ownerReferences } });
    }
    await run('delete cm owner --cascade=foreground');
    assert.match(await fail('get cm owned'), /not found/);
    await run('apply -f -', configMap('parent'));
    const parent = (await json('get cm parent')) as { metadata: { uid: string } };
    const child = {
      name: 'child',
      ownerReferences: [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'parent', uid: parent.metadata.uid }],
    };
    await run('apply -f -', { ...configMap('child'), metadata: child });
    await run('delete cm parent --cascade=orphan');
    assert.equal(await run('get cm child -o jsonpath={.metadata.ownerReferences}'), '');
  });

  it('creates with the words of its own commands, which travel as protobuf', async () => {
    await run('create ns worded');
    await run('create cm -n worded c --from-literal=a=b');
    await run('create secret generic -n worded s --from-literal=a=b');
    await run('create sa -n worded robot');
    assert.equal(await run('get cm -n worded c -o jsonpath={.data.a}'), 'b');
    assert.equal(await run('get secret -n worded s -o jsonpath={.data.a}/{.type}'), 'Yg==/Opaque');
    assert.match(await fail('create ns worded'), /namespaces "worded" already exists/);
    await run('run -n worded made --image=busybox:1 --restart=Never');
    assert.equal(await run('get pod -n worded made -o jsonpath={.spec.containers[0].name}'), 'made');
  });

  it('asks what it may do, and who it is', async () => {
    assert.equal(await run('auth can-i create pipelineruns.tekton.dev'), 'yes\n');
    assert.match(await run('auth can-i --list'), /\*\.\*/);
    assert.match(await run('auth whoami'), /Username +tester/);
  });

  it('drains a node: pods are evicted', async () => {
    await run('create -f -', { apiVersion: 'v1', kind: 'Node', metadata: { name: 'old' } });
    const { spec, ...rest } = pod('evicted');
    const held = { metadata: { name: 'evicted', finalizers: ['example.com/hold'] } };
    await run('create -f -', { ...rest, ...held, spec: { ...(spec as JsonObject), nodeName: 'old' } });
    const draining = run('drain old --force --grace-period=0 --timeout=20s');
    await run('wait --for=condition=DisruptionTarget pod/evicted --timeout=20s');
    const evicted = await json('get pod evicted');
    const [condition] = (evicted['status'] as { conditions: readonly JsonObject[] }).conditions;
    assert.equal(condition?.['reason'], 'EvictionByEvictionAPI');
    await run(`patch pod evicted --type merge -p '{"metadata":{"finalizers":null}}'`);
    assert.match(await draining, /pod\/evicted evicted\n.*node\/old drained/s);
    assert.match(await run('get node old'), /SchedulingDisabled/);
    await run('uncordon old');
  });

  it('installs a kind, uses it and takes it away', async () => {
    const schema = {
      type: 'object',
      description: 'Something of a size.',
      properties: {
        spec: {
          type: 'object',
          required: ['size'],
          properties: { size: { type: 'integer', minimum: 1 }, color: { type: 'string', default: 'red' } },
        },
        status: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
      },
    };
    const crd = {
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name: 'widgets.example.com' },
      spec: {
        group: 'example.com',
        scope: 'Namespaced',
        names: { plural: 'widgets', kind: 'Widget', shortNames: ['wd'] },
        versions: [
          {
            name: 'v1',
            served: true,
            storage: true,
            schema: { openAPIV3Schema: schema },
            subresources: { status: {} },
            additionalPrinterColumns: [
              { name: 'Size', type: 'integer', jsonPath: '.spec.size' },
              { name: 'Ready', type: 'string', jsonPath: '.status.conditions[?(@.type=="Ready")].status' },
              { name: 'Color', type: 'string', jsonPath: '.spec.color', priority: 1 },
            ],
          },
        ],
      },
    };
    const widget = { apiVersion: 'example.com/v1', kind: 'Widget', metadata: { name: 'w' }, spec: { size: 3 } };
    await run('apply -f -', crd);
    await run('wait --for=condition=Established crd/widgets.example.com --timeout=20s');
    assert.match(await run('api-resources --api-group=example.com'), /^widgets +wd +example.com\/v1 +true +Widget$/m);
    assert.equal(await run('apply -f -', widget), 'widget.example.com/w created\n');
    assert.equal(await run('apply --server-side -f -', widget), 'widget.example.com/w serverside-applied\n');
    assert.match(
      await fail('apply -f -', { ...widget, spec: { size: 0 } }),
      /spec.size in body should be greater than or equal to 1/,
    );
    assert.match(
      await fail('create -f -', { ...widget, spec: { size: 1, colour: 'x' } }),
      /unknown field "spec.colour"/,
    );
    const status = { status: { conditions: [{ type: 'Ready', status: 'True' }] } };
    await run(`patch wd w --subresource status --type merge -p '${JSON.stringify(status)}'`);
    await run('wait --for=condition=Ready wd/w --timeout=20s');
    assert.match(await run('get wd -o wide'), /^NAME +SIZE +READY +COLOR\nw +3 +True +red\n$/);
    assert.match(await run('explain widget.spec'), /color\t<string>\n[^]*size\t<integer> -required-/);
    assert.match(await run('describe wd w'), /Size: +3/);
    await run('delete crd widgets.example.com --timeout=20s');
    assert.match(await fail('get widgets.v1.example.com'), /the server (could not find|doesn't have)/);
    assert.equal(await run('api-resources --api-group=example.com -o name'), '');
  });

  it('explains', async () => {
    assert.match(await run('explain pipelinerun.spec.params'), /GROUP: +tekton.dev\nKIND: +PipelineRun\n/);
    assert.match(await run('explain pod --recursive'), / {2}spec\t<PodSpec>|<Object>\n/);
    assert.match(await fail('explain pod.spec.nothing'), /field "nothing" does not exist/);
  });

  it('discovers', async () => {
    const resources = await run('api-resources');
    assert.match(resources, /^pods +po +v1 +true +Pod$/m);
    assert.match(resources, /^pipelineruns +pr,prs +tekton.dev\/v1 +true +PipelineRun$/m);
    const versions = (await run('api-versions')).trim().split('\n');
    for (const version of ['v1', 'tekton.dev/v1', 'apiextensions.k8s.io/v1']) assert.ok(versions.includes(version));
    assert.match(await run('version'), /Server Version: v1\./);
    assert.equal(await run('get --raw /readyz'), 'ok');
  });
});

/** Splits at spaces; quotes keep together. */
function wordsOf(line: string): readonly string[] {
  return [...line.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)].map((match) => match[1] ?? match[2] ?? match[3] ?? '');
}
