import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { deepFreeze, type Json, type JsonObject } from '../base/json.ts';
import { seededRandom, type Random } from '../base/random.ts';
import { createMemoryStore } from './memory-store.ts';
import { SharedParts } from './shared-parts.ts';

function podNamed(name: string): JsonObject {
  return {
    metadata: { name, labels: { run: name, app: 'a-label-of-all' } },
    spec: { containers: [{ name: 'work', env: [{ name: 'HOME', value: '/tekton/home' }] }], script: `echo ${name}` },
  };
}

/** Sees so many like it that all that can be shared is. */
function familiar(): SharedParts {
  const parts = new SharedParts();
  for (let index = 0; index < 20; index++) parts.settle(podNamed(`early-${index}`));
  return parts;
}

function drawn(random: Random, depth: number): Json {
  const kind = random.integer(0, depth > 3 ? 4 : 7);
  const texts = ['', 'a', 'a text of more than ten', 'another text, as long', 'f:name'];
  if (kind === 0) return [null, true, false][random.integer(0, 2)] ?? null;
  if (kind === 1) return random.integer(-2, 3);
  if (kind <= 4) return texts[random.integer(0, texts.length - 1)] ?? '';
  const count = random.integer(0, 3);
  if (kind === 5) return Array.from({ length: count }, () => drawn(random, depth + 1));
  const names = ['a', 'b', 'c', 'ab', '__proto__x'];
  return Object.fromEntries(
    Array.from({ length: count }, () => [names[random.integer(0, 4)] ?? '', drawn(random, depth + 1)]),
  );
}

describe('SharedParts', () => {
  it('makes equal parts one, from lists and maps without others upwards, and leaves what differs', () => {
    const parts = familiar();
    const [one, two] = [podNamed('one'), podNamed('two')];
    for (const pod of [one, two]) parts.settle(pod);
    assert.deepEqual([one, two], [podNamed('one'), podNamed('two')]);
    const containers = (pod: JsonObject): unknown => (pod['spec'] as JsonObject)['containers'];
    assert.equal(containers(one), containers(two));
    assert.notEqual(one['spec'], two['spec']);
    assert.notEqual(one['metadata'], two['metadata']);
  });

  it('never changes what a value says, nor the order of its members', () => {
    const parts = new SharedParts();
    const random = seededRandom(7);
    for (let index = 0; index < 20_000; index++) {
      const value = { drawn: drawn(random, 0), again: drawn(random, 0) };
      const text = JSON.stringify(value);
      parts.settle(value);
      assert.equal(JSON.stringify(value), text);
    }
  });

  it('does not take a list for a map, nor a text for a number', () => {
    const parts = new SharedParts();
    const likes: readonly Json[] = [
      ['x'],
      { '0': 'x' },
      [1],
      ['1'],
      { a: 1 },
      { a: '1' },
      { a: true },
      [],
      {},
      [null],
      [0],
    ];
    for (let round = 0; round < 5; round++) {
      for (const like of likes) {
        const value = { like: structuredClone(like) };
        parts.settle(value);
        assert.deepEqual(value, { like });
      }
    }
  });

  it('leaves a frozen value as it is, and lets others share its parts', () => {
    const parts = familiar();
    const frozen = deepFreeze(podNamed('frozen'));
    parts.settle(frozen);
    parts.settle({ ...podNamed('half'), spec: deepFreeze(podNamed('half')['spec']) });
    assert.deepEqual(frozen, podNamed('frozen'));
  });

  it('is not thrown off by a value that is nested very deep', () => {
    let value: JsonObject = { end: 'of the value' };
    for (let depth = 0; depth < 2_000; depth++) value = { value };
    const text = JSON.stringify(value);
    new SharedParts().settle(value);
    assert.equal(JSON.stringify(value), text);
  });
});

describe('a store', () => {
  it('lets values share their parts that have not changed for as long as changes are remembered', () => {
    const store = createMemoryStore({ historyRevisionsMax: 20 });
    const names = Array.from({ length: 100 }, (_, index) => `pod-${String(index).padStart(3, '0')}`);
    const given = names.map((name) => podNamed(name));
    for (const [index, name] of names.entries()) store.put(name, 0, () => given[index] ?? {});
    const values = names.map((name) => store.get(name)?.value);
    assert.deepEqual(
      values,
      names.map((name) => podNamed(name)),
    );
    for (const [index, value] of values.entries()) assert.equal(value, given[index], 'whoever has a value keeps it');
    const containers = values.map((value) => (value?.['spec'] as JsonObject)['containers']);
    assert.equal(containers[50], containers[60]);
    assert.notEqual(containers[97], containers[98], 'new ones are as they came');
  });
});
