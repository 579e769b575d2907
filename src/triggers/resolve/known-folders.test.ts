import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { KnownFolders } from './known-folders.ts';

const run = (name: string): string =>
  `apiVersion: tekton.dev/v1\nkind: PipelineRun\nmetadata: { name: ${name} }\nspec: { pipelineRef: { name: p } }\n`;
const files = (texts: Readonly<Record<string, string>>) =>
  Object.entries(texts).map(([path, text]) => ({ path, text }));
const namesOf = (folder: ReturnType<KnownFolders['read']>): readonly string[] =>
  folder.definitions.map(({ name }) => name);

describe('known folders', () => {
  it('are read once for as long as path and text of every file stay', () => {
    const known = new KnownFolders();
    const first = known.read(files({ '.tekton/a.yaml': run('a') }));
    assert.equal(known.read(files({ '.tekton/a.yaml': run('a') })), first);
    assert.deepEqual(namesOf(first), ['a']);
    assert.deepEqual(namesOf(known.read(files({ '.tekton/a.yaml': run('b') }))), ['b']);
    assert.deepEqual(namesOf(known.read(files({ '.tekton/a.yaml': run('a'), '.tekton/b.yaml': run('b') }))), [
      'a',
      'b',
    ]);
    assert.equal(known.read(files({ '.tekton/c.yaml': run('a') })).definitions[0]?.file, '.tekton/c.yaml');
  });

  it('tell what is wrong each time', () => {
    const known = new KnownFolders();
    const broken = files({ '.tekton/a.yaml': 'a: [' });
    assert.equal(known.read(broken).problems.length, 1);
    assert.equal(known.read(broken).problems.length, 1);
  });

  it('are forgotten when there are too many, the longest unused first', () => {
    const [a, b, c] = ['a', 'b', 'c'].map((name) => files({ [`.tekton/${name}.yaml`]: run(name) }));
    assert(a && b && c);
    const one = a.reduce((sum, { path, text }) => sum + path.length + text.length, 0);
    const known = new KnownFolders(2 * one);
    const [firstA, firstB] = [known.read(a), known.read(b)];
    assert.equal(known.read(a), firstA);
    known.read(c);
    assert.equal(known.read(a), firstA);
    assert.notEqual(known.read(b), firstB);
  });

  it('that are larger than all that is kept are read all the same', () => {
    const known = new KnownFolders(1);
    assert.deepEqual(namesOf(known.read(files({ '.tekton/a.yaml': run('a') }))), ['a']);
  });
});
