import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { UnknownObject } from '../kube/object.ts';
import { topLevel } from './core/object-meta.ts';
import type { KindDefinition } from './kind-definition.ts';
import { prepareObject } from './prepare-object.ts';
import { isSettled } from './settled-values.ts';
import type { StructuralSchema } from './structural-schema.ts';

function kindWith(spec: StructuralSchema): KindDefinition {
  return {
    type: { group: 'x.dev', version: 'v1', resource: 'things', kind: 'Thing', namespaced: true },
    singular: 'thing',
    listKind: 'ThingList',
    description: '',
    schema: topLevel('', { spec }),
    subresources: {},
    shortNames: [],
    categories: [],
    printerColumns: [],
    decoding: 'custom',
    foldsKeys: true,
  };
}

const size: StructuralSchema = { type: 'object', properties: { size: { type: 'integer', default: 1 } } };
const create = { create: true } as const;

function thing(spec: object): UnknownObject {
  return { apiVersion: 'x.dev/v1', kind: 'Thing', metadata: { name: 'a' }, spec };
}

describe('settled values', () => {
  it('are what preparing gives back, and stay as they are', () => {
    const { object } = prepareObject(kindWith(size), thing({ SIZE: 3, odd: true }), create);
    assert.deepEqual(object['spec'], { size: 3 });
    const again = prepareObject(kindWith(size), { ...object, metadata: { name: 'b' } }, create);
    assert.equal(again.object['spec'], object['spec']);
    assert.deepEqual(again.unknownFields, []);
  });

  it('are settled with their own schema only', () => {
    const { object } = prepareObject(kindWith(size), thing({ size: 3 }), create);
    const stricter: StructuralSchema = { type: 'object', properties: { size: { type: 'integer', maximum: 2 } } };
    assert.equal(prepareObject(kindWith(stricter), object, create).causes.length, 1);
    assert.ok(isSettled(size, object['spec'] as object) && !isSettled(stricter, object['spec'] as object));
  });

  it('are never what was refused', () => {
    const wrong = { size: 'big' };
    for (let round = 0; round < 2; round++) {
      assert.equal(prepareObject(kindWith(size), thing(wrong), create).causes.length, 1);
    }
    assert.ok(!isSettled(size, wrong));
  });

  it('are not equal values, but the very same', () => {
    prepareObject(kindWith(size), thing({ size: 3 }), create);
    assert.ok(!isSettled(size, { size: 3 }));
  });
});
