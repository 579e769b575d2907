import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { PipelineRunSpec, PipelineSpec, Task, TaskSpec } from '../types.ts';
import { embedded, World } from './decision-fixture.ts';

const uses = (task: string, part = 'results.r'): PipelineSpec['tasks'] => [
  embedded('a', {}, ['r']),
  embedded('b', { params: [{ name: 'p', value: `$(tasks.${task}.${part})` }] }),
];

function taskNamed(name: string, spec: TaskSpec): Task {
  return { apiVersion: 'tekton.dev/v1', kind: 'Task', metadata: { name, namespace: 'ns' }, spec };
}

interface Refused {
  readonly what: string;
  readonly pipeline?: PipelineSpec;
  readonly spec?: Partial<PipelineRunSpec>;
  readonly tasks?: readonly Task[];
  readonly reason: string;
  /** Must be in the message: what is wrong, by name. */
  readonly names: RegExp;
}

const refusals: readonly Refused[] = [
  {
    what: 'a cycle',
    pipeline: {
      tasks: [
        embedded('a', { runAfter: ['c'] }),
        embedded('b', { runAfter: ['a'] }),
        embedded('c', { runAfter: ['b'] }),
      ],
    },
    reason: 'PipelineInvalidGraph',
    names: /(a → b → c → a|b → c → a → b|c → a → b → c)/,
  },
  {
    what: 'a dependency that does not exist',
    pipeline: { tasks: [embedded('a', { runAfter: ['ghost'] })] },
    reason: 'PipelineInvalidGraph',
    names: /"a".*"ghost"/,
  },
  {
    what: 'a feature that is not there yet',
    pipeline: { tasks: [embedded('a', { matrix: { params: [{ name: 'p', value: ['x'] }] } })] },
    reason: 'PipelineValidationFailed',
    names: /spec\.pipelineSpec\.tasks\[0\]\.matrix/,
  },
  {
    what: 'two tasks of one name',
    pipeline: { tasks: [embedded('a'), embedded('a')] },
    reason: 'PipelineValidationFailed',
    names: /spec\.pipelineSpec\.tasks\[1\]\.name.*"a"/,
  },
  {
    what: 'a missing param',
    pipeline: { params: [{ name: 'version' }], tasks: [embedded('a')] },
    reason: 'ParameterMissing',
    names: /"?version"?/,
  },
  {
    what: 'a param of the wrong type',
    pipeline: { params: [{ name: 'version' }], tasks: [embedded('a')] },
    spec: { params: [{ name: 'version', value: ['1'] }] },
    reason: 'ParameterTypeMismatch',
    names: /"?version"?/,
  },
  {
    what: 'an enum that is wider than that of the Task which gets the value',
    pipeline: {
      params: [{ name: 'version', enum: ['v1', 'v3'] }],
      tasks: [{ name: 'a', taskRef: { name: 'picky' }, params: [{ name: 'v', value: '$(params.version)' }] }],
    },
    spec: { params: [{ name: 'version', value: 'v1' }] },
    tasks: [
      taskNamed('picky', { params: [{ name: 'v', enum: ['v1', 'v2'] }], steps: [{ image: 'x', script: 'true' }] }),
    ],
    reason: 'PipelineValidationFailed',
    names: /"a".*"version", which may be v3.*v1, v2.*"v"/,
  },
  {
    what: 'a param without enum for a Task that has one',
    pipeline: {
      params: [{ name: 'version' }],
      tasks: [{ name: 'a', taskRef: { name: 'picky' }, params: [{ name: 'v', value: '$(params.version)' }] }],
    },
    spec: { params: [{ name: 'version', value: 'v1' }] },
    tasks: [
      taskNamed('picky', { params: [{ name: 'v', enum: ['v1', 'v2'] }], steps: [{ image: 'x', script: 'true' }] }),
    ],
    reason: 'PipelineValidationFailed',
    names: /"version", which has no enum/,
  },
  {
    what: 'a param that a referenced Task needs and its task does not give',
    pipeline: { tasks: [embedded('first'), { name: 'a', taskRef: { name: 'needy' } }] },
    tasks: [taskNamed('needy', { params: [{ name: 'must' }, { name: 'may', default: '' }], steps: [] })],
    reason: 'PipelineValidationFailed',
    names: /task "a", params: no value is given for param "must", which/,
  },
  {
    what: 'a param of the wrong type for a referenced Task',
    pipeline: {
      tasks: [embedded('first'), { name: 'a', taskRef: { name: 'needy' }, params: [{ name: 'must', value: ['x'] }] }],
    },
    tasks: [taskNamed('needy', { params: [{ name: 'must' }], steps: [] })],
    reason: 'PipelineValidationFailed',
    names: /task "a", params: param "must" is declared as string/,
  },
  {
    what: 'an object that lacks keys for a referenced Task',
    pipeline: {
      params: [{ name: 'outer', type: 'object', properties: { c: {} } }],
      tasks: [{ name: 'a', taskRef: { name: 'needy' }, params: [{ name: 'o', value: '$(params.outer[*])' }] }],
    },
    spec: { params: [{ name: 'outer', value: { c: 'x' } }] },
    tasks: [
      taskNamed('needy', {
        params: [{ name: 'o', type: 'object', properties: { a: {}, b: {} }, default: { b: '' } }],
        steps: [],
      }),
    ],
    reason: 'PipelineValidationFailed',
    names: /task "a", params: param "o" lacks the keys "a"/,
  },
  {
    what: 'a param that an embedded Task declares and only the run has',
    pipeline: {
      tasks: [
        { name: 'a', taskSpec: { params: [{ name: 'p' }], steps: [{ image: 'x', script: 'echo $(params.p)' }] } },
      ],
    },
    spec: { params: [{ name: 'p', value: 'x' }] },
    reason: 'PipelineValidationFailed',
    names:
      /tasks\[0\]\.params: task "a": no value is given for param "p".*; give it in params of the task, or use it without/,
  },
  {
    what: 'a param that gives onError a value it cannot have',
    pipeline: { params: [{ name: 'rule' }], tasks: [embedded('a', { onError: '$(params.rule)' })] },
    spec: { params: [{ name: 'rule', value: 'ignore' }] },
    reason: 'PipelineValidationFailed',
    names: /spec\.pipelineSpec\.tasks\[0\]\.onError: task "a": "ignore" is not recognized/,
  },
  {
    what: 'a param that has a task with retries go on after a failure',
    spec: {
      params: [{ name: 'rule', value: 'continue' }],
      pipelineSpec: {
        params: [{ name: 'rule' }],
        tasks: [embedded('a')],
        finally: [embedded('f', { onError: '$(params.rule)', retries: 1 })],
      },
    },
    reason: 'PipelineValidationFailed',
    names: /finally\[0\]\.retries: task "f": retries and onError: continue exclude each other/,
  },
  {
    what: 'a workspace left unbound',
    pipeline: { workspaces: [{ name: 'source' }, { name: 'cache', optional: true }], tasks: [embedded('a')] },
    reason: 'InvalidWorkspaceBindings',
    names: /workspace "source", but/,
  },
  {
    what: 'an override for a task that does not exist',
    pipeline: { tasks: [embedded('a')] },
    spec: { taskRunSpecs: [{ pipelineTaskName: 'ghost' }] },
    reason: 'InvalidTaskRunSpecs',
    names: /spec\.taskRunSpecs\[0\]\.pipelineTaskName.*"ghost"/,
  },
  {
    what: 'a Task that does not exist',
    pipeline: { tasks: [{ name: 'a', taskRef: { name: 'ghost' } }] },
    reason: 'CouldntGetTask',
    names: /"a".*"ghost"/,
  },
  {
    what: 'a result that its task does not declare',
    pipeline: { tasks: uses('a', 'results.other') ?? [] },
    reason: 'InvalidTaskResultReference',
    names: /"b".*task "a" declares no result "other"/,
  },
  {
    what: 'an element of a result that is no list',
    pipeline: { tasks: uses('a', 'results.r[0]') ?? [] },
    reason: 'InvalidTaskResultReference',
    names: /"b".*type string and has no elements/,
  },
  {
    what: 'an undeclared result of a referenced Task',
    pipeline: { tasks: [{ name: 'a', taskRef: { name: 'build' } }, ...(uses('a')?.slice(1) ?? [])] },
    tasks: [taskNamed('build', { steps: [] })],
    reason: 'InvalidTaskResultReference',
    names: /task "a" declares no result "r"/,
  },
  {
    what: 'a result of the run that no task declares',
    pipeline: { tasks: [embedded('a')], results: [{ name: 'out', value: '$(tasks.a.results.x)' }] },
    reason: 'InvalidPipelineResultReference',
    names: /"out".*declares no result "x"/,
  },
  {
    what: 'a sub-path that leads out of the volume of the run',
    pipeline: { params: [{ name: 'dir', default: 'a/../../etc' }], tasks: [embedded('a')] },
    spec: { workspaces: [{ name: 'w', subPath: 'x/$(params.dir)', emptyDir: {} }] },
    reason: 'InvalidWorkspaceBindings',
    names: /workspace "w" of the run.*"x\/a\/\.\.\/\.\.\/etc"/,
  },
  {
    what: 'a sub-path of a task that starts at the root',
    pipeline: { tasks: [embedded('a', { workspaces: [{ name: 'w', subPath: '/etc' }] })] },
    spec: { workspaces: [{ name: 'w', emptyDir: {} }] },
    reason: 'InvalidWorkspaceBindings',
    names: /task "a".*"\/etc"/,
  },
  {
    what: 'an optional workspace that feeds a required one',
    pipeline: {
      workspaces: [{ name: 'cache', optional: true }],
      tasks: [{ name: 'a', taskRef: { name: 'build' }, workspaces: [{ name: 'dir', workspace: 'cache' }] }],
    },
    tasks: [taskNamed('build', { steps: [], workspaces: [{ name: 'dir' }] })],
    reason: 'RequiredWorkspaceMarkedOptional',
    names: /"a".*"dir".*"cache"/,
  },
];

describe('a run that cannot be', () => {
  for (const { what, pipeline = { tasks: [] }, spec = {}, tasks = [], reason, names } of refusals) {
    it(`${what}: False/${reason}, nothing created`, () => {
      const world = new World({ pipeline, spec, tasks });
      assert.deepEqual(world.pass(), []);
      assert.equal(world.verdict, `False/${reason}`);
      assert.match(world.message, names);
      assert.ok(world.message.startsWith('[User error] '));
      assert.ok(world.status.completionTime);
      assert.equal(world.status.pipelineSpec, undefined);
    });
  }

  it('a run without any pipeline, or with one from a resolver, says what to do', () => {
    const none = new World({ pipeline: { tasks: [] } });
    none.run = { ...none.run, spec: {} };
    none.pass();
    assert.equal(none.verdict, 'False/CouldntGetPipeline');
    assert.match(none.message, /spec\.pipelineRef\.name/);
    none.run = { ...none.run, spec: { pipelineRef: { resolver: 'git' } }, status: {} };
    none.pass();
    assert.match(none.message, /spec\.pipelineRef\.resolver.*"git"/);
  });
});

describe('a run that can be', () => {
  it('takes values that name results on trust, and gives a Task what its own defaults lack', () => {
    const params = [
      { name: 'list', value: '$(tasks.a.results.r[*])' },
      { name: 'o', value: { k: 'x' } },
    ];
    const needy = taskNamed('needy', {
      params: [
        { name: 'list', type: 'array' },
        { name: 'o', type: 'object', properties: { k: {}, l: {} }, default: { l: '' } },
      ],
      steps: [{ image: 'x', script: 'true' }],
    });
    const a = {
      name: 'a',
      taskSpec: { results: [{ name: 'r', type: 'array' }], steps: [{ image: 'x', script: 'true' }] },
    } as const;
    const world = new World({
      pipeline: { tasks: [a, { name: 'b', taskRef: { name: 'needy' }, params }] },
      tasks: [needy],
    });
    world.pass();
    assert.equal(world.verdict, 'Unknown/Running');
    assert.deepEqual(world.started, ['a']);
  });

  it('hands on a param whose enum is part of that of the Task, and literal values whatever the pipeline declares', () => {
    const picky = { params: [{ name: 'v', enum: ['v1', 'v2'] }], steps: [{ image: 'x', script: 'true' }] };
    const world = new World({
      pipeline: {
        params: [{ name: 'version', enum: ['v1'] }, { name: 'free' }],
        tasks: ['$(params.version)', 'v2', 'v$(params.free)'].map((value, index) => ({
          name: `t${index}`,
          taskRef: { name: 'picky' },
          params: [{ name: 'v', value }],
        })),
      },
      spec: {
        params: [
          { name: 'version', value: 'v1' },
          { name: 'free', value: '2' },
        ],
      },
      tasks: [taskNamed('picky', picky)],
    });
    assert.equal(world.pass().length, 3);
    assert.equal(world.verdict, 'Unknown/Running');
  });

  it('stores its pipeline with params, contexts and workspace states filled in', () => {
    const world = new World({
      pipeline: {
        params: [{ name: 'greeting', default: 'hello from $(context.pipelineRun.name)' }],
        workspaces: [{ name: 'w', optional: true }],
        tasks: [
          embedded('a', {
            retries: 3,
            params: [
              { name: 'text', value: '$(params.greeting) in $(context.pipelineRun.namespace)' },
              { name: 'bound', value: '$(workspaces.w.bound)' },
              { name: 'retries', value: '$(context.pipelineTask.retries)' },
            ],
          }),
        ],
      },
    });
    world.pass();
    const expected = [
      { name: 'text', value: 'hello from run in ns' },
      { name: 'bound', value: 'false' },
      { name: 'retries', value: '3' },
    ];
    assert.deepEqual(world.status.pipelineSpec?.tasks?.[0]?.params, expected);
    assert.deepEqual(world.child('a').spec.params, expected);
  });

  it('goes on from the stored pipeline when its Tasks have gone', () => {
    const world = new World({
      pipeline: {
        tasks: [
          { name: 'a', taskRef: { name: 'build' } },
          { name: 'b', taskRef: { name: 'build' }, runAfter: ['a'] },
        ],
      },
      tasks: [taskNamed('build', { steps: [] })],
    });
    world.pass();
    world.end('a', true);
    world.forgetTasks();
    world.pass();
    assert.equal(world.verdict, 'Unknown/Running');
    assert.deepEqual(world.started, ['a', 'b']);
  });
});
