import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type Json, type JsonObject, isJsonList, isJsonObject } from '../../base/json.ts';
import { type ChangedFiles, ForgeError } from '../../forge/forge.ts';
import { readDefinitions } from './read-definitions.ts';
import { expressionsMax } from '../templates/expand.ts';
import { RemoteDocuments } from './remote-documents.ts';
import { RemoteFetchError } from './remote-fetcher.ts';
import { resolveDefinition, resolvedCharactersMax } from './resolve-definition.ts';
import { factsOf, resolveAll, resolveText, runOf, sourcesOf } from './resolve-fixture.ts';

const task = (name: string, image: string, more = ''): string =>
  `apiVersion: tekton.dev/v1\nkind: Task\nmetadata: {name: ${name}}\nspec: {steps: [{name: s, image: "${image}"}]${more}}\n`;
const pipeline = (name: string, tasks: string, annotations = '{}'): string =>
  `apiVersion: tekton.dev/v1\nkind: Pipeline\nmetadata: {name: ${name}, annotations: ${annotations}}\nspec: {tasks: ${tasks}}\n`;
const run = (spec: string, annotations = '{}'): string =>
  `apiVersion: tekton.dev/v1\nkind: PipelineRun\nmetadata: {generateName: r-, annotations: ${annotations}}\nspec: ${spec}\n`;
const annotation = (name: string, value: string): string => `pipelinesascode.tekton.dev/${name}: "${value}"`;
const oneTask = '{pipelineSpec: {tasks: [{name: t, taskRef: {name: build}}]}}';

function imagesOf(resolved: JsonObject): readonly unknown[] {
  const { pipelineSpec } = resolved['spec'] as {
    pipelineSpec: { tasks: { taskSpec?: { steps: { image: string }[] } }[] };
  };
  return pipelineSpec.tasks.map(({ taskSpec }) => taskSpec?.steps[0]?.image);
}

async function problemOf(text: string, documents: Readonly<Record<string, string>> = {}): Promise<string> {
  const resolution = await resolveText(text, documents);
  assert.equal(resolution.ok, false);
  const { file, line, column, field, message } = resolution.problem;
  return `${file}:${line}:${column}: ${field}: ${message}`;
}

describe('resolveDefinition', () => {
  it('puts Tasks of .tekton in place, with their labels and annotations', async () => {
    const described = task('build', 'a').replace(
      '{name: build}',
      '{name: build, labels: {l: "1"}, annotations: {n: "2"}}',
    );
    const resolved = runOf(await resolveText(`${run(oneTask)}---\n${described}`));
    assert.deepEqual(resolved, {
      apiVersion: 'tekton.dev/v1',
      kind: 'PipelineRun',
      metadata: {},
      spec: {
        pipelineSpec: {
          tasks: [
            {
              name: 't',
              taskSpec: {
                steps: [{ name: 's', image: 'a' }],
                metadata: { labels: { l: '1' }, annotations: { n: '2' } },
              },
            },
          ],
        },
      },
    });
  });

  it('prefers Tasks of the PipelineRun, then of the Pipeline, then of .tekton', async () => {
    const tasks = '[{name: a, taskRef: {name: a}}, {name: b, taskRef: {name: b}}, {name: c, taskRef: {name: c}}]';
    const text = [
      run('{pipelineRef: {name: p}}', `{${annotation('task', 'https://x.example/run.yaml')}}`),
      pipeline('p', tasks, `{${annotation('task', '[https://x.example/p1.yaml, https://x.example/p2.yaml]')}}`),
      ...['a', 'b', 'c'].map((name) => task(name, 'folder')),
    ].join('---\n');
    const documents = {
      'https://x.example/run.yaml': task('a', 'run'),
      'https://x.example/p1.yaml': task('a', 'pipeline'),
      'https://x.example/p2.yaml': task('b', 'pipeline'),
    };
    assert.deepEqual(imagesOf(runOf(await resolveText(text, documents))), ['run', 'pipeline', 'folder']);
  });

  it('takes the Pipeline of the annotation only if it is the one that is meant', async () => {
    const annotated = run('{pipelineRef: {name: p}}', `{${annotation('pipeline', 'https://x.example/p.yaml')}}`);
    const tasks = (image: string): string => `[{name: a, taskSpec: {steps: [{name: s, image: ${image}}]}}]`;
    const text = `${annotated}---\n${pipeline('p', tasks('folder'))}`;
    const remote = { 'https://x.example/p.yaml': pipeline('p', tasks('remote')) };
    assert.deepEqual(imagesOf(runOf(await resolveText(text, remote))), ['remote']);
    const other = { 'https://x.example/p.yaml': pipeline('other', tasks('remote')) };
    assert.deepEqual(imagesOf(runOf(await resolveText(text, other))), ['folder']);
  });

  it('reads relative Tasks of a remote Pipeline beside it', async () => {
    const text = run('{pipelineRef: {name: p}}', `{${annotation('pipeline', 'https://x.example/d/pipelines/p.yaml')}}`);
    const annotations = `{${annotation('task', './a.yaml')}, ${annotation('task-1', '../tasks/b.yaml')}, ${annotation('task-2', 'lib/c.yaml')}}`;
    const names = '[{name: a, taskRef: {name: a}}, {name: b, taskRef: {name: b}}, {name: c, taskRef: {name: c}}]';
    const documents = {
      'https://x.example/d/pipelines/p.yaml': pipeline('p', names, annotations),
      'https://x.example/d/pipelines/a.yaml': task('a', 'beside'),
      'https://x.example/d/tasks/b.yaml': task('b', 'above'),
      'lib/c.yaml': task('c', 'in the tested repository'),
    };
    assert.deepEqual(imagesOf(runOf(await resolveText(text, documents))), [
      'beside',
      'above',
      'in the tested repository',
    ]);
  });

  it('leaves references that others resolve', async () => {
    const refs = [
      '{resolver: git, params: [{name: url, value: x}]}',
      '{apiVersion: example.dev/v1, kind: Wait, name: w}',
    ];
    const tasks = refs.map((ref, index) => `{name: t${index}, taskRef: ${ref}}`).join(', ');
    const resolved = runOf(await resolveText(run(`{pipelineSpec: {tasks: [${tasks}]}}`)));
    assert.equal(JSON.stringify(resolved).match(/taskRef/g)?.length, 2);
    const bundled =
      '{apiVersion: tekton.dev/v1beta1, kind: PipelineRun, metadata: {name: b}, spec: {pipelineRef: {bundle: q/x, name: p}}}';
    assert.deepEqual((runOf(await resolveText(bundled))['spec'] as JsonObject)['pipelineRef'], {
      resolver: 'bundles',
      params: [
        { name: 'bundle', value: 'q/x' },
        { name: 'name', value: 'p' },
        { name: 'kind', value: 'pipeline' },
      ],
    });
  });

  it('keeps nothing of the metadata but labels and annotations', async () => {
    const text = run('{pipelineSpec: {tasks: []}}').replace(
      '{generateName: r-,',
      '{generateName: r-, namespace: kube-system, finalizers: [x/y], ownerReferences: [], labels: {a: b},',
    );
    assert.deepEqual(runOf(await resolveText(text))['metadata'], { labels: { a: 'b' } });
  });

  it('replaces placeholders in remote Tasks too, once', async () => {
    const text = run(oneTask, `{${annotation('task', 'https://x.example/{{ branch }}.yaml')}}`);
    const documents = { 'https://x.example/main.yaml': task('build', 'i:{{ revision }}-{{ title }}') };
    const facts = factsOf({ branch: 'main', revision: 'abc', title: '{{ revision }}' });
    assert.deepEqual(imagesOf(runOf(await resolveText(text, documents, facts))), ['i:abc-{{ revision }}']);
  });

  it('asks for the changed files only where something speaks of them, a remote Task too', async () => {
    const [definition] = readDefinitions([
      { path: 'a.yaml', text: run(oneTask, `{${annotation('task', 'https://x.example/a')}}`) },
    ]).definitions;
    assert.ok(definition);
    let asked = 0;
    const changedFiles = (): Promise<ChangedFiles> => {
      asked += 1;
      return Promise.resolve({ added: ['new'], modified: [], deleted: [], renamed: [], truncated: false });
    };
    const imagesWith = async (image: string): Promise<readonly unknown[]> => {
      const folder = readDefinitions([]);
      const remote = new RemoteDocuments(sourcesOf({ 'https://x.example/a': task('build', image) }));
      return imagesOf(runOf(await resolveDefinition(definition, { folder, remote, facts: factsOf({}), changedFiles })));
    };
    assert.deepEqual(await imagesWith('plain'), ['plain']);
    assert.equal(asked, 0);
    assert.deepEqual(await imagesWith('i:{{ files.added[0] }}'), ['i:new']);
    assert.equal(asked, 1);
  });

  it('reads bare placeholders as numbers and truth values where nothing else fits', async () => {
    const text = run(
      '{pipelineSpec: {tasks: [{name: t, retries: {{ retries }}, taskSpec: {steps: [{name: s, image: i, securityContext: {privileged: {{ cel: false }}}}]}, params: [{name: p, value: {{ retries }}}]}]}}',
    );
    const [first] = (
      (runOf(await resolveText(text, {}, factsOf({ retries: '3' })))['spec'] as JsonObject)['pipelineSpec'] as {
        tasks: { retries: unknown; params: unknown; taskSpec: { steps: { securityContext: unknown }[] } }[];
      }
    ).tasks;
    assert.equal(first?.retries, 3);
    assert.deepEqual(first?.params, [{ name: 'p', value: '3' }]);
    assert.deepEqual(first?.taskSpec.steps[0]?.securityContext, { privileged: false });
    const hostile = await resolveText(text, {}, factsOf({ retries: '3, evil: 4' }));
    assert.match(hostile.ok ? '' : hostile.problem.message, /must be of type integer: "string"/);
  });

  it('reads no other text as a number', async () => {
    const written = run('{pipelineSpec: {tasks: [{name: t, retries: "3", taskSpec: {steps: [{name: s, image: i}]}}]}}');
    assert.match(await problemOf(written), /retries.* must be of type integer: "string"/);
    const mixed = written.replace('"3"', '"{{ n1 }}{{ n1 }}"');
    const resolution = await resolveText(mixed, {}, factsOf({ n1: '3' }));
    assert.match(resolution.ok ? '' : resolution.problem.message, /must be of type integer/);
  });

  it('says where and what is wrong', async () => {
    assert.equal(
      await problemOf(
        `# a comment\n${run('\n  pipelineSpec:\n    tasks:\n      - name: t\n        taskRef:\n          name: gone')}`,
      ),
      '.tekton/run.yaml:10:11: spec.pipelineSpec.tasks[0].taskRef.name: there is no Task "gone" in .tekton or in the annotations that name remote ones',
    );
    assert.match(
      await problemOf(run('{pipelineRef: {name: gone}}')),
      /^\.tekton\/run\.yaml:4:\d+: spec\.pipelineRef\.name: there is no Pipeline "gone"/,
    );
    assert.match(
      await problemOf(run(oneTask, `{${annotation('task', 'lib/x.yaml')}}`)),
      /"lib\/x\.yaml" does not exist in the repository/,
    );
    assert.match(
      await problemOf(run(oneTask, `{${annotation('task', '../../x.yaml')}}`)),
      /leads out of the repository/,
    );
    assert.match(
      await problemOf(run(oneTask, `{${annotation('task', 'https://u:p@x.example/a')}}`)),
      /given with a user or password/,
    );
    assert.match(
      await problemOf(run(oneTask, `{${annotation('task', 'nope://a')}}`)),
      /there is no catalog "nope" in the settings; known: default/,
    );
    assert.match(
      await problemOf(run(oneTask, `{${annotation('task', 'a b')}}`)),
      /metadata\.annotations\[pipelinesascode\.tekton\.dev\/task\]/,
    );
    assert.match(
      await problemOf(run(oneTask, `{${annotation('task', 'https://x.example/a')}}`), {
        'https://x.example/a': 'kind: [',
      }),
      /holds no Task of Tekton: line \d+: /,
    );
    assert.match(
      await problemOf(`${run(oneTask)}---\n${task('build', 'a')}---\n${task('build', 'b')}`),
      /"build" is the name of different Tasks: .tekton\/run.yaml:6, .tekton\/run.yaml:11/,
    );
    assert.match(
      await problemOf(run('{pipelineRef: {name: p}}', `{${annotation('pipeline', '[a, b]')}}`)),
      /names several Pipelines/,
    );
  });

  it('warns of what is left out and of what our own server would refuse', async () => {
    const resolution = await resolveText(`${run(oneTask)}---\n${task('build', 'a', ', colour: red')}`);
    assert.ok(resolution.ok);
    assert.deepEqual(
      resolution.warnings.map(({ line, message }) => [line, message]),
      [[9, 'unknown field "spec.colour" is left out']],
    );
    const cyclic = run('{pipelineSpec: {tasks: [{name: a, runAfter: [a], taskSpec: {steps: [{name: s, image: i}]}}]}}');
    const warned = await resolveText(cyclic);
    assert.ok(warned.ok && warned.warnings.some(({ field }) => field?.startsWith('spec.pipelineSpec.tasks')));
  });

  it('is bounded in how much it evaluates, over all that becomes one run', async () => {
    const some = (from: number): string =>
      Array.from({ length: expressionsMax - 10 }, (_, index) => `{{ cel: ${from + index} }}`).join('');
    const within = `${run(oneTask, `{a: "${some(0)}"}`)}---\n${task('build', 'i')}`;
    assert.ok((await resolveText(within)).ok);
    const beyond = await resolveText(`${run(oneTask, `{a: "${some(0)}"}`)}---\n${task('build', some(1000))}`);
    assert.match(beyond.ok ? '' : beyond.problem.message, /more than 100 expressions in placeholders/);
  });

  it('is bounded in what it makes', async () => {
    const large = task('build', 'a', `, description: "${'x'.repeat(900_000)}"`);
    const tasks = Array.from({ length: 10 }, (_, index) => `{name: t${index}, taskRef: {name: build}}`).join(', ');
    const resolution = await resolveText(`${run(`{pipelineSpec: {tasks: [${tasks}]}}`)}---\n${large}`);
    assert.match(
      resolution.ok ? '' : resolution.problem.message,
      new RegExp(`more than ${resolvedCharactersMax} characters`),
    );
  });

  it('shares nothing between runs that could be changed, and fetches once', async () => {
    const sources = sourcesOf({ 'https://x.example/a': task('build', 'i') });
    const file = (name: string): { path: string; text: string } => ({
      path: `.tekton/${name}.yaml`,
      text: run(oneTask, `{${annotation('task', 'https://x.example/a')}}`).replace('r-', `${name}-`),
    });
    const [first, second] = (await resolveAll([file('one'), file('two')], sources)).map(runOf);
    assert.ok(first && second);
    assert.deepEqual(sources.fetched, ['https://x.example/a']);
    const parts = new Set<unknown>();
    collect(first, parts);
    const shared: unknown[] = [];
    collect(second, new Set(), (part) => parts.has(part) && !Object.isFrozen(part) && shared.push(part));
    assert.deepEqual(shared, []);
  });

  it('throws what may pass, so that it is tried again', async () => {
    const folder = readDefinitions([
      { path: 'a.yaml', text: run(oneTask, `{${annotation('task', 'https://x.example/a')}}`) },
    ]);
    const [definition] = folder.definitions;
    assert.ok(definition);
    for (const error of [new RemoteFetchError('busy', { passing: true }), new ForgeError('rate-limited', 'wait')]) {
      const sources = sourcesOf({}, { fetcher: { fetchText: () => Promise.reject(error) } });
      const context = { folder, facts: factsOf({}), remote: new RemoteDocuments(sources) };
      await assert.rejects(resolveDefinition(definition, context), error);
    }
    const final = new ForgeError('forbidden', 'the token may not read it');
    const sources = sourcesOf({}, { fetcher: { fetchText: () => Promise.reject(final) } });
    const refused = await resolveDefinition(definition, {
      folder,
      facts: factsOf({}),
      remote: new RemoteDocuments(sources),
    });
    assert.match(refused.ok ? '' : refused.problem.message, /cannot be read: the token may not read it/);
  });

  it('makes a run of the same shape whatever anybody writes in a title', async () => {
    const text = `${run('{params: [{name: p, value: {{ title }}}], pipelineSpec: {tasks: [{name: t, taskRef: {name: build}}]}}', '{a: {{ title }}}')}---
${task('build', '{{ title }}', ', description: x {{ title }}')}`;
    const shape = shapeOf(runOf(await resolveText(text, {}, factsOf({ title: 'harmless' }))));
    const hostile = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom(
        '"}',
        "'",
        '\n  - evil: 1',
        '}}',
        '{{ title }}',
        '---\nkind: Pod',
        '[a, b]',
        '1',
        'true',
        'null',
        '&a *a',
        '$(x)',
      ),
    );
    await fc.assert(
      fc.asyncProperty(hostile, async (title) => {
        assert.deepEqual(shapeOf(runOf(await resolveText(text, {}, factsOf({ title })))), shape);
      }),
      { numRuns: 60 },
    );
  });
});

function shapeOf(value: Json | undefined): unknown {
  if (isJsonList(value)) return value.map(shapeOf);
  if (!isJsonObject(value)) return typeof value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, shapeOf(member)]));
}

function collect(value: unknown, into: Set<unknown>, told?: (part: unknown) => void): void {
  if (typeof value !== 'object' || value === null) return;
  into.add(value);
  told?.(value);
  for (const member of Object.values(value)) collect(member, into, told);
}
