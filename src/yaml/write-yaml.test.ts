import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { Json } from '../base/json.ts';
import { parseYaml } from './parse-yaml.ts';
import { writeYaml, writeYamlDocuments } from './write-yaml.ts';

const anyText = fc.oneof(
  fc.constantFrom(
    '',
    'yes',
    'NO',
    'on',
    'null',
    '~',
    '010',
    '0o7',
    '1_000',
    '1e3',
    '2026-01-01',
    '- a',
    'a: b',
    '#',
    '=',
    '<<',
  ),
  fc.string({ unit: fc.constantFrom('a', 'é', ' ', '\n', '\t', ':', '#', '"', "'", '\\', '|', '%', '{', '☃') }),
);
/** Readers take the key `<<` for a merge. */
const anyKey = anyText.filter((text) => text !== '<<');
const anyJson = fc.letrec<{ value: Json }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    anyText,
    fc.constantFrom<Json>(null, true, false, 0, -1, 1.5, 1e21),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(anyKey, tie('value'), { maxKeys: 4 }),
  ),
})).value;

describe('writeYaml', () => {
  it('is read back as what was written', () => {
    fc.assert(
      fc.property(fc.dictionary(anyKey, anyJson, { minKeys: 1, maxKeys: 4 }), (value) => {
        const { documents, diagnostics } = parseYaml(writeYaml(value), 'x.yaml');
        assert.deepEqual(diagnostics, []);
        assert.equal(JSON.stringify(documents[0]?.value), JSON.stringify(value));
      }),
    );
  });

  it('names an object that occurs twice, twice', () => {
    const part = { a: 'yes' };
    assert.equal(writeYaml({ one: part, two: part }), 'one:\n  a: "yes"\ntwo:\n  a: "yes"\n');
    assert.equal(writeYamlDocuments([{ a: 1 }, { b: [2] }]), 'a: 1\n---\nb:\n  - 2\n');
  });
});
