import { strict as assert } from 'node:assert';
import { describe, it } from 'node:test';
import { formatDiagnostic } from './diagnostic.ts';
import { parseYaml, yamlBytesMax, yamlDiagnosticsMax } from './parse-yaml.ts';

const valueOf = (text: string): unknown => parseYaml(text, 'a.yaml').documents[0]?.value;
const complaintsOf = (text: string): string[] => parseYaml(text, 'a.yaml').diagnostics.map(formatDiagnostic);
const codesOf = (text: string): string[] => parseYaml(text, 'a.yaml').diagnostics.map((found) => found.code);

describe('parseYaml', () => {
  it('reads several documents and skips empty ones', () => {
    const file = parseYaml('a: 1\n---\n# nothing\n---\nb: [x, "2"]\n', 'a.yaml');
    assert.deepEqual(file.diagnostics, []);
    assert.deepEqual(
      file.documents.map((document) => document.value),
      [{ a: 1 }, { b: ['x', '2'] }],
    );
  });

  it('resolves scalars as Kubernetes does', () => {
    assert.deepEqual(valueOf('a: yes\nb: off\nc: 0644\nd: 2026-01-01\ne: 1:30\nf: ~\ng: 1e3'), {
      a: true,
      b: false,
      c: 420,
      d: '2026-01-01',
      e: '1:30',
      f: null,
      g: 1000,
    });
  });

  it('expands merge keys and anchors', () => {
    assert.deepEqual(valueOf('base: &b {x: 1}\nuse:\n  <<: *b\n  y: 2'), { base: { x: 1 }, use: { x: 1, y: 2 } });
  });

  it('names line and column of syntax errors', () => {
    assert.deepEqual(complaintsOf('a: 1\nb: [1, 2\nc: 3\n').length > 0, true);
    assert.match(complaintsOf('a: 1\nb: "x\n')[0] ?? '', /^a\.yaml:\d+:\d+: /);
  });

  it('tells a mistake once, and not what the reader stumbles over after it', () => {
    const wrong = 'a: [x, y\nb: {c: d}\ne: f\n';
    const file = parseYaml(`first: 1\n---\n${wrong}---\nfine: yes\n---\nlast: "a" b\n`, 'x.yaml');
    const lines = file.diagnostics.map(({ position }) => position?.line);
    assert.equal(lines.length, 2, JSON.stringify(file.diagnostics));
    assert.ok((lines[0] ?? 0) <= 5 && lines[1] === 9, JSON.stringify(lines));
  });

  it('refuses duplicate keys', () => {
    assert.match(complaintsOf('a: 1\nb: 2\na: 3\n')[0] ?? '', /^a\.yaml:3:1: Map keys must be unique/);
  });

  it('compares keys in linear time, merges apart', () => {
    const keys = Array.from({ length: 30_000 }, (_, index) => `k${index}: ${index}`).join('\n');
    assert.deepEqual(codesOf(keys), []);
    assert.deepEqual(complaintsOf(`${keys}\nk7: again`), ['a.yaml:30001:1: Map keys must be unique']);
    assert.deepEqual(valueOf('a: &a {x: 1}\nb: &b {y: 2}\nc:\n  <<: *a\n  <<: *b'), {
      a: { x: 1 },
      b: { y: 2 },
      c: { x: 1, y: 2 },
    });
    assert.deepEqual(codesOf('a: {b: 1, "b": 2}\n'), ['YAML_SYNTAX']);
    assert.equal(complaintsOf('a: 1\n'.repeat(100)).length, yamlDiagnosticsMax);
  });

  it('rewrites texts, and tells how they stand', () => {
    const rewrite = (text: string, style: string): string => `${style}:${text}`;
    const { documents } = parseYaml('a: 1\nb: x\nc: "y"\nd: \'z\'\ne: |\n  block\n', 'a.yaml', { rewrite });
    assert.deepEqual(documents[0]?.value, {
      'plain:a': 1,
      'plain:b': 'plain:x',
      'plain:c': 'double-quoted:y',
      'plain:d': 'single-quoted:z',
      'plain:e': 'block:block\n',
    });
    const same = parseYaml('a: 1\nb: 2', 'a.yaml', { rewrite: () => 'one' });
    assert.deepEqual(
      same.diagnostics.map(({ message }) => message),
      ['Map keys must be unique'],
    );
  });

  it('finds fields, and the nearest parent of a missing one', () => {
    const document = parseYaml('spec:\n  tasks:\n    - name: a\n    - name: b\n      x.y/z: 1\n', 'a.yaml')
      .documents[0];
    assert.deepEqual(document?.locate('spec.tasks[1].name'), { line: 4, column: 7 });
    assert.deepEqual(document?.locate('spec.tasks[1][x.y/z]'), { line: 5, column: 7 });
    assert.deepEqual(document?.locate('spec.tasks[1].missing.deep'), { line: 4, column: 7 });
    assert.deepEqual(document?.locate('status'), { line: 1, column: 1 });
  });

  it('refuses a file that is too large', () => {
    assert.deepEqual(codesOf(`a: ${'x'.repeat(yamlBytesMax)}`), ['YAML_TOO_LARGE']);
  });

  it('refuses binary garbage', () => {
    assert.deepEqual(codesOf('a: 1\n\u0000\u0001\n'), ['YAML_NOT_TEXT']);
    assert.deepEqual(parseYaml('a: 1\n\u0000', 'a.yaml').diagnostics[0]?.position, { line: 2, column: 1 });
  });

  it('refuses alias bombs', () => {
    const levels = Array.from({ length: 12 }, (_, n) => `l${n + 1}: &l${n + 1} [*l${n},*l${n},*l${n},*l${n},*l${n}]`);
    assert.deepEqual(codesOf(['l0: &l0 [x]', ...levels].join('\n')), ['YAML_ALIASES']);
  });

  it('refuses nesting without end, whatever its style', () => {
    assert.notDeepEqual(codesOf('['.repeat(20_000) + ']'.repeat(20_000)), []);
    assert.equal(codesOf('['.repeat(1000)).length <= yamlDiagnosticsMax, true);
    assert.deepEqual(codesOf(`a: ${'['.repeat(200)}${']'.repeat(200)}`), ['YAML_TOO_DEEP']);
    assert.deepEqual(codesOf('- '.repeat(150) + 'x'), ['YAML_TOO_DEEP']);
    assert.deepEqual(codesOf('['.repeat(50_000) + ']'.repeat(50_000)), ['YAML_TOO_DEEP']);
    assert.deepEqual(codesOf('{a: '.repeat(50_000) + '}'.repeat(50_000)), ['YAML_TOO_DEEP']);
    assert.deepEqual(codesOf('['.repeat(500_000)), ['YAML_TOO_DEEP']);
  });
});
