import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { substituteTaskRun, workspaceVolumeName } from './task-variables.ts';
import type { Param, Step, TaskRun, TaskSpec } from './types.ts';

function runOf(params: readonly Param[] = []): TaskRun {
  return {
    apiVersion: 'tekton.dev/v1',
    kind: 'TaskRun',
    metadata: { name: 'run', namespace: 'space', uid: 'u-1' },
    spec: { taskRef: { name: 'build' }, params },
  };
}

function substituted(spec: TaskSpec, params: readonly Param[] = []): TaskSpec {
  const workspaces = [{ name: 'source', persistentVolumeClaim: { claimName: 'claim-1' } }];
  return substituteTaskRun(runOf(params), spec, { workspaces, retryCount: 2 });
}

function scriptAfter(script: string, spec: TaskSpec = {}, params: readonly Param[] = []): string | undefined {
  return substituted({ ...spec, steps: [{ name: 's', script }] }, params).steps?.[0]?.script;
}

describe('variables of a TaskRun', () => {
  const table: readonly (readonly [string, string, TaskSpec?])[] = [
    ['$(context.taskRun.name) $(context.taskRun.namespace) $(context.taskRun.uid)', 'run space u-1'],
    ['$(context.task.name) $(context.task.retry-count)', 'build 2'],
    ['$(credentials.path)', '/tekton/creds'],
    [
      '$(results.r.path) $(results[\'r\'].path) $(results["r"].path)',
      '/tekton/results/r '.repeat(3).trim(),
      { results: [{ name: 'r' }] },
    ],
    ['$(results.undeclared.path)', '$(results.undeclared.path)'],
    ['$(steps.step-s.exitCode.path)', '/tekton/steps/step-s/exitCode'],
    [
      '$(workspaces.source.path) $(workspaces.source.bound)',
      '/workspace/source true',
      { workspaces: [{ name: 'source' }] },
    ],
    ['$(workspaces.source.path)', '/src', { workspaces: [{ name: 'source', mountPath: '/src' }] }],
    [
      '$(workspaces.source.claim) $(workspaces.source.volume)',
      `claim-1 ${workspaceVolumeName('source')}`,
      { workspaces: [{ name: 'source' }] },
    ],
    [
      '[$(workspaces.cache.path)] $(workspaces.cache.bound) [$(workspaces.cache.claim)]',
      '[] false []',
      { workspaces: [{ name: 'cache', optional: true }] },
    ],
    ['$(date) $(steps.other.results.r) $(HOME)', '$(date) $(steps.other.results.r) $(HOME)'],
    ['$(params.a)', 'run', { params: [{ name: 'a', default: '$(context.taskRun.name)' }] }],
  ];
  for (const [script, expected, spec] of table) {
    it(`gives ${script} its value`, () => {
      assert.equal(scriptAfter(script, spec), expected);
    });
  }

  it('reach every substitutable field of steps, template, volumes and workspaces, and no other', () => {
    const v = '$(params.v)';
    const step: Step = {
      name: v,
      displayName: v,
      image: v,
      imagePullPolicy: v,
      command: [v, '$(params.l[*])'],
      args: ['$(params.l)', `-${v}`],
      script: v,
      workingDir: v,
      onError: v,
      env: [
        { name: 'E', value: v },
        { name: 'F', valueFrom: { configMapKeyRef: { name: v, key: v } } },
      ],
      envFrom: [{ prefix: v, secretRef: { name: v } }],
      volumeMounts: [{ name: v, mountPath: v, subPath: v }],
      stdoutConfig: { path: v },
      computeResources: { limits: { memory: v } },
    };
    const spec: TaskSpec = {
      description: v,
      params: [{ name: 'v' }, { name: 'l', type: 'array' }, { name: 'd', default: v }],
      steps: [step],
      stepTemplate: { image: v, env: [{ name: 'T', value: v }] },
      volumes: [{ name: v, configMap: { name: v, items: [{ key: v, path: v }] } }],
      workspaces: [{ name: 'source', description: v, mountPath: `/${v}` }],
    };
    const expected: TaskSpec = JSON.parse(
      JSON.stringify(spec)
        .replaceAll(v, 'x')
        .replace('"$(params.l[*])"', '"1","2"')
        .replace('"$(params.l)"', '"1","2"'),
    ) as TaskSpec;
    const untouched: TaskSpec = {
      ...expected,
      description: v,
      params: spec.params ?? [],
      workspaces: [{ name: 'source', description: v, mountPath: '/x' }],
      steps: (expected.steps ?? []).map((one) => ({ ...one, computeResources: { limits: { memory: v } } })),
    };
    assert.deepEqual(
      substituted(spec, [
        { name: 'v', value: 'x' },
        { name: 'l', value: ['1', '2'] },
      ]),
      untouched,
    );
  });

  it('differ from step to step for step results and for workspaces mounted elsewhere', () => {
    const script = '$(workspaces.source.path) $(step.results.r.path)';
    const spec = substituted({
      workspaces: [{ name: 'source' }],
      steps: [
        { script, results: [{ name: 'r' }] },
        { name: 'own', script, results: [{ name: 'r' }], workspaces: [{ name: 'source', mountPath: '/own' }] },
      ],
    });
    assert.deepEqual(
      (spec.steps ?? []).map((step) => step.script),
      ['/workspace/source /tekton/steps/step-unnamed-0/results/r', '/own /tekton/steps/step-own/results/r'],
    );
  });

  it('are filled in only once: a value that looks like a param stays as it is', () => {
    const params = [
      { name: 'a', value: '$(params.b)' },
      { name: 'b', value: 'x' },
    ];
    assert.equal(scriptAfter('$(params.a) $(inputs.params.b)', {}, params), '$(params.b) x');
  });
});
