import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Lookup } from '../pipeline-run/contract.ts';
import type { Task, TaskRun, TaskRunSpec, TaskSpec } from '../types.ts';
import { defaultTaskRunOptions, type ResolvedTask, type TaskRunOptions } from './contract.ts';
import { resolveTask } from './resolve.ts';

function runOf(spec: TaskRunSpec): TaskRun {
  return { apiVersion: 'tekton.dev/v1', kind: 'TaskRun', metadata: { name: 'run', namespace: 'ns', uid: 'u' }, spec };
}

const taskOf = (spec: TaskSpec): Task => ({
  apiVersion: 'tekton.dev/v1',
  kind: 'Task',
  metadata: { name: 'build', namespace: 'ns', uid: 'task-uid', generation: 4 },
  spec,
});

interface Given {
  readonly task?: Lookup<Task>;
  readonly options?: Partial<TaskRunOptions>;
  readonly status?: TaskRun['status'];
}

function resolve(
  spec: TaskRunSpec,
  { task = { state: 'absent' }, options = {}, status }: Given = {},
): ReturnType<typeof resolveTask> {
  const taskRun = { ...runOf(spec), ...(status === undefined ? {} : { status }) };
  return resolveTask({ taskRun, findTask: () => task, options: { ...defaultTaskRunOptions, ...options } });
}

function ready(...given: Parameters<typeof resolve>): ResolvedTask {
  const resolution = resolve(...given);
  assert.equal(resolution.kind, 'ready', JSON.stringify(resolution));
  return resolution.task;
}

function refusal(...given: Parameters<typeof resolve>): string {
  const resolution = resolve(...given);
  assert.equal(resolution.kind, 'refused');
  return `${resolution.refusal.reason}: ${resolution.refusal.message}`;
}

const step = (script: string): TaskSpec => ({ steps: [{ name: 'a', image: 'x', script }] });
const scriptOf = (task: ResolvedTask): string | undefined => task.spec.steps?.[0]?.script;

describe('resolveTask', () => {
  it('fills in params, contexts and paths', () => {
    const taskSpec: TaskSpec = {
      ...step(
        '$(params.who) $(params.n) $(context.taskRun.name) $(context.task.retry-count) $(results.r.path) $(workspaces.w.path)',
      ),
      params: [{ name: 'who' }, { name: 'n', default: '$(context.taskRun.uid)' }],
      results: [{ name: 'r' }],
      workspaces: [{ name: 'w' }],
    };
    const task = ready(
      { taskSpec, params: [{ name: 'who', value: 'me' }], workspaces: [{ name: 'w', emptyDir: {} }] },
      { status: { retriesStatus: [{}, {}] } },
    );
    assert.equal(scriptOf(task), 'me u run 2 /tekton/results/r /workspace/w');
    assert.equal(task.source, undefined);
  });

  it('takes a Task by name and remembers which version it was', () => {
    const task: Lookup<Task> = { state: 'found', object: taskOf(step('true')) };
    assert.equal(ready({ taskRef: { name: 'build' } }, { task }).source, 'task-uid/4');
  });

  it('asks for a Task that was not read, and refuses one that is not there', () => {
    assert.deepEqual(resolve({ taskRef: { name: 'build' } }, { task: { state: 'unread' } }), {
      kind: 'read',
      name: 'build',
    });
    assert.match(
      refusal({ taskRef: { name: 'build' } }),
      /^TaskRunResolutionFailed: .*there is no Task "build" in namespace "ns"/,
    );
    assert.match(refusal({}), /^TaskRunResolutionFailed: .*names no Task/);
  });

  const notYet: readonly (readonly [string, TaskRunSpec, RegExp])[] = [
    [
      'a resolver',
      { taskRef: { resolver: 'git' } },
      /^TaskRunResolutionFailed: .*spec\.taskRef\.resolver.*not supported yet/,
    ],
    [
      'a custom task',
      { taskRef: { apiVersion: 'example.dev/v1', kind: 'Wait', name: 'w' } },
      /^TaskRunResolutionFailed: .*not supported yet/,
    ],
    [
      'a sidecar',
      { taskSpec: { ...step('true'), sidecars: [{ name: 's', image: 'x' }] } },
      /^TaskValidationFailed: .*spec\.taskSpec\.sidecars\[0\].*not supported yet/,
    ],
    [
      'a StepAction',
      { taskSpec: { steps: [{ name: 'a', ref: { name: 'x' } }] } },
      /spec\.taskSpec\.steps\[0\]\.ref.*not supported yet/,
    ],
    [
      'a guard of a step',
      { taskSpec: { steps: [{ image: 'x', script: 'true', when: [] }] } },
      /steps\[0\]\.when.*not supported yet/,
    ],
    [
      'the result of a step in another one',
      {
        taskSpec: {
          steps: [
            { name: 'a', image: 'x', script: 'true', results: [{ name: 'r' }] },
            { image: 'x', command: ['echo'], args: ['$(steps.a.results.r)'] },
          ],
        },
      },
      /spec\.taskSpec\.steps\[1\]\.args\[0\]: the result of another step is not supported yet/,
    ],
  ];
  for (const [name, spec, pattern] of notYet)
    it(`refuses ${name}, naming the field`, () => assert.match(refusal(spec), pattern));

  it('refuses a wrong Task, saying whose it is', () => {
    const task: Lookup<Task> = { state: 'found', object: taskOf({ steps: [] }) };
    assert.match(
      refusal({ taskRef: { name: 'build' } }, { task }),
      /^TaskValidationFailed: \[User error\] Task "build": spec\.steps: /,
    );
    assert.match(
      refusal({ taskSpec: { steps: [{ script: 'true' }] } }),
      /^TaskValidationFailed: .*spec\.taskSpec\.steps\[0\]\.image/,
    );
  });

  it('refuses what the params make wrong', () => {
    const taskSpec: TaskSpec = { steps: [{ image: 'x', script: 'true', onError: '$(params.p)' }] };
    const given = (p: string): TaskRunSpec => ({ taskSpec, params: [{ name: 'p', value: p }] });
    const pattern = /^TaskRunValidationFailed: .*spec\.steps\[0\]\.onError: "ignore" is not continue or stopAndFail/;
    assert.match(refusal(given('ignore')), pattern);
    assert.equal(ready(given('continue')).spec.steps?.[0]?.onError, 'continue');
  });

  it('refuses wrong params under the reasons of a TaskRun', () => {
    const taskSpec: TaskSpec = { ...step('$(params.p)'), params: [{ name: 'p', enum: ['a'] }] };
    assert.match(refusal({ taskSpec }), /^TaskRunValidationFailed: .*"p"/);
    assert.match(refusal({ taskSpec, params: [{ name: 'p', value: ['a'] }] }), /^TaskRunValidationFailed: .*array/);
    assert.match(refusal({ taskSpec, params: [{ name: 'p', value: 'b' }] }), /^InvalidParamValue: /);
    const indexing: TaskSpec = { ...step('$(params.l[2])'), params: [{ name: 'l', type: 'array' }] };
    assert.match(
      refusal({ taskSpec: indexing, params: [{ name: 'l', value: ['a'] }] }),
      /^TaskRunValidationFailed: .*past the end/,
    );
  });
});

describe('resolveTask and workspaces', () => {
  const taskSpec: TaskSpec = { ...step('true'), workspaces: [{ name: 'w' }, { name: 'o', optional: true }] };

  it('needs the required ones only', () => {
    assert.match(refusal({ taskSpec }), /^TaskRunValidationFailed: .*requires workspace "w"/);
    assert.equal(ready({ taskSpec, workspaces: [{ name: 'w', emptyDir: {} }] }).workspaces.length, 1);
  });

  it('falls back to the default binding if there is one', () => {
    const task = ready({ taskSpec }, { options: { defaultWorkspaceBinding: { emptyDir: {} } } });
    assert.deepEqual(task.workspaces, [{ name: 'w', emptyDir: {} }]);
  });

  it('wants exactly one volume for each', () => {
    assert.match(
      refusal({ taskSpec, workspaces: [{ name: 'w' }] }),
      /workspace "w" binds no volume; give exactly one of/,
    );
    const both = { name: 'w', emptyDir: {}, configMap: { name: 'c' } };
    assert.match(refusal({ taskSpec, workspaces: [both] }), /binds several volumes \(emptyDir, configMap\)/);
  });

  it('declares what an embedded Task uses undeclared, and nothing else', () => {
    const bindings = [
      { name: 'used', emptyDir: {} },
      { name: 'spare', emptyDir: {} },
    ];
    const task = ready({ taskSpec: step('ls $(workspaces.used.path)'), workspaces: bindings });
    assert.deepEqual(
      task.workspaces.map(({ name }) => name),
      ['used'],
    );
    assert.equal(scriptOf(task), 'ls /workspace/used');
  });

  it('lets no sub-path lead out of its volume, wherever it comes from', () => {
    const params = [{ name: 'dir', value: '../../etc' }];
    const bound = (subPath: string): TaskRunSpec => ({
      taskSpec,
      params,
      workspaces: [{ name: 'w', emptyDir: {}, subPath }],
    });
    assert.match(
      refusal(bound('a/../b')),
      /^TaskRunValidationFailed: .*has the subPath "a\/\.\.\/b"; it must stay inside/,
    );
    assert.match(refusal(bound('/etc')), /must stay inside/);
    assert.match(refusal(bound('$(params.dir)')), /has the subPath "\.\.\/\.\.\/etc"/);
    assert.equal(ready(bound('a..b/c')).workspaces[0]?.subPath, 'a..b/c');
    const volumeMounts = [{ name: 'v', mountPath: '/v', subPath: '$(params.dir)' }];
    const mounting: TaskSpec = {
      steps: [{ name: 'a', image: 'x', script: 'true', volumeMounts }],
      volumes: [{ name: 'v', emptyDir: {} }],
    };
    assert.match(refusal({ taskSpec: mounting, params }), /volume "v" in step "a" has the subPath "\.\.\/\.\.\/etc"/);
  });

  it('fills in bindings and pod templates', () => {
    const task = ready({
      taskSpec: { ...step('true'), workspaces: [{ name: 'w' }] },
      params: [{ name: 'n', value: 'x' }],
      workspaces: [{ name: 'w', secret: { secretName: 'key-$(params.n)' } }],
      podTemplate: { nodeSelector: { run: '$(context.taskRun.name)' } },
    });
    assert.deepEqual(
      [task.workspaces[0]?.secret, task.podTemplate.nodeSelector],
      [{ secretName: 'key-x' }, { run: 'run' }],
    );
  });
});
