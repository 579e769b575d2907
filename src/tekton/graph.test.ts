import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { buildGraph } from './graph.ts';
import type { PipelineTask } from './types.ts';

const task = (name: string, members: Partial<PipelineTask> = {}): PipelineTask => ({ name, ...members });

function graphOf(...tasks: readonly PipelineTask[]): Extract<ReturnType<typeof buildGraph>, { ok: true }>['graph'] {
  const built = buildGraph(tasks);
  assert.ok(built.ok, built.ok ? '' : built.message);
  return built.graph;
}

describe('buildGraph', () => {
  it('orders parents before children, whatever the order of the pipeline', () => {
    const graph = graphOf(task('c', { runAfter: ['b'] }), task('b', { runAfter: ['a'] }), task('a'), task('d'));
    assert.deepEqual(graph.order, ['a', 'd', 'b', 'c']);
    assert.deepEqual(graph.parents('c'), ['b']);
    assert.deepEqual(graph.children('a'), ['b']);
  });

  for (const [where, user] of [
    ['a param', task('b', { params: [{ name: 'p', value: 'x $(tasks.a.results.r) y' }] })],
    ['a list', task('b', { params: [{ name: 'p', value: ["$(tasks.a.results['r'])"] }] })],
    ['an object', task('b', { params: [{ name: 'p', value: { k: '$(tasks.a.results.r.key)' } }] })],
    ['a guard', task('b', { when: [{ input: 'x', operator: 'in', values: ['$(tasks.a.results.r[*])'] }] })],
    ['an embedded script', task('b', { taskSpec: { steps: [{ script: 'echo $(tasks.a.results.r[0])' }] } })],
  ] as const) {
    it(`a result used in ${where} is an edge`, () => {
      assert.deepEqual(graphOf(user, task('a')).parents('b'), ['a']);
    });
  }

  it('names an unknown dependency and the cycle', () => {
    const unknown = buildGraph([task('a', { runAfter: ['ghost'] })]);
    assert.deepEqual(unknown, { ok: false, message: 'task "a" depends on task "ghost", which does not exist' });
    const cycle = buildGraph([
      task('x'),
      task('a', { runAfter: ['c'] }),
      task('b', { runAfter: ['a'] }),
      task('c', { runAfter: ['b'] }),
    ]);
    assert.match(cycle.ok ? '' : cycle.message, /: (a → b → c → a|b → c → a → b|c → a → b → c)$/);
    const self = buildGraph([task('a', { runAfter: ['a'] })]);
    assert.match(self.ok ? '' : self.message, /: a → a$/);
  });

  it('takes a chain of 20,000 tasks', () => {
    const tasks = Array.from({ length: 20_000 }, (_, index) =>
      task(`t${index}`, index > 0 ? { runAfter: [`t${index - 1}`] } : {}),
    );
    assert.equal(graphOf(...tasks).order.length, 20_000);
  });
});
