import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { jsonEqual, type Json } from '../base/json.ts';
import { jsonDiff } from './json-diff.ts';
import { jsonPatch } from './json-patch.ts';

const anyJson = fc.letrec<{ value: Json }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom<Json>(null, true, 0, 1, 'a', ''),
    fc.array(tie('value'), { maxLength: 5 }),
    fc.dictionary(fc.constantFrom('a', 'b', 'a/b', 'c~1', '', '__proto__'), tie('value'), { maxKeys: 4 }),
  ),
})).value;

describe('jsonDiff', () => {
  it('makes the one value from the other, by the patches that the API applies', () => {
    fc.assert(
      fc.property(anyJson, anyJson, (before, after) => {
        const patch = jsonDiff(before, after);
        assert.equal(patch.length === 0, jsonEqual(before, after));
        assert.ok(jsonEqual(jsonPatch(before, patch), after));
      }),
      { numRuns: 2_000 },
    );
  });

  it('names only what differs', () => {
    const before = { metadata: { name: 'r' }, spec: { steps: [{ image: 'a' }, { image: 'b' }], old: 1 } };
    const after = {
      metadata: { name: 'r', annotations: { 'penstock.dev/gate': 'g' } },
      spec: { steps: [{ image: 'a' }, { image: 'b', name: 'x' }], timeout: '1h' },
    };
    assert.deepEqual(jsonDiff(before, after), [
      { op: 'add', path: '/metadata/annotations', value: { 'penstock.dev/gate': 'g' } },
      { op: 'add', path: '/spec/steps/1/name', value: 'x' },
      { op: 'remove', path: '/spec/old' },
      { op: 'add', path: '/spec/timeout', value: '1h' },
    ]);
    assert.deepEqual(jsonDiff({ 'a/b': 1, '~': [1, 2, 3] }, { 'a/b': 2, '~': [1, 3] }), [
      { op: 'replace', path: '/a~1b', value: 2 },
      { op: 'remove', path: '/~0/1' },
    ]);
    assert.deepEqual(jsonDiff([1, 3], [1, 2, 3]), [{ op: 'add', path: '/1', value: 2 }]);
  });
});
