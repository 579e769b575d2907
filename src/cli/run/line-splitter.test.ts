import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { LineSplitter, lineLengthMax } from './line-splitter.ts';

function split(chunks: readonly Uint8Array[]): readonly string[] {
  const splitter = new LineSplitter();
  return [...chunks.flatMap((chunk) => splitter.push(chunk)), ...splitter.end()];
}

describe('LineSplitter', () => {
  it('puts lines together whatever the chunks are', () => {
    const bytes = new TextEncoder().encode('grün\r\n\nzwei – drei\n最後');
    for (let size = 1; size <= bytes.length; size++) {
      const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) =>
        bytes.subarray(index * size, (index + 1) * size),
      );
      assert.deepEqual(split(chunks), ['grün', '', 'zwei – drei', '最後'], `chunks of ${size}`);
    }
  });

  it('cuts a line that never ends', () => {
    const lines = split([new TextEncoder().encode('x'.repeat(lineLengthMax * 2 + 1))]);
    assert.deepEqual(
      lines.map((line) => line.length),
      [lineLengthMax, lineLengthMax, 1],
    );
  });
});
