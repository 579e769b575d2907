import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createApiServer } from '../../src/apiserver/api-server.ts';
import { isJsonObject, type JsonObject } from '../../src/base/json.ts';
import { seededRandom } from '../../src/base/random.ts';
import { VirtualClock } from '../../src/base/virtual-clock.ts';
import type { ApiClient } from '../../src/client/api-client.ts';
import { createClient } from '../../src/client/client.ts';
import { installParts } from '../../src/install/installation.ts';
import { defaultInstallOptions } from '../../src/install/install-options.ts';
import { resourceTypeOf } from '../../src/install/resource-types.ts';
import type { ResourceType } from '../../src/kube/resource.ts';
import type { Transport } from '../../src/kube/transport.ts';
import { builtinKinds } from '../../src/schema/core/builtin-kinds.ts';
import { customResourceDefinitions } from '../../src/schema/core/custom-resource-definition.ts';
import { crdManifest } from '../../src/schema/crd-manifest.ts';
import type { KindDefinition } from '../../src/schema/kind-definition.ts';
import { tektonKinds } from '../../src/schema/tekton/tekton-kinds.ts';
import { createMemoryStore } from '../../src/store/memory-store.ts';
import { silentLogger } from '../../src/telemetry/logger.ts';
import { parseYaml } from '../../src/yaml/parse-yaml.ts';
import { type Said, connectionTo, typeProgram } from '../../src/cli/testing/typed-program.ts';

const everything = { ...defaultInstallOptions('9.9.9'), monitoring: true, newRepositories: true };
const objects = installParts(everything).flatMap((part) => part.objects);

/** A kind of Kubernetes that the embedded server does not know, with any shape. */
function openKind(type: ResourceType): KindDefinition {
  return {
    type,
    singular: type.kind.toLowerCase(),
    listKind: `${type.kind}List`,
    description: '',
    schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
    subresources: {},
    shortNames: [],
    categories: [],
    printerColumns: [],
    decoding: 'go',
  };
}

function missingKinds(): readonly KindDefinition[] {
  const known = new Set(builtinKinds.map(({ type }) => type.kind));
  const types = new Map(objects.map((object) => [String(object['kind']), resourceTypeOf(object)]));
  return [...types].filter(([kind]) => !known.has(kind)).map(([, type]) => openKind(type));
}

const ingressLike = { apiVersion: 'networking.k8s.io/v1', kind: 'Ingress' } as const;

interface Server {
  readonly client: ApiClient;
  readonly transport: Transport;
}

function server(kinds: readonly KindDefinition[] = missingKinds()): Server {
  const api = createApiServer({
    store: createMemoryStore(),
    clock: new VirtualClock(),
    random: seededRandom(1),
    logger: silentLogger,
    kinds: [...builtinKinds, ...kinds],
  });
  return { client: createClient(api.handle), transport: api.handle };
}

function install(client: ApiClient | undefined, ...words: readonly string[]): Promise<Said> {
  const connection = client && connectionTo(client, 'https://one');
  const connected = connection ? { connect: () => Promise.resolve(connection) } : {};
  return typeProgram(['install', ...words], { version: '9.9.9', ...connected });
}

function identityOf(object: unknown): string {
  assert.ok(isJsonObject(object) && isJsonObject(object['metadata']));
  return `${String(object['kind'])}/${String(object['metadata']['name'])}`;
}

describe('penstock install', () => {
  it('prints all of an installation with --dry-run, and asks no server', async () => {
    const { code, output } = await install(undefined, '--dry-run', '--with-service-monitor', '--new-repositories');
    assert.equal(code, 0);
    const read = parseYaml(output, 'out').documents.map(({ value }) => identityOf(value));
    assert.deepEqual(read, objects.map(identityOf));
    const json = await install(
      undefined,
      '--dry-run',
      '-o',
      'json',
      '--engine',
      'tekton',
      '--namespace',
      'ci',
      '--replicas',
      '1',
    );
    const { items } = JSON.parse(json.output) as { items: readonly JsonObject[] };
    assert.ok(!items.some((item) => identityOf(item).endsWith('.tekton.dev') && identityOf(item).includes('runs')));
    assert.ok(items.some((item) => identityOf(item) === 'Namespace/ci'));
  });

  it('applies everything, again without a change, and says what to watch', async () => {
    const { client } = server();
    const first = await install(client);
    assert.deepEqual([first.code, first.errors], [0, '']);
    assert.match(first.output, /^deployment\/penstock applied$/m);
    assert.match(first.output, /kubectl -n penstock rollout status deployment\/penstock/);
    const deployment = objects.find(({ kind }) => kind === 'Deployment');
    assert.ok(deployment);
    const key = { namespace: 'penstock', name: 'penstock' };
    const before = await client.get(resourceTypeOf(deployment), key);
    await install(client);
    assert.equal(
      (await client.get(resourceTypeOf(deployment), key)).metadata.resourceVersion,
      before.metadata.resourceVersion,
    );
  });

  it('adds an Ingress for a name, and says where Git hosts send to', async () => {
    const { client } = server([...missingKinds(), openKind(resourceTypeOf(ingressLike))]);
    const name = ['--ingress-host', 'ci.example.com', '--ingress-tls-secret', 'ci-tls', '--ingress-class', 'nginx'];
    const { code, output } = await install(client, ...name);
    assert.equal(code, 0);
    assert.match(output, /^ingress\/penstock-hooks applied$/m);
    assert.match(output, /^Git hosts send their webhooks to https:\/\/ci.example.com\/hooks\/HOST$/m);
    const lonely = await install(undefined, '--dry-run', '--ingress-class', 'nginx');
    assert.equal(lonely.code, 2);
    assert.match(lonely.errors, /add --ingress-host/);
  });

  it('leaves alone what somebody else has installed, and says what that means', async () => {
    const { client } = server();
    const [kind] = tektonKinds;
    assert.ok(kind);
    const theirs = crdManifest(kind);
    const metadata = { name: 'tasks.tekton.dev', labels: { 'app.kubernetes.io/part-of': 'tekton-pipelines' } };
    await client.create(customResourceDefinitions, { ...theirs, metadata } as never);
    const { code, output, errors } = await install(client);
    assert.equal(code, 0);
    assert.match(output, /^customresourcedefinition\/tasks.tekton.dev left alone: somebody else installed it$/m);
    assert.match(errors, /--engine tekton/);
    const kept = await client.get(customResourceDefinitions, { namespace: '', name: 'tasks.tekton.dev' });
    assert.deepEqual(kept.metadata.labels, metadata.labels);
  });

  it('fails where Penstock cannot run', async () => {
    const { client } = server([]);
    const { code, output, errors } = await install(client);
    assert.equal(code, 1);
    assert.match(output, /^deployment\/penstock not served$/m);
    assert.match(errors, /https:\/\/one does not serve \d+ of these kinds/);
  });

  it('tells in the words of the server what it refuses', async () => {
    const { transport } = server();
    const refusing: Transport = (request) =>
      request.path.includes('clusterroles/')
        ? Promise.resolve({
            status: 403,
            headers: {},
            body: { kind: 'json', value: { kind: 'Status', reason: 'Forbidden', message: 'jane may not', code: 403 } },
          })
        : transport(request);
    const { code, errors } = await install(createClient(refusing));
    assert.equal(code, 2);
    assert.match(errors, /https:\/\/one does not take clusterrole\/penstock: jane may not\n.*administrator/s);
  });

  it('refuses options that make no sense', async () => {
    for (const words of [
      ['--namespace', 'A'],
      ['--image', 'a b'],
      ['--replicas', '0'],
      ['--replicas', 'two'],
      ['-o', 'xml'],
    ]) {
      assert.equal((await install(undefined, '--dry-run', ...words)).code, 2, words.join(' '));
    }
  });
});
