import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { formatGoDuration, parseGoDuration } from './durations.ts';

describe('parseGoDuration', () => {
  it('reads what Go reads', () => {
    const texts = ['0', '60s', '1h30m', '1.5h', '250ms', '1m0.5s', '-2s', '+2s', '.5s'];
    assert.deepEqual(texts.map(parseGoDuration), [0, 60_000, 5_400_000, 5_400_000, 250, 60_500, -2000, 2000, 500]);
  });

  it('refuses what Go refuses', () => {
    for (const text of [
      '',
      '1',
      '1d',
      'h',
      '1h 30m',
      '1h30',
      's1',
      '--1s',
      '1e3s',
      '.s',
      '2562048h',
      '0'.repeat(200),
    ]) {
      assert.equal(parseGoDuration(text), undefined, text);
    }
  });
});

describe('formatGoDuration', () => {
  it('writes what Go writes', () => {
    const spans = [0, 250, 1500, 60_000, 90_000, 3_600_000, 5_430_000, -2000, 0.0015, 0.000_001, 60_000.000_001];
    const texts = [
      '0s',
      '250ms',
      '1.5s',
      '1m0s',
      '1m30s',
      '1h0m0s',
      '1h30m30s',
      '-2s',
      '1.5µs',
      '1ns',
      '1m0.000000001s',
    ];
    assert.deepEqual(spans.map(formatGoDuration), texts);
  });

  it('writes what is read as the same', () => {
    fc.assert(
      fc.property(fc.integer({ min: -9e9, max: 9e9 }), (spanMs) => {
        assert.equal(parseGoDuration(formatGoDuration(spanMs)), spanMs);
      }),
    );
  });
});
