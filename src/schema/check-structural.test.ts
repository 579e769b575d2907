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
      assert.deepEqual(checkStructural(definition.schema as unknown as Json, 's'), [], definition.type.kind);
    }
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
