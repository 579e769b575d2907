import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { UserError } from '../../base/errors.ts';
import { overrideParams } from './override-params.ts';

const declared = [
  { name: 'who' },
  { name: 'list', type: 'array' },
  { name: 'inferred', default: ['x'] },
  { name: 'map', type: 'object' },
] as const;

describe('overrideParams', () => {
  it('replaces a given param in its place and adds the others', () => {
    const given = [
      { name: 'who', value: 'world' },
      { name: 'free', value: '1' },
    ];
    assert.deepEqual(overrideParams(given, declared, ['list=a,b', 'who=you=me', 'free=']), [
      { name: 'who', value: 'you=me' },
      { name: 'free', value: '' },
      { name: 'list', value: ['a', 'b'] },
    ]);
  });

  it('reads JSON for arrays and objects, by declaration or by default', () => {
    assert.deepEqual(overrideParams([], declared, ['list=["a,b"]', 'inferred=', 'map={"k":"v"}']), [
      { name: 'list', value: ['a,b'] },
      { name: 'inferred', value: [] },
      { name: 'map', value: { k: 'v' } },
    ]);
  });

  for (const [option, code] of [
    ['who', 'PARAM_SYNTAX'],
    ['=x', 'PARAM_SYNTAX'],
    ['whom=x', 'PARAM_UNKNOWN'],
    ['list=[1]', 'PARAM_TYPE'],
    ['list=[', 'PARAM_TYPE'],
    ['map=a', 'PARAM_TYPE'],
  ] as const) {
    it(`refuses ${option} with ${code}`, () => {
      assert.throws(
        () => overrideParams([], declared, [option]),
        (thrown) => thrown instanceof UserError && thrown.code === code,
      );
    });
  }
});
