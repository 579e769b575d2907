import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { GitFixture, reportOf } from '../../src/forge/git/git-fixture.ts';
import { Workplace } from '../support/penstock-process.ts';

/** Takes every message; `received` grows. */
async function startReceiver(): Promise<{ url: string; received: string[]; next: () => Promise<void> } & Disposable> {
  const received: string[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (text: string) => (body += text));
    request.on('end', () => {
      received.push(`${request.url} ${body}`);
      response.writeHead(202).end();
      server.emit('received');
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const next = async (): Promise<void> => void (await once(server, 'received'));
  return { url, received, next, [Symbol.dispose]: () => void server.close() };
}

describe('penstock git-hook and penstock status', () => {
  it('tells Penstock of a push by itself, and shows what Penstock says of it', async () => {
    await using place = new Workplace();
    using fixture = new GitFixture();
    using receiver = await startReceiver();
    const installed = await place.run(['git-hook', 'install', '-C', fixture.bare, '--url', receiver.url]);
    assert.equal(installed.code, 0, installed.stderr);
    assert.match(installed.stdout, /url: file:\/\/.*app\.git\n/);
    const sha = fixture.commit({ a: 'a' }, 'The first');
    const arrives = receiver.next();

    fixture.push();
    await arrives;

    assert.match(receiver.received[0] ?? '', new RegExp(`^/hooks/git .*"after":"${sha}"`));
    await fixture
      .forge()
      .postStatus(reportOf(fixture.project, sha, { state: 'failed', title: 'Tests failed', text: 'exit 1' }), {});
    const shown = await place.run(['status', '-C', fixture.work]);
    assert.equal(shown.code, 1);
    assert.match(
      shown.stdout,
      /^[0-9a-f]{12} The first\n {2}✗ Penstock \/ build \/ main {3}failed .*Tests failed\n {6}exit 1\n$/,
    );
    const json = await place.run(['status', sha.slice(0, 8), '-C', fixture.bare, '-o', 'json']);
    assert.equal((JSON.parse(json.stdout) as { verdict: string }).verdict, 'failed');
  });

  it('sends later what could not be sent', async () => {
    await using place = new Workplace();
    using fixture = new GitFixture();
    using receiver = await startReceiver();
    // Nothing ever listens on port 1 of this machine.
    await place.run(['git-hook', 'install', '-C', fixture.bare, '--url', 'http://127.0.0.1:1']);
    fixture.commit({ a: 'a' });
    fixture.push();

    const down = await place.run(['git-hook', 'flush', '-C', fixture.bare]);
    await place.run(['git-hook', 'install', '-C', fixture.bare, '--url', receiver.url]);
    const up = await place.run(['git-hook', 'flush', '-C', fixture.bare]);

    assert.deepEqual([down.code, down.stdout], [1, '0 sent, 0 refused, 1 waiting\n']);
    assert.match(down.stderr, /does not answer/);
    assert.equal(up.code, 0);
    assert.ok(receiver.received.length >= 1);
    assert.deepEqual(
      readdirSync(join(fixture.bare, 'penstock-spool')).filter((name) => name.endsWith('.push')),
      [],
    );
  });

  it('follows a commit until all has ended, and says what is wrong', async () => {
    await using place = new Workplace();
    using fixture = new GitFixture();
    const sha = fixture.commit({ a: 'a' });
    fixture.push();
    const forge = fixture.forge();
    await forge.postStatus(reportOf(fixture.project, sha), undefined);
    const following = place.start(['status', '--follow', '-C', fixture.work]);
    await following.until(/● Penstock/);

    await forge.postStatus(reportOf(fixture.project, sha, { state: 'succeeded', title: 'Succeeded' }), undefined);

    assert.equal((await following.ended).code, 0);
    assert.match(following.stdout, /✓ Penstock/);
    const unknown = await place.run(['status', '--all', '-C', fixture.work]);
    assert.equal(unknown.code, 2);
    const missing = await place.run(['status', 'none', '-C', fixture.work]);
    assert.deepEqual([missing.code, missing.stdout], [2, '']);
    assert.match(missing.stderr, /there is no commit "none"/);
    const nowhere = await place.run(['status', '-C', place.temporary]);
    assert.match(nowhere.stderr, /is not a Git repository/);
  });
});
