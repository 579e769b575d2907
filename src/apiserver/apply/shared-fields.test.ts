import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { JsonObject } from '../../base/json.ts';
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

  it('are shared beside owners, who are others for each object', () => {
    const owned = (uid: string): JsonObject => ({
      'f:metadata': {
        'f:labels': { '.': {}, 'f:a': {} },
        'f:ownerReferences': { '.': {}, [`k:{"uid":"${uid}"}`]: {} },
      },
      'f:spec': { 'f:containers': { 'k:{"name":"x"}': { '.': {}, 'f:image': {} } }, 'f:nodeName': {} },
      'f:type': {},
    });
    const [one, two] = ['u1', 'u2'].map((uid) => sharedFieldsV1(fieldSetOfV1(owned(uid))));
    assert.ok(one && two);
    assert.deepEqual([one, two], [owned('u1'), owned('u2')]);
    assert.equal(JSON.stringify(one), JSON.stringify(owned('u1')));
    assert.equal(one['f:spec'], two['f:spec']);
    const labels = (set: JsonObject): unknown => (set['f:metadata'] as JsonObject)['f:labels'];
    assert.equal(labels(one), labels(two));
    for (const uid of ['u1', 'u2']) assert.deepEqual(knownFieldSet(owned(uid)), fieldSetOfV1(owned(uid)));
  });

  it('are remembered for the object they were read from', () => {
    assert.equal(knownFieldSet(fields), knownFieldSet(fields));
    assert.equal(sharedFieldsV1(knownFieldSet(fields)), fields);
  });
});
