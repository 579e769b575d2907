import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { findPlaceholders, isOnePlaceholder } from './placeholders.ts';

const expressionsOf = (text: string): readonly string[] => findPlaceholders(text).map(({ expression }) => expression);

describe('findPlaceholders', () => {
  it('finds what stands between double braces', () => {
    assert.deepEqual(findPlaceholders('a {{ name }} b'), [{ start: 2, end: 12, expression: 'name' }]);
    assert.deepEqual(expressionsOf('{{a1}}{{ b }}-{{cel: x == "y"}}'), ['a1', 'b', 'cel: x == "y"']);
    assert.deepEqual(expressionsOf('{{ two\nlines }}'), ['two\nlines']);
  });

  it('is not led astray by other braces', () => {
    assert.deepEqual(expressionsOf('{{ open {{ name }}'), ['name']);
    assert.deepEqual(expressionsOf('{"a":{{ name }}}'), ['name']);
    assert.deepEqual(expressionsOf('{{{ name }}}'), ['name']);
    assert.deepEqual(expressionsOf('{{ a } }} {{x}} {{}} }} {{ cel: {"a": 1} }}'), []);
  });

  it('is linear in hostile texts', () => {
    assert.equal(findPlaceholders('{'.repeat(1_000_000)).length, 0);
    assert.equal(findPlaceholders('{{a}'.repeat(250_000)).length, 0);
  });
});

describe('isOnePlaceholder', () => {
  it('is true of a placeholder and nothing around it', () => {
    assert.deepEqual(['{{ a }}', ' {{ a }}', '{{ a }}{{ b }}', 'a', ''].map(isOnePlaceholder), [
      true,
      false,
      false,
      false,
      false,
    ]);
  });
});
