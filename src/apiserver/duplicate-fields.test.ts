import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { duplicateFields, duplicateFieldsMax } from './duplicate-fields.ts';

describe('duplicateFields', () => {
  it('names members that are there twice, wherever they are', () => {
    assert.deepEqual(duplicateFields('{"a":1,"b":{"c":[{"d":1},{"d":1,"e":2,"d":3}]},"a":2}'), ['b.c[1].d', 'a']);
    assert.deepEqual(duplicateFields('[{"op":"add","op":"test"}]'), ['[0].op']);
    assert.deepEqual(duplicateFields('{"a":1,"a":2,"a":3}'), ['a', 'a']);
  });

  it('tells keys by what they mean, and values from keys', () => {
    assert.deepEqual(duplicateFields('{"a":1,"\\u0061":2}'), ['a']);
    assert.deepEqual(duplicateFields('{"a\\"":"a\\\\","a":"\\"a\\"","b":["a","a"]}'), []);
    assert.deepEqual(duplicateFields('{"a":",{\\"","b":"}","a":1}'), ['a']);
  });

  it('finds none in what JSON.stringify writes', () => {
    fc.assert(
      fc.property(fc.json(), (text) => assert.deepEqual(duplicateFields(JSON.stringify(JSON.parse(text))), [])),
    );
  });

  it('tells of so many and no more', () => {
    const text = `{${Array.from({ length: 1000 }, () => '"a":1').join(',')}}`;
    assert.equal(duplicateFields(text).length, duplicateFieldsMax);
  });
});
