import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { deepFreeze, isJsonObject, jsonEqual } from '../base/json.ts';
import type { Json, JsonObject } from '../base/json.ts';
import { isApiError } from './api-error.ts';
import { jsonPatch, patchOperationsMax, pointerSegmentsMax } from './json-patch.ts';
import { mergePatch, mergePatchDepthMax } from './merge-patch.ts';

const json = fc.jsonValue({ maxDepth: 3 }) as fc.Arbitrary<Json>;

describe('jsonPatch', () => {
  const cases: readonly (readonly [string, Json, Json, Json])[] = [
    ['adds a member', { a: 1 }, [{ op: 'add', path: '/b', value: 2 }], { a: 1, b: 2 }],
    ['adds over a member', { a: 1 }, [{ op: 'add', path: '/a', value: 2 }], { a: 2 }],
    ['inserts into a list', [1, 3], [{ op: 'add', path: '/1', value: 2 }], [1, 2, 3]],
    ['appends to a list', [1], [{ op: 'add', path: '/-', value: 2 }], [1, 2]],
    ['appends at the length', [1], [{ op: 'add', path: '/1', value: 2 }], [1, 2]],
    ['adds null', {}, [{ op: 'add', path: '/a', value: null }], { a: null }],
    ['removes a member', { a: 1, b: 2 }, [{ op: 'remove', path: '/a' }], { b: 2 }],
    ['removes an item', [1, 2, 3], [{ op: 'remove', path: '/1' }], [1, 3]],
    ['replaces', { a: { b: 1 } }, [{ op: 'replace', path: '/a/b', value: 2 }], { a: { b: 2 } }],
    ['adds by a replacement, as tkn cancels', { a: 1 }, [{ op: 'replace', path: '/b', value: 2 }], { a: 1, b: 2 }],
    ['replaces the whole', { a: 1 }, [{ op: 'replace', path: '', value: [] }], []],
    ['moves', { a: { b: 1 }, c: {} }, [{ op: 'move', from: '/a/b', path: '/c/d' }], { a: {}, c: { d: 1 } }],
    ['moves within a list', [1, 2, 3], [{ op: 'move', from: '/0', path: '/2' }], [2, 3, 1]],
    ['moves nothing onto itself', [1, 2], [{ op: 'move', from: '/1', path: '/1' }], [1, 2]],
    ['copies', { a: [1] }, [{ op: 'copy', from: '/a/0', path: '/b' }], { a: [1], b: 1 }],
    [
      'unescapes',
      { 'a/b': 1, 'm~n': 2, '~1': 3 },
      [
        { op: 'remove', path: '/a~1b' },
        { op: 'remove', path: '/m~0n' },
        { op: 'test', path: '/~01', value: 3 },
      ],
      { '~1': 3 },
    ],
    ['knows an empty key', { '': 1 }, [{ op: 'replace', path: '/', value: 2 }], { '': 2 }],
    ['passes a test', { a: { b: [1] } }, [{ op: 'test', path: '/a', value: { b: [1] } }], { a: { b: [1] } }],
    ['passes a test for null where there is nothing', {}, [{ op: 'test', path: '/a/b', value: null }], {}],
    ['ignores members it does not know', {}, [{ op: 'add', path: '/a', value: 1, note: 'x' }], { a: 1 }],
  ];
  for (const [name, document, patch, expected] of cases)
    it(name, () => assert.deepEqual(jsonPatch(deepFreeze(document), deepFreeze(patch)), expected));

  const refused: readonly (readonly [string, Json, Json])[] = [
    ['a missing parent', {}, [{ op: 'add', path: '/a/b', value: 1 }]],
    ['a scalar parent', { a: 1 }, [{ op: 'add', path: '/a/b', value: 1 }]],
    ['a missing member', {}, [{ op: 'remove', path: '/a' }]],
    ['a replacement of no item', { a: [] }, [{ op: 'replace', path: '/a/0', value: 1 }]],
    ['a replacement in nothing', {}, [{ op: 'replace', path: '/a/b', value: 1 }]],
    ['an index beyond the list', [1], [{ op: 'add', path: '/2', value: 1 }]],
    ['an index with a leading zero', [1, 2], [{ op: 'remove', path: '/01' }]],
    ['a negative index', [1], [{ op: 'remove', path: '/-1' }]],
    ['an index that is a name', [1], [{ op: 'add', path: '/length', value: 1 }]],
    ['the end of a list as a value', [1], [{ op: 'test', path: '/-', value: 1 }]],
    ['a failing test', { a: 1 }, [{ op: 'test', path: '/a', value: '1' }]],
    ['a test of nothing', {}, [{ op: 'test', path: '/a', value: 1 }]],
    ['a move into itself', { a: { b: {} } }, [{ op: 'move', from: '/a', path: '/a/b/c' }]],
    ['a move of nothing', {}, [{ op: 'move', from: '/a', path: '/b' }]],
    ['inherited members', {}, [{ op: 'test', path: '/constructor/name', value: 'Object' }]],
  ];
  for (const [name, document, patch] of refused) {
    it(`refuses ${name}`, () => {
      const operations = [{ op: 'test', path: '/none', value: null }, ...(patch as readonly Json[])];
      assert.throws(
        () => jsonPatch(deepFreeze(document), operations),
        (thrown) => isApiError(thrown, 'Invalid') && thrown.message.startsWith('operation 1 of the JSON patch'),
      );
    });
  }

  const malformed: readonly Json[] = [
    {},
    [1],
    [{ op: 'nothing', path: '/a' }],
    [{ op: 'add', path: '/a' }],
    [{ op: 'add', value: 1 }],
    [{ op: 'move', path: '/a' }],
    [{ op: 'add', path: 'a', value: 1 }],
    [{ op: 'add', path: '/a~2', value: 1 }],
    [{ op: 'add', path: '/a'.repeat(pointerSegmentsMax + 1), value: 1 }],
  ];
  for (const patch of malformed)
    it(`calls ${JSON.stringify(patch).slice(0, 60)} malformed`, () =>
      assert.throws(
        () => jsonPatch({ a: 1 }, patch),
        (thrown) => isApiError(thrown, 'BadRequest'),
      ));

  it('is limited in operations and in what copies may add', () => {
    const many = Array.from({ length: patchOperationsMax + 1 }, () => ({ op: 'test', path: '', value: null }));
    assert.throws(
      () => jsonPatch(null, many),
      (thrown) => isApiError(thrown, 'RequestEntityTooLarge'),
    );
    const doubling = Array.from({ length: 60 }, (_, index) => ({ op: 'copy', from: '', path: `/k${index}` }));
    assert.throws(() => jsonPatch({ a: 'x' }, doubling), /operation \d+ .* copies more than/);
  });

  it('never touches a prototype', () => {
    const patched = jsonPatch({}, [{ op: 'add', path: '/__proto__', value: { polluted: true } }]) as JsonObject;
    assert.deepEqual(Object.keys(patched), ['__proto__']);
    assert.equal(({} as Record<string, unknown>)['polluted'], undefined);
    assert.equal(Object.getPrototypeOf(patched), Object.prototype);
  });

  it('shares what it does not touch', () => {
    const document = { a: { deep: [1] }, b: { c: 1 } };
    const patched = jsonPatch(document, [{ op: 'replace', path: '/b/c', value: 2 }]) as typeof document;
    assert.equal(patched.a, document.a);
  });

  it('changes a copy and what it was copied from each alone', () => {
    const patched = jsonPatch({ a: { k: [1] } }, [
      { op: 'add', path: '/a/k/-', value: 2 },
      { op: 'copy', from: '/a', path: '/b' },
      { op: 'add', path: '/b/k/-', value: 3 },
      { op: 'add', path: '/a/k/-', value: 4 },
      { op: 'move', from: '/b/k', path: '/c' },
      { op: 'add', path: '/c/-', value: 5 },
    ]);
    assert.deepEqual(patched, { a: { k: [1, 2, 4] }, b: {}, c: [1, 2, 3, 5] });
  });

  it('copies a large map once, not for each operation', () => {
    // Copied each time, this would keep a processor for minutes.
    const large = Object.fromEntries(Array.from({ length: 50_000 }, (_, index) => [`k${index}`, '']));
    const operations = Array.from({ length: 5000 }, (_, index) => [
      { op: 'add', path: `/a/n${index}`, value: '' },
      { op: 'remove', path: `/a/k${index}` },
    ]).flat();
    const { a } = jsonPatch(deepFreeze({ a: large }), operations) as { readonly a: JsonObject };
    assert.deepEqual([Object.keys(a).length, a['k4999'], a['n4999']], [50_000, undefined, '']);
  });

  it('turns any document into any other by its naive difference', () => {
    fc.assert(
      fc.property(json, json, (from, to) => {
        assert.ok(jsonEqual(jsonPatch(deepFreeze(from), difference(from, to, '')), to));
      }),
    );
  });
});

/** Operations that make `to` of `from`; lists are replaced item by item. */
function difference(from: Json, to: Json, path: string): readonly JsonObject[] {
  if (jsonEqual(from, to)) return [{ op: 'test', path, value: to }];
  if (!isJsonObject(from) || !isJsonObject(to)) return [{ op: path === '' ? 'add' : 'replace', path, value: to }];
  const at = (key: string): string => `${path}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`;
  const removals = Object.keys(from)
    .filter((key) => !Object.hasOwn(to, key))
    .map((key) => ({ op: 'remove', path: at(key) }));
  const changes = Object.entries(to).flatMap(([key, value = null]) =>
    Object.hasOwn(from, key) ? difference(from[key] ?? null, value, at(key)) : [{ op: 'add', path: at(key), value }],
  );
  return [...removals, ...changes];
}

describe('mergePatch', () => {
  const cases: readonly (readonly [Json, Json, Json])[] = [
    [{ a: 'b' }, { a: 'c' }, { a: 'c' }],
    [{ a: 'b' }, { b: 'c' }, { a: 'b', b: 'c' }],
    [{ a: 'b' }, { a: null }, {}],
    [{ a: ['b'] }, { a: 'c' }, { a: 'c' }],
    [{ a: { b: 'c' } }, { a: { b: 'd', c: null } }, { a: { b: 'd' } }],
    [{ a: [{ b: 'c' }] }, { a: [1] }, { a: [1] }],
    [['a'], ['c', null], ['c', null]],
    [{ a: 'b' }, null, null],
    [{ a: 1 }, 'x', 'x'],
    [{ e: null }, { a: 1 }, { e: null, a: 1 }],
    [[1, 2], { a: 'b', c: null }, { a: 'b' }],
    [{}, { a: { b: { c: null } } }, { a: { b: {} } }],
  ];
  for (const [original, patch, expected] of cases)
    it(`${JSON.stringify(original)} with ${JSON.stringify(patch)}`, () =>
      assert.deepEqual(mergePatch(deepFreeze(original), deepFreeze(patch)), expected));

  it('gives the original back when nothing changes, and shares the rest', () => {
    const original = { a: { b: 1 }, c: { d: [1] } };
    assert.equal(mergePatch(original, { a: { b: 1, x: null } }), original);
    const changed = mergePatch(original, { a: { b: 2 } }) as typeof original;
    assert.equal(changed.c, original.c);
  });

  it('agrees with the pseudo-code of the RFC, and is idempotent', () => {
    fc.assert(
      fc.property(json, json, (original, patch) => {
        const once = mergePatch(deepFreeze(original), deepFreeze(patch));
        assert.deepEqual(once, naiveMerge(original, patch));
        assert.deepEqual(mergePatch(once, patch), once);
      }),
    );
  });

  it('is limited in depth', () => {
    let patch: Json = 1;
    for (let depth = 0; depth < mergePatchDepthMax + 2; depth++) patch = { a: patch };
    assert.throws(
      () => mergePatch({}, patch),
      (thrown) => isApiError(thrown, 'BadRequest'),
    );
  });

  it('never touches a prototype', () => {
    const patched = mergePatch({}, JSON.parse('{"__proto__":{"polluted":true}}') as Json);
    assert.deepEqual(Object.keys(patched as JsonObject), ['__proto__']);
    assert.equal(({} as Record<string, unknown>)['polluted'], undefined);
  });
});

/** RFC 7386 section 2, step by step. */
function naiveMerge(target: Json, patch: Json): Json {
  if (!isJsonObject(patch)) return patch;
  const result = new Map<string, Json>(isJsonObject(target) ? (Object.entries(target) as [string, Json][]) : []);
  for (const [key, value = null] of Object.entries(patch)) {
    if (value === null) result.delete(key);
    else result.set(key, naiveMerge(result.get(key) ?? null, value));
  }
  return Object.fromEntries(result);
}
