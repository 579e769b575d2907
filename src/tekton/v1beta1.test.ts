import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { JsonObject } from '../base/json.ts';
import { convertToV1 } from './v1beta1.ts';

const old = (kind: string, spec: JsonObject): JsonObject => ({ apiVersion: 'tekton.dev/v1beta1', kind, spec });
const specOf = (kind: string, spec: JsonObject): unknown => convertToV1(old(kind, spec)).object['spec'];
const removedFrom = (kind: string, spec: JsonObject): readonly string[] =>
  convertToV1(old(kind, spec)).removed.map(({ field }) => field);

describe('convertToV1', () => {
  it('gives what is in v1 back itself', () => {
    const object = { apiVersion: 'tekton.dev/v1', kind: 'Task', spec: { steps: [{ resources: {} }] } };
    assert.equal(convertToV1(object).object, object);
  });

  it('renames the resources of containers', () => {
    const limits = { limits: { cpu: '1' } };
    const spec = {
      steps: [{ name: 's', resources: limits }],
      sidecars: [{ resources: limits }],
      stepTemplate: { resources: limits },
    };
    assert.deepEqual(specOf('Task', spec), {
      steps: [{ name: 's', computeResources: limits }],
      sidecars: [{ computeResources: limits }],
      stepTemplate: { computeResources: limits },
    });
  });

  it('puts settings of the pods where v1 has them', () => {
    const spec = {
      serviceAccountName: 'bot',
      podTemplate: { nodeSelector: { a: 'b' } },
      timeout: '1h',
      taskRunSpecs: [
        {
          pipelineTaskName: 't',
          taskServiceAccountName: 'other',
          taskPodTemplate: {},
          stepOverrides: [{ name: 's', resources: {} }],
          sidecarOverrides: [{ name: 'c', resources: {} }],
        },
      ],
    };
    assert.deepEqual(specOf('PipelineRun', spec), {
      taskRunTemplate: { serviceAccountName: 'bot', podTemplate: { nodeSelector: { a: 'b' } } },
      timeouts: { pipeline: '1h' },
      taskRunSpecs: [
        {
          pipelineTaskName: 't',
          serviceAccountName: 'other',
          podTemplate: {},
          stepSpecs: [{ name: 's', computeResources: {} }],
          sidecarSpecs: [{ name: 'c', computeResources: {} }],
        },
      ],
    });
  });

  it('turns bundles into their resolver, also deep inside', () => {
    const bundle = { name: 'b', bundle: 'registry/x' };
    const resolver = (kind: string): JsonObject => ({
      resolver: 'bundles',
      params: [
        { name: 'bundle', value: 'registry/x' },
        { name: 'name', value: 'b' },
        { name: 'kind', value: kind },
      ],
    });
    assert.deepEqual(specOf('PipelineRun', { pipelineRef: bundle }), { pipelineRef: resolver('pipeline') });
    const pipelineSpec = {
      tasks: [{ name: 't', taskRef: bundle }],
      finally: [{ taskSpec: { steps: [{ resources: {} }] } }],
    };
    assert.deepEqual(specOf('PipelineRun', { pipelineSpec }), {
      pipelineSpec: {
        tasks: [{ name: 't', taskRef: resolver('task') }],
        finally: [{ taskSpec: { steps: [{ computeResources: {} }] } }],
      },
    });
  });

  it('names what no longer exists', () => {
    assert.deepEqual(removedFrom('Task', { resources: {} }), ['spec.resources']);
    assert.deepEqual(removedFrom('PipelineRun', { resources: [] }), ['spec.resources']);
    const tasks = [{}, { resources: {}, conditions: [], taskSpec: { resources: {} } }];
    assert.deepEqual(removedFrom('Pipeline', { tasks }), [
      'spec.tasks[1].resources',
      'spec.tasks[1].conditions',
      'spec.tasks[1].taskSpec.resources',
    ]);
  });

  it('leaves what has the wrong shape for the schema to refuse', () => {
    const odd = { tasks: { taskSpec: {} }, finally: ['x', 1, null], timeouts: 'soon', timeout: '1h' };
    assert.deepEqual(specOf('Pipeline', odd), odd);
    assert.deepEqual(
      convertToV1({ apiVersion: 'tekton.dev/v1beta1', kind: 'Task', spec: 'text' }).object['spec'],
      'text',
    );
  });
});
