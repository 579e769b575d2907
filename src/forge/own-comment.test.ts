import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { withHiddenMarker } from './calls/hidden-marker.ts';
import { markedBody } from './comment-marker.ts';
import { isOwnComment, ownMarkerPrefix } from './own-comment.ts';

const marker = `${ownMarkerPrefix}0123456789abcdef01234567`;
const body = '**app / unit** failed:\n\n```text\n/retest\n```\n';

describe('a comment of ours', () => {
  it('is known by its marker, in the form of every host, however it ends its lines', () => {
    for (const written of [markedBody({ marker, body }), withHiddenMarker(body, marker)]) {
      assert.ok(isOwnComment(written));
      assert.ok(isOwnComment(`${written.replaceAll('\n', '\r\n')}\n`));
    }
  });

  it("is not somebody's who answers it, or shows a marker in the middle", () => {
    const quoted = markedBody({ marker, body }).replaceAll(/^/gm, '> ');
    for (const other of [body, '/retest', `${quoted}\n\n/retest`, `look:\n<!-- ${marker} -->\n/retest`, '']) {
      assert.ok(!isOwnComment(other), other);
    }
  });
});
