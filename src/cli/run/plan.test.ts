import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { UserError } from '../../base/errors.ts';
import type { PipelineRun } from '../../tekton/types.ts';
import { checked } from '../manifest/manifest-fixture.ts';
import { type RunPlan, type RunRequest, planRun } from './plan.ts';

const pipeline = (name: string): string => `
apiVersion: tekton.dev/v1
kind: Pipeline
metadata: {name: ${name}}
spec:
  params: [{name: files, type: array}]
  tasks: [{name: t, taskSpec: {steps: [{image: busybox, script: echo}]}}]
---`;
const run = (name: string, namespace = ''): string => `
apiVersion: tekton.dev/v1
kind: PipelineRun
metadata: {generateName: ${name}-${namespace ? `, namespace: ${namespace}` : ''}}
spec:
  pipelineRef: {name: build}
  timeouts: {pipeline: 1h, tasks: 30m}
  workspaces: [{name: source, emptyDir: {}}, {name: other, emptyDir: {}}]
---`;

function plan(yaml: string, request: Partial<RunRequest> = {}): RunPlan {
  const { manifests, errors } = checked(yaml);
  assert.deepEqual(errors, []);
  return planRun(manifests, { params: [], workspaces: new Map(), ...request });
}

function specOf(runs: RunPlan['runs']): PipelineRun['spec'] {
  return (runs[0]?.object as unknown as PipelineRun | undefined)?.spec ?? {};
}

function failsWith(code: string): (thrown: unknown) => boolean {
  return (thrown) => thrown instanceof UserError && thrown.code === code;
}

describe('planRun', () => {
  it('runs every run that is written, after what they refer to', () => {
    const { supporting, runs } = plan(run('one') + pipeline('build') + run('two'));
    assert.deepEqual(
      supporting.map(({ object }) => object.metadata),
      [{ name: 'build', namespace: 'default' }],
    );
    assert.deepEqual(
      runs.map(({ object }) => object.metadata.generateName),
      ['one-', 'two-'],
    );
  });

  it('runs only the one that was named', () => {
    const { runs } = plan(run('one') + run('two'), { name: 'two' });
    assert.deepEqual(
      runs.map(({ object }) => object.metadata.generateName),
      ['two-'],
    );
    assert.throws(() => plan(run('one'), { name: 'three' }), failsWith('RUN_UNKNOWN'));
  });

  it('makes a run for a lone Pipeline, and asks which of several', () => {
    const { runs } = plan(pipeline('build'));
    assert.deepEqual(
      runs.map(({ object }) => (object as unknown as PipelineRun).spec),
      [{ pipelineRef: { name: 'build' } }],
    );
    assert.throws(() => plan(pipeline('build') + pipeline('test')), failsWith('RUN_AMBIGUOUS'));
    assert.equal(plan(pipeline('build') + pipeline('test'), { name: 'test' }).runs.length, 1);
  });

  it('says that there is nothing to run', () => {
    assert.throws(() => plan('apiVersion: v1\nkind: Secret\nmetadata: {name: s}'), failsWith('NOTHING_TO_RUN'));
  });

  it('types a param by the Pipeline among the files', () => {
    const { runs } = plan(pipeline('build') + run('one'), { params: ['files=a,b'] });
    assert.deepEqual(specOf(runs).params, [{ name: 'files', value: ['a', 'b'] }]);
  });

  it('puts a folder behind a workspace, in every namespace of a run', () => {
    const { supporting, runs, claimDirectories } = plan(run('one', 'ci'), {
      workspaces: new Map([['source', '/src']]),
    });
    assert.deepEqual(
      supporting.map(({ object }) => `${object.kind} ${object.metadata.namespace ?? ''}/${object.metadata.name}`),
      ['PersistentVolumeClaim ci/penstock-workspace-1', 'Namespace /ci'],
    );
    assert.deepEqual([...claimDirectories], [['ci/penstock-workspace-1', '/src']]);
    assert.deepEqual(specOf(runs).workspaces, [
      { name: 'other', emptyDir: {} },
      { name: 'source', persistentVolumeClaim: { claimName: 'penstock-workspace-1' } },
    ]);
  });

  it('refuses a folder for a workspace that no run has, or mentions', () => {
    const given = (name: string): Partial<RunRequest> => ({ workspaces: new Map([[name, '/here']]) });
    assert.throws(() => plan(run('one') + pipeline('build'), given('sorce')), {
      code: 'WORKSPACE_UNKNOWN',
      message: 'the run has no workspace sorce',
      remedy: 'its workspaces are source, other',
    });
    const mentions = `
apiVersion: tekton.dev/v1
kind: PipelineRun
metadata: {name: embedded}
spec:
  pipelineSpec:
    tasks: [{name: t, taskSpec: {steps: [{image: busybox, script: ls $(workspaces.handed.path)}]}}]
`;
    assert.equal(plan(mentions, given('handed')).runs.length, 1);
    assert.throws(() => plan(mentions, given('hand')), { remedy: 'it declares no workspaces' });
  });

  it('lets --timeout take the place of all timeouts', () => {
    const { runs } = plan(run('one'), { timeout: '5m' });
    assert.deepEqual(specOf(runs).timeouts, { pipeline: '5m' });
  });
});
