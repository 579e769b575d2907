import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { describe, it } from 'node:test';
import { ApiStatusError } from '../../kube/api-error.ts';
import { namespaces, secrets } from '../../kube/core-types.ts';
import { MemoryLogger } from '../../telemetry/memory-logger.ts';
import { certificateCheckMs, mutatingWebhookConfigurations } from './certificate-keeper.ts';
import { CertificateRig, webhookHost } from './certificate-rig.ts';
import { announcedMs, authorityDaysValid, authorityRenewBeforeMs, overlapMs } from './webhook-certificates.ts';

const dayMs = 86_400_000;

describe('CertificateKeeper', () => {
  it('makes certificates, stores them, and publishes whom to trust, once', async () => {
    const rig = new CertificateRig();
    await rig.install();
    const shown = new X509Certificate((await rig.keeper().check()).certificate);
    assert.equal(shown.checkHost(webhookHost), webhookHost);
    const [authority] = await rig.authorities();
    assert.ok(authority && shown.verify(authority.publicKey));
    assert.equal(rig.writes.length, 3);
    assert.equal(new X509Certificate((await rig.keeper().check()).certificate).fingerprint256, shown.fingerprint256);
    assert.equal(rig.writes.length, 3, 'a second look writes nothing');
  });

  it('agrees among replicas that start at once', async () => {
    const rig = new CertificateRig();
    await rig.install();
    const shown = await Promise.all([1, 2, 3].map(() => rig.keeper().check()));
    assert.equal(new Set(shown.map(({ certificate }) => certificate)).size, 1);
    assert.equal(rig.writes.filter((write) => /^POST .* 201/.test(write)).length, 1);
    assert.ok(
      rig.writes.some((write) => /^POST .* 409/.test(write)),
      'they did race',
    );
    assert.equal((await rig.authorities()).length, 1);
  });

  it('rotates by the clock in all replicas, through the overlap', async () => {
    const rig = new CertificateRig();
    await rig.install();
    const abort = new AbortController();
    const shown: string[][] = [[], []];
    const loops = shown.map((list) => rig.keeper().run(({ certificate }) => list.push(certificate), abort.signal));
    await rig.clock.advance(1);
    const counts: number[] = [];
    for (const passedMs of [authorityDaysValid * dayMs - authorityRenewBeforeMs, announcedMs, overlapMs]) {
      rig.clock.jump(passedMs);
      await rig.clock.advance(certificateCheckMs);
      counts.push((await rig.authorities()).length);
      assert.deepEqual(shown[0]?.at(-1), shown[1]?.at(-1));
    }
    assert.deepEqual(counts, [2, 2, 1]);
    const [authority] = await rig.authorities();
    assert.ok(authority && new X509Certificate(shown[0]?.at(-1) ?? '').verify(authority.publicKey));
    assert.deepEqual(
      shown.map((list) => list.length),
      [3, 3],
    );
    abort.abort();
    await Promise.all(loops);
  });

  it('mends a Secret that was broken and a configuration that was applied anew', async () => {
    const rig = new CertificateRig();
    await rig.install();
    await rig.keeper().check();
    const key = { namespace: 'penstock', name: 'penstock-webhook-tls' };
    await rig.client.patch(secrets, key, { data: { 'tls.key': 'YnJva2Vu' } }, { type: 'merge' });
    const logger = new MemoryLogger();
    const shown = new X509Certificate((await rig.keeper(logger).check()).certificate);
    assert.deepEqual(
      logger.lines.map(({ level }) => level),
      ['warn', 'info'],
    );
    const configuration = { namespace: '', name: 'penstock' };
    const bare = [{ name: 'a.penstock.dev', clientConfig: {} }];
    await rig.client.patch(mutatingWebhookConfigurations, configuration, { webhooks: bare }, { type: 'merge' });
    await rig.keeper().check();
    const [authority] = await rig.authorities();
    assert.ok(authority && shown.verify(authority.publicKey));
  });

  it('goes on when the API fails, and without configurations', async () => {
    const rig = new CertificateRig();
    const logger = new MemoryLogger();
    await rig.client.create(namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'penstock' } });
    let failures = 3;
    rig.before = () => {
      if (failures-- > 0) throw new ApiStatusError('ServiceUnavailable', 'not now');
    };
    const abort = new AbortController();
    const shown = Promise.withResolvers<void>();
    const loop = rig.keeper(logger).run(() => shown.resolve(), abort.signal);
    await rig.clock.advance(60_000);
    await shown.promise;
    abort.abort();
    await loop;
    assert.deepEqual(
      logger.lines.map(({ level }) => level),
      ['error', 'error', 'error', 'info', 'warn', 'warn'],
    );
  });
});
