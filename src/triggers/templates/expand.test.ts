import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type Json, isJsonList, isJsonObject } from '../../base/json.ts';
import type { TemplateFacts } from '../types.ts';
import { TemplateLimitError, expandTemplates, expandText, expandedCharactersMax, placeholdersMax } from './expand.ts';

const facts = (variables: Readonly<Record<string, string>>): TemplateFacts => ({
  variables,
  body: null,
  headers: { 'x-github-event': 'push' },
  files: undefined,
});
const shapeOf = (value: Json | undefined): unknown => {
  if (isJsonList(value)) return value.map(shapeOf);
  if (!isJsonObject(value)) return typeof value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, shapeOf(member)]));
};

describe('expandTemplates', () => {
  it('replaces in every text, and only there', () => {
    const tree = { a: '{{ x1 }}', b: [1, null, { '{{ x1 }}': '-{{x1}}-{{ x1 }}' }], c: '{{ unknown }} {{.Go}}' };
    const { value, warnings } = expandTemplates(tree, facts({ x1: 'v' }));
    assert.deepEqual(value, { a: 'v', b: [1, null, { '{{ x1 }}': '-v-v' }], c: '{{ unknown }} {{.Go}}' });
    assert.deepEqual(warnings, []);
  });

  it('replaces once: what a value brings along is text', () => {
    const variables = { title: '{{ secret }} {{ cel: 1 }}', secret: 'hidden' };
    assert.equal(expandText('{{ title }}', facts(variables)), '{{ secret }} {{ cel: 1 }}');
  });

  it('knows nothing but what it is given', () => {
    for (const name of ['constructor', '__proto__', 'toString']) {
      assert.equal(expandText(`{{ ${name} }}`, facts({})), `{{ ${name} }}`);
    }
  });

  it('finds headers whatever their case, and says what could not be evaluated', () => {
    const tree = { a: { b: ['{{ headers["X-GitHub-Event"] }}', '{{ headers["No"] }}|{{ cel: headers["No"] }}'] } };
    const { value, warnings } = expandTemplates(tree, facts({}));
    assert.deepEqual(value, { a: { b: ['push', '{{ headers["No"] }}|'] } });
    assert.deepEqual(
      warnings.map(({ field, message }) => [field, message]),
      [
        ['a.b[1]', 'No such key: No, at character 1'],
        ['a.b[1]', 'No such key: No, at character 1'],
      ],
    );
  });

  it('ends at its limits', () => {
    const many = { a: '{{ x1 }}'.repeat(placeholdersMax + 1) };
    assert.throws(() => expandTemplates(many, facts({ x1: '' })), TemplateLimitError);
    const large = { a: '{{ x1 }}{{ x1 }}' };
    assert.throws(() => expandTemplates(large, facts({ x1: 'x'.repeat(expandedCharactersMax) })), {
      code: 'TEMPLATE_TOO_LARGE',
    });
  });

  it('gives the same tree whatever the values are', () => {
    const hostile = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom(
        '"\n  inject: true',
        '}}',
        '{{ other }}',
        '\n---\nkind: Pod',
        '*a',
        '- x',
        'a: b',
        '\\"',
        '$(params.x)',
      ),
    );
    const tree = {
      metadata: { name: 'x', annotations: { a: 'pre {{ title }}' } },
      spec: { params: [{ name: 'p', value: '{{ title }}' }, '{{ title }}{{ branch }}'], n: 1, flag: true, none: null },
    };
    const shape = shapeOf(tree);
    fc.assert(
      fc.property(hostile, hostile, (title, branch) => {
        const { value } = expandTemplates(tree, facts({ title, branch, other: 'never' }));
        assert.deepEqual(shapeOf(value), shape);
        assert.equal((value as typeof tree).metadata.annotations.a, `pre ${title}`);
      }),
    );
  });
});
