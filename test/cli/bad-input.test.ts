/** Input that is wrong: told with file, line, column and field; exit code 2; nothing has run. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { after, describe, it } from 'node:test';
import { yamlBytesMax } from '../../src/yaml/parse-yaml.ts';
import { Workplace } from '../support/penstock-process.ts';

const workplace = new Workplace();
after(() => workplace[Symbol.asyncDispose]());

const head = 'apiVersion: tekton.dev/v1\nkind: PipelineRun\nmetadata:\n  name: wrong\n';
/** A first task that would leave a trace in the folder if anything ran; what is wrong comes after it. */
const trace = `        taskSpec: {steps: [{name: s, image: x, script: touch $(workspaces.here.path)/ran}], workspaces: [{name: here}]}`;

/** A run whose tasks are `tasks`, of which the first may be called `a` and have run. */
const runOf = (tasks: string) =>
  `${head}spec:\n  workspaces: [{name: here, emptyDir: {}}]\n  pipelineSpec:\n    workspaces: [{name: here}]\n    tasks:\n${tasks}`;
const one = (rest: string) => `      - name: a\n        workspaces: [{name: here}]\n${trace}\n${rest}`;

interface Case {
  readonly what: string;
  readonly yaml: string | Uint8Array;
  /** The lines on standard error: file:line:column, then the rest. */
  readonly said: RegExp;
}

const task = (name: string, rest: string) =>
  `      - name: ${name}\n        taskSpec: {steps: [{name: s, image: x, script: 'true'}]}\n${rest}`;

const cases: readonly Case[] = [
  {
    what: 'YAML that does not end what it began',
    yaml: `${head}  labels: {a: b\nspec:\n  pipelineRef: {name: x}\n`,
    said: /^input\.yaml:6:1: Flow map .* must .* end with a }$/m,
  },
  {
    what: 'tabs',
    yaml: 'apiVersion: tekton.dev/v1\nkind: PipelineRun\nmetadata:\n\tname: x\n',
    said: /^input\.yaml:4:1: Tabs are not allowed as indentation$/m,
  },
  {
    what: 'the same key twice',
    yaml: `${head}  name: again\nspec: {pipelineRef: {name: x}}\n`,
    said: /^input\.yaml:5:3: Map keys must be unique$/m,
  },
  {
    what: 'an unknown field',
    yaml: runOf(one(`        runAftr: [b]\n`)),
    said: /^input\.yaml:13:9: spec\.pipelineSpec\.tasks\[0\]\.runAftr: unknown field; did you mean "runAfter"\?$/m,
  },
  {
    what: 'a value of the wrong type',
    yaml: runOf(one(`        retries: three\n`)),
    said: /^input\.yaml:13:9: spec\.pipelineSpec\.tasks\[0\]\.retries: must be an integer, but is a string$/m,
  },
  {
    what: 'a param that nothing gives',
    yaml: `${head}spec:\n  pipelineSpec:\n    params: [{name: who}]\n    tasks:\n${task('a', '')}`,
    said: /^input\.yaml:5:1: spec\.params: no value is given for param "who"[^\n]*\n {2}[^\n]*--param NAME=VALUE$/m,
  },
  {
    what: 'a result that no task declares',
    yaml: runOf(
      `${one('')}${task('b', '        when: [{input: $(tasks.a.results.none), operator: in, values: [x]}]\n')}`,
    ),
    said: /^input\.yaml:15:\d+: spec\.pipelineSpec\.tasks\[1\]\.when\[0\][^\n]*: [^\n]*task "a" declares no result "none"$/m,
  },
  {
    what: 'tasks that wait for each other',
    yaml: runOf(
      `${task('a', '        runAfter: [c]\n')}${task('b', '        runAfter: [a]\n')}${task('c', '        runAfter: [b]\n')}`,
    ),
    said: /^input\.yaml:9:5: spec\.pipelineSpec\.tasks: tasks wait for each other: a → b → c → a$/m,
  },
  {
    what: 'two tasks of one name',
    yaml: runOf(`${one('')}${task('a', '')}`),
    said: /^input\.yaml:13:9: spec\.pipelineSpec\.tasks\[1\]\.name: [^\n]*"?a"?/m,
  },
  {
    what: 'two runs of one name',
    yaml: `${runOf(one(''))}---\n${runOf(one(''))}`,
    said: /^input\.yaml:17:3: metadata\.name: PipelineRun "wrong" is already defined at input\.yaml:4$/m,
  },
  {
    what: 'a workspace that nothing binds',
    yaml: `${head}spec:\n  pipelineSpec:\n    workspaces: [{name: src}]\n    tasks:\n${task('a', '')}`,
    said: /^input\.yaml:5:1: spec\.workspaces: the pipeline requires workspace "src"[^\n]*\n {2}[^\n]*--workspace NAME=DIR$/m,
  },
  {
    what: 'a Pipeline that is not there',
    yaml: `${head}spec:\n  pipelineRef: {name: nowhere}\n`,
    said: /^input\.yaml:6:17: spec\.pipelineRef\.name: there is no Pipeline "nowhere" among these documents/m,
  },
  {
    what: 'a Task that is not there',
    yaml: runOf(`${one('')}      - name: b\n        taskRef: {name: nowhere}\n`),
    said: /^input\.yaml:14:\d+: spec\.pipelineSpec\.tasks\[1\]\.taskRef\.name: task "b": there is no Task "nowhere"/m,
  },
  {
    what: 'a subPath that leaves its volume',
    yaml: runOf(one('')).replace('emptyDir: {}', 'emptyDir: {}, subPath: ../../etc'),
    said: /^input\.yaml:6:\d+: spec\.workspaces\[0\]\.subPath: [^\n]*\.\./m,
  },
  {
    what: 'a subPath of a task that leaves its volume',
    yaml: runOf(one('').replace('[{name: here}]', '[{name: here, subPath: a/../../b}]')),
    said: /^input\.yaml:11:\d+: spec\.pipelineSpec\.tasks\[0\]\.workspaces\[0\]\.subPath: [^\n]*\.\./m,
  },
  {
    what: 'a mount whose subPath leaves its volume',
    yaml: runOf(
      `${one('')}      - name: b\n        taskSpec:\n          volumes: [{name: v, emptyDir: {}}]\n          steps:\n            - name: s\n` +
        `              image: x\n              script: 'true'\n              volumeMounts:\n                - {name: v, mountPath: /x, subPath: ../z}\n`,
    ),
    said: /^input\.yaml:21:\d+: spec\.pipelineSpec\.tasks\[1\]\.taskSpec\.steps\[0\]\.volumeMounts\[0\]\.subPath: [^\n]*\.\./m,
  },
  {
    what: 'a kind that is not served',
    yaml: 'apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: x}\n',
    said: /^input\.yaml:1:1: apiVersion: Deployment of apps\/v1 is not supported$/m,
  },
  {
    what: 'an older version of a kind',
    yaml: 'apiVersion: tekton.dev/v1beta1\nkind: PipelineRun\nmetadata: {name: x}\nspec: {pipelineRef: {name: x}}\n',
    said: /^input\.yaml:1:1: apiVersion: PipelineRun of tekton\.dev\/v1beta1 is not supported; use tekton\.dev\/v1$/m,
  },
  { what: 'a list', yaml: '- a\n- b\n', said: /^input\.yaml:1:1: a Kubernetes object is expected here$/m },
  {
    what: 'nothing at all',
    yaml: '',
    said: /^error: there is no PipelineRun, TaskRun, Pipeline or Task\n {2}write a PipelineRun$/m,
  },
  {
    what: 'a name that no object can have',
    yaml: runOf(one('')).replace('name: wrong', 'name: Not_Right'),
    said: /^input\.yaml:4:3: metadata\.name: "Not_Right" must consist of lower case letters/m,
  },
  {
    what: 'a namespace that there cannot be',
    yaml: runOf(one('')).replace('name: wrong', 'name: wrong\n  namespace: Not_Right'),
    said: /^input\.yaml:5:3: metadata\.namespace: Invalid value: "Not_Right": a lowercase RFC 1123 label/m,
  },
  {
    what: 'a feature that is not there yet',
    yaml: runOf(one('        matrix: {params: [{name: p, value: [x]}]}\n')),
    said: /^input\.yaml:13:9: spec\.pipelineSpec\.tasks\[0\]\.matrix: task "a": a matrix is not supported yet; write one task/m,
  },
  {
    what: 'a document of 10 MB',
    yaml: `${head}# ${'x'.repeat(10 * 1024 * 1024)}\nspec: {}\n`,
    said: new RegExp(`^input\\.yaml: the file is larger than ${yamlBytesMax} bytes`, 'm'),
  },
  {
    what: 'aliases that expand without end',
    yaml: aliasBomb(30),
    said: /^input\.yaml:\d+:\d+: aliases expand to more than 100 values/m,
  },
  {
    what: 'lists in lists in lists',
    yaml: `${'['.repeat(50_000)}${']'.repeat(50_000)}`,
    said: /^input\.yaml:1:\d+: [^\n]*(?:deep|nest)/m,
  },
  { what: 'binary garbage', yaml: garbage(20_000), said: /^input\.yaml:\d+:\d+: the file is not UTF-8 text$/m },
  { what: 'zeros', yaml: new Uint8Array(5_000), said: /^input\.yaml:\d+:\d+: / },
];

function aliasBomb(levels: number): string {
  const level = (index: number): string =>
    `a${index}: &a${index} [${Array.from({ length: 9 }, () => (index === 0 ? 'x' : `*a${index - 1}`)).join(', ')}]\n`;
  return Array.from({ length: levels }, (_, index) => level(index)).join('');
}

/** The same bytes each time, of every value. */
function garbage(length: number): Uint8Array {
  let state = 12_345;
  return Uint8Array.from({ length }, () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return state >>> 24;
  });
}

describe('wrong input', () => {
  for (const { what, yaml, said } of cases) {
    it(what, async () => {
      workplace.write('input.yaml', yaml);
      const { code, stdout, stderr } = await workplace.run(['run', 'input.yaml']);
      assert.match(stderr, said);
      assert.deepEqual([code, stdout], [2, ''], stderr);
      assert.doesNotMatch(stderr, /^\s+at |node:internal/m, 'no stack');
    });
  }

  it('a file whose name is not UTF-8, which would be passed over', async () => {
    mkdirSync(workplace.path('latin'));
    workplace.write('latin/fine.yaml', `${head}spec: {pipelineRef: {name: x}}\n`);
    const name = Buffer.concat([Buffer.from(workplace.path('latin/h')), Buffer.of(0xe9), Buffer.from('.yaml')]);
    writeFileSync(name, 'not even yaml: [');
    const { code, stdout, stderr } = await workplace.run(['lint', 'latin']);
    assert.match(
      stderr,
      /^error: latin\/h\ufffd\.yaml cannot be read: its name is not UTF-8\n {2}give it another name/,
    );
    assert.deepEqual([code, stdout], [2, '']);
  });

  it('leaves nothing behind', () => {
    assert.deepEqual(workplace.leftovers(), []);
  });
});

describe('wrong usage', () => {
  const wrong: readonly (readonly [words: readonly string[], said: RegExp])[] = [
    [['run', 'nowhere.yaml'], /^error: no such file or folder: nowhere\.yaml\n {2}give a YAML file, or a folder/],
    [['run'], /^error: no such file or folder: \.tekton\n/],
    [['run', 'empty'], /^error: no \.yaml, \.yml or \.json file in empty\n/],
    [['run', '--no-such-option'], /^error: unknown option '--no-such-option'\n/],
    [
      ['run', 'x.yaml', '--output', 'xml'],
      /^error: option '-o, --output <form>' argument 'xml' is invalid\. Allowed choices/,
    ],
    [['run', 'x.yaml', '--workspace', 'src'], /^error: --workspace src is not of the form NAME=DIR\n/],
    [
      ['serve', '--port', '99999'],
      /^error: option '--port <number>' argument '99999' is invalid\. a port is a number from 0/,
    ],
    [['serve', '--port', 'http'], /a port is a number from 0 to 65535/],
    [['serve', '--data', ''], /^error: option '--data <dir>' argument '' is invalid\. it names no folder\.$/m],
    [
      ['serve', '--host', 'no-such-host.invalid', '--port', '0', '--data', 'elsewhere'],
      /^error: cannot listen on no-such-host\.invalid:0: .*\n {2}give an address of this machine with --host$/m,
    ],
    [
      ['match', '--pr', '1', '--repository', 'a/b', '--kubeconfig', 'gone'],
      /^error: no answer from https:\/\/127\.0\.0\.1:1: connect ECONNREFUSED .*\n {2}start it with `penstock serve`/,
    ],
    [['install', '--kubeconfig', 'gone'], /^error: no answer from https:\/\/127\.0\.0\.1:1: connect ECONNREFUSED /],
    [['no-such-command'], /^error: unknown command 'no-such-command'\n/],
    [['lint', 'nowhere.yaml'], /^error: no such file or folder: nowhere\.yaml\n/],
  ];
  mkdirSync(workplace.path('empty'));
  // Of a server that listens no more; nobody listens at port 1.
  workplace.write(
    'gone',
    JSON.stringify({
      clusters: [{ name: 'a', cluster: { server: 'https://127.0.0.1:1' } }],
      users: [{ name: 'a', user: { token: 'secret' } }],
      contexts: [{ name: 'a', context: { cluster: 'a', user: 'a' } }],
      'current-context': 'a',
    }),
  );
  for (const [words, said] of wrong) {
    it(`penstock ${words.join(' ')}`, async () => {
      const { code, stdout, stderr } = await workplace.run(words);
      assert.match(stderr, said);
      assert.deepEqual([code, stdout], [2, '']);
      assert.ok(!existsSync(workplace.path('penstock-data')), 'nothing was made');
    });
  }
});
