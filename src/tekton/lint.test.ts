import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Json, JsonObject } from '../base/json.ts';
import { lintDocuments } from './lint.ts';

function object(kind: string, name: string, spec: JsonObject): JsonObject {
  return { apiVersion: 'tekton.dev/v1', kind, metadata: { name }, spec };
}

const step = { image: 'busybox', script: 'true' };

/** `document severity field code` of every finding, and the message after ` | `. */
function lint(...documents: readonly Json[]): readonly string[] {
  return lintDocuments(documents).map(
    ({ document, severity, field, code, message }) => `${document} ${severity} ${field} ${code} | ${message}`,
  );
}

const build = object('Task', 'build', {
  params: [{ name: 'target' }, { name: 'flags', type: 'array', default: [] }],
  workspaces: [{ name: 'source' }, { name: 'cache', optional: true }],
  results: [{ name: 'digest' }],
  steps: [{ image: 'busybox', args: ['$(params.flags[*])'], script: 'make $(params.target)' }],
});

function pipelineWith(task: JsonObject): JsonObject {
  return object('Pipeline', 'ci', { tasks: [{ name: 't', taskRef: { name: 'build' }, ...task }] });
}

const bound = { workspaces: [{ name: 'source', workspace: 'source' }], params: [{ name: 'target', value: 'all' }] };
const runCi = object('PipelineRun', 'run', {
  pipelineRef: { name: 'ci' },
  workspaces: [{ name: 'source', emptyDir: {} }],
});

describe('lintDocuments', () => {
  it('finds nothing in a set that fits together', () => {
    const pipeline = object('Pipeline', 'ci', {
      workspaces: [{ name: 'source' }],
      tasks: [{ name: 't', taskRef: { name: 'build' }, ...bound }],
      results: [{ name: 'digest', value: '$(tasks.t.results.digest)' }],
    });
    assert.deepEqual(lint(runCi, null, pipeline, build, { apiVersion: 'v1', kind: 'ConfigMap' }), []);
  });

  it('says what is no object, or none that is known', () => {
    assert.deepEqual(
      lint(
        'text',
        {},
        { apiVersion: 'tekton.dev/v1' },
        { apiVersion: 'tekton.dev/v1beta1', kind: 'Task' },
        { apiVersion: 'tekton.dev/v1beta1', kind: 'StepAction' },
      ),
      [
        '0 error  NotAnObject | a Kubernetes object is expected here',
        '1 error apiVersion FieldValueRequired | apiVersion is required',
        '2 error kind FieldValueRequired | kind is required',
        '3 error apiVersion UnknownKind | Task of tekton.dev/v1beta1 is not supported yet; use tekton.dev/v1',
        '4 error apiVersion UnknownKind | StepAction of tekton.dev/v1beta1 is not supported yet',
      ],
    );
  });

  it('says which fields are unknown or of the wrong type, and which name is missing', () => {
    assert.deepEqual(lint({ ...object('Task', '', { stepz: [], steps: [step] }), metadata: {} }), [
      '0 error spec.stepz FieldUnknown | unknown field "spec.stepz"',
      '0 error metadata.name FieldValueRequired | name or generateName is required',
    ]);
    const [wrong = ''] = lint(object('Task', 'a', { steps: 'none' }));
    assert.match(wrong, /^0 error spec\.steps /);
  });

  it('finds the second of two objects with one name', () => {
    assert.deepEqual(lint(object('Task', 'a', { steps: [step] }), object('Task', 'a', { steps: [step] })), [
      '1 error metadata.name FieldValueDuplicate | Task "a" is already defined in document 1',
    ]);
  });

  it('finds references that leave the set', () => {
    assert.deepEqual(lint(runCi), [
      '0 error spec.pipelineRef.name CouldntGetPipeline | there is no Pipeline "ci" among these documents; there is no Pipeline at all',
    ]);
    const pipeline = object('Pipeline', 'ci', { tasks: [{ name: 't', taskRef: { name: 'absent' } }] });
    const absent =
      'spec.tasks[0].taskRef.name CouldntGetTask | task "t": there is no Task "absent" among these documents; there is "build"';
    assert.deepEqual(lint(pipeline, build), [`0 warning ${absent}`]);
    assert.deepEqual(lint(pipeline, build, runCi), [`0 error ${absent}`]);
    assert.deepEqual(lint(object('TaskRun', 'tr', { taskRef: { name: 'absent' } }), build), [
      '0 error spec.taskRef.name TaskRunResolutionFailed | there is no Task "absent" among these documents; there is "build"',
    ]);
  });

  it('finds what a Task needs and is not given, and what it is given and does not take', () => {
    const use = {
      params: [
        { name: 'flags', value: 'x' },
        { name: 'more', value: 'y' },
      ],
      workspaces: [{ name: 'other', workspace: 'w' }],
    };
    const pipeline = object('Pipeline', 'ci', {
      workspaces: [{ name: 'w' }],
      tasks: [{ name: 't', taskRef: { name: 'build' }, ...use }],
    });
    assert.deepEqual(lint(pipeline, build), [
      '0 error spec.tasks[0].params ParameterMissing | task "t": Task "build" needs param "target", which has no default',
      '0 error spec.tasks[0].params[0].value ParameterTypeMismatch | task "t": Task "build" declares param "flags" as array, but the value given is of type string',
      '0 error spec.tasks[0].workspaces InvalidWorkspaceBindings | task "t": Task "build" requires workspace "source"',
      '0 warning spec.tasks[0].params[1].name UnusedParam | task "t": Task "build" has no param "more"; the value is ignored',
      '0 warning spec.tasks[0].workspaces[0].name UnusedWorkspace | task "t": Task "build" has no workspace "other"',
    ]);
  });

  it('finds what a run does not give its pipeline, and what it gives in vain', () => {
    const pipeline = object('Pipeline', 'ci', {
      params: [{ name: 'level' }],
      workspaces: [{ name: 'source' }],
      tasks: [{ name: 't', taskSpec: { steps: [{ ...step, script: 'echo $(params.level) $(params.typo)' }] } }],
    });
    const run = object('PipelineRun', 'run', { pipelineRef: { name: 'ci' }, params: [{ name: 'levle', value: '1' }] });
    assert.deepEqual(lint(pipeline, run), [
      '0 error spec.tasks[0].taskSpec.steps[0].script FieldValueInvalid | task "t": $(params.typo): there is no param "typo"; give it a value or declare it in spec.tasks[0].taskSpec.params',
      '1 error spec.params ParameterMissing | no value is given for param "level", which has no default',
      '1 error spec.workspaces InvalidWorkspaceBindings | the pipeline requires workspace "source", but the run binds no such workspace in spec.workspaces',
      '1 warning spec.params[0].name UnusedParam | the pipeline neither declares nor uses a param "levle"; the value is ignored',
    ]);
  });

  it('finds what a TaskRun does not give its Task', () => {
    const run = object('TaskRun', 'tr', { taskRef: { name: 'build' } });
    assert.deepEqual(lint(run, build), [
      '0 error spec.params ParameterMissing | no value is given for param "target", which has no default',
      '0 error spec.workspaces TaskRunValidationFailed | the task requires workspace "source", but the run binds no such workspace',
    ]);
  });

  it('asks the engine about the rest: here a result that the referenced Task does not declare', () => {
    const pipeline = pipelineWith({ ...bound });
    const spec = pipeline['spec'] as { tasks: JsonObject[] };
    const user = { name: 'u', taskSpec: { steps: [{ ...step, script: 'echo $(tasks.t.results.size)' }] } };
    const both = object('Pipeline', 'ci', { workspaces: [{ name: 'source' }], tasks: [...spec.tasks, user] });
    assert.deepEqual(lint(both, build, runCi), [
      '2 error spec InvalidTaskResultReference | pipeline task "u" uses $(tasks.t.results.size), but task "t" declares no result "size"',
    ]);
  });

  it('warns about params that nothing uses and variables that are nearly some', () => {
    const task = object('Task', 'a', {
      params: [{ name: 'used' }, { name: 'unused' }, { name: 'by-default', default: '$(params.used)' }],
      steps: [
        {
          ...step,
          script: 'echo $(params.by-default) $(param.used) $(step.name)',
          env: [{ name: 'A', value: '$(result.x.path)' }],
        },
      ],
    });
    assert.deepEqual(lint(task), [
      '0 warning spec.params[1].name UnusedParam | nothing uses param "unused"',
      '0 warning spec.steps[0].script UnknownVariable | $(param.used) is no variable and stays as it is; is $(params.used) meant?',
      '0 warning spec.steps[0].env[0].value UnknownVariable | $(result.x.path) is no variable and stays as it is; is $(results.x.path) meant?',
    ]);
  });

  it('warns about mounts of volumes that nothing declares', () => {
    const mounts = [
      { name: 'declared', mountPath: '/a' },
      { name: 'forgotten', mountPath: '/b' },
      { name: '$(workspaces.w.volume)', mountPath: '/c' },
    ];
    const taskSpec = {
      volumes: [{ name: 'declared', emptyDir: {} }],
      workspaces: [{ name: 'w' }],
      steps: [{ ...step, volumeMounts: mounts }],
    };
    const run = object('TaskRun', 'a', { taskSpec, workspaces: [{ name: 'w', emptyDir: {} }] });
    assert.deepEqual(lint(run), [
      '0 warning spec.taskSpec.steps[0].volumeMounts[1].name UnknownVolume | there is no volume "forgotten"; declare it in spec.taskSpec.volumes, or bring it in the run\'s podTemplate',
    ]);
    const spec = run['spec'] as JsonObject;
    const podTemplate = { volumes: [{ name: 'forgotten', emptyDir: {} }] };
    assert.deepEqual(lint({ ...run, spec: { ...spec, podTemplate } }), []);
  });

  it('reports every error of a run, invalid and unsupported', () => {
    const run = object('PipelineRun', 'run', {
      timeouts: { pipeline: '1h', tasks: '2h' },
      pipelineSpec: { tasks: [{ name: 't', matrix: { params: [] }, taskSpec: { steps: [step] } }] },
    });
    assert.deepEqual(
      lintDocuments([run]).map(({ field, code }) => `${field} ${code}`),
      ['spec.pipelineSpec.tasks[0].matrix FieldValueNotSupported', 'spec.timeouts.tasks FieldValueInvalid'],
    );
  });

  it('survives anything', () => {
    const strange: readonly Json[] = [null, 1, 'x', [], {}, [[]], { a: null }, { name: 5 }, [{ name: {} }], [null]];
    for (const kind of ['Task', 'Pipeline', 'TaskRun', 'PipelineRun']) {
      for (const spec of strange) {
        assert.ok(Array.isArray(lintDocuments([{ apiVersion: 'tekton.dev/v1', kind, metadata: spec, spec }])));
        for (const member of [
          'params',
          'tasks',
          'steps',
          'results',
          'workspaces',
          'pipelineSpec',
          'taskSpec',
          'pipelineRef',
          'timeouts',
          'finally',
        ]) {
          assert.ok(lintDocuments([object(kind, 'x', { [member]: spec })]).length >= 0);
        }
      }
    }
  });
});
