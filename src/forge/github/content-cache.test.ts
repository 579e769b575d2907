import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ContentCache } from './content-cache.ts';

describe('known contents', () => {
  it('are those of one project', () => {
    const cache = new ContentCache<string>({ sizeMax: 10, sizeOf: (text) => text.length });
    cache.set('a/b', 'sha', 'text');
    assert.equal(cache.get('a/b', 'sha'), 'text');
    assert.equal(cache.get('a/c', 'sha'), undefined);
  });

  it('go when all together are too large, the longest unused first', () => {
    const cache = new ContentCache<string>({ sizeMax: 10, sizeOf: (text) => text.length });
    for (const sha of ['1', '2']) cache.set('a/b', sha, 'x'.repeat(5));
    cache.get('a/b', '1');
    cache.set('a/b', '3', 'x'.repeat(4));
    assert.deepEqual(
      ['1', '2', '3'].map((sha) => cache.get('a/b', sha)?.length),
      [5, undefined, 4],
    );
    cache.set('a/b', '4', 'x'.repeat(11));
    assert.equal(cache.get('a/b', '4'), undefined);
    cache.set('a/b', '5', 'x'.repeat(10));
    assert.equal(cache.get('a/b', '5')?.length, 10);
  });
});
