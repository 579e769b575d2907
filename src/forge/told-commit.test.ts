import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { revisionFrom } from './told-commit.ts';

const sha = 'a'.repeat(40);

describe('revisionFrom', () => {
  it('takes the first line of a message for its title, unless the host gives one', () => {
    const message = 'Add a test\n\nIt fails.';
    assert.deepEqual(revisionFrom({ sha, message }), { sha, title: 'Add a test', message });
    assert.deepEqual(revisionFrom({ sha, message, title: 'Add' }), { sha, title: 'Add', message });
  });

  it('leaves out what is absent, empty or not readable', () => {
    assert.deepEqual(revisionFrom({ sha, message: '', url: '', author: undefined, date: 'yesterday' }), { sha });
    assert.deepEqual(revisionFrom({ sha, date: Number.MAX_VALUE }), { sha });
  });

  it('gives the instant of texts and numbers in one form', () => {
    const date = '2026-01-01T10:00:00.000Z';
    assert.deepEqual(revisionFrom({ sha, date: '2026-01-01T12:00:00+02:00' }), { sha, date });
    assert.deepEqual(revisionFrom({ sha, date: Date.UTC(2026, 0, 1, 10) }), { sha, date });
  });
});
