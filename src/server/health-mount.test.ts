import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { text as textOf } from 'node:stream/consumers';
import { after, before, describe, it } from 'node:test';
import { type LogLine, MemoryLogger } from '../telemetry/memory-logger.ts';
import { createHealthMount, type ReadinessCheck } from './health-mount.ts';
import { type Listener, startListener } from './listener.ts';

describe('createHealthMount', () => {
  const lines: LogLine[] = [];
  let checks: readonly ReadinessCheck[] = [];
  let text = (): Promise<string> => Promise.resolve('penstock_leader 1\n');
  let listener: Listener;

  before(async () => {
    const mount = createHealthMount({
      readiness: () => checks,
      metrics: { text: () => text(), contentType: 'text/plain; version=0.0.4' },
      logger: new MemoryLogger(lines),
    });
    listener = await startListener({ mount });
  });
  after(() => listener.close());

  async function ask(path: string, method = 'GET'): Promise<readonly [number, string]> {
    const sent = request(`${listener.url}${path}`, { method }).end();
    const [response] = (await once(sent, 'response')) as [IncomingMessage];
    return [response.statusCode ?? 0, await textOf(response)];
  }

  it('says that the process runs, whatever else is wrong', async () => {
    checks = [{ name: 'caches', ok: false, detail: 'waiting' }];
    assert.deepEqual(await ask('/healthz'), [200, 'ok\n']);
    assert.deepEqual(await ask('/livez?verbose'), [200, 'ok\n']);
  });

  it('is ready when every check is, and names them all', async () => {
    const lease = { name: 'lease', ok: true, detail: 'the leader is a' };
    checks = [lease, { name: 'caches', ok: false, detail: 'waiting for v1/pods' }];
    assert.deepEqual(await ask('/readyz'), [503, '[+]lease: the leader is a\n[-]caches: waiting for v1/pods\n']);
    checks = [lease];
    assert.deepEqual(await ask('/readyz'), [200, '[+]lease: the leader is a\n']);
    assert.deepEqual(await ask('/readyz', 'HEAD'), [200, '']);
  });

  it('shows the metrics, or says that it cannot', async () => {
    assert.deepEqual(await ask('/metrics'), [200, 'penstock_leader 1\n']);
    text = () => Promise.reject(new Error('broken'));
    assert.deepEqual(await ask('/metrics'), [500, 'internal error\n']);
    assert.equal(lines.at(-1)?.fields['error'], 'broken');
  });

  it('has nothing else and changes nothing', async () => {
    assert.equal((await ask('/api/v1/pods'))[0], 404);
    assert.equal((await ask('/healthz', 'POST'))[0], 405);
  });
});
