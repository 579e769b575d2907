import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { PipelineSpec, TaskSpec } from '../types.ts';
import { mismatches, pipelineTask, step, task, texts, type Case } from './case-table.ts';
import type { Problem } from './causes.ts';
import {
  unsupportedFeatures,
  unsupportedPipelineRunFeatures,
  unsupportedTaskFeatures,
  unsupportedTaskRunFeatures,
} from './unsupported-features.ts';

/** One test for each case: `validate` complains about just what the case says. */
function table<T>(cases: readonly Case<T>[], validate: (spec: T) => readonly Problem[]): void {
  for (const [title, spec, ...complaints] of cases) {
    it(title, () => assert.deepEqual(mismatches(validate(spec), complaints), []));
  }
}

describe('features to come are refused', () => {
  const notYet = (what: string): RegExp => new RegExp(`${what} is not supported yet; \\w`);
  describe('in a Pipeline', () => {
    table<PipelineSpec>(
      [
        ['matrix', { tasks: [pipelineTask({ matrix: {} })] }, notYet('spec.tasks\\[0\\]\\.matrix: task "a": a matrix')],
        [
          'pipelines in pipelines',
          { tasks: [{ name: 'a', pipelineRef: { name: 'p' } }] },
          notYet('pipelineRef: task "a": a pipeline in a pipeline'),
        ],
        [
          'resolvers',
          { tasks: [pipelineTask({ taskRef: { resolver: 'hub' } })] },
          notYet('taskRef\\.resolver: task "a": the resolver "hub"'),
        ],
        [
          'custom tasks',
          { tasks: [pipelineTask({ taskRef: { apiVersion: 'example.com/v1', kind: 'Wait' } })] },
          notYet('taskRef\\.apiVersion: task "a": a custom task'),
        ],
        [
          'custom tasks in place',
          { finally: [{ name: 'a', taskSpec: { apiVersion: 'example.com/v1', kind: 'Wait' } }] },
          notYet('spec.finally\\[0\\]\\.taskSpec\\.apiVersion: task "a": a custom task'),
        ],
        [
          'ClusterTasks',
          { tasks: [pipelineTask({ taskRef: { name: 't', kind: 'ClusterTask' } })] },
          notYet('a ClusterTask'),
        ],
        ['CEL', { tasks: [pipelineTask({ when: [{ cel: 'true' }] })] }, notYet('a CEL expression in when')],
        [
          'artifacts',
          { tasks: [pipelineTask({ params: [{ name: 'p', value: '$(tasks.e.outputs.image)' }] })] },
          notYet('a variable of artifacts'),
        ],
      ],
      (spec) => unsupportedFeatures(spec),
    );
  });
  describe('in a Task', () => {
    table<TaskSpec>(
      [
        [
          'sidecars',
          task({ sidecars: [{ name: 'db', image: 'postgres' }] }),
          notYet('spec\\.sidecars\\[0\\]: a sidecar \\("db"\\)'),
        ],
        ['StepActions', { steps: [{ ref: { name: 'a' } }] }, notYet('spec\\.steps\\[0\\]\\.ref: a StepAction')],
        ['guards of steps', { steps: [{ ...step, when: [] }] }, notYet('spec\\.steps\\[0\\]\\.when: when on a step')],
        ['Windows scripts', { steps: [{ ...step, script: '#!win pwsh' }] }, notYet('a Windows script')],
        [
          'artifacts',
          { steps: [{ ...step, script: '$(step.artifacts.path)' }] },
          notYet('spec\\.steps\\[0\\]\\.script: a variable of artifacts'),
        ],
        [
          'results of other steps',
          {
            steps: [
              { image: 'a', name: 's' },
              { image: 'a', args: ['$(steps.s.results.r)'] },
            ],
          },
          notYet('spec\\.steps\\[1\\]\\.args\\[0\\]: the result of another step'),
        ],
      ],
      (spec) => unsupportedTaskFeatures(spec),
    );
  });
  it('in runs', () => {
    assert.match(
      texts(unsupportedPipelineRunFeatures({ pipelineRef: { resolver: 'git' } }))[0] ?? '',
      notYet('spec\\.pipelineRef\\.resolver: the resolver "git"'),
    );
    const debug = { taskRef: { name: 't' }, debug: {} };
    assert.match(texts(unsupportedTaskRunFeatures(debug))[0] ?? '', notYet('spec\\.debug: a debug breakpoint'));
    const bundle = { taskRef: { name: 't', bundle: 'x' } };
    assert.match(texts(unsupportedTaskRunFeatures(bundle))[0] ?? '', notYet('spec\\.taskRef\\.bundle: a bundle'));
  });
});
