import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { quantityValue } from './quantity.ts';

describe('quantityValue', () => {
  for (const [text, value] of [
    ['1', 1],
    ['100m', 0.1],
    ['1.5Gi', 1.5 * 2 ** 30],
    ['.5', 0.5],
    ['-1k', -1000],
    ['1e3', 1000],
    ['2E', 2e18],
    ['1E2', 100],
    [7, 7],
  ] as const) {
    it(`reads ${text}`, () => assert.equal(quantityValue(text), value));
  }

  for (const text of ['', 'much', '1 Gi', '1gi', '0x1', '1e', 'Gi', '1.2.3', '1KiB', true, null]) {
    it(`does not take ${JSON.stringify(text)} for one`, () => assert.equal(quantityValue(text), undefined));
  }
});
