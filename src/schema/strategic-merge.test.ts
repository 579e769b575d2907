import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { deepFreeze } from '../base/json.ts';
import type { Json, JsonObject } from '../base/json.ts';
import { isApiError } from '../kube/api-error.ts';
import { podSchema } from './core/pod.ts';
import { strategicMerge } from './strategic-merge.ts';

function patched(spec: JsonObject, patch: JsonObject, metadata: JsonObject = {}): JsonObject {
  const original = deepFreeze({ metadata, spec });
  return strategicMerge(podSchema, original, deepFreeze(patch));
}

const two = {
  containers: [
    { name: 'a', image: 'x', env: [{ name: 'A', value: '1' }] },
    { name: 'b', image: 'y' },
  ],
};

describe('strategicMerge', () => {
  it('merges lists by their key, in the order of the patch, what is new before what it does not mention', () => {
    const env = [{ name: 'B', value: '2' }];
    const { spec } = patched(two, {
      spec: {
        containers: [
          { name: 'b', image: 'z' },
          { name: 'a', env },
          { name: 'c', image: 'n' },
        ],
      },
    });
    assert.deepEqual(spec, {
      containers: [
        { name: 'b', image: 'z' },
        { name: 'a', image: 'x', env: [...env, { name: 'A', value: '1' }] },
        { name: 'c', image: 'n' },
      ],
    });
  });

  it('replaces lists that have no merge strategy', () => {
    const { spec } = patched(
      { containers: [{ name: 'a', args: ['1', '2'] }] },
      { spec: { containers: [{ name: 'a', args: ['3'] }] } },
    );
    assert.deepEqual(spec, { containers: [{ name: 'a', args: ['3'] }] });
  });

  it('deletes with null, and items with $patch: delete', () => {
    const { spec } = patched(
      { ...two, nodeName: 'n' },
      { spec: { nodeName: null, containers: [{ name: 'a', $patch: 'delete' }] } },
    );
    assert.deepEqual(spec, { containers: [{ name: 'b', image: 'y' }] });
  });

  it('replaces objects and lists with $patch: replace', () => {
    assert.deepEqual(patched(two, { spec: { $patch: 'replace', nodeName: 'n' } })['spec'], { nodeName: 'n' });
    const { spec } = patched(two, { spec: { containers: [{ $patch: 'replace' }, { name: 'c' }] } });
    assert.deepEqual(spec, { containers: [{ name: 'c' }] });
  });

  it('keeps only $retainKeys, so that one volume source gives way to another', () => {
    const { spec } = patched(
      { volumes: [{ name: 'v', emptyDir: {} }] },
      { spec: { volumes: [{ name: 'v', $retainKeys: ['name', 'secret'], secret: { secretName: 's' } }] } },
    );
    assert.deepEqual(spec, { volumes: [{ name: 'v', secret: { secretName: 's' } }] });
  });

  it('orders items as $setElementOrder says, those the client does not know staying where they were', () => {
    const { spec } = patched(
      { containers: [{ name: 'a' }, { name: 'injected' }, { name: 'b' }] },
      {
        spec: {
          '$setElementOrder/containers': [{ name: 'b' }, { name: 'c' }, { name: 'a' }],
          containers: [{ name: 'c' }],
        },
      },
    );
    assert.deepEqual(spec, { containers: [{ name: 'injected' }, { name: 'b' }, { name: 'c' }, { name: 'a' }] });
  });

  it('merges lists of strings as sets and deletes from them', () => {
    const metadata = { finalizers: ['a', 'b'] };
    assert.deepEqual(patched({}, { metadata: { finalizers: ['b', 'c'] } }, metadata)['metadata'], {
      finalizers: ['a', 'b', 'c'],
    });
    const deleted = patched({}, { metadata: { '$deleteFromPrimitiveList/finalizers': ['a'] } }, metadata);
    assert.deepEqual(deleted['metadata'], { finalizers: ['b'] });
  });

  it('refuses what is malformed, naming the field', () => {
    const refusal = (patch: JsonObject, message: RegExp): void => {
      assert.throws(
        () => patched(two, patch),
        (thrown: Error) => isApiError(thrown, 'BadRequest') && message.test(thrown.message),
      );
    };
    refusal(
      { spec: { containers: [{ image: 'x' }] } },
      /spec\.containers: an item does not contain declared merge key: name/,
    );
    refusal({ spec: { $patch: 'explode' } }, /spec: unknown \$patch directive "explode"/);
    refusal({ spec: { $retainKeys: 'x' } }, /\$retainKeys must be a list/);
    refusal({ spec: { '$move/containers': [] } }, /unknown directive \$move\/containers/);
  });

  it('takes no longer for an item of a long list than for one of a short list', () => {
    // Compared each with each, these would keep a processor for minutes.
    const count = 20_000;
    const items = (image: string) => Array.from({ length: count }, (_, index) => ({ name: `c${index}`, image }));
    const deleted = Array.from({ length: count / 2 }, (_, index) => ({ name: `c${index}`, $patch: 'delete' }));
    const changed = patched({ containers: items('old') }, { spec: { containers: items('new').reverse() } });
    const { containers } = changed['spec'] as { readonly containers: readonly JsonObject[] };
    assert.deepEqual([containers.length, containers[0]], [count, { name: `c${count - 1}`, image: 'new' }]);
    const left = patched({ containers: items('old') }, { spec: { containers: deleted } });
    assert.deepEqual((left['spec'] as { readonly containers: Json }).containers, items('old').slice(count / 2));
    const finalizers = Array.from({ length: count }, (_, index) => `a.b/${index}`);
    const gone = { '$deleteFromPrimitiveList/finalizers': finalizers.slice(1).reverse() };
    assert.deepEqual(patched({}, { metadata: gone }, { finalizers })['metadata'], { finalizers: ['a.b/0'] });
  });
});
