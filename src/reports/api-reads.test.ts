import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ApiClient } from '../client/api-client.ts';
import { logReadBytesMax, podLogs } from './api-reads.ts';

const place = { namespace: 'n', taskRun: 't', podName: 'p', step: 's', container: 'c', tailLines: 10, bytesMax: 64 };

/** A client whose logs are cut where the API cuts them: after their first bytes. */
function clientWith(chunks: readonly string[]): ApiClient {
  async function* podLog(_key: unknown, { limitBytes = Infinity }: { readonly limitBytes?: number }) {
    let left = limitBytes;
    for (const chunk of chunks) {
      await Promise.resolve();
      const bytes = Buffer.from(chunk).subarray(0, left);
      left -= bytes.length;
      if (bytes.length > 0) yield bytes;
    }
  }
  return { podLog } as unknown as ApiClient;
}

describe('the log of a pod', () => {
  it('is read to its end, and the end is what is kept when it is long', async () => {
    const lines = Array.from({ length: 10 }, (_, index) => `line ${index} ${'x'.repeat(20)}\n`);
    const log = await podLogs(clientWith(lines))(place, AbortSignal.timeout(10_000));
    assert.equal(log, lines.join('').slice(-place.bytesMax));
    const chunks = [lines.join('')];
    assert.equal(await podLogs(clientWith(chunks))(place, AbortSignal.timeout(10_000)), log);
  });

  it('whose last lines have no end within reason is not quoted as if it had', async () => {
    const chunks = Array.from({ length: 17 }, () => 'x'.repeat(logReadBytesMax / 16));
    await assert.rejects(
      podLogs(clientWith(chunks))(place, AbortSignal.timeout(10_000)),
      /its last 10 lines have more/,
    );
  });
});
