import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { listItemsMax, parseAnnotationList } from './annotation-list.ts';

function told(value: string): readonly string[] | string {
  const result = parseAnnotationList(value);
  return result.ok ? result.items : result.message;
}

describe('parseAnnotationList', () => {
  it('reads one word or a list', () => {
    assert.deepEqual(told('push'), ['push']);
    assert.deepEqual(told(' [ push , pull_request ] '), ['push', 'pull_request']);
    assert.deepEqual(told('[a\n,b,]'), ['a', 'b']);
    assert.deepEqual(told('[{a&#44;b}, c]'), ['{a,b}', 'c']);
    assert.deepEqual(told('a,b'), ['a,b']);
    assert.deepEqual(told('[release-[0-9]*]'), ['release-[0-9]*']);
  });

  it('says what cannot be read', () => {
    assert.equal(told(''), 'is empty');
    assert.equal(told('[]'), 'is a list whose first item is empty');
    assert.equal(told('[ , a]'), 'is a list whose first item is empty');
    assert.equal(told('a b'), 'is neither one word nor a list: write [a, b], not "a b"');
    assert.equal(told('[a'), 'is neither one word nor a list: write [a, b], not "[a"');
    assert.match(String(told(`[${'a,'.repeat(listItemsMax + 1)}]`)), /at most 200 are allowed/);
  });
});
