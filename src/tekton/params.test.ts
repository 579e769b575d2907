import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { checkParams, paramReplacements, paramValues } from './params.ts';
import { paramReferencesOf } from './references.ts';
import { substituteText } from './substitution.ts';
import type { Param, ParamSpec } from './types.ts';

interface Case {
  readonly title: string;
  readonly specs: readonly ParamSpec[];
  readonly params: readonly Param[];
  readonly uses?: string;
  readonly reason: string;
  readonly message: RegExp;
}

const refusals: readonly Case[] = [
  {
    title: 'a missing value',
    specs: [{ name: 'a' }, { name: 'b', default: '' }, { name: 'c' }],
    params: [{ name: 'extra', value: '1' }],
    reason: 'ParameterMissing',
    message: /param "a", "c", which has no default/,
  },
  {
    title: 'a text for a list',
    specs: [{ name: 'a', type: 'array' }],
    params: [{ name: 'a', value: '1' }],
    reason: 'ParameterTypeMismatch',
    message: /"a" is declared as array, but the value given is of type string/,
  },
  {
    title: 'a list where the default is a text',
    specs: [{ name: 'a', default: 'x' }],
    params: [{ name: 'a', value: ['1'] }],
    reason: 'ParameterTypeMismatch',
    message: /declared as string/,
  },
  {
    title: 'a value outside the enum',
    specs: [{ name: 'a', enum: ['v1', 'v2'] }],
    params: [{ name: 'a', value: 'v3' }],
    reason: 'InvalidParamValue',
    message: /"v3", which is none of those allowed: v1, v2/,
  },
  {
    title: 'missing keys of an object',
    specs: [{ name: 'o', properties: { a: {}, b: {}, c: {} }, default: { a: '1' } }],
    params: [{ name: 'o', value: { c: '3', more: '4' } }],
    reason: 'ObjectParameterMissKeys',
    message: /"o" lacks the keys "b"$/,
  },
  {
    title: 'an element past the end',
    specs: [{ name: 'l', default: ['a', 'b'] }],
    params: [],
    uses: '$(params.l[1]) $(params["l"][2])',
    reason: 'ParamArrayIndexingInvalid',
    message: /\$\(params\.l\[2\]\) is past the end: param "l" has 2 elements/,
  },
  {
    title: 'defaults in a circle',
    specs: [
      { name: 'a', default: '$(params.b)' },
      { name: 'b', default: ['$(params.c)'] },
      { name: 'c', default: '$(params.a)' },
    ],
    params: [],
    reason: 'PipelineValidationFailed',
    message: /a → b → c → a/,
  },
  {
    title: 'defaults that go too deep',
    specs: Array.from({ length: 13 }, (_, index) => ({ name: `p${index}`, default: `$(params.p${index + 1})` })),
    params: [],
    reason: 'PipelineValidationFailed',
    message: /more than 10 deep/,
  },
];

describe('checkParams', () => {
  for (const { title, specs, params, uses, reason, message } of refusals) {
    it(`refuses ${title}`, () => {
      const problem = checkParams(specs, params, paramReferencesOf(uses));
      assert.equal(problem?.reason, reason);
      assert.match(problem?.message ?? '', message);
    });
  }

  it('accepts defaults, extra params and keys, and numbers as their text', () => {
    const specs: readonly ParamSpec[] = [
      { name: 'n' },
      { name: 'o', properties: { a: {}, b: {} }, default: { a: '1' } },
      { name: 'l', default: ['x'] },
    ];
    const params = [
      { name: 'n', value: 5 as unknown as string },
      { name: 'o', value: { b: '2', c: '3' } },
      { name: 'extra', value: ['y'] },
    ];
    assert.equal(checkParams(specs, params, paramReferencesOf('$(params.l[0]) $(params.unknown[9])')), undefined);
  });

  it('lets a given value break a circle of defaults', () => {
    const specs = [
      { name: 'a', default: '$(params.b)' },
      { name: 'b', default: '$(params.a)' },
    ];
    assert.equal(checkParams(specs, [{ name: 'b', value: 'x' }]), undefined);
    assert.equal(paramValues(specs, [{ name: 'b', value: 'x' }]).get('a'), 'x');
  });
});

describe('param values', () => {
  it('fill defaults from other params, but never look into a given value again', () => {
    const specs = [
      { name: 'image', default: '$(params.registry)/app:$(params.tags[0])' },
      { name: 'registry', default: '$(params.host)' },
      { name: 'host' },
      { name: 'tags', default: ['v1', 'v2'] },
      { name: 'all', type: 'array' as const, default: ['first', '$(params.tags[*])'] },
    ];
    const values = paramValues(specs, [{ name: 'host', value: '$(params.tags[1])' }]);
    assert.equal(values.get('image'), '$(params.tags[1])/app:v1');
    assert.deepEqual(values.get('all'), ['first', 'v1', 'v2']);
  });

  it('lay the keys of an object over those of its default', () => {
    const values = paramValues(
      [{ name: 'o', default: { a: '1', b: '2' } }],
      [{ name: 'o', value: { b: '3', c: '4' } }],
    );
    assert.deepEqual(values.get('o'), { a: '1', b: '3', c: '4' });
  });

  it('may be read in the old spelling of Tasks when asked', () => {
    const replacements = paramReplacements([], [{ name: 'a', value: 'x' }], { legacyInputs: true });
    assert.equal(substituteText('$(inputs.params.a) $(params.a)', replacements), 'x x');
  });
});
