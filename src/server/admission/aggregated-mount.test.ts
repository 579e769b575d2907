/** An API behind another API server: who is believed, over real TLS. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { describe, it } from 'node:test';
import { configMaps } from '../../kube/core-types.ts';
import type { Transport } from '../../kube/transport.ts';
import { MemoryLogger } from '../../telemetry/memory-logger.ts';
import { type CertificateAuthority, createAuthority, createCertificate } from '../certificate.ts';
import { type AdmissionServer, startAdmissionServer } from './admission-server.ts';
import type { AggregatedApi } from './aggregated-mount.ts';
import { apiServices } from './certificate-keeper.ts';
import { CertificateRig } from './certificate-rig.ts';
import { frontProxyConfigMap, type FrontProxyUser, frontProxyLookMs, parseFrontProxy } from './front-proxy.ts';

// The clock of the rig is not the machine's, by which TLS judges.
const nowMs = Date.parse('2026-01-01T00:00:00Z');
const newAuthority = (name: string): CertificateAuthority =>
  createAuthority({ name, nowMs, serial: randomBytes(16), daysValid: 36_500 });
const proof = (authority: CertificateAuthority): { key: string; cert: string } => {
  const made = createCertificate({
    hosts: [],
    nowMs,
    serial: randomBytes(16),
    daysValid: 36_500,
    authority,
    shownBy: 'client',
  });
  return { key: made.key, cert: made.certificate };
};

const words = {
  'requestheader-username-headers': '["X-Remote-User"]',
  'requestheader-uid-headers': '["X-Remote-Uid"]',
  'requestheader-group-headers': '["X-Remote-Group"]',
  'requestheader-extra-headers-prefix': '["X-Remote-Extra-"]',
};

/** Tells everybody whom it takes them for. */
const api: AggregatedApi = {
  groupVersion: 'logs.test/v1',
  resources: [{ name: 'taskruns/log', kind: 'TaskRun', verbs: ['get'] }],
  transportFor: (user): Transport => {
    const value = user as FrontProxyUser & { readonly [name: string]: never };
    return () => Promise.resolve({ status: 200, headers: {}, body: { kind: 'json', value } });
  },
};

class World {
  readonly rig: CertificateRig = new CertificateRig();
  readonly logger: MemoryLogger = new MemoryLogger();
  readonly authority: CertificateAuthority = newAuthority('front-proxy');

  async start(data: Readonly<Record<string, string>> = {}): Promise<AdmissionServer> {
    await this.rig.install();
    await this.publish({ 'requestheader-client-ca-file': this.authority.certificate, ...words, ...data }, 'create');
    const parts = { ...this.rig.options(this.logger), kinds: [], plugins: [], port: 0, host: '127.0.0.1' };
    const server = await startAdmissionServer({ ...parts, aggregated: api });
    await this.rig.clock.advance(1);
    return server;
  }

  async publish(data: Readonly<Record<string, string>>, how: 'create' | 'update'): Promise<void> {
    const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { ...frontProxyConfigMap }, data };
    if (how === 'create') await this.rig.client.create(configMaps, object);
    else await this.rig.client.patch(configMaps, frontProxyConfigMap, { data }, { type: 'merge' });
  }
}

const ann = { 'x-remote-user': 'ann', 'x-remote-group': ['people', 'system:authenticated'] };

async function ask(
  { port }: AdmissionServer,
  headers: Readonly<Record<string, string | string[]>>,
  shown: { key?: string; cert?: string } = {},
  path = '/apis/logs.test/v1/namespaces/ns/taskruns/t/log',
): Promise<{ status: number | undefined; body: unknown }> {
  const sent = request({ host: '127.0.0.1', port, path, headers, rejectUnauthorized: false, agent: false, ...shown });
  sent.end();
  const [answer] = (await once(sent, 'response')) as [IncomingMessage];
  let text = '';
  for await (const chunk of answer) text += String(chunk);
  return { status: answer.statusCode, body: JSON.parse(text) };
}

describe('an API that an API server hands requests on for', () => {
  it('believes who an API server says is asking', async () => {
    const world = new World();
    await using server = await world.start();
    const headers = { ...ann, 'x-remote-uid': 'u1', 'x-remote-extra-scopes': ['a', 'b'], 'x-remote-extra-a%2fb': 'c' };
    const { status, body } = await ask(server, headers, proof(world.authority));
    assert.equal(status, 200);
    assert.deepEqual(body, {
      username: 'ann',
      uid: 'u1',
      groups: ['people', 'system:authenticated'],
      extra: { scopes: ['a', 'b'], 'a/b': ['c'] },
    });
    const found = await ask(server, ann, proof(world.authority), '/apis/logs.test/v1');
    assert.deepEqual((found.body as { resources: unknown }).resources, [
      { name: 'taskruns/log', kind: 'TaskRun', verbs: ['get'], singularName: '', namespaced: true },
    ]);
  });

  it('believes nobody else, whatever the headers say', async () => {
    const world = new World();
    await using server = await world.start();
    assert.equal((await ask(server, ann)).status, 401, 'no certificate');
    assert.equal((await ask(server, ann, proof(newAuthority('front-proxy')))).status, 401, 'of somebody else');
    const server_ = createCertificate({ hosts: [], nowMs, serial: randomBytes(16), authority: world.authority });
    assert.equal((await ask(server, ann, { key: server_.key, cert: server_.certificate })).status, 401, 'not a client');
    assert.equal((await ask(server, {}, proof(world.authority))).status, 401, 'nobody');
    assert.equal((await ask(server, ann, proof(world.authority), '/mutate')).status, 405, 'the webhook is as it was');
  });

  it('heeds the names that are allowed', async () => {
    for (const [allowed, status] of [
      ['["penstock"]', 200],
      ['["somebody"]', 401],
      ['[]', 200],
    ] as const) {
      const world = new World();
      await using server = await world.start({ 'requestheader-allowed-names': allowed });
      assert.equal((await ask(server, ann, proof(world.authority))).status, status, allowed);
    }
  });

  it('believes nobody where API servers hand nothing on, and another authority once it is published', async () => {
    const world = new World();
    await using server = await world.start({ 'requestheader-client-ca-file': '' });
    assert.equal((await ask(server, ann, proof(world.authority))).status, 401);
    const next = newAuthority('next');
    await world.publish({ 'requestheader-client-ca-file': next.certificate }, 'update');
    await world.rig.clock.advance(frontProxyLookMs);
    assert.equal((await ask(server, ann, proof(next))).status, 200);
    assert.equal((await ask(server, ann, proof(world.authority))).status, 401);
  });

  it('says so when it may not know whom to believe, and answers the webhook all the same', async () => {
    const world = new World();
    world.rig.before = ({ path }) => {
      if (path.includes(frontProxyConfigMap.name) && world.logger.lines.length < 3) throw new Error('forbidden');
    };
    await using server = await world.start();
    assert.match(JSON.stringify(world.logger.lines), /logs cannot be served through the API server/);
    assert.equal((await ask(server, ann, proof(world.authority))).status, 401);
    assert.equal((await ask(server, ann, {}, '/validate')).status, 405);
  });

  it('understands what API servers publish', () => {
    assert.equal(parseFrontProxy({}), undefined);
    assert.equal(parseFrontProxy({ ...words, 'requestheader-client-ca-file': '' }), undefined);
    const { usernameHeaders, uidHeaders } = parseFrontProxy({ ...words, 'requestheader-client-ca-file': 'x' }) ?? {};
    assert.deepEqual([usernameHeaders, uidHeaders], [['x-remote-user'], ['x-remote-uid']]);
  });
});

describe('CertificateKeeper', () => {
  it('goes on where no APIService is registered, and says so once', async () => {
    const world = new World();
    await world.rig.install();
    const keeper = world.rig.keeper(world.logger, 'v1.logs.test');
    await keeper.check();
    await keeper.check();
    assert.equal(world.logger.lines.filter((line) => JSON.stringify(line).includes('not registered')).length, 1);
    await assert.rejects(world.rig.client.get(apiServices, { namespace: '', name: 'v1.logs.test' }));
  });
});
