import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fileBytesMax, folderFilesMax } from '../../forge/forge.ts';
import { folderObjectsMax, folderWeightMax, readDefinitions } from './read-definitions.ts';
import { textWeightMax } from './source-object.ts';

const run = (name: string): string =>
  `apiVersion: tekton.dev/v1\nkind: PipelineRun\nmetadata: {name: ${name}}\nspec: {}\n`;
const read = (files: Readonly<Record<string, string>>): ReturnType<typeof readDefinitions> =>
  readDefinitions(Object.entries(files).map(([path, text]) => ({ path, text })));
const names = ({ definitions }: ReturnType<typeof readDefinitions>): readonly string[] =>
  definitions.map(({ name }) => name);

describe('readDefinitions', () => {
  it('reads YAML files in the order of their paths, and the kinds of Tekton', () => {
    const folder = read({
      '.tekton/b.yml': `${run('b')}---\n${run('c').replace('{name: c}', '{generateName: c-}')}`,
      '.tekton/a/a.yaml': `# first\n\n${run('a')}`,
      '.tekton/other.txt': run('no'),
      '.tekton/pod.yaml': 'apiVersion: v1\nkind: Pod\nmetadata: {name: p}\n---\n- a list\n---\njust text\n',
      '.tekton/task.yaml': 'apiVersion: tekton.dev/v1beta1\nkind: Task\nmetadata: {name: t}\nspec: {steps: []}\n',
    });
    assert.deepEqual(
      folder.definitions.map(({ name, file, line }) => [name, file, line]),
      [
        ['a', '.tekton/a/a.yaml', 3],
        ['b', '.tekton/b.yml', 1],
        ['c-', '.tekton/b.yml', 6],
      ],
    );
    assert.deepEqual(folder.problems, []);
    const [task] = folder.tasks;
    assert.equal(task?.object['apiVersion'], 'tekton.dev/v1');
    const [first] = folder.definitions;
    assert.ok(first && Object.isFrozen(first.object));
    assert.deepEqual(folder.locate(first, 'metadata.name'), { line: 5, column: 12 });
  });

  it('lets what is wrong fail alone, and says where', () => {
    const folder = read({
      '.tekton/good.yaml': run('good'),
      '.tekton/half.yaml': `${run('half')}---\napiVersion: tekton.dev/v1\nkind: [\n`,
      '.tekton/binary.yaml': '\u0000\u0001',
      '.tekton/bomb.yaml': `a: ${'['.repeat(5000)}`,
      '.tekton/key.yaml': run('key').replace('spec: {}', 'spec: {params: [{"{{ k }}": 1}]}'),
      '.tekton/old.yaml': run('old').replace('/v1', '/v1beta1').replace('spec: {}', 'spec:\n  resources: []'),
      '.tekton/nameless.yaml': run('x').replace('{name: x}', '{}'),
      '.tekton/large.yaml': `# ${'x'.repeat(fileBytesMax)}`,
      '.tekton/many.yaml': '{{ a }}'.repeat(6000),
    });
    assert.deepEqual(names(folder), ['good', 'half']);
    const told = Object.fromEntries(folder.problems.map(({ file, line, message }) => [file, `${line}: ${message}`]));
    assert.match(told['.tekton/half.yaml'] ?? '', /^\d: /);
    assert.match(told['.tekton/binary.yaml'] ?? '', /not UTF-8 text/);
    assert.match(told['.tekton/bomb.yaml'] ?? '', /nested deeper/);
    assert.equal(
      told['.tekton/key.yaml'],
      '4: the key "{{ k }}" is a placeholder; only values are replaced: write the key out',
    );
    assert.match(told['.tekton/old.yaml'] ?? '', /^5: PipelineResources no longer exist/);
    assert.match(told['.tekton/nameless.yaml'] ?? '', /^3: a PipelineRun needs metadata.name/);
    assert.match(told['.tekton/large.yaml'] ?? '', /more than 1048576 bytes/);
    assert.match(told['.tekton/many.yaml'] ?? '', /more than 5000 placeholders/);
    assert.equal(Object.keys(told).length, 8);
  });

  it('says so where an annotation of ours lacks its quotes: to YAML it is a list or a number, and nothing would run', () => {
    const annotated = (annotation: string): string =>
      run('x').replace('{name: x}', `\n  name: x\n  annotations:\n    example.org/own: 1\n    ${annotation}`);
    for (const [written, quoted] of [
      ['on-event: [push, pull_request]', '"[push, pull_request]"'],
      ['max-keep-runs: 5', '"5"'],
      ['cancel-in-progress: true', '"true"'],
    ] as const) {
      const { definitions, problems } = read({
        '.tekton/a.yaml': annotated(`pipelinesascode.tekton.dev/${written}`),
        '.tekton/b.yaml': run('b'),
      });
      assert.deepEqual(
        definitions.map(({ name }) => name),
        ['b'],
      );
      const field = `pipelinesascode.tekton.dev/${written.split(':', 1)[0]}`;
      const message = `is no text: put its value into quotes, ${quoted}`;
      assert.deepEqual(problems, [{ file: '.tekton/a.yaml', line: 7, column: 5, definition: 'x', field, message }]);
    }
    for (const fine of ['on-event: "[push]"', 'on-event: {{ kind }}', 'on-event:']) {
      assert.deepEqual(names(read({ '.tekton/a.yaml': annotated(`pipelinesascode.tekton.dev/${fine}`) })), ['x'], fine);
    }
  });

  it('runs neither of two PipelineRuns of one name', () => {
    const folder = read({ '.tekton/a.yaml': run('same'), '.tekton/b.yaml': run('same'), '.tekton/c.yaml': run('c') });
    assert.deepEqual(names(folder), ['c']);
    assert.deepEqual(
      folder.problems.map(({ file, definition, message }) => [file, definition, message]),
      [
        [
          '.tekton/a.yaml',
          'same',
          '"same" is the name of two PipelineRuns: the other is at .tekton/b.yaml:1; neither runs',
        ],
        [
          '.tekton/b.yaml',
          'same',
          '"same" is the name of two PipelineRuns: the other is at .tekton/a.yaml:1; neither runs',
        ],
      ],
    );
  });

  it('reads nothing of a folder that is too large, and says so once', () => {
    const many = Object.fromEntries(
      Array.from({ length: 500 }, (_, index) => [`.tekton/${index}.yaml`, run(`r${index}`)]),
    );
    const folder = read(many);
    assert.deepEqual(names(folder), []);
    assert.deepEqual(folder.problems, [
      { file: '.tekton', message: `.tekton holds 500 YAML files; at most ${folderFilesMax} are read` },
    ]);
    const whole = 'x'.repeat(fileBytesMax);
    const heavy = read(Object.fromEntries(Array.from({ length: 9 }, (_, index) => [`.tekton/${index}.yaml`, whole])));
    assert.match(heavy.problems[0]?.message ?? '', /more than 8388608 bytes together/);
    const objects = Array.from({ length: folderObjectsMax / 2 + 1 }, (_, index) => run(`r${index}`)).join('---\n');
    const crowded = read({ '.tekton/a.yaml': objects, '.tekton/b.yaml': objects });
    assert.match(crowded.problems[0]?.message ?? '', /holds 1002 objects/);
    assert.equal(crowded.problems.length, 1);
    const weighty = read({ '.tekton/a.yaml': ','.repeat(folderWeightMax), '.tekton/b.yaml': run('b') });
    assert.match(weighty.problems[0]?.message ?? '', /more than 100000 lines and brackets together/);
    const one = read({ '.tekton/a.yaml': `# ${','.repeat(textWeightMax)}`, '.tekton/b.yaml': run('b') });
    assert.deepEqual([names(one), one.problems.length], [['b'], 1]);
  });
});
