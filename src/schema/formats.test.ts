import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { textHasFormat } from './formats.ts';

describe('textHasFormat', () => {
  it('knows how long months are', () => {
    assert.equal(textHasFormat('date', '2028-02-29'), true);
    assert.equal(textHasFormat('date', '2026-02-29'), false);
    assert.equal(textHasFormat('date-time', '2026-06-30T23:59:59.5+02:00'), true);
    assert.equal(textHasFormat('date-time', '2026-06-31T00:00:00Z'), false);
    assert.equal(textHasFormat('date-time', '2026-13-01T00:00:00Z'), false);
  });
});
