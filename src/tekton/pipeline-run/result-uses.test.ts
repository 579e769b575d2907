import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { created, embedded, World } from './decision-fixture.ts';

describe('where results of tasks are used', () => {
  it('in the sub-path of a workspace: the task waits for the result and gets it', () => {
    const workspaces = [{ name: 'w', subPath: 'builds/$(tasks.a.results.r)' }];
    const world = new World({
      pipeline: { workspaces: [{ name: 'w' }], tasks: [embedded('a', {}, ['r']), embedded('b', { workspaces })] },
      spec: { workspaces: [{ name: 'w', subPath: 'top', persistentVolumeClaim: { claimName: 'c' } }] },
    });
    assert.deepEqual(created(world.pass()), ['a']);
    world.end('a', true, { r: 'v1' });
    assert.deepEqual(created(world.pass()), ['b']);
    assert.equal(world.child('b').spec.workspaces?.[0]?.subPath, 'top/builds/v1');
  });

  it('says which part of a result is missing', () => {
    const list = { steps: [{ image: 'x', script: 'true' }], results: [{ name: 'r', type: 'array' } as const] };
    const world = new World({
      pipeline: {
        tasks: [
          { name: 'a', taskSpec: list },
          embedded('b', { params: [{ name: 'p', value: '$(tasks.a.results.r[3])' }] }),
        ],
      },
    });
    world.pass();
    world.end('a', true, { r: ['only'] });
    world.pass();
    assert.match(world.message, /task "b" needs result "r\[3\]" of task "a", which ended Succeeded without it/);
  });
});
