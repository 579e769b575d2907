import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { variablesIn, type Variable } from './variables.ts';

describe('variablesIn', () => {
  const table: readonly (readonly [string, Variable])[] = [
    ['$(params.a)', { kind: 'param', name: 'a' }],
    ["$(params['a.b'])", { kind: 'param', name: 'a.b' }],
    ['$(params["a.b"][2])', { kind: 'param', name: 'a.b', index: 2 }],
    ['$(params.a[*])', { kind: 'param', name: 'a', whole: true }],
    ['$(params.a.k)', { kind: 'param', name: 'a', property: 'k' }],
    ['$(inputs.params.a)', { kind: 'param', name: 'a' }],
    ['$(params.a.b.c)', { kind: 'malformed', family: 'params' }],
    ['$(params.a[x])', { kind: 'malformed', family: 'params' }],
    ['$(tasks.t.results.r)', { kind: 'taskResult', task: 't', result: 'r' }],
    ["$(tasks.t.results['r.s'].k)", { kind: 'taskResult', task: 't', result: 'r.s', property: 'k' }],
    ['$(finally.t.results.r[0])', { kind: 'taskResult', task: 't', result: 'r', section: 'finally', index: 0 }],
    ['$(tasks.status)', { kind: 'tasksStatus' }],
    ['$(tasks.t.status)', { kind: 'taskStatus', task: 't', member: 'status' }],
    ['$(tasks.t.reason)', { kind: 'taskStatus', task: 't', member: 'reason' }],
    ['$(tasks.t.matrix.length)', { kind: 'matrixLength', task: 't' }],
    ['$(tasks.t.matrix.r.length)', { kind: 'matrixLength', task: 't' }],
    ['$(tasks.t.outputs.image)', { kind: 'artifacts' }],
    ['$(tasks.t.result.r)', { kind: 'malformed', family: 'tasks' }],
    ['$(workspaces.w.path)', { kind: 'workspace', name: 'w', member: 'path' }],
    ['$(workspaces.w.size)', { kind: 'malformed', family: 'workspaces' }],
    ['$(context.taskRun.name)', { kind: 'context', name: 'taskRun.name' }],
    ['$(results.r.path)', { kind: 'resultPath', name: 'r' }],
    ["$(step.results['r'].path)", { kind: 'stepResultPath', name: 'r' }],
    ['$(steps.s.results.r[1])', { kind: 'stepResult', step: 's', result: 'r' }],
    ['$(steps.step-s.exitCode.path)', { kind: 'exitCodePath', step: 'step-s' }],
    ['$(step.artifacts.path)', { kind: 'artifacts' }],
  ];
  for (const [text, variable] of table) {
    it(`reads ${text}`, () => {
      assert.deepEqual(variablesIn(text), [{ text, variable, isWhole: true }]);
    });
  }

  it('leaves to the shell and to Kubernetes what is theirs', () => {
    for (const text of [
      '$(date)',
      '$(params)',
      '$(HOME)',
      '$(params.a b)',
      '$(tasks.sh "$1")',
      '${params.a}',
      '$(results.sh)',
      '$()',
    ]) {
      const found = variablesIn(text).filter(({ variable }) => variable.kind !== 'malformed');
      assert.deepEqual(found, [], text);
    }
  });

  it('reads the innermost of nested ones, and tells whole texts from parts', () => {
    assert.deepEqual(
      variablesIn('$(echo $(params.a)) $(params.b)').map(({ text, isWhole }) => [text, isWhole]),
      [
        ['$(params.a)', false],
        ['$(params.b)', false],
      ],
    );
  });

  it('takes time in proportion to the text, whatever it is made of', () => {
    const hostile = ['$(', '$(params.', "$(params['", '$(tasks.a.results.', '$(params.a[', '(', '$(a'.repeat(3)];
    for (const piece of hostile) {
      // A quadratic search would need about a minute for each.
      assert.deepEqual(variablesIn(piece.repeat(200_000)), []);
      assert.deepEqual(variablesIn(`${piece}${'a'.repeat(1_000_000)}`), []);
    }
  });
});
