import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { typeCause } from '../../schema/causes.ts';
import type { StructuralSchema } from '../../schema/structural-schema.ts';
import { causeWords, unknownFieldWords } from './field-words.ts';

const step: StructuralSchema = { properties: { name: {}, script: {}, image: {} } };
const many = Object.fromEntries(Array.from({ length: 20 }, (_, index) => [`member${'x'.repeat(index)}`, {}]));
const schema: StructuralSchema = {
  properties: {
    steps: { type: 'array', items: step },
    byName: { additionalProperties: step },
    open: { additionalProperties: true },
    large: { properties: many },
  },
};

describe('unknownFieldWords', () => {
  it('names the field that was meant', () => {
    assert.equal(unknownFieldWords(schema, 'steps[12].scirpt'), 'unknown field; did you mean "script"?');
    assert.equal(unknownFieldWords(schema, 'byName.any.Image'), 'unknown field; did you mean "image"?');
    assert.equal(unknownFieldWords(schema, 'stepz'), 'unknown field; did you mean "steps"?');
  });

  it('names what there is when nothing is like it, unless that is much', () => {
    assert.equal(unknownFieldWords(schema, 'steps[0].replicas'), 'unknown field; there is name, script, image');
    assert.equal(unknownFieldWords(schema, 'large.replicas'), 'unknown field');
    assert.equal(unknownFieldWords(schema, 'open.deep.down'), 'unknown field');
  });
});

describe('causeWords', () => {
  it('tells a wrong type without repeating the field', () => {
    assert.equal(causeWords(typeCause('spec.x', 'integer', 'string')), 'must be an integer, but is a string');
    assert.equal(
      causeWords(typeCause('spec.x', 'integer or string', 'array')),
      'must be an integer or a string, but is a list',
    );
    assert.equal(causeWords(typeCause('', 'object', 'null')), 'must be an object, but is empty');
  });

  it('leaves other words as they are', () => {
    const cause = { reason: 'FieldValueInvalid', message: 'must be of type integer: "x"', field: 'a' };
    assert.equal(causeWords(cause), cause.message);
  });
});
