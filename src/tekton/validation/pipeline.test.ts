import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { PipelineSpec, PipelineTask } from '../types.ts';
import { mismatches, pipelineTask, step, type Case } from './case-table.ts';
import type { Problem } from './causes.ts';
import { validatePipelineSpec } from './pipeline.ts';

/** One test for each case: `validate` complains about just what the case says. */
function table<T>(cases: readonly Case<T>[], validate: (spec: T) => readonly Problem[]): void {
  for (const [title, spec, ...complaints] of cases) {
    it(title, () => assert.deepEqual(mismatches(validate(spec), complaints), []));
  }
}

const emitter: PipelineTask = {
  name: 'e',
  taskSpec: {
    steps: [step],
    results: [{ name: 's' }, { name: 'l', type: 'array' }, { name: 'o', properties: { k: {} } }],
  },
};

function user(value: string, rest: Partial<PipelineSpec> = {}): PipelineSpec {
  return { tasks: [emitter, pipelineTask({ params: [{ name: 'p', value }] })], ...rest };
}

describe('a Pipeline is refused', () => {
  table<PipelineSpec>(
    [
      ['without tasks', {}, /^spec\.tasks: a pipeline has at least one task/],
      [
        'with tasks of one name',
        { tasks: [pipelineTask({}), pipelineTask({})] },
        /^spec\.tasks\[1\]\.name: "a" is also the name of spec\.tasks\[0\]/,
      ],
      [
        'with a final task of the name of another',
        { tasks: [pipelineTask({})], finally: [pipelineTask({})] },
        /^spec\.finally\[0\]\.name: "a" is also the name of one of spec\.tasks/,
      ],
      [
        'with a name that is no label',
        { tasks: [pipelineTask({}, 'A b')] },
        /^spec\.tasks\[0\]\.name: .*"A b" must consist/,
      ],
      [
        'with a name that is too long',
        { tasks: [pipelineTask({}, 'a'.repeat(64))] },
        /^spec\.tasks\[0\]\.name: .* has 64 characters; at most 63/,
      ],
      [
        'with a task that is nothing',
        { tasks: [{ name: 'a' }] },
        /^spec\.tasks\[0\]: task "a": give exactly one of taskRef and taskSpec/,
      ],
      [
        'with a task that is two things',
        { tasks: [pipelineTask({ taskSpec: { steps: [step] } })] },
        /not taskRef and taskSpec/,
      ],
      [
        'with a reference without name',
        { tasks: [pipelineTask({ taskRef: {} })] },
        /^spec\.tasks\[0\]\.taskRef\.name: /,
      ],
      [
        'with a cycle',
        { tasks: [pipelineTask({ runAfter: ['b'] }), pipelineTask({ runAfter: ['a'] }, 'b')] },
        /^spec\.tasks: tasks wait for each other: (a → b → a|b → a → b)/,
      ],
      ['with a task that waits for itself', { tasks: [pipelineTask({ runAfter: ['a'] })] }, /^spec\.tasks: .* a → a/],
      [
        'with a task that waits for nothing',
        { tasks: [pipelineTask({ runAfter: ['x'] })] },
        /^spec\.tasks\[0\]\.runAfter\[0\]: task "a": "x" is no task of this pipeline/,
      ],
      [
        'with a task that waits for a final one',
        { tasks: [pipelineTask({ runAfter: ['f'] })], finally: [pipelineTask({}, 'f')] },
        /"f" is a final task, which runs after all others/,
      ],
      [
        'with a final task that waits',
        { tasks: [pipelineTask({})], finally: [pipelineTask({ runAfter: ['a'] }, 'f')] },
        /^spec\.finally\[0\]\.runAfter: task "f": final tasks start together/,
      ],
      [
        'with a param that it does not declare',
        user('$(params.x)'),
        /^spec\.tasks\[1\]\.params\[0\]\.value: task "a": \$\(params\.x\): there is no param "x"; declare it in spec\.params/,
      ],
      ['with a result of no task', user('$(tasks.x.results.r)'), /there is no task "x" in tasks of the pipeline/],
      ['with a result that its task does not declare', user('$(tasks.e.results.x)'), /task "e" declares no result "x"/],
      ['with an element of a text', user('$(tasks.e.results.s[0])'), /of type string and has no elements/],
      ['with a key that is not there', user('$(tasks.e.results.o.x)'), /has no key "x"/],
      ['with a list inside a text', user('x-$(tasks.e.results.l[*])'), /that result is a list; use it alone/],
      [
        'with a variable of tasks that does not exist',
        user('$(tasks.e.result.s)'),
        /there is no such variable of tasks/,
      ],
      [
        'with the status of a task outside finally',
        user('$(tasks.e.status)'),
        /only final tasks can ask how another task ended/,
      ],
      [
        'with the status of all tasks outside finally',
        user('$(tasks.status)'),
        /only final tasks can ask how the tasks ended/,
      ],
      [
        'with the status of no task',
        { tasks: [emitter], finally: [pipelineTask({ params: [{ name: 'p', value: '$(tasks.x.status)' }] })] },
        /there is no task "x"/,
      ],
      [
        'with a result of another final task',
        {
          tasks: [emitter],
          finally: [
            { ...emitter, name: 'f' },
            pipelineTask({ params: [{ name: 'p', value: '$(tasks.f.results.s)' }] }),
          ],
        },
        /final tasks run at the same time/,
      ],
      [
        'with a context that does not exist',
        user('$(context.pipelineRun.age)'),
        /there is no such context; a pipeline knows context\.pipelineRun\.name/,
      ],
      [
        'with an undeclared workspace',
        { tasks: [pipelineTask({ workspaces: [{ name: 'w' }] })] },
        /^spec\.tasks\[0\]\.workspaces\[0\]\.name: .* no workspace "w"; declare it/,
      ],
      [
        'with another name for an undeclared workspace',
        { tasks: [pipelineTask({ workspaces: [{ name: 'w', workspace: 'x' }] })] },
        /^spec\.tasks\[0\]\.workspaces\[0\]\.workspace: .* no workspace "x"/,
      ],
      [
        'with a sub-path that leads out',
        { workspaces: [{ name: 'w' }], tasks: [pipelineTask({ workspaces: [{ name: 'w', subPath: 'a/../../b' }] })] },
        /subPath: .*"a\/\.\.\/\.\.\/b" must stay inside the volume/,
      ],
      ['with the state of an undeclared workspace', user('$(workspaces.w.bound)'), /there is no workspace "w"/],
      [
        'with workspaces of one name',
        { workspaces: [{ name: 'w' }, { name: 'w' }], tasks: [pipelineTask({})] },
        /^spec\.workspaces\[1\]\.name: /,
      ],
      [
        'with an unknown operator',
        { tasks: [pipelineTask({ when: [{ input: 'a', operator: 'is' as 'in', values: ['a'] }] })] },
        /^spec\.tasks\[0\]\.when\[0\]\.operator: .*"is" is not recognized; valid operators: in, notin/,
      ],
      [
        'with a guard without values',
        { tasks: [pipelineTask({ when: [{ input: 'a', operator: 'in' }] })] },
        /^spec\.tasks\[0\]\.when\[0\]\.values: /,
      ],
      [
        'with a guard of both kinds',
        { tasks: [pipelineTask({ when: [{ cel: 'true', input: 'a' }] })] },
        /^spec\.tasks\[0\]\.when\[0\]\.input: .* either cel, or input/,
      ],
      [
        'with negative retries',
        { tasks: [pipelineTask({ retries: -1 })] },
        /^spec\.tasks\[0\]\.retries: .*-1 should be >= 0/,
      ],
      [
        'with retries of what may fail',
        { tasks: [pipelineTask({ retries: 1, onError: 'continue' })] },
        /^spec\.tasks\[0\]\.retries: .*exclude each other/,
      ],
      [
        'with an unknown onError',
        { tasks: [pipelineTask({ onError: 'ignore' })] },
        /^spec\.tasks\[0\]\.onError: .*"ignore" is not recognized/,
      ],
      [
        'with a timeout that is none',
        { tasks: [pipelineTask({ timeout: 'soon' })] },
        /^spec\.tasks\[0\]\.timeout: .*"soon" is not a duration/,
      ],
      [
        'with params of one name, in any case',
        {
          tasks: [
            pipelineTask({
              params: [
                { name: 'p', value: '' },
                { name: 'P', value: '' },
              ],
            }),
          ],
        },
        /^spec\.tasks\[0\]\.params\[1\]\.name: .*"p" is also/,
      ],
      [
        'with a param in matrix and params',
        {
          tasks: [
            pipelineTask({ params: [{ name: 'p', value: '' }], matrix: { params: [{ name: 'p', value: ['a'] }] } }),
          ],
        },
        /^spec\.tasks\[0\]\.matrix\.params\[0\]\.name: .*"p" is given in params too/,
      ],
      [
        'with an embedded Task without steps',
        { tasks: [{ name: 'a', taskSpec: {} }] },
        /^spec\.tasks\[0\]\.taskSpec\.steps: task "a": a task has at least one step/,
      ],
      [
        'with a result from nowhere',
        user('x', { results: [{ name: 'r', value: 'text' }] }),
        /^spec\.results\[0\]\.value: result "r": expected pipeline results to be task result expressions but no expressions were found/,
      ],
      [
        'with a result from a param',
        user('x', { results: [{ name: 'r', value: '$(params.x)' }] }),
        /a result of a pipeline comes from results of its tasks/,
      ],
      [
        'with a result of no task',
        user('x', { results: [{ name: 'r', value: '$(finally.e.results.s)' }] }),
        /there is no task "e" in finally of the pipeline/,
      ],
      [
        'with a result that no task declares',
        user('x', { results: [{ name: 'r', value: ['$(tasks.e.results.x)'] }] }),
        /task "e" declares no result "x"/,
      ],
      [
        'with more tasks than anyone needs',
        { tasks: Array.from({ length: 1001 }, (_, index) => pipelineTask({}, `t${index}`)) },
        /^spec: 1001 tasks; at most 1000 are allowed/,
      ],
    ],
    (spec) => validatePipelineSpec(spec),
  );
});

describe('a Pipeline is not refused', () => {
  table<PipelineSpec>(
    [
      [
        'for what final tasks may ask',
        {
          tasks: [emitter],
          finally: [
            pipelineTask({
              params: [
                { name: 'p', value: '$(tasks.e.status) $(tasks.e.reason) $(tasks.status) $(tasks.e.results.s)' },
              ],
            }),
          ],
        },
      ],
      ['for whole lists and objects alone', user('$(tasks.e.results.l[*])')],
      [
        'for params that a run may propagate into an embedded Task',
        { tasks: [{ name: 'a', taskSpec: { steps: [{ ...step, script: '$(params.x) $(workspaces.w.path)' }] } }] },
      ],
      ['for variables that are replaced in the TaskRun', user('$(context.taskRun.name)')],
      [
        'for the path of a workspace by the name that the task has for it',
        {
          workspaces: [{ name: 'all' }],
          tasks: [
            pipelineTask({
              workspaces: [{ name: 'w', workspace: 'all' }],
              params: [{ name: 'p', value: '$(workspaces.w.path)' }],
            }),
          ],
        },
      ],
    ],
    (spec) => validatePipelineSpec(spec),
  );
});
