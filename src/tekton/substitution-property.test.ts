import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { paramReplacements } from './params.ts';
import { newReplacements } from './replacements.ts';
import { substitutePipelineTask, substituteTaskSpec, substituteText } from './substitution.ts';
import type { Param, TaskSpec } from './types.ts';

const name = fc.constantFrom('a', 'b', 'long-name', 'with.dot');
const anyText = fc.string({
  unit: fc.constantFrom('x', ' ', '$', '(', ')', '.', "'", 'params', '$(params.a)', '$(date)'),
});
const literal = fc.string({ unit: fc.constantFrom('x', ' ', '.', '"', 'params', '\n') });

/** A piece of a text: the way it is written and what it must become. */
const piece = fc.oneof(
  literal.map((text) => ({ written: text, means: (): string => text })),
  fc.tuple(name, fc.constantFrom(0, 1, 2)).map(([param, spelling]) => ({
    written: [`$(params.${param})`, `$(params['${param}'])`, `$(params["${param}"])`][spelling] ?? '',
    means: (values: ReadonlyMap<string, string>): string | undefined => values.get(param),
  })),
);

describe('substitution', () => {
  it('replaces every known variable, once, and nothing else', () => {
    fc.assert(
      fc.property(fc.array(piece), fc.dictionary(name, anyText), (pieces, given) => {
        const values = new Map(Object.entries(given));
        const replacements = paramReplacements(
          [],
          [...values].map(([param, value]) => ({ name: param, value })),
        );
        const written = pieces.map((one) => one.written).join('');
        const expected = pieces.map((one) => one.means(values) ?? one.written).join('');
        assert.equal(substituteText(written, replacements), expected);
      }),
    );
  });

  it('changes nothing without replacements', () => {
    const step = fc
      .tuple(anyText, fc.array(anyText))
      .map(([script, args]) => ({ script, args, env: [{ name: 'E', value: script }] }));
    const volume = anyText.map((secretName) => ({ name: 'v', secret: { secretName } }));
    fc.assert(
      fc.property(fc.array(step), fc.array(volume), (steps, volumes) => {
        const spec: TaskSpec = { steps, volumes };
        assert.deepEqual(substituteTaskSpec(spec, newReplacements()), spec);
      }),
    );
  });

  it('never changes what it is given', () => {
    const spec: TaskSpec = { steps: [{ script: '$(params.a)', args: ['$(params.l[*])'] }] };
    const before = structuredClone(spec);
    substituteTaskSpec(
      spec,
      paramReplacements(
        [],
        [
          { name: 'a', value: '1' },
          { name: 'l', value: ['x'] },
        ],
      ),
    );
    assert.deepEqual(spec, before);
  });
});

describe('propagation into an embedded Task', () => {
  const outer = paramReplacements(
    [],
    [
      { name: 's', value: 'outer' },
      { name: 'l', value: ['outer-0', 'outer-1'] },
      { name: 'o', value: { a: 'outer-a', b: 'outer-b' } },
    ],
  );
  const scriptWith = (params: readonly Param[], script: string): string | undefined =>
    substitutePipelineTask({ name: 't', params, taskSpec: { steps: [{ script }] } }, outer).taskSpec?.steps?.[0]
      ?.script;

  it('shows what the task does not give itself', () => {
    assert.equal(scriptWith([], '$(params.s) $(params.l[1]) $(params.o.a)'), 'outer outer-1 outer-a');
  });

  it('leaves what the task gives to its TaskRun, in every spelling', () => {
    const script = '$(params.s) $(params[\'s\']) $(params["l"][0])';
    const params = [
      { name: 's', value: 'own' },
      { name: 'l', value: ['own'] },
    ];
    assert.equal(scriptWith(params, script), script);
  });

  it('lays the keys of an object over the outer one, key by key', () => {
    const params = [{ name: 'o', value: { b: 'own', c: 'own' } }];
    assert.equal(
      scriptWith(params, '$(params.o.a) $(params.o.b) $(params.o.c)'),
      'outer-a $(params.o.b) $(params.o.c)',
    );
  });

  it('hides an outer object behind a text of its name', () => {
    assert.equal(scriptWith([{ name: 'o', value: 'text' }], '$(params.o.a) $(params.o)'), '$(params.o.a) $(params.o)');
  });

  it('fills in the defaults of the Task, and its metadata', () => {
    const task = substitutePipelineTask(
      {
        name: 't',
        taskSpec: {
          metadata: { labels: { l: '$(params.s)' } },
          params: [{ name: 'p', default: '$(params.s)', description: '$(params.s)' }],
        },
      },
      outer,
    );
    assert.deepEqual(task.taskSpec, {
      metadata: { labels: { l: 'outer' } },
      params: [{ name: 'p', default: 'outer', description: '$(params.s)' }],
    });
  });

  it('reaches matrix values, guards, sub-paths and names, and lists become lists', () => {
    const task = substitutePipelineTask(
      {
        name: 't',
        displayName: 'for $(params.s)',
        taskRef: { name: '$(params.s)' },
        matrix: { params: [{ name: 'm', value: '$(params.l[*])' }] },
        when: [{ input: '$(params.l[*])', operator: 'in', values: ['$(params.l[*])', 'x'] }],
        workspaces: [{ name: 'w', subPath: '$(params.s)/x' }],
      },
      outer,
    );
    assert.deepEqual(task, {
      name: 't',
      displayName: 'for outer',
      taskRef: { name: 'outer' },
      matrix: { params: [{ name: 'm', value: ['outer-0', 'outer-1'] }] },
      when: [{ input: '["outer-0","outer-1"]', operator: 'in', values: ['outer-0', 'outer-1', 'x'] }],
      workspaces: [{ name: 'w', subPath: 'outer/x' }],
    });
  });
});
