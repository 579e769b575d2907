import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { seededRandom } from '../base/random.ts';
import { ConnectionError } from './connection-error.ts';
import { linesOf } from './lines.ts';

async function* chunksOf(bytes: Uint8Array, sizes: () => number): AsyncGenerator<Uint8Array> {
  for (let start = 0; start < bytes.length;) {
    const size = sizes();
    yield bytes.subarray(start, start + size);
    start += size;
  }
}

async function read(text: string, bytesMax = 1_000, sizes: () => number = () => 7): Promise<readonly string[]> {
  const lines: string[] = [];
  for await (const line of linesOf(chunksOf(Buffer.from(text), sizes), bytesMax)) lines.push(line);
  return lines;
}

const code = (expected: string) => (thrown: unknown) => thrown instanceof ConnectionError && thrown.code === expected;

describe('linesOf', () => {
  it('gives the same lines however the bytes are cut', async () => {
    const alphabet = ['a', 'ü', '€', '𝄞', '\n', ' ', '\r\n', '{"x":1}'];
    for (let seed = 1; seed <= 300; seed++) {
      const random = seededRandom(seed);
      const parts = Array.from({ length: random.integer(0, 60) }, () => alphabet[random.integer(0, 7)] ?? '');
      const text = `${parts.join('')}\n`;
      const expected = text.split(/\r?\n/).filter((line) => line !== '');
      const largest = random.integer(1, 20);
      assert.deepEqual(await read(text, 1_000, () => random.integer(0, largest)), expected, `seed ${seed}`);
    }
  });

  it('takes a line of just the limit, and no longer one', async () => {
    const line = 'x'.repeat(100);
    assert.deepEqual(await read(`${line}\n${line}\n`, 100), [line, line]);
    await assert.rejects(read(`${line}\n${line}x\n`, 100), code('NET_TOO_LARGE'));
    await assert.rejects(read(`${line}x`, 100), code('NET_TOO_LARGE'));
    await assert.rejects(read(`€€\n`, 5), code('NET_TOO_LARGE'), 'bytes, not characters');
  });

  it('does not let a cut line pass', async () => {
    assert.deepEqual(await read(''), []);
    assert.deepEqual(await read('\n\n'), []);
    await assert.rejects(read('whole\ncut'), code('NET_CONNECTION'));
  });
});
