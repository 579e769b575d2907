import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { hasHiddenMarker, withHiddenMarker } from './hidden-marker.ts';

describe('a marker that is not seen', () => {
  it('is found again, whatever it holds, and only by its own words', () => {
    for (const marker of ['penstock:1', 'a (b) c', 'x)\n\ninjected', '検査 "q" ]: #']) {
      const comment = withHiddenMarker('Failed\n', marker);
      assert.ok(hasHiddenMarker(comment.replaceAll('\n', '\r\n'), marker), marker);
      assert.ok(!hasHiddenMarker(comment, `${marker}2`));
      assert.equal(comment.split('\n').length, 3);
      assert.match(comment.split('\n').at(-1) ?? '', /^\[\/\/\]: # \([^()]*\)$/);
    }
  });

  it('is not found in a quotation', () => {
    const comment = withHiddenMarker('Failed', 'penstock');
    assert.ok(!hasHiddenMarker(comment.replaceAll(/^/gm, '> '), 'penstock'));
  });
});
