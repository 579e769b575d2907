import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { seededRandom } from '../base/random.ts';
import { KeyIndex } from './key-index.ts';
import type { StoredValue } from './store.ts';

function stored(key: string, revision: number): StoredValue {
  return { key, value: {}, modRevision: revision, createRevision: revision };
}

describe('KeyIndex', () => {
  it('agrees with a sorted list while thousands of keys come, change and go', () => {
    const random = seededRandom(7);
    const index = new KeyIndex();
    const model = new Map<string, StoredValue>();
    for (let round = 1; round <= 20_000; round++) {
      const key = `${'abc'.charAt(random.integer(0, 2))}/${random.integer(0, 4_000)}`;
      // Grows for the first half, shrinks for the second.
      if (random.integer(0, 9) < (round < 10_000 ? 8 : 2)) {
        index.set(stored(key, round));
        model.set(key, stored(key, round));
      } else {
        index.delete(key);
        model.delete(key);
      }
      if (round % 1_000 === 0) assertSame(index, model);
    }
    for (const key of model.keys()) index.delete(key);
    assert.deepEqual([index.size, [...index.values('')], index.count('')], [0, [], 0]);
  });

  it('takes keys in ascending and descending order', () => {
    for (const step of [1, -1]) {
      const index = new KeyIndex();
      const start = step > 0 ? 100_000 : 999_999;
      for (let count = 0; count < 3_000; count++) index.set(stored(`k/${start + step * count}`, count));
      const keys = [...index.values('k/')].map((value) => value.key);
      assert.deepEqual(keys, [...keys].sort());
      assert.equal(keys.length, 3_000);
    }
  });
});

function assertSame(index: KeyIndex, model: ReadonlyMap<string, StoredValue>): void {
  const sorted = [...model.values()].sort((a, b) => (a.key < b.key ? -1 : 1));
  assert.equal(index.size, sorted.length);
  for (const [prefix, after] of [
    ['', undefined],
    ['b/', undefined],
    ['b/', 'b/2'],
    ['a/3', undefined],
    ['c/', 'c/39'],
    ['b/', 'a/9'],
    ['d', undefined],
  ] as const) {
    const expected = sorted.filter(({ key }) => key.startsWith(prefix) && (after === undefined || key > after));
    assert.deepEqual([...index.values(prefix, after)], expected);
    assert.equal(index.count(prefix, after), expected.length);
  }
  for (const value of sorted) assert.deepEqual(index.get(value.key), value);
}
