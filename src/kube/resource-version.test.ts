import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { compareResourceVersions } from './resource-version.ts';

describe('compareResourceVersions', () => {
  it('orders whole numbers of any width', () => {
    const ordered = ['0', '9', '10', '99', '100', '9007199254740993', '9007199254740994', '18446744073709551615'];
    for (const [left, a] of ordered.entries()) {
      for (const [right, b] of ordered.entries()) {
        assert.equal(Math.sign(compareResourceVersions(a, b) ?? Number.NaN), Math.sign(left - right), `${a} ${b}`);
      }
    }
    assert.equal(compareResourceVersions('007', '7'), 0);
    assert.ok((compareResourceVersions('08', '7') ?? 0) > 0);
  });

  it('concludes nothing from other texts but equality', () => {
    assert.equal(compareResourceVersions('abc', 'abc'), 0);
    for (const [a, b] of [
      ['abc', 'abd'],
      ['1', undefined],
      ['', '1'],
      ['1', '-1'],
      ['1', '1.5'],
    ] as const) {
      assert.equal(compareResourceVersions(a, b), undefined);
      assert.equal(compareResourceVersions(b, a), undefined);
    }
  });
});
