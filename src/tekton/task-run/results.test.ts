import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ResultSpec } from '../types.ts';
import type { StepEvidence } from './evidence.ts';
import { readResults } from './results.ts';

function step(name: string, results: Record<string, string>, stepResults: Record<string, string> = {}): StepEvidence {
  const report = {
    end: 'exited',
    exitCode: 0,
    results: new Map(Object.entries(results)),
    stepResults: new Map(Object.entries(stepResults)),
  } as const;
  return { name, container: `step-${name}`, state: {}, report };
}

function values(declared: readonly ResultSpec[], steps: readonly StepEvidence[]): unknown {
  const reading = readResults(declared, steps);
  return reading.ok ? reading.results.map(({ name, value }) => [name, value]) : reading.message;
}

describe('readResults', () => {
  it('takes the last report of each, in the order of the declaration', () => {
    const steps = [step('a', { x: '1', y: '1' }), step('b', { x: '2' })];
    assert.deepEqual(values([{ name: 'y' }, { name: 'x' }, { name: 'z' }], steps), [
      ['y', '1'],
      ['x', '2'],
    ]);
  });

  it('ignores what is not declared', () => {
    assert.deepEqual(values([], [step('a', { x: '1' })]), []);
  });

  it('reads lists and objects', () => {
    const declared: readonly ResultSpec[] = [
      { name: 'l', type: 'array' },
      { name: 'o', properties: { k: {} } },
    ];
    assert.deepEqual(values(declared, [step('a', { l: ' ["a"]\n', o: '{"k":"v","more":"w"}' })]), [
      ['l', ['a']],
      ['o', { k: 'v', more: 'w' }],
    ]);
  });

  const wrong: readonly (readonly [ResultSpec, string, RegExp])[] = [
    [{ name: 'l', type: 'array' }, 'text', /a JSON list of strings/],
    [{ name: 'l', type: 'array' }, '{"a":"b"}', /a JSON list of strings/],
    [{ name: 'l', type: 'array' }, '[1]', /a JSON list of strings/],
    [{ name: 'o', type: 'object', properties: { k: {} } }, '{"x":"y"}', /object of strings with the keys k/],
    [{ name: 'o', type: 'object', properties: { k: {} } }, '{"k":1}', /object of strings/],
    [{ name: 'o', type: 'object' }, '["k"]', /object of strings/],
  ];
  for (const [spec, text, pattern] of wrong) {
    it(`refuses ${text} for ${spec.type ?? ''} ${spec.name}`, () => {
      const message = values([spec], [step('a', { [spec.name]: text })]);
      assert.ok(typeof message === 'string');
      assert.match(message, pattern);
    });
  }

  it('shows only the beginning of a long wrong value', () => {
    const message = values([{ name: 'l', type: 'array' }], [step('a', { l: 'x'.repeat(5000) })]);
    assert.ok(typeof message === 'string' && message.length < 300);
  });

  it('takes the result of a step for one of the Task, in three spellings', () => {
    const steps = [step('a', {}, { r: 'v', 'd.t': 'w' })];
    const declared = [
      { name: 'one', value: '$(steps.a.results.r)' },
      { name: 'two', value: "$(steps.a.results['d.t'])" },
      { name: 'three', value: '$(steps.a.results["d.t"])' },
      { name: 'none', value: '$(steps.b.results.r)' },
    ];
    assert.deepEqual(values(declared, steps), [
      ['one', 'v'],
      ['two', 'w'],
      ['three', 'w'],
    ]);
  });
});
