/** `penstock lint`: says what is wrong without running anything. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { after, describe, it } from 'node:test';
import { Workplace } from '../support/penstock-process.ts';
import { documents, pipelineRun, shellSpec, shellTask } from '../support/run-manifests.ts';

const workplace = new Workplace();
after(() => workplace[Symbol.asyncDispose]());

const examples = new URL('../../examples/', import.meta.url).pathname;

describe('penstock lint', () => {
  it('finds nothing wrong in sound files, and runs nothing', async () => {
    const task = { apiVersion: 'tekton.dev/v1', kind: 'Task', metadata: { name: 't' }, spec: shellSpec('touch ran') };
    workplace.write('good/task.yaml', documents(task));
    workplace.write('good/run.yaml', documents(pipelineRun('r', [{ name: 'use', taskRef: { name: 't' } }])));
    const { code, stdout, stderr } = await workplace.run(['lint', 'good']);
    assert.deepEqual([code, stdout, stderr], [0, '2 objects in 2 files: no errors\n', '']);
    assert.ok(!existsSync(workplace.path('ran')));
  });

  it('is content with the examples', async () => {
    const { code, stderr } = await workplace.run(['lint', examples]);
    assert.deepEqual([code, stderr], [0, '']);
  });

  it('tells every fault of every file at once', async () => {
    workplace.write('bad/a.yaml', documents(pipelineRun('a', [shellTask('x', 'true', { runAfter: ['nobody'] })])));
    workplace.write('bad/b.yaml', documents(pipelineRun('b', [{ name: 'y', taskRef: { name: 'absent' } }])));
    const { code, stdout, stderr } = await workplace.run(['lint', 'bad']);
    assert.deepEqual([code, stdout], [2, '']);
    assert.match(stderr, /^bad\/a\.yaml:\d+:\d+: spec\.pipelineSpec\.tasks\[0\]\.runAfter\[0\]: .*"nobody"/m);
    assert.match(stderr, /^bad\/b\.yaml:\d+:\d+: spec\.pipelineSpec\.tasks\[0\]\.taskRef\.name: .*"absent"/m);
  });

  it('warns of what is suspicious and of what has no effect, and is content', async () => {
    const role = { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'Role', metadata: { name: 'r' } };
    const params = [{ name: 'unused' }];
    const task = {
      apiVersion: 'tekton.dev/v1',
      kind: 'Task',
      metadata: { name: 't' },
      spec: shellSpec('true', { params }),
    };
    workplace.write('odd.yaml', documents(role, task));
    const { code, stdout, stderr } = await workplace.run(['lint', 'odd.yaml']);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^1 object in 1 file: no errors\n$/);
    assert.match(stderr, /^warning: odd\.yaml:\d+:\d+: kind: Role .* has no effect on a run on this machine/m);
    assert.match(stderr, /^warning: odd\.yaml:\d+:\d+: .*"unused"/m);
  });

  it('does not ask for a Task of the cluster that a Pipeline refers to', async () => {
    const spec = { tasks: [{ name: 'use', taskRef: { name: 'elsewhere' } }] };
    workplace.write(
      'open.yaml',
      documents({ apiVersion: 'tekton.dev/v1', kind: 'Pipeline', metadata: { name: 'p' }, spec }),
    );
    const { code, stderr } = await workplace.run(['lint', 'open.yaml']);
    assert.equal(code, 0);
    assert.match(stderr, /^warning: .*there is no Task "elsewhere"/m);
  });
});
