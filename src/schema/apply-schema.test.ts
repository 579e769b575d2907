import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { deepFreeze } from '../base/json.ts';
import type { Json } from '../base/json.ts';
import { applySchema } from './apply-schema.ts';
import type { StructuralSchema } from './structural-schema.ts';

const widget: StructuralSchema = {
  type: 'object',
  required: ['spec'],
  properties: {
    spec: {
      type: 'object',
      required: ['size'],
      properties: {
        size: { type: 'string', enum: ['small', 'large'] },
        count: { type: 'integer', default: 1, minimum: 1, maximum: 5 },
        name: { type: 'string', pattern: '^[a-z]+$', maxLength: 5 },
        port: { 'x-kubernetes-int-or-string': true },
        labels: { type: 'object', additionalProperties: { type: 'string' } },
        free: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
        nested: { type: 'object', default: {}, properties: { mode: { type: 'string', default: 'auto' } } },
        items: {
          type: 'array',
          'x-kubernetes-list-type': 'map',
          'x-kubernetes-list-map-keys': ['name'],
          items: {
            type: 'object',
            required: ['name'],
            properties: { name: { type: 'string' }, on: { type: 'boolean' } },
          },
        },
      },
    },
  },
};

function messagesOf(value: Json): readonly string[] {
  return applySchema(widget, value).causes.map((cause) => `${cause.field}: ${cause.message}`);
}

describe('applySchema', () => {
  it('words causes as Kubernetes does', () => {
    assert.deepEqual(messagesOf({}), ['spec: Required value']);
    assert.deepEqual(messagesOf({ spec: { size: 5 } }), [
      'spec.size: Invalid value: "integer": spec.size in body must be of type string: "integer"',
    ]);
    assert.deepEqual(messagesOf({ spec: { size: 'huge', count: 9, name: 'ABCDEF' } }), [
      'spec.size: Unsupported value: "huge": supported values: "small", "large"',
      'spec.count: Invalid value: 9: spec.count in body should be less than or equal to 5',
      'spec.name: Too long: may not be more than 5 bytes',
      'spec.name: Invalid value: "ABCDEF": spec.name in body should match \'^[a-z]+$\'',
    ]);
    assert.deepEqual(messagesOf({ spec: { size: 'small', port: 1.5, items: [{ name: 'a' }, { name: 'a' }, {}] } }), [
      'spec.port: Invalid value: "number": spec.port in body must be of type integer or string: "number"',
      'spec.items[2].name: Required value',
      'spec.items[1]: Duplicate value: {"name":"a"}',
    ]);
  });

  it('gives back the very value when nothing changes', () => {
    const value = deepFreeze({ spec: { size: 'small', count: 2, nested: { mode: 'x' }, items: [{ name: 'a' }] } });
    const applied = applySchema(widget, value, { prune: true, defaults: true });
    assert.equal(applied.value, value);
    assert.deepEqual(applied.causes, []);
  });

  it('fills defaults inside defaults without touching what it was given', () => {
    const value = deepFreeze({ spec: { size: 'small' } });
    const applied = applySchema(widget, value, { defaults: true });
    assert.deepEqual(applied.value, { spec: { size: 'small', count: 1, nested: { mode: 'auto' } } });
    assert.deepEqual(value, { spec: { size: 'small' } });
  });

  it('reports unknown fields with their paths and prunes them when asked', () => {
    const value = {
      spec: { size: 'small', colour: 'red', items: [{ name: 'a', off: true }], free: { any: { thing: 1 } } },
      top: 1,
    };
    const kept = applySchema(widget, value);
    assert.deepEqual(kept.unknownFields, ['spec.colour', 'spec.items[0].off', 'top']);
    assert.equal(kept.value, value);
    const pruned = applySchema(widget, value, { prune: true });
    assert.deepEqual(pruned.value, { spec: { size: 'small', items: [{ name: 'a' }], free: { any: { thing: 1 } } } });
  });

  it('is not fooled by members of Object.prototype', () => {
    const value = JSON.parse(
      '{"spec":{"size":"small","constructor":1,"__proto__":{"size":"evil"},"labels":{"__proto__":"x","toString":"y"}}}',
    ) as Json;
    const applied = applySchema(widget, value, { prune: true });
    assert.deepEqual(applied.unknownFields, ['spec.constructor', 'spec.__proto__']);
    assert.equal(JSON.stringify(applied.value), '{"spec":{"size":"small","labels":{"__proto__":"x","toString":"y"}}}');
  });

  it('treats null as absent where it is not allowed, but not in lists', () => {
    const value = { spec: { size: 'small', name: null, count: null } };
    for (const nulls of ['typed', 'all'] as const) {
      const decoded = applySchema(widget, value, { nulls });
      assert.deepEqual([decoded.value, decoded.causes], [{ spec: { size: 'small' } }, []]);
    }
    assert.deepEqual(messagesOf({ spec: { size: null } }), ['spec.size: Required value']);
    const list: StructuralSchema = { type: 'array', items: { type: 'string' } };
    assert.equal(applySchema(list, [null]).causes.length, 1);
    const open: StructuralSchema = { type: 'object', properties: { a: { 'x-kubernetes-int-or-string': true } } };
    assert.deepEqual(applySchema(open, { a: null }).value, {});
    assert.deepEqual(applySchema(open, { a: null }, { nulls: 'typed' }).value, { a: null });
    const defaulted = applySchema(widget, { spec: { size: 'small', count: null } }, { defaults: true });
    assert.deepEqual(defaulted.value, { spec: { size: 'small', count: 1, nested: { mode: 'auto' } } });
  });

  it('checks allOf, anyOf, oneOf and not', () => {
    const schema: StructuralSchema = {
      type: 'object',
      properties: { a: { type: 'string' }, b: { type: 'string' }, c: { type: 'integer' } },
      oneOf: [{ required: ['a'] }, { required: ['b'] }],
      not: { properties: { c: { minimum: 10 } }, required: ['c'] },
    };
    const reasons = (value: Json): readonly string[] => applySchema(schema, value).causes.map((cause) => cause.message);
    assert.deepEqual(reasons({ a: '' }), []);
    assert.deepEqual(reasons({ a: '', b: '' }), [
      'Invalid value: "": "" must validate one and only one schema (oneOf). Found 2 valid',
    ]);
    assert.deepEqual(reasons({ a: '', c: 11 }), ['Invalid value: "": "" must not validate the schema (not)']);
  });

  it('refuses values that nest too deeply instead of overflowing', () => {
    const loop: StructuralSchema = { type: 'object', additionalProperties: { type: 'object', properties: {} } };
    const deep: { properties: Record<string, StructuralSchema> } & StructuralSchema = {
      type: 'object',
      properties: {},
    };
    deep.properties['a'] = deep;
    let value: Json = {};
    for (let depth = 0; depth < 5000; depth += 1) value = { a: value };
    const { causes } = applySchema(deep, value);
    assert.equal(causes.length, 1);
    assert.match(causes[0]?.message ?? '', /nested deeper than 100 levels/);
    assert.deepEqual(applySchema(loop, { a: {} }).causes, []);
  });
});
