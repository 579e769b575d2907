import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { connect } from 'node:tls';
import { UserError } from '../base/errors.ts';
import { VirtualClock } from '../base/virtual-clock.ts';
import { createCertificate, type ServerCertificate } from '../server/certificate.ts';
import { MemoryLogger } from '../telemetry/memory-logger.ts';
import { listenWithFolder } from './listen.ts';
import { certificateLookMs, servingCertificate } from './serving-certificate.ts';

const folder = mkdtempSync(join(tmpdir(), 'penstock-certificate-'));
after(() => rmSync(folder, { recursive: true }));

const newCertificate = (): ServerCertificate =>
  createCertificate({ hosts: ['localhost'], nowMs: 1_800_000_000_000, serial: randomBytes(16) });

function mount({ key, certificate }: Partial<ServerCertificate>): void {
  for (const [name, text] of [
    ['tls.key', key],
    ['tls.crt', certificate],
  ] as const) {
    rmSync(join(folder, name), { force: true });
    if (text === undefined) continue;
    writeFileSync(join(folder, `${name}.new`), text);
    renameSync(join(folder, `${name}.new`), join(folder, name));
  }
}

/** What is shown to somebody who connects now. */
function shown(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false }, () => {
      resolve(socket.getPeerX509Certificate()?.toString() ?? '');
      socket.destroy();
    });
    socket.on('error', reject);
  });
}

describe('the certificate of a folder', () => {
  it('is refused when it is missing, broken or of another key', () => {
    const [one, other] = [newCertificate(), newCertificate()];
    for (const [content, words] of [
      [{}, /has no tls.crt and tls.key/],
      [{ key: one.key }, /has no tls.crt and tls.key/],
      [{ key: one.key, certificate: 'no PEM' }, /no certificate that can be used/],
      [{ key: one.key, certificate: other.certificate }, /tls.key is not the key of tls.crt/],
    ] as const) {
      mount(content);
      assert.throws(
        () => servingCertificate(folder, 'HOOKS_TLS'),
        (thrown) => thrown instanceof UserError && thrown.code === 'HOOKS_TLS' && words.test(thrown.message),
      );
    }
    mount(one);
    assert.deepEqual(servingCertificate(folder, 'HOOKS_TLS'), one);
  });

  it('is shown, and so is the one that takes its place; one that cannot be used changes nothing', async () => {
    const [first, broken, second] = [newCertificate(), newCertificate(), newCertificate()];
    const clock = new VirtualClock();
    const logger = new MemoryLogger();
    mount(first);
    const at = { mount: () => Promise.resolve(), host: '127.0.0.1', port: 0 };
    await using listener = await listenWithFolder(at, '--hooks-port', { folder, code: 'HOOKS_TLS', clock, logger });
    assert.equal(await shown(listener.port), first.certificate);
    mount({ key: first.key, certificate: broken.certificate });
    await clock.advance(certificateLookMs);
    assert.equal(await shown(listener.port), first.certificate);
    assert.match(JSON.stringify(logger.lines), /cannot be renewed.*not the key/);
    mount(second);
    await clock.advance(certificateLookMs);
    assert.equal(await shown(listener.port), second.certificate);
  });
});
