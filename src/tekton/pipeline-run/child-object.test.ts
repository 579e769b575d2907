import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Pipeline, PipelineRun, PipelineRunSpec, PipelineTask, TaskRun } from '../types.ts';
import { claimName } from './claims.ts';
import { childContext, childNames, childObjects } from './child-object.ts';
import { defaultPipelineRunOptions, type Lookup } from './contract.ts';
import { mergePodTemplates } from './pod-template.ts';

function runWith(spec: PipelineRunSpec, metadata: Partial<PipelineRun['metadata']> = {}): PipelineRun {
  return {
    apiVersion: 'tekton.dev/v1',
    kind: 'PipelineRun',
    metadata: { name: 'run', namespace: 'ns', uid: 'u1', ...metadata },
    spec,
  };
}

function childOf(
  run: PipelineRun,
  task: PipelineTask,
  part: 'tasks' | 'finally' = 'tasks',
  findPipeline: (name: string) => Lookup<Pipeline> = () => ({ state: 'absent' }),
): TaskRun {
  const spec = { params: [{ name: 'dir', default: 'at-$(context.pipelineRun.name)' }] };
  const context = childContext({ run, options: defaultPipelineRunOptions, findPipeline }, spec);
  const [child] = childObjects(context, task, part);
  assert.ok(child);
  return child;
}

describe('the TaskRun of a pipeline task', () => {
  it('is complete', () => {
    const run = runWith({ pipelineRef: { name: 'build-all' } });
    const task: PipelineTask = {
      name: 'build',
      taskRef: { name: 'builder', kind: 'Task' },
      params: [{ name: 'p', value: ['a', 'b'] }],
      retries: 2,
      timeout: '5m',
    };
    assert.deepEqual(childOf(run, task), {
      apiVersion: 'tekton.dev/v1',
      kind: 'TaskRun',
      metadata: {
        name: 'run-build',
        namespace: 'ns',
        labels: {
          'tekton.dev/pipeline': 'build-all',
          'tekton.dev/pipelineRun': 'run',
          'tekton.dev/pipelineRunUID': 'u1',
          'tekton.dev/pipelineTask': 'build',
          'tekton.dev/memberOf': 'tasks',
        },
        annotations: {},
        ownerReferences: [
          {
            apiVersion: 'tekton.dev/v1',
            kind: 'PipelineRun',
            name: 'run',
            uid: 'u1',
            controller: true,
            blockOwnerDeletion: true,
          },
        ],
      },
      spec: {
        params: [{ name: 'p', value: ['a', 'b'] }],
        taskRef: { name: 'builder', kind: 'Task' },
        serviceAccountName: 'default',
        retries: 2,
        timeout: '5m0s',
      },
    });
  });

  it('takes labels and annotations from the override, the run and the embedded spec, in that order of preference', () => {
    const run = runWith(
      {
        taskRunSpecs: [
          { pipelineTaskName: 't', metadata: { labels: { a: 'override' }, annotations: { n: 'override' } } },
        ],
      },
      {
        labels: { a: 'run', b: 'run', 'tekton.dev/memberOf': 'nonsense' },
        annotations: {
          n: 'run',
          'chains.tekton.dev/signed': 'true',
          'penstock.dev/cancelled-by': 'ada',
          'penstock.dev/status-target': '{}',
        },
      },
    );
    const metadata = { labels: { a: 'spec', b: 'spec', c: 'spec' }, annotations: { n: 'spec', m: 'spec' } };
    const child = childOf(run, { name: 't', onError: 'continue', taskSpec: { metadata, steps: [] } }, 'finally');
    const { a, b, c, 'tekton.dev/memberOf': part } = child.metadata.labels ?? {};
    assert.deepEqual([a, b, c, part], ['override', 'run', 'spec', 'finally']);
    assert.deepEqual(child.metadata.annotations, {
      n: 'override',
      m: 'spec',
      'pipeline.tekton.dev/pipeline-task-on-error': 'continue',
    });
    assert.deepEqual(child.spec.taskSpec, { steps: [] });
  });

  it('takes labels and annotations of the Pipeline after those of the run', () => {
    const run = runWith({ pipelineRef: { name: 'p' } }, { labels: { a: 'run' }, annotations: { n: 'run' } });
    const labels = { a: 'pipeline', b: 'pipeline', c: 'pipeline' };
    const annotations = { n: 'pipeline', m: 'pipeline', 'chains.tekton.dev/signed': 'true' };
    const object = { ...run, kind: 'Pipeline', metadata: { name: 'p', labels, annotations }, spec: {} };
    const task = { name: 't', taskSpec: { metadata: { labels: { c: 'spec', d: 'spec' } }, steps: [] } };
    const child = childOf(run, task, 'tasks', (name) => ({ state: name === 'p' ? 'found' : 'absent', object }));
    const { a, b, c, d } = child.metadata.labels ?? {};
    assert.deepEqual([a, b, c, d], ['run', 'pipeline', 'pipeline', 'spec']);
    assert.deepEqual(child.metadata.annotations, { n: 'run', m: 'pipeline' });
  });

  it('takes service account, pod template and resources from the override before the template', () => {
    const run = runWith({
      taskRunTemplate: {
        serviceAccountName: 'builder',
        podTemplate: {
          nodeSelector: { disk: 'ssd' },
          env: [
            { name: 'A', value: '1' },
            { name: 'B', value: '1' },
          ],
        },
      },
      taskRunSpecs: [
        {
          pipelineTaskName: 't',
          serviceAccountName: 'special',
          podTemplate: { env: [{ name: 'B', value: '2' }] },
          computeResources: { requests: { cpu: '1' } },
          stepSpecs: [{ name: 's', computeResources: {} }],
        },
      ],
    });
    const special = childOf(run, { name: 't', taskRef: { name: 'x' } }).spec;
    assert.equal(special.serviceAccountName, 'special');
    assert.deepEqual(special.podTemplate, {
      nodeSelector: { disk: 'ssd' },
      env: [
        { name: 'A', value: '1' },
        { name: 'B', value: '2' },
      ],
    });
    assert.deepEqual(special.computeResources, { requests: { cpu: '1' } });
    assert.deepEqual(special.stepSpecs, [{ name: 's', computeResources: {} }]);
    assert.equal(childOf(run, { name: 'u', taskRef: { name: 'x' } }).spec.serviceAccountName, 'builder');
  });

  it('is called the same every time, within 63 characters', () => {
    const run = runWith({}, { name: 'a-very-long-name-of-a-pipeline-run-that-goes-on' });
    const names = ['build', 'a-task-whose-own-name-is-long-too'].flatMap((name) => childNames(run, { name }));
    assert.deepEqual(names, [
      'a-very-long-name-of-a-pipeline-run-that-goes-on-build',
      'a-very-long-name-of-a-pipeline-bfc079b79d1d41af73a6dcf5de12c8da',
    ]);
  });
});

describe('the workspaces of a child', () => {
  const task = (workspaces: PipelineTask['workspaces'], script = 'true'): PipelineTask => ({
    name: 't',
    taskSpec: { steps: [{ script }] },
    ...(workspaces ? { workspaces } : {}),
  });

  it('are the sources of the run under the names of the task, sub-paths joined', () => {
    const run = runWith({
      workspaces: [
        { name: 'source', subPath: 'repo', persistentVolumeClaim: { claimName: 'c' } },
        { name: 'scratch', emptyDir: {} },
      ],
    });
    const child = childOf(
      run,
      task([
        { name: 'src', workspace: 'source', subPath: 'cmd' },
        { name: 'scratch' },
        { name: 'maybe', workspace: 'unbound' },
      ]),
    );
    assert.deepEqual(child.spec.workspaces, [
      { name: 'src', subPath: 'repo/cmd', persistentVolumeClaim: { claimName: 'c' } },
      { name: 'scratch', emptyDir: {} },
    ]);
  });

  it('have the variables of the run filled in, and so have pod templates', () => {
    const run = runWith({
      params: [{ name: 'disk', value: 'ssd' }],
      workspaces: [{ name: 'w', subPath: '$(params.dir)', configMap: { name: '$(params.disk)-map' } }],
      taskRunTemplate: { podTemplate: { nodeSelector: { disk: '$(params.disk)' } } },
      taskRunSpecs: [{ pipelineTaskName: 't', podTemplate: { schedulerName: '$(params.disk)-scheduler' } }],
    });
    const { workspaces, podTemplate } = childOf(run, task([{ name: 'w' }])).spec;
    assert.deepEqual(workspaces, [{ name: 'w', subPath: 'at-run', configMap: { name: 'ssd-map' } }]);
    assert.deepEqual(podTemplate, { nodeSelector: { disk: 'ssd' }, schedulerName: 'ssd-scheduler' });
  });

  it('use the claim made from a template', () => {
    const binding = { name: 'data', volumeClaimTemplate: { metadata: { name: 'disk' }, spec: {} } };
    const run = runWith({ workspaces: [binding] });
    const claim = claimName(binding, 'u1');
    assert.match(claim, /^disk-[0-9a-f]{10}$/);
    assert.notEqual(claim, claimName(binding, 'u2'));
    assert.deepEqual(childOf(run, task([{ name: 'data' }])).spec.workspaces, [
      { name: 'data', persistentVolumeClaim: { claimName: claim } },
    ]);
  });

  it('reach an embedded spec that uses them by name, and are declared there', () => {
    const run = runWith({
      workspaces: [
        { name: 'used', emptyDir: {} },
        { name: 'other', emptyDir: {} },
      ],
    });
    const child = childOf(run, task(undefined, 'ls $(workspaces.used.path) $(workspaces.unknown.path)'));
    assert.deepEqual(child.spec.workspaces, [{ name: 'used', emptyDir: {} }]);
    assert.deepEqual(child.spec.taskSpec?.workspaces, [{ name: 'used' }]);
    assert.equal(childOf(run, { name: 'r', taskRef: { name: 'x' } }).spec.workspaces, undefined);
  });
});

describe('mergePodTemplates', () => {
  it('keeps the one that is given', () => {
    assert.equal(mergePodTemplates(undefined, undefined), undefined);
    assert.deepEqual(mergePodTemplates({ schedulerName: 'a' }, undefined), { schedulerName: 'a' });
    assert.deepEqual(mergePodTemplates({ schedulerName: 'a' }, { schedulerName: 'b' }), { schedulerName: 'b' });
  });
});
