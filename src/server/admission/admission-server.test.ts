import assert from 'node:assert/strict';
import type { X509Certificate } from 'node:crypto';
import { describe, it } from 'node:test';
import { connect } from 'node:tls';
import { startAdmissionServer } from './admission-server.ts';
import { certificateCheckMs } from './certificate-keeper.ts';
import { CertificateRig, webhookHost } from './certificate-rig.ts';
import { serverDaysValid } from './webhook-certificates.ts';

/** The certificate shown on `port` to somebody who trusts what the cluster publishes. */
async function shown(port: number, rig: CertificateRig): Promise<X509Certificate> {
  const ca = (await rig.authorities()).map(String);
  // The rig's clock is not the machine's: whether the certificate holds today is not asked here.
  const options = { port, host: '127.0.0.1', servername: webhookHost, ca, rejectUnauthorized: false };
  return new Promise((resolve, reject) => {
    const socket = connect(options, () => {
      const certificate = socket.getPeerX509Certificate();
      socket.destroy();
      if (certificate) resolve(certificate);
      else reject(new Error('no certificate'));
    });
    socket.on('error', reject);
  });
}

describe('startAdmissionServer', () => {
  it('answers with a certificate that the API servers were told to trust, and with the next one when it is due', async () => {
    const rig = new CertificateRig();
    await rig.install();
    await using server = await startAdmissionServer({ ...rig.options(), kinds: [], plugins: [], port: 0 });
    const before = await shown(server.port, rig);
    const [authority] = await rig.authorities();
    assert.ok(authority && before.verify(authority.publicKey));
    rig.clock.jump(serverDaysValid * 86_400_000);
    await rig.clock.advance(certificateCheckMs);
    const after = await shown(server.port, rig);
    assert.notEqual(after.serialNumber, before.serialNumber);
    assert.ok(after.verify(authority.publicKey));
  });

  it('gives up when it is told to while it waits for the API', async () => {
    const rig = new CertificateRig();
    const abort = new AbortController();
    const parts = { ...rig.options(), kinds: [], plugins: [], port: 0, signal: abort.signal };
    const starting = assert.rejects(startAdmissionServer(parts), /abort/);
    rig.before = () => abort.abort();
    await starting;
    await assert.rejects(startAdmissionServer(parts), /abort/);
  });
});
