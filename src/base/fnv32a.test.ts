import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fnv32a } from './fnv32a.ts';

describe('fnv32a', () => {
  it('agrees with the published vectors', () => {
    assert.equal(fnv32a(''), 0x811c9dc5);
    assert.equal(fnv32a('a'), 0xe40c292c);
    assert.equal(fnv32a('foobar'), 0xbf9cf968);
  });
});
