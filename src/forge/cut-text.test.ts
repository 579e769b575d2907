import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { cutText, oneLine } from './cut-text.ts';

describe('cutText', () => {
  it('leaves short texts, cuts long ones to the limit, and never splits a character', () => {
    assert.equal(cutText('abcd', 4), 'abcd');
    assert.equal(cutText('abcde', 4), 'abc…');
    assert.equal(cutText('ab😀de', 4), 'ab…');
    assert.equal(cutText('ab😀de', 5), 'ab😀…');
  });
});

describe('oneLine', () => {
  it('joins lines', () => assert.equal(oneLine(' a\n\tb  c '), 'a b c'));
});
