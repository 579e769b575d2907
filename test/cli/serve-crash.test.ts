/** `kill -9` of a server: what was accepted is kept, what ran is reported lost, and nothing runs twice unasked. */
import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { pipelineRuns, type PipelineRun, type TaskRun } from '../../src/tekton/types.ts';
import { Workplace } from '../support/penstock-process.ts';
import { type Notebook, PenstockServer } from '../support/penstock-server.ts';
import { messageOf, verdictOf } from '../support/verdicts.ts';
import { processesGone, processesThere } from '../support/processes.ts';
import { pipelineRun, shellTask } from '../support/run-manifests.ts';
import { waitUntil } from '../support/wait-until.ts';

/** Whoever takes so long waits for what will never come, on whatever machine; in ms. */
const hangsMs = 220_000;

const workplace = new Workplace();
after(() => workplace[Symbol.asyncDispose]());

describe('a server that is killed while a step runs', { timeout: hangsMs }, () => {
  it('keeps what was over, and reports the step lost in words', async () => {
    const mark = `killed-server-${process.pid}`;
    const before = await PenstockServer.start(workplace, { data: 'lost' });
    const done = await before.accept(pipelineRun('done', [shellTask('quick', 'echo kept')]));
    const told = await before.whenOver(done);
    const slow = shellTask('slow', `echo begun; sh -c 'sleep 600; :' ${mark}`);
    const cut = await before.accept(pipelineRun('cut', [slow, shellTask('later', 'true', { runAfter: ['slow'] })]));
    await before.whenLogged('cut-slow-pod', 'step-step', 'begun');
    await processesThere(mark);
    await before.kill();
    await processesGone(mark);
    await using server = await PenstockServer.start(workplace, { data: 'lost' });
    assert.deepEqual((await server.client.get(pipelineRuns, done)).status, told.status);
    await server.whenLogged('done-quick-pod', 'step-step', 'kept');
    const run = await server.whenOver(cut);
    assert.deepEqual(verdictOf(run), ['False', 'EvidenceLost']);
    assert.match(messageOf(run), /Skipped: 1, Evidence Lost: 1 \("slow"\)/);
    const taskRun = (await server.taskRunsOf(cut)).get('slow');
    assert.deepEqual(verdictOf(taskRun), ['False', 'EvidenceLost']);
    assert.match(messageOf(taskRun), /^evidence lost: the pod was ended by its node \(PenstockRestarted: /);
    await server.whenLogged('cut-slow-pod', 'step-step', 'begun\n[penstock: more may be missing here: ');
  });

  it('runs the task again where it may be retried, and the run succeeds', async () => {
    const before = await PenstockServer.start(workplace, { data: 'retried' });
    const notes = await before.createClaim('notes');
    const script = '[ "$(context.task.retry-count)" -gt 0 ] || { echo begun; sleep 600; }; echo done now';
    const first = notes.task('again', 'first', script, { retries: 1 });
    const second = notes.task('again', 'second', 'true', { runAfter: ['first'] });
    const key = await before.accept(notes.run('again', [first, second]));
    await before.whenLogged('again-first-pod', 'step-step', 'begun');
    await before.kill();
    await using server = await PenstockServer.start(workplace, { data: 'retried' });
    assert.deepEqual(verdictOf(await server.whenOver(key)), ['True', 'Succeeded']);
    const taskRun = (await server.taskRunsOf(key)).get('first');
    const attempts = taskRun?.status?.retriesStatus ?? [];
    assert.deepEqual(
      attempts.map((status) => verdictOf({ status } as TaskRun)),
      [['False', 'EvidenceLost']],
    );
    assert.deepEqual([notes.count('again', 'first'), notes.count('again', 'second')], [2, 1]);
  });

  it('leaves pending runs pending until they are let go', async () => {
    const before = await PenstockServer.start(workplace, { data: 'pending' });
    const held = pipelineRun('held', [shellTask('one', 'true')], { status: 'PipelineRunPending' });
    const key = await before.accept(held);
    await before.kill();
    await using server = await PenstockServer.start(workplace, { data: 'pending' });
    const other = await server.accept(pipelineRun('other', [shellTask('one', 'true')]));
    await server.whenOver(other);
    const waiting = await server.client.get(pipelineRuns, key);
    assert.deepEqual(verdictOf(waiting), ['Unknown', 'PipelineRunPending']);
    assert.equal(waiting.status?.startTime, undefined);
    assert.equal((await server.taskRunsOf(key)).size, 0);
    await server.client.patch(pipelineRuns, key, { spec: { status: null } }, { type: 'merge' });
    assert.deepEqual(verdictOf(await server.whenOver(key)), ['True', 'Succeeded']);
  });
});

/** How long after a run was accepted the server is killed, in ms: before, within and after each of its tasks. */
const momentsMs = [0, 10, 40, 80, 120, 180, 250, 350, 500, 800];

/** a, then b and c, of which one may be retried, then d. */
function diamond(notes: Notebook, name: string, work = 'sleep 0.1'): PipelineRun {
  return notes.run(name, [
    notes.task(name, 'a', work),
    notes.task(name, 'b', work, { runAfter: ['a'], retries: 1 }),
    notes.task(name, 'c', work, { runAfter: ['a'] }),
    notes.task(name, 'd', work, { runAfter: ['b', 'c'] }),
  ]);
}

describe(`a server that is killed at ${momentsMs.length} moments`, { timeout: hangsMs }, () => {
  it('ends every run with a verdict that is true, and runs no step twice that was not retried', async () => {
    let server = await PenstockServer.start(workplace, { data: 'moments' });
    const notes = await server.createClaim('notes');
    const keys = [];
    for (const [index, momentMs] of momentsMs.entries()) {
      keys.push(await server.accept(diamond(notes, `run-${index}`)));
      await wait(momentMs);
      await server.kill();
      server = await PenstockServer.start(workplace, { data: 'moments' });
    }
    // However fast the machine is: one that is met in a step, and one that is not met.
    keys.push(await server.accept(diamond(notes, 'met', 'sleep 600')));
    await waitUntil('the step of run met', () => notes.count('met', 'a') > 0);
    await server.kill();
    server = await PenstockServer.start(workplace, { data: 'moments' });
    keys.push(await server.accept(diamond(notes, 'unmet')));
    const verdicts: string[] = [];
    for (const key of keys) {
      const run = await server.whenOver(key);
      checkTruth(run, await server.taskRunsOf(key), notes);
      verdicts.push(verdictOf(run).join('/'));
    }
    assert.deepEqual(verdicts.slice(-2), ['False/EvidenceLost', 'True/Succeeded'], verdicts.join(' '));
    await server.kill();
  });
});

function checkTruth(run: PipelineRun, taskRuns: ReadonlyMap<string, TaskRun>, notes: Notebook): void {
  const name = run.metadata.name ?? '';
  const [status, reason] = verdictOf(run);
  const words = `${name} ${status}/${reason}`;
  assert.ok(status === 'True' || reason === 'EvidenceLost', `${words}: nothing failed by itself`);
  for (const task of ['a', 'b', 'c', 'd']) {
    const taskRun = taskRuns.get(task);
    const attempts = taskRun === undefined ? 0 : 1 + (taskRun.status?.retriesStatus?.length ?? 0);
    const count = notes.count(name, task);
    assert.ok(count <= attempts, `${words}: ${task} ran ${count} times in ${attempts} attempts`);
    const succeeded = verdictOf(taskRun)[0] === 'True';
    if (succeeded) assert.ok(count >= 1, `${words}: ${task} is said to have succeeded`);
    if (status === 'True') assert.ok(succeeded, `${words}: ${task} did not succeed`);
  }
}
