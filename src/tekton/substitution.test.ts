import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { paramReplacements } from './params.ts';
import { substitutePipelineTask, substituteText, substituteValue } from './substitution.ts';

const replacements = paramReplacements(
  [{ name: 'o', default: { a: '1', b: '1' } }],
  [
    { name: 's', value: 'text' },
    { name: 'l', value: ['x', 'y'] },
    { name: 'o', value: { b: '2' } },
    { name: 'dotted.name', value: 'dot' },
    { name: 'sly', value: '$(params.s)' },
  ],
);

describe('substitution', () => {
  it('replaces in one pass, in every spelling, and leaves the unknown alone', () => {
    assert.equal(substituteText('$(params.s) $(params[\'s\']) $(params["s"])', replacements), 'text text text');
    assert.equal(substituteText("$(params['dotted.name']) $(params.l[1]) $(params.o.b)", replacements), 'dot y 2');
    assert.equal(
      substituteText('$(params.sly) $(params.none) $(date)', replacements),
      '$(params.s) $(params.none) $(date)',
    );
  });

  it('lets a text that is exactly one list or object become it, and splices lists into lists', () => {
    assert.deepEqual(substituteValue('$(params.l[*])', replacements), ['x', 'y']);
    assert.deepEqual(substituteValue('$(params.o[*])', replacements), { a: '1', b: '2' });
    assert.deepEqual(substituteValue(['0', '$(params.l[*])', 'n-$(params.s)'], replacements), [
      '0',
      'x',
      'y',
      'n-text',
    ]);
  });

  it('lets params of the task hide those of the run in its embedded spec', () => {
    const task = substitutePipelineTask(
      {
        name: 't',
        params: [{ name: 's', value: 'own $(params.s)' }],
        taskSpec: { steps: [{ script: '$(params.s) $(params.l[0])' }] },
      },
      replacements,
    );
    assert.deepEqual(task.params, [{ name: 's', value: 'own text' }]);
    assert.equal(task.taskSpec?.steps?.[0]?.script, '$(params.s) x');
  });
});
