import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decodeParamValue, typeOfSpec, typeOfValue } from './values.ts';

describe('decodeParamValue', () => {
  const table: readonly (readonly [unknown, unknown])[] = [
    ['text', 'text'],
    ['', ''],
    [null, ''],
    [undefined, ''],
    [5, '5'],
    [1.5, '1.5'],
    [true, 'true'],
    [
      ['a', 'b'],
      ['a', 'b'],
    ],
    [[], []],
    [{ a: 'b' }, { a: 'b' }],
    [{}, {}],
    [['a', 1], '["a",1]'],
    [{ a: { b: 'c' } }, '{"a":{"b":"c"}}'],
    [[['a']], '[["a"]]'],
  ];
  for (const [value, expected] of table) {
    it(`takes ${JSON.stringify(value) ?? 'nothing'} for ${JSON.stringify(expected)}`, () => {
      assert.deepEqual(decodeParamValue(value), expected);
    });
  }

  it('changes nothing that needs no change', () => {
    const list = ['a'];
    assert.equal(decodeParamValue(list), list);
  });
});

describe('types', () => {
  it('of values', () => {
    assert.deepEqual(['a', ['a'], { a: 'b' }].map(typeOfValue), ['string', 'array', 'object']);
  });

  it('of declarations: stated, else by properties, else by the default', () => {
    const specs = [
      { type: 'array' as const },
      { properties: {} },
      { default: ['a'] },
      { default: { a: 'b' } },
      { default: 'a' },
      {},
    ];
    assert.deepEqual(
      specs.map((spec) => typeOfSpec({ name: 'n', ...spec })),
      ['array', 'object', 'array', 'object', 'string', 'string'],
    );
  });
});
