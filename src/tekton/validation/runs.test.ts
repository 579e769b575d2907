import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { PipelineRun, TaskRun } from '../types.ts';
import { mismatches, step, type Case } from './case-table.ts';
import type { Problem } from './causes.ts';
import { validatePipelineRun, validateTaskRun } from './runs.ts';

/** One test for each case: `validate` complains about just what the case says. */
function table<T>(cases: readonly Case<T>[], validate: (spec: T) => readonly Problem[]): void {
  for (const [title, spec, ...complaints] of cases) {
    it(title, () => assert.deepEqual(mismatches(validate(spec), complaints), []));
  }
}

const meta = { apiVersion: 'tekton.dev/v1', metadata: { name: 'x' } } as const;

type RunSpec = PipelineRun['spec'];

function embedded(script: string, rest: Partial<RunSpec> = {}): RunSpec {
  return { pipelineSpec: { tasks: [{ name: 'a', taskSpec: { steps: [{ ...step, script }] } }] }, ...rest };
}

describe('a PipelineRun is refused', () => {
  const ref = { pipelineRef: { name: 'p' } };
  table<RunSpec>(
    [
      [
        'with both kinds of pipeline',
        { ...embedded('x'), ...ref },
        /^spec\.pipelineSpec: expected exactly one of pipelineRef and pipelineSpec, but both/,
      ],
      [
        'with an unknown status',
        { ...ref, status: 'Paused' as 'Cancelled' },
        /^spec\.status: "Paused" is not recognized; valid values: PipelineRunPending, Cancelled, CancelledRunFinally, StoppedRunFinally/,
      ],
      [
        'with a reference by name and resolver',
        { pipelineRef: { name: 'p', resolver: 'git' } },
        /^spec\.pipelineRef\.name: a reference has either a name or a resolver/,
      ],
      [
        'with params of a reference by name',
        { pipelineRef: { name: 'p', params: [{ name: 'a', value: 'b' }] } },
        /^spec\.pipelineRef\.params: params of a reference belong to a resolver/,
      ],
      [
        'with params of one name, in any case',
        {
          ...ref,
          params: [
            { name: 'a', value: '' },
            { name: 'A', value: '' },
          ],
        },
        /^spec\.params\[1\]\.name: /,
      ],
      [
        'with a result in a param',
        { ...ref, params: [{ name: 'a', value: ['$(tasks.x.results.r)'] }] },
        /^spec\.params\[0\]\.value: .* a run cannot be given results of its own tasks/,
      ],
      [
        'with a value that is too long',
        { ...ref, params: [{ name: 'a', value: 'x'.repeat(600_000) }] },
        /^spec\.params\[0\]\.value: 600000 characters; at most 524288/,
      ],
      [
        'with a timeout that is none',
        { ...ref, timeouts: { pipeline: '1 hour' } },
        /^spec\.timeouts\.pipeline: "1 hour" is not a duration/,
      ],
      [
        'with tasks longer than the pipeline',
        { ...ref, timeouts: { pipeline: '1h', tasks: '2h' } },
        /^spec\.timeouts\.tasks: 2h should be <= pipeline duration \(1h\)/,
      ],
      [
        'with final tasks longer than the default',
        { ...ref, timeouts: { finally: '61m' } },
        /^spec\.timeouts\.finally: 61m should be <= pipeline duration \(1h\)/,
      ],
      [
        'with endless tasks in a pipeline that ends',
        { ...ref, timeouts: { pipeline: '1h', tasks: '0' } },
        /^spec\.timeouts\.tasks: 0 \(no timeout\) should be <= pipeline duration/,
      ],
      [
        'with parts that are longer together',
        { ...ref, timeouts: { pipeline: '1h', tasks: '40m', finally: '30m' } },
        /^spec\.timeouts: tasks and finally together \(40m \+ 30m\) should be <=/,
      ],
      [
        'with workspaces of one name',
        {
          ...ref,
          workspaces: [
            { name: 'w', emptyDir: {} },
            { name: 'w', emptyDir: {} },
          ],
        },
        /^spec\.workspaces\[1\]\.name: /,
      ],
      [
        'with a workspace without source',
        { ...ref, workspaces: [{ name: 'w' }] },
        /^spec\.workspaces\[0\]: expected exactly one of .*, but none is given/,
      ],
      [
        'with a workspace of two sources',
        { ...ref, workspaces: [{ name: 'w', emptyDir: {}, secret: { secretName: 's' } }] },
        /^spec\.workspaces\[0\]: .* but emptyDir and secret are given/,
      ],
      [
        'with a claim without name',
        { ...ref, workspaces: [{ name: 'w', persistentVolumeClaim: { claimName: '' } }] },
        /^spec\.workspaces\[0\]\.persistentVolumeClaim\.claimName: /,
      ],
      [
        'with a sub-path that leads out',
        { ...ref, workspaces: [{ name: 'w', emptyDir: {}, subPath: '..' }] },
        /^spec\.workspaces\[0\]\.subPath: "\.\." must stay inside the volume/,
      ],
      [
        'with settings for a task that is not there',
        embedded('x', { taskRunSpecs: [{ pipelineTaskName: 'b' }] }),
        /^spec\.taskRunSpecs\[0\]\.pipelineTaskName: the pipeline has no task "b"/,
      ],
      [
        'with settings for one task twice',
        embedded('x', { taskRunSpecs: [{ pipelineTaskName: 'a' }, { pipelineTaskName: 'a' }] }),
        /^spec\.taskRunSpecs\[1\]\.pipelineTaskName: "a" is also/,
      ],
      [
        'with a task longer than all tasks',
        embedded('x', { timeouts: { tasks: '10m' }, taskRunSpecs: [{ pipelineTaskName: 'a', timeout: '11m' }] }),
        /^spec\.taskRunSpecs\[0\]\.timeout: 11m should be <= tasks duration \(10m\)/,
      ],
      [
        'with resources of the task and of steps',
        embedded('x', {
          taskRunSpecs: [
            { pipelineTaskName: 'a', computeResources: {}, stepSpecs: [{ name: 's', computeResources: {} }] },
          ],
        }),
        /^spec\.taskRunSpecs\[0\]\.computeResources: /,
      ],
      [
        'with a param that nobody gives, in an embedded Task',
        embedded('$(params.a)', { params: [{ name: 'b', value: '' }] }),
        /^spec\.pipelineSpec\.tasks\[0\]\.taskSpec\.steps\[0\]\.script: task "a": \$\(params\.a\): there is no param "a"; give it a value or declare it/,
      ],
      [
        'with a workspace that nobody binds, in an embedded Task',
        embedded('$(workspaces.w.path)'),
        /there is no workspace "w"/,
      ],
      [
        'with an embedded Task that misses a param',
        { pipelineSpec: { tasks: [{ name: 'a', taskSpec: { params: [{ name: 'p' }], steps: [step] } }] } },
        /^spec\.pipelineSpec\.tasks\[0\]\.params: task "a": no value is given for param "p"/,
      ],
      [
        'with a list that is propagated into a text',
        embedded('$(params.l)', { params: [{ name: 'l', value: ['a'] }] }),
        /"l" is a list, and only a text fits here/,
      ],
    ],
    (spec) => validatePipelineRun({ ...meta, kind: 'PipelineRun', spec }),
  );
});

describe('what is said about a run', () => {
  it('does not repeat all that a user wrote, nor say more than anyone reads', () => {
    const timeouts = { pipeline: 'x'.repeat(100_000) };
    const params = Array.from({ length: 500 }, () => ({ name: 'same', value: '' }));
    const spec = { pipelineRef: { name: 'p' }, timeouts, params };
    const problems = validatePipelineRun({ ...meta, kind: 'PipelineRun', spec });
    assert.equal(problems.length, 100);
    const [long] = validatePipelineRun({ ...meta, kind: 'PipelineRun', spec: { ...spec, params: [] } });
    assert.equal(long?.message.length, 1001);
  });
});

describe('a PipelineRun is not refused', () => {
  table<RunSpec>(
    [
      [
        'for propagated params and workspaces',
        embedded('$(params.a) $(params.o.k) $(workspaces.w.path)', {
          params: [
            { name: 'a', value: '1' },
            { name: 'o', value: { k: 'v' } },
          ],
          workspaces: [{ name: 'w', emptyDir: {} }],
        }),
      ],
      [
        'for timeouts that add up',
        { pipelineRef: { name: 'p' }, timeouts: { pipeline: '1h30m', tasks: '1h', finally: '30m' } },
      ],
      [
        'for a pipeline that may take for ever',
        { pipelineRef: { name: 'p' }, timeouts: { pipeline: '0', tasks: '0' } },
      ],
      ['for an empty status', { pipelineRef: { name: 'p' }, status: '' }],
    ],
    (spec) => validatePipelineRun({ ...meta, kind: 'PipelineRun', spec }),
  );
});

describe('a TaskRun is refused', () => {
  type Spec = TaskRun['spec'];
  table<Spec>(
    [
      ['without a Task', {}, /^spec\.taskRef: expected exactly one of taskRef and taskSpec, but none/],
      [
        'with an unknown status',
        { taskRef: { name: 't' }, status: 'Cancelled' as 'TaskRunCancelled' },
        /^spec\.status: "Cancelled" is not recognized; valid values: TaskRunCancelled, or none/,
      ],
      [
        'as pending',
        { taskRef: { name: 't' }, status: 'TaskRunPending' },
        /^spec\.status: TaskRunPending is refused: pending TaskRuns do not exist, and running tasks cannot be paused; /,
      ],
      [
        'with a message without status',
        { taskRef: { name: 't' }, statusMessage: 'x' },
        /^spec\.statusMessage: statusMessage should not be set if status is not set/,
      ],
      ['with negative retries', { taskRef: { name: 't' }, retries: -1 }, /^spec\.retries: -1 should be >= 0/],
      ['with a negative timeout', { taskRef: { name: 't' }, timeout: '-1s' }, /^spec\.timeout: -1s should be >= 0/],
      [
        'with an undeclared param',
        { taskSpec: { steps: [{ ...step, script: '$(params.a)' }] } },
        /^spec\.taskSpec\.steps\[0\]\.script: .* give it a value or declare it in spec\.taskSpec\.params/,
      ],
      [
        'with settings of one step twice',
        { taskRef: { name: 't' }, stepSpecs: [{ name: 's' }, { name: 's' }] },
        /^spec\.stepSpecs\[1\]\.name: /,
      ],
    ],
    (spec) => validateTaskRun({ ...meta, kind: 'TaskRun', spec }),
  );

  it('but not the child of a pipeline for what a value brought into its script', () => {
    const ownerReferences = [
      { apiVersion: 'tekton.dev/v1', kind: 'PipelineRun', name: 'r', uid: 'u', controller: true },
    ];
    const spec = { taskSpec: { steps: [{ ...step, script: 'echo "$(params.a)"' }] } };
    const run: TaskRun = {
      apiVersion: 'tekton.dev/v1',
      kind: 'TaskRun',
      metadata: { name: 'x', ownerReferences },
      spec,
    };
    assert.deepEqual(validateTaskRun(run), []);
  });
});
