/** The admission webhook and the embedded API server say the same to the same writes: both run the same rules. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { Agent, request } from 'node:https';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { createApiServer, type ApiServer } from '../../src/apiserver/api-server.ts';
import { isJsonObject, type Json, type JsonObject } from '../../src/base/json.ts';
import { seededRandom } from '../../src/base/random.ts';
import { systemClock } from '../../src/base/system-clock.ts';
import { gateAdmission } from '../../src/gate/admission.ts';
import { jsonPatch } from '../../src/kube/json-patch.ts';
import { builtinKinds } from '../../src/schema/core/builtin-kinds.ts';
import type { KindDefinition } from '../../src/schema/kind-definition.ts';
import { penstockKinds } from '../../src/schema/penstock/penstock-kinds.ts';
import { tektonKinds } from '../../src/schema/tekton/tekton-kinds.ts';
import { createAdmissionWebhook } from '../../src/server/admission/admission-webhook.ts';
import { createAuthority, createCertificate } from '../../src/server/certificate.ts';
import { startListener, type Listener } from '../../src/server/listener.ts';
import { createMemoryStore } from '../../src/store/memory-store.ts';
import { tektonAdmission } from '../../src/tekton/admission.ts';
import { silentLogger } from '../../src/telemetry/logger.ts';
import { parseYaml } from '../../src/yaml/parse-yaml.ts';

const corpus = path.resolve(import.meta.dirname, '../../../shared/corpus/tekton');
const missing = existsSync(corpus) ? false : `no corpus at ${corpus}`;
const kinds = [...tektonKinds, ...penstockKinds];
const validity = { nowMs: systemClock.now(), daysValid: 1 };
const authority = createAuthority({ ...validity, name: 'test', serial: randomBytes(16) });

/** Governs about half of the runs. */
const gate = {
  apiVersion: 'penstock.dev/v1alpha1',
  kind: 'Gate',
  metadata: { name: 'half' },
  spec: { maxRunning: 1, selector: { matchLabels: { half: 'yes' } } },
};

/** What became of a write: what is stored, or why it was refused. */
type Outcome =
  | { readonly stored: { readonly spec: Json | undefined; readonly labels: Json; readonly annotations: Json } }
  | { readonly refused: { readonly code: Json | undefined; readonly message: string; readonly causes: Json } };

describe('a write, embedded and through the webhook', () => {
  let server: ApiServer;
  let listener: Listener;
  const agent = new Agent({ keepAlive: true, ca: authority.certificate });

  before(async () => {
    const plugins = [tektonAdmission(), gateAdmission(() => [gate])];
    server = createApiServer({
      store: createMemoryStore(),
      clock: systemClock,
      random: seededRandom(1),
      logger: silentLogger,
      kinds: [...builtinKinds, ...kinds],
      admission: plugins,
    });
    listener = await startListener({
      mount: createAdmissionWebhook({ kinds, plugins, logger: silentLogger }),
      certificate: createCertificate({ ...validity, hosts: ['127.0.0.1'], serial: randomBytes(16), authority }),
    });
  });

  after(async () => {
    agent.destroy();
    await listener.close();
  });

  async function embedded(kind: KindDefinition, object: JsonObject): Promise<Outcome> {
    const { group, version, resource, namespaced } = kind.type;
    const { status, body } = await server.handle({
      method: 'POST',
      path: `/apis/${group}/${version}/${namespaced ? 'namespaces/default/' : ''}${resource}`,
      query: { dryRun: 'All' },
      headers: { 'content-type': 'application/json' },
      body: object,
    });
    assert.ok(body.kind === 'json');
    return status < 400 ? storedOf(body.value) : refusedOf(body.value);
  }

  /** As the API server of a cluster goes about it. */
  async function throughWebhook(kind: KindDefinition, written: JsonObject): Promise<Outcome> {
    let object = written;
    for (const webhook of ['mutate', 'validate']) {
      const response = await ask(webhook, kind, object);
      if (response['allowed'] !== true) return refusedOf(response['status'] as JsonObject);
      if (response['patch'] === undefined) continue;
      const patch = JSON.parse(Buffer.from(String(response['patch']), 'base64').toString()) as Json;
      object = jsonPatch(object, patch) as JsonObject;
    }
    return storedOf(object);
  }

  async function ask(webhook: string, kind: KindDefinition, object: JsonObject): Promise<JsonObject> {
    const { group, version, resource, namespaced } = kind.type;
    const review = {
      apiVersion: 'admission.k8s.io/v1',
      kind: 'AdmissionReview',
      request: {
        uid: 'u',
        resource: { group, version, resource },
        ...(namespaced ? { namespace: 'default' } : {}),
        operation: 'CREATE',
        userInfo: { username: 'jane' },
        object,
      },
    };
    const text = await new Promise<string>((resolve, reject) => {
      const headers = { 'content-type': 'application/json' };
      const sent = request(`${listener.url}/${webhook}`, { method: 'POST', agent, headers }, (answer) => {
        let received = '';
        answer.on('data', (chunk) => (received += String(chunk)));
        answer.on('end', () => resolve(received));
      });
      sent.on('error', reject);
      sent.end(JSON.stringify(review));
    });
    const { response } = JSON.parse(text) as { response?: JsonObject };
    assert.ok(response, text);
    return response;
  }

  let pending = 0;

  async function compare(kind: KindDefinition, object: JsonObject, where: string): Promise<'stored' | 'refused'> {
    const [there, here] = [await throughWebhook(kind, object), await embedded(kind, object)];
    assert.deepEqual(there, here, where);
    if ('stored' in here && isJsonObject(here.stored.spec) && here.stored.spec['status'] !== undefined) pending++;
    return 'stored' in here ? 'stored' : 'refused';
  }

  it('ends alike for the whole corpus of Tekton, governed or not, whole or damaged', { skip: missing }, async () => {
    const counts = { stored: 0, refused: 0 };
    for (const { kind, object, file } of corpusObjects()) {
      for (const variant of variantsOf(object)) counts[await compare(kind, variant, file)]++;
    }
    assert.ok(pending > 20, `${pending} governed runs`);
    assert.ok(counts.stored > 200 && counts.refused > 200, JSON.stringify(counts));
  });

  it('ends alike for gates', async () => {
    const [kind] = penstockKinds;
    assert.ok(kind);
    assert.equal(await compare(kind, gate, 'gate'), 'stored');
    assert.equal(await compare(kind, { ...gate, spec: { maxRunning: -1 } }, 'gate'), 'refused');
    assert.equal(await compare(kind, { ...gate, spec: { maxRunning: 'many' } }, 'gate'), 'refused');
    assert.equal(await compare(kind, { ...gate, spec: { maxRunning: 1, unknown: true } }, 'gate'), 'refused');
  });
});

interface Found {
  readonly kind: KindDefinition;
  readonly object: JsonObject;
  readonly file: string;
}

function corpusObjects(): readonly Found[] {
  return globSync('**/*.yaml', { cwd: corpus }).flatMap((file) =>
    parseYaml(readFileSync(path.join(corpus, file), 'utf8'), file).documents.flatMap(({ value }): readonly Found[] => {
      if (!isJsonObject(value) || value['apiVersion'] !== 'tekton.dev/v1' || !isJsonObject(value['metadata']))
        return [];
      const kind = tektonKinds.find(({ type }) => type.kind === value['kind']);
      if (kind === undefined) return [];
      const { namespace: _namespace, ...metadata } = value['metadata'];
      return [{ kind, object: { ...value, metadata }, file }];
    }),
  );
}

/** The object as it is, governed by the gate, and damaged in two ways. */
function variantsOf(object: JsonObject): readonly JsonObject[] {
  const metadata = object['metadata'] as JsonObject;
  const spec = isJsonObject(object['spec']) ? object['spec'] : {};
  return [
    object,
    { ...object, metadata: { ...metadata, labels: { half: 'yes' } } },
    { ...object, spec: { ...spec, params: 'none', nonsense: true } },
    { ...object, spec: { ...spec, taskRef: { name: 'a' }, pipelineRef: { name: '' }, tasks: [], steps: [] } },
  ];
}

function storedOf(object: JsonObject): Outcome {
  const { labels = {}, annotations = {} } = object['metadata'] as JsonObject;
  return { stored: { spec: object['spec'], labels, annotations } };
}

function refusedOf({ code, message, details }: JsonObject): Outcome {
  const causes = isJsonObject(details) ? (details['causes'] ?? []) : [];
  // Only the embedded server knows the name that it would generate.
  return { refused: { code, message: String(message).replace(/ "[^"]*" is invalid/, ' is invalid'), causes } };
}
