import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fieldSetOfV1, fieldsV1Of, setsEqual } from './field-set.ts';
import { knownFieldSet, sharedFieldsV1 } from './shared-fields.ts';

const fields = { 'f:spec': { '.': {}, 'f:a': {}, 'k:{"name":"x"}': { 'f:b': {} } } };

describe('shared FieldsV1', () => {
  it('are one object for equal sets, and say the same', () => {
    const [one, two] = [fieldSetOfV1(fields), fieldSetOfV1(structuredClone(fields))];
    assert.equal(sharedFieldsV1(one), sharedFieldsV1(two));
    assert.deepEqual(sharedFieldsV1(one), fieldsV1Of(one));
    assert.ok(setsEqual(knownFieldSet(sharedFieldsV1(two)), two));
  });

  it('are apart for sets whose steps look alike when strung together', () => {
    const pairs = [
      [{ 'f:a(': { 'f:b': {} } }, { 'f:a': { '(f:b': {} } }],
      [{ 'f:a': { 'f:b': {} } }, { 'f:a': {}, 'f:b': {} }],
      [{ 'f:a': { '.': {}, 'f:b': {} } }, { 'f:a': { 'f:b': {} } }],
    ] as const;
    for (const [a, b] of pairs) {
      assert.deepEqual(sharedFieldsV1(fieldSetOfV1(a)), a);
      assert.deepEqual(sharedFieldsV1(fieldSetOfV1(b)), b);
    }
  });

  it('are remembered for the object they were read from', () => {
    assert.equal(knownFieldSet(fields), knownFieldSet(fields));
    assert.equal(sharedFieldsV1(knownFieldSet(fields)), fields);
  });
});
