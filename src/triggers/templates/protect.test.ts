import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type YamlDocument, parseYaml } from '../../yaml/parse-yaml.ts';
import { filePlaceholdersMax, protectPlaceholders } from './protect.ts';

function read(text: string): YamlDocument {
  const guarded = protectPlaceholders(text);
  const { documents, diagnostics } = parseYaml(guarded.text, 'a.yaml', { rewrite: guarded.restore });
  assert.deepEqual(diagnostics, []);
  const [document] = documents;
  assert.ok(document);
  return document;
}

describe('protectPlaceholders', () => {
  it('lets placeholders stand bare wherever a value may stand', () => {
    const lines = [
      'a: {{ revision }}',
      'b: x-{{ cel: "y: z" }}-1 # {{ c }}',
      'c: [{{ d1 }}, {{ d2 }}]',
      '{{ key }}: 1',
    ];
    assert.deepEqual(read(lines.join('\n')).value, {
      a: '{{ revision }}',
      b: 'x-{{ cel: "y: z" }}-1',
      c: ['{{ d1 }}', '{{ d2 }}'],
      '{{ key }}': 1,
    });
  });

  it('keeps lines and columns', () => {
    const document = read('a: {x: {{ one }}, y: {{cel: [1]}}, z: 3}\nb: {{ two }}\nc: 4\n');
    assert.deepEqual(document.locate('a.z'), { line: 1, column: 36 });
    assert.deepEqual(document.locate('c'), { line: 3, column: 1 });
  });

  it('reads placeholders in quotes as their author meant them', () => {
    const text = String.raw`
      escaped: "{{ cel: body.a == \"b\" }}"
      bare: "{{ headers["X-Event"] }} and \"more\""
      single: '{{ cel: body.a == '' ? ''x'' : 'y' }}'
      block: |
        echo "{{ revision }}" '{{ sender }}'
        {{ over
        two lines }}
    `;
    assert.deepEqual(read(text).value, {
      escaped: '{{ cel: body.a == "b" }}',
      bare: '{{ headers["X-Event"] }} and "more"',
      single: "{{ cel: body.a == '' ? ''x'' : 'y' }}",
      block: 'echo "{{ revision }}" \'{{ sender }}\'\n{{ over\ntwo lines }}\n',
    });
  });

  it('takes nothing of the file for its own words', () => {
    const text = 'a: "\ue0000\ue001\ue001"\nb: {{ name }}\n';
    assert.deepEqual(read(text).value, { a: '\ue0000\ue001\ue001', b: '{{ name }}' });
    const all = Array.from({ length: 6400 }, (_, index) => String.fromCharCode(0xe000 + index)).join('');
    assert.throws(() => protectPlaceholders(`a: {{ name }} ${all}`), RangeError);
    assert.throws(() => protectPlaceholders('{{ a }}'.repeat(filePlaceholdersMax + 1)), RangeError);
  });

  it('changes nothing in YAML that needs no help', () => {
    const names = fc.constantFrom('{{ a1 }}', '{{cel: x}}', '{{ b }}{{ c }}', 'plain', '{{', '}}', 'x {{ d }} y');
    fc.assert(
      fc.property(fc.array(names, { minLength: 1, maxLength: 20 }), (texts) => {
        const quoted = texts.map((text, index) => `k${index}: '${text}'`).join('\n');
        assert.deepEqual(read(quoted).value, Object.fromEntries(texts.map((text, index) => [`k${index}`, text])));
      }),
    );
  });
});
