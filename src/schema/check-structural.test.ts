import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Json } from '../base/json.ts';
import { checkStructural } from './check-structural.ts';
import { builtinKinds } from './core/builtin-kinds.ts';
import { tektonKinds } from './tekton/tekton-kinds.ts';

function findings(properties: Json): readonly string[] {
  const schema = { type: 'object', properties: { a: properties } };
  return checkStructural(schema, 's').map((cause) => `${cause.field}: ${cause.message}`);
}

describe('checkStructural', () => {
  it('accepts our own kinds', () => {
    for (const definition of [...builtinKinds, ...tektonKinds]) {
      const { properties, ...schema } = definition.schema;
      const { metadata: _metadata, ...others } = properties ?? {};
      const published = { ...schema, properties: others } as unknown as Json;
      assert.deepEqual(checkStructural(published, 's'), [], definition.type.kind);
    }
  });

  it('lets a kind say of its metadata how names look, no more', () => {
    const of = (metadata: Json): number => checkStructural({ type: 'object', properties: { metadata } }, 's').length;
    assert.equal(of({ type: 'object', properties: { name: { type: 'string', maxLength: 5 } } }), 0);
    assert.equal(of({ type: 'object', properties: { labels: { type: 'object' } } }), 1);
    assert.equal(of({ type: 'object', required: ['name'] }), 1);
  });

  it('accepts the usual int-or-string idiom', () => {
    const schema = {
      'x-kubernetes-int-or-string': true,
      anyOf: [{ type: 'integer' }, { type: 'string' }],
      pattern: '^[0-9]+%?$',
    };
    assert.deepEqual(findings(schema), []);
  });

  const refusals: readonly [what: string, schema: Json, message: RegExp][] = [
    [
      'a set of objects with parts',
      { type: 'array', 'x-kubernetes-list-type': 'set', items: { type: 'object' } },
      /items\.x-kubernetes-map-type: Invalid value: null: must be atomic/,
    ],
    [
      'a key that is no scalar',
      {
        type: 'array',
        'x-kubernetes-list-type': 'map',
        'x-kubernetes-list-map-keys': ['k'],
        items: { type: 'object', required: ['k'], properties: { k: { type: 'object' } } },
      },
      /items\.properties\[k\]\.type: Invalid value: "object": must be a scalar type/,
    ],
    [
      'unknown fields that are not preserved, said aloud',
      { type: 'object', 'x-kubernetes-preserve-unknown-fields': false },
      /x-kubernetes-preserve-unknown-fields: Invalid value: false: must be true or undefined/,
    ],
    [
      'an embedded resource without members',
      { type: 'object', 'x-kubernetes-embedded-resource': true },
      /\.properties: Required value: must not be empty/,
    ],
    ['a missing type', {}, /^s\.properties\[a\]\.type: Required value$/],
    ['a type nobody knows', { type: 'text' }, /type: Unsupported value: "text": supported values: "object"/],
    ['a list without items', { type: 'array' }, /items: Required value: must be specified/],
    ['a reference', { type: 'object', $ref: '#/x' }, /\$ref: Forbidden/],
    [
      'properties with additionalProperties',
      { type: 'object', properties: {}, additionalProperties: { type: 'string' } },
      /mutual exclusive/,
    ],
    ['a bad pattern', { type: 'string', pattern: '(a' }, /must be a valid regular expression, but isn't: missing \)/],
    ['a default of the wrong type', { type: 'string', default: 5 }, /default: Invalid value: "integer"/],
    [
      'a type below anyOf',
      { type: 'object', anyOf: [{ type: 'object' }] },
      /anyOf\[0\]\.type: Forbidden: must be empty to be structural/,
    ],
    [
      'map keys that may be absent',
      {
        type: 'array',
        'x-kubernetes-list-type': 'map',
        'x-kubernetes-list-map-keys': ['n'],
        items: { type: 'object', properties: { n: { type: 'string' } } },
      },
      /must have a default or be a required property/,
    ],
    [
      'CEL rules',
      { type: 'object', 'x-kubernetes-validations': [{ rule: 'true' }] },
      /x-kubernetes-validations: Forbidden: this server does not evaluate CEL/,
    ],
    ['something that is not a schema', 5, /must be a schema/],
  ];
  for (const [what, schema, message] of refusals) {
    it(`refuses ${what}`, () => {
      const found = findings(schema);
      assert.equal(found.length, 1, found.join('\n'));
      assert.match(found[0] ?? '', message);
    });
  }

  it('refuses a schema that nests without end', () => {
    let schema: Json = { type: 'string' };
    for (let depth = 0; depth < 5000; depth += 1) schema = { type: 'object', properties: { a: schema } };
    assert.match(checkStructural(schema, 's')[0]?.message ?? '', /more than 64 levels/);
  });
});
