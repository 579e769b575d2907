import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { JsonObject } from '../base/json.ts';
import type { AdmissionRequest } from '../kube/admission.ts';
import { ApiStatusError } from '../kube/api-error.ts';
import { tektonAdmission } from './admission.ts';
import { pipelineRuns, pipelines, taskRuns, tasks } from './types.ts';

const plugin = tektonAdmission();
const types = { PipelineRun: pipelineRuns, Pipeline: pipelines, TaskRun: taskRuns, Task: tasks };
type Kind = keyof typeof types;

function request(kind: Kind, object: JsonObject, oldObject?: JsonObject): AdmissionRequest {
  return {
    operation: oldObject === undefined ? 'CREATE' : 'UPDATE',
    type: types[kind],
    key: { namespace: 'default', name: 'x' },
    object,
    ...(oldObject === undefined ? {} : { oldObject }),
    user: { name: 'somebody', groups: [] },
    dryRun: false,
  };
}

function objectOf(kind: Kind, spec: JsonObject, extra: JsonObject = {}): JsonObject {
  return { apiVersion: 'tekton.dev/v1', kind, metadata: { name: 'x' }, spec, ...extra };
}

function mutated(kind: Kind, object: JsonObject): JsonObject {
  return plugin.mutate?.(request(kind, object)) ?? object;
}

/** `field: message` of every cause against creating the object, or changing it from `old`. */
function refusals(kind: Kind, object: JsonObject, old?: JsonObject): readonly string[] {
  const answer = plugin.validate?.(request(kind, mutated(kind, object), old && mutated(kind, old))) ?? [];
  assert.ok(!(answer instanceof ApiStatusError), String(answer));
  return answer.map(({ field, message }) => `${field ?? ''}: ${message}`);
}

const step = { image: 'busybox', script: 'true' };
const done = { conditions: [{ type: 'Succeeded', status: 'True' }] };
const running = { startTime: '2026-01-01T00:00:00Z', conditions: [{ type: 'Succeeded', status: 'Unknown' }] };

describe('defaults', () => {
  it('give a PipelineRun its timeout, service account, label and the kinds and types in its spec', () => {
    const run = mutated(
      'PipelineRun',
      objectOf('PipelineRun', {
        params: [{ name: 'n', value: 5 }],
        pipelineSpec: {
          params: [{ name: 'n' }, { name: 'l', default: ['a'] }, { name: 'o', properties: { k: {} } }],
          tasks: [{ name: 't', taskRef: { name: 'task' }, params: [{ name: 'flag', value: true }] }],
        },
      }),
    );
    assert.deepEqual(run, {
      apiVersion: 'tekton.dev/v1',
      kind: 'PipelineRun',
      metadata: { name: 'x', labels: { 'tekton.dev/pipeline': 'x' } },
      spec: {
        params: [{ name: 'n', value: '5' }],
        pipelineSpec: {
          params: [
            { name: 'n', type: 'string' },
            { name: 'l', default: ['a'], type: 'array' },
            { name: 'o', properties: { k: { type: 'string' } }, type: 'object' },
          ],
          tasks: [{ name: 't', taskRef: { name: 'task', kind: 'Task' }, params: [{ name: 'flag', value: 'true' }] }],
        },
        timeouts: { pipeline: '1h0m0s' },
        taskRunTemplate: { serviceAccountName: 'default' },
      },
    });
  });

  it('keep what a user says', () => {
    const object = objectOf(
      'PipelineRun',
      {
        pipelineRef: { name: 'p' },
        timeouts: { pipeline: '0', tasks: '5m' },
        taskRunTemplate: { serviceAccountName: 'mine' },
      },
      { metadata: { name: 'x', labels: { 'tekton.dev/pipeline': 'other' } } },
    );
    assert.equal(plugin.mutate?.(request('PipelineRun', object)), undefined);
  });

  it('give a TaskRun its timeout, service account and labels', () => {
    assert.deepEqual(mutated('TaskRun', objectOf('TaskRun', { taskRef: { name: 'build' } })), {
      ...objectOf('TaskRun', {
        taskRef: { name: 'build', kind: 'Task' },
        timeout: '1h0m0s',
        serviceAccountName: 'default',
      }),
      metadata: {
        name: 'x',
        labels: { 'app.kubernetes.io/managed-by': 'tekton-pipelines', 'tekton.dev/task': 'build' },
      },
    });
  });

  it('leave out what says that a new object was signed, and keep it on one that was', () => {
    const annotations = { 'chains.tekton.dev/signed': 'true', mine: 'yes' };
    const object = objectOf('Pipeline', { tasks: [] }, { metadata: { name: 'x', annotations } });
    assert.deepEqual(mutated('Pipeline', object)['metadata'], { name: 'x', annotations: { mine: 'yes' } });
    assert.equal(plugin.mutate?.(request('Pipeline', object, object)), undefined);
  });

  it('label a run by the prefix of its name while it has none yet', () => {
    const run = mutated('PipelineRun', {
      ...objectOf('PipelineRun', { pipelineSpec: {} }),
      metadata: { generateName: 'build-' },
    });
    assert.deepEqual(run['metadata'], { generateName: 'build-', labels: { 'tekton.dev/pipeline': 'build' } });
  });

  it('leave what has the wrong shape to the schema', () => {
    for (const spec of [null, 'text', [], { params: 'x', pipelineSpec: [], taskRef: 5 }, { params: [null, 1, [{}]] }]) {
      for (const kind of Object.keys(types) as Kind[]) {
        assert.doesNotThrow(() => plugin.mutate?.(request(kind, { metadata: null, spec })));
      }
    }
  });
});

describe('creating', () => {
  it('refuses what is invalid, with the path of the field', () => {
    assert.deepEqual(refusals('PipelineRun', objectOf('PipelineRun', {})), [
      'spec.pipelineRef: expected exactly one of pipelineRef and pipelineSpec, but none is given',
    ]);
    assert.deepEqual(refusals('Task', objectOf('Task', { steps: [step, { name: 'B', ...step }] })), [
      'spec.steps[1].name: "B" must consist of lower case letters, digits and "-", and begin and end with a letter or digit',
    ]);
    assert.deepEqual(refusals('Pipeline', { ...objectOf('Pipeline', { tasks: [] }), metadata: { name: 'X' } }), [
      'metadata.name: "X" must consist of lower case letters, digits, "-" and ".", and each part between dots begin and end with a letter or digit',
      'spec.tasks: a pipeline has at least one task',
    ]);
  });

  it('refuses what is not supported yet, alone', () => {
    assert.deepEqual(refusals('TaskRun', objectOf('TaskRun', { taskRef: { resolver: 'git' }, retries: -1 })), [
      'spec.taskRef.resolver: the resolver "git" is not supported yet; apply the Task and refer to it by name, or embed its spec',
    ]);
  });

  it('refuses what is nested deeper than any program needs, without following it', () => {
    const depth = 50_000;
    const value = JSON.parse('['.repeat(depth) + ']'.repeat(depth)) as JsonObject;
    const object = objectOf('PipelineRun', { params: [{ name: 'a', value }] });
    assert.equal(plugin.mutate?.(request('PipelineRun', object)), undefined);
    const answer = plugin.validate?.(request('PipelineRun', object));
    assert.ok(answer instanceof ApiStatusError);
    assert.match(answer.message, /nested more than 100 deep/);
  });

  it('does not look at the status, at other groups or at deletions', () => {
    const invalid = objectOf('PipelineRun', {});
    const status: AdmissionRequest = { ...request('PipelineRun', invalid), subresource: 'status' };
    const other: AdmissionRequest = {
      ...request('PipelineRun', invalid),
      type: { ...pipelineRuns, group: 'example.com' },
    };
    const deletion: AdmissionRequest = { ...request('PipelineRun', invalid), operation: 'DELETE' };
    for (const one of [status, other, deletion]) assert.equal(plugin.validate?.(one), undefined);
    for (const one of [status, other]) assert.equal(plugin.mutate?.(one), undefined);
  });
});

describe('changing a PipelineRun', () => {
  const spec = { pipelineRef: { name: 'p' } };
  const old = objectOf('PipelineRun', spec, { status: running });
  const changed = (change: JsonObject, status: JsonObject = running): JsonObject =>
    objectOf('PipelineRun', { ...spec, ...change }, { status });

  it('lets the status of the spec change, be cleared, and nothing else', () => {
    for (const status of ['Cancelled', 'CancelledRunFinally', 'StoppedRunFinally', '']) {
      assert.deepEqual(refusals('PipelineRun', changed({ status }), old), []);
    }
    for (const status of ['StoppedRunFinally', 'PipelineRunPending', '']) {
      assert.deepEqual(refusals('PipelineRun', old, changed({ status })), []);
    }
    const pending = changed({ status: 'PipelineRunPending' }, {});
    assert.deepEqual(refusals('PipelineRun', changed({}, {}), pending), []);
    assert.deepEqual(
      refusals(
        'PipelineRun',
        changed({ status: 'PipelineRunPending', params: [{ name: 'a', value: '1' }] }, {}),
        pending,
      ),
      ['spec.params: Once the PipelineRun has started, only status updates are allowed'],
    );
  });

  it('never makes an existing run pending, started or not, cleared or cancelled (law 4)', () => {
    for (const status of [running, {}]) {
      for (const before of [undefined, '', 'Cancelled', 'CancelledRunFinally', 'StoppedRunFinally']) {
        const from = changed(before === undefined ? {} : { status: before }, status);
        assert.deepEqual(refusals('PipelineRun', changed({ status: 'PipelineRunPending' }, status), from), [
          'spec.status: PipelineRun cannot be Pending after it is started: ' +
            'PipelineRunPending can only be set when a run is created',
        ]);
      }
    }
    const pending = changed({ status: 'PipelineRunPending' }, {});
    assert.deepEqual(refusals('PipelineRun', { ...pending, metadata: { name: 'x', labels: { a: 'b' } } }, pending), []);
  });

  it('lets a cancel grow and never shrink (law 8)', () => {
    const order = ['', 'StoppedRunFinally', 'CancelledRunFinally', 'Cancelled'] as const;
    const allowed = (from: string, to: string): boolean =>
      refusals('PipelineRun', changed({ status: to }), changed({ status: from })).length === 0;
    for (const [index, from] of order.entries()) {
      for (const [other, to] of order.entries()) {
        assert.equal(allowed(from, to), other >= index || index === 1, `${from} to ${to}`);
      }
    }
    assert.deepEqual(refusals('PipelineRun', changed({}), changed({ status: 'Cancelled' })), [
      'spec.status: Cancelled cannot be taken back: a cancel that was accepted holds',
    ]);
  });

  it('refuses any change of a run that is complete, but not of its metadata', () => {
    const ended = changed({}, done);
    assert.deepEqual(refusals('PipelineRun', changed({ status: 'Cancelled' }, done), ended), [
      'spec.status: Once the PipelineRun is complete, no updates are allowed',
    ]);
    assert.deepEqual(refusals('PipelineRun', { ...ended, metadata: { name: 'x', finalizers: ['a/b'] } }, ended), []);
  });

  it('refuses another manager', () => {
    assert.deepEqual(refusals('PipelineRun', changed({ managedBy: 'other' }), old), [
      'spec.managedBy: managedBy is immutable',
    ]);
  });

  it('compares with defaults filled in, so that writing a run again changes nothing', () => {
    const stored = objectOf(
      'PipelineRun',
      { ...spec, timeouts: { pipeline: '1h0m0s' }, taskRunTemplate: { serviceAccountName: 'default' } },
      { status: done },
    );
    assert.deepEqual(refusals('PipelineRun', changed({}, done), stored), []);
    assert.deepEqual(refusals('PipelineRun', stored, changed({}, done)), []);
  });
});

describe('changing a TaskRun', () => {
  const old = objectOf('TaskRun', { taskRef: { name: 't' } }, { status: running });
  it('lets status and statusMessage change, and nothing else', () => {
    const cancelled = { taskRef: { name: 't' }, status: 'TaskRunCancelled', statusMessage: 'enough' };
    assert.deepEqual(refusals('TaskRun', objectOf('TaskRun', cancelled, { status: running }), old), []);
    assert.deepEqual(refusals('TaskRun', objectOf('TaskRun', { ...cancelled, retries: 3 }, { status: running }), old), [
      'spec.retries: Once the TaskRun has started, only status and statusMessage updates are allowed',
    ]);
    assert.deepEqual(
      refusals('TaskRun', objectOf('TaskRun', { taskRef: { name: 't' }, status: 'TaskRunPending' }, {}), old),
      [
        'spec.status: TaskRun cannot be Pending after it is started: TaskRunPending is refused: pending TaskRuns do not ' +
          'exist, and running tasks cannot be paused; create a PipelineRun with status PipelineRunPending instead',
      ],
    );
    assert.deepEqual(refusals('TaskRun', old, objectOf('TaskRun', cancelled, { status: running })), [
      'spec.status: TaskRunCancelled cannot be taken back: a cancel that was accepted holds',
    ]);
  });
});

describe('changing a definition', () => {
  it('validates it again when its spec changes, and not for its metadata', () => {
    const before = objectOf('Task', { steps: [step] });
    assert.deepEqual(refusals('Task', objectOf('Task', { steps: [] }), before), [
      'spec.steps: a task has at least one step',
    ]);
    const invalid = objectOf('Task', { steps: [] });
    assert.deepEqual(refusals('Task', { ...invalid, metadata: { name: 'x', labels: { a: 'b' } } }, invalid), []);
  });
});
