import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ApiResponse, Transport } from '../kube/transport.ts';
import { identityOf } from './log-format.ts';
import { LogFixture, runUntil } from './log-fixture.ts';
import type { LogKeeper } from './log-keeper.ts';
import { sweepLogs } from './log-retention.ts';
import { withLogs } from './log-route.ts';

const step = 'step-a';

/** A step that has written `lines` and ended, stored. */
async function stored(fixture: LogFixture, keeper: LogKeeper, name: string, lines: readonly string[]): Promise<void> {
  fixture.createPod(name, [step]);
  fixture.start(name, step);
  for (const line of lines) fixture.write(name, step, line);
  fixture.end(name, step);
  await runUntil(fixture.clock, () => keeper.isSettled(fixture.pod(name)));
}

async function textOf({ body }: ApiResponse): Promise<string> {
  if (body.kind === 'json') return String(body.value['message'] ?? JSON.stringify(body.value));
  assert.equal(body.kind, 'stream');
  const chunks: Uint8Array[] = [];
  if (body.kind === 'stream') for await (const chunk of body.chunks) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}

function get(api: Transport, name: string, query: Readonly<Record<string, string>> = {}, what = 'log') {
  const path = `/apis/penstock.dev/v1alpha1/namespaces/ns/taskruns/${name}/${what}`;
  return api({ method: 'GET', path, query, headers: {} });
}

const elsewhere: Transport = () => Promise.resolve({ status: 418, headers: {}, body: { kind: 'json', value: {} } });

describe('the path of logs', () => {
  it('serves the log of a pod that is gone', async () => {
    const fixture = new LogFixture();
    const keeper = fixture.startKeeper();
    await stored(fixture, keeper, 'p', ['one\n', 'two\n', 'three']);
    fixture.removePod('p');
    const api = withLogs(elsewhere, fixture.archive(keeper));
    assert.equal(await textOf(await get(api, 'run-p')), 'one\ntwo\nthree');
    assert.equal(await textOf(await get(api, 'run-p', { step: 'a', tailLines: '2' })), 'two\nthree');
    assert.equal(await textOf(await get(api, 'run-p', { tailLines: '0' })), '');
    assert.match(await textOf(await get(api, 'run-p', { timestamps: 'true' })), /^2026-01-01T[\d:]{8}\.\d{9}Z one\n/);
    assert.equal(
      await textOf(await get(api, 'run-p', {}, 'logs')),
      '{"items":[{"pod":"p","podUid":"uid-p","step":"a"}]}',
    );
  });

  it('refuses what there is not, and hands on what it does not know', async () => {
    const fixture = new LogFixture();
    const keeper = fixture.startKeeper();
    await stored(fixture, keeper, 'p', ['one\n']);
    const api = withLogs(elsewhere, fixture.archive(keeper));
    const refused = async (...request: Parameters<typeof get> extends [Transport, ...infer Rest] ? Rest : never) => {
      const response = await get(api, ...request);
      return [response.status, await textOf(response)];
    };
    assert.deepEqual(await refused('other'), [404, 'no log of taskrun "other" is kept']);
    assert.deepEqual(await refused('..'), [404, 'no log of taskrun ".." is kept']);
    assert.deepEqual(await refused('run-p', { step: 'b' }), [404, 'there is no log of step "b"; there are: a']);
    assert.deepEqual(await refused('run-p', { tailLines: 'x' }), [400, 'tailLines must be a whole number']);
    assert.equal((await api({ method: 'GET', path: '/api/v1/pods', query: {}, headers: {} })).status, 418);
    const path = '/apis/penstock.dev/v1alpha1/namespaces/ns/taskruns/run-p/log';
    assert.equal((await api({ method: 'DELETE', path, query: {}, headers: {} })).status, 405);
  });

  it('follows a log while it is recorded, to its end', async () => {
    const fixture = new LogFixture();
    const keeper = fixture.startKeeper();
    fixture.createPod('p', [step]);
    fixture.start('p', step);
    fixture.write('p', step, 'one\n');
    await fixture.clock.advance(100);
    const api = withLogs(elsewhere, fixture.archive(keeper));
    const following = get(api, 'run-p', { follow: 'true' }).then(textOf);
    const tail = get(api, 'run-p', { follow: 'true', tailLines: '0' }).then(textOf);
    await fixture.clock.advance(15_000);
    fixture.write('p', step, 'two\n');
    await fixture.clock.advance(1_000);
    assert.equal(await textOf(await get(api, 'run-p')), 'one\ntwo\n');
    fixture.write('p', step, 'three');
    fixture.end('p', step);
    await runUntil(fixture.clock, () => keeper.isSettled(fixture.pod('p')));
    assert.equal(await following, 'one\ntwo\nthree');
    assert.equal(await tail, 'two\nthree');
  });

  it('breaks off where what is stored is not what was stored', async () => {
    const fixture = new LogFixture();
    const keeper = fixture.startKeeper();
    await stored(fixture, keeper, 'p', ['one\n']);
    const key = `ns/run-p/p.uid-p/${step}/000000.log`;
    await fixture.store.remove(key);
    await assert.rejects(fixture.stored('p', step), /damaged: its segment 0 is missing/);
    await fixture.store.create(key, Buffer.from('2026-01-01T00:00:00.000000000Z F other\n'));
    await assert.rejects(fixture.stored('p', step), /damaged: its segment 0 is not what was stored/);
  });
});

describe('sweepLogs', () => {
  it('removes what is old, then the oldest beyond the room there is', async () => {
    const fixture = new LogFixture();
    const keeper = fixture.startKeeper();
    for (const name of ['old', 'middle', 'new']) {
      await stored(fixture, keeper, name, ['x'.repeat(1000)]);
      await fixture.clock.advance(60_000);
    }
    const left = async (): Promise<string[]> => {
      const names: string[] = [];
      for await (const { key } of fixture.store.list('')) names.push(key.split('/')[1] ?? '');
      return [...new Set(names)].toSorted();
    };
    const { clock, store } = fixture;
    assert.equal(await sweepLogs(store, { keepMs: 3_600_000, keepBytes: 1e9 }, clock.now()), 0);
    assert.equal(await sweepLogs(store, { keepMs: 150_000, keepBytes: 1e9 }, clock.now()), 1);
    assert.deepEqual(await left(), ['run-middle', 'run-new']);
    assert.equal(await sweepLogs(store, { keepMs: 3_600_000, keepBytes: 2000 }, clock.now()), 1);
    assert.deepEqual(await left(), ['run-new']);
    assert.equal(await fixture.archive().manifestOf(identityOf(fixture.pod('old'), step)), undefined);
  });
});
