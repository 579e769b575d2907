/** Ctrl-C, and the end of `penstock run` by force: no step outlives it. */
import assert from 'node:assert/strict';
import { setTimeout as wait } from 'node:timers/promises';
import { after, describe, it } from 'node:test';
import { cancelWaitMs, repeatAfterMs } from '../../src/cli/run/cancel.ts';
import { Workplace, noTerminal } from '../support/penstock-process.ts';
import { processesGone, processesThere, processesWith } from '../support/processes.ts';
import { documents, pipelineRun, shellTask } from '../support/run-manifests.ts';
import { waitFor, waitUntil } from '../support/wait-until.ts';

/** Whoever takes so long waits for what will never come, on whatever machine; in ms. */
const hangsMs = 220_000;

const workplace = new Workplace();
after(() => workplace[Symbol.asyncDispose]());
let marks = 0;

/** Writes a run whose step has children in a session of their own; `mark` is among the arguments of each process. */
function writeLongRun({ trap = '' } = {}): { readonly file: string; readonly mark: string } {
  const mark = `interrupted-${process.pid}-${++marks}-`;
  const loop = (name: string) => `sh -c '${trap} while :; do sleep 0.1; done' ${mark}${name}`;
  const script = `(setsid ${loop('far')} > /dev/null 2>&1 &)\n${loop('near')} &\necho the step is up\n${trap}\n${loop('own')}`;
  const tasks = [shellTask('long', script), shellTask('later', 'echo never', { runAfter: ['long'] })];
  // The file's name is among the arguments of `penstock run` itself: it must not bear the mark.
  return { file: workplace.write(`long-${marks}.yaml`, documents(pipelineRun('long', tasks))), mark };
}

const stubborn = 'trap "" TERM INT HUP;';

describe('Ctrl-C', { timeout: hangsMs }, () => {
  it('stops the steps with all their processes, says Cancelled and exits with 130', async () => {
    const { file, mark } = writeLongRun();
    const running = workplace.start(['run', file]);
    await running.until(/the step is up/);
    // The step, its child and its distant child.
    await processesThere(mark, 3);
    running.signal('SIGINT');
    const { code, stdout, stderr } = await running.ended;
    assert.equal(code, 130);
    assert.deepEqual(processesWith(mark), []);
    assert.match(stderr, /note: cancelling; press Ctrl-C again to stop at once/);
    assert.match(stdout, /PipelineRun long cancelled/);
    assert.match(stdout, /was cancelled/);
    assert.doesNotMatch(stdout, /echo never|^never/m);
  });

  it('says so in JSON, with 130 in the summary', async () => {
    const { file } = writeLongRun();
    const running = workplace.start(['run', file, '--output', 'json']);
    await running.until(/"text":"the step is up"/);
    running.signal('SIGTERM');
    const { code, stdout } = await running.ended;
    assert.equal(code, 130);
    const summary = JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '') as {
      readonly exitCode: number;
      readonly runs: readonly { readonly phase: string; readonly reason: string }[];
    };
    assert.equal(summary.exitCode, 130);
    assert.deepEqual(
      summary.runs.map(({ phase, reason }) => [phase, reason]),
      [['cancelled', 'Cancelled']],
    );
  });

  it('typed on a terminal does the same', { skip: noTerminal }, async () => {
    const { file, mark } = writeLongRun();
    const options = { terminal: true, environment: { NO_COLOR: '1' } };
    const running = workplace.start(['run', file, '--output', 'plain'], options);
    await running.until(/the step is up/);
    await processesThere(mark, 3);
    running.type('\x03');
    const { code, stdout } = await running.ended;
    assert.equal(code, 130);
    assert.deepEqual(processesWith(mark), []);
    assert.match(stdout, /PipelineRun long cancelled/);
  });

  it('keeps the tree in order: the note stands above it', { skip: noTerminal }, async () => {
    const { file, mark } = writeLongRun();
    const running = workplace.start(['run', file], { terminal: true, environment: { NO_COLOR: '1' } });
    await processesThere(mark, 3);
    await running.until(/PipelineRun long/);
    running.type('\x03');
    const { code, stdout } = await running.ended;
    assert.equal(code, 130);
    // Between the note and the line before it nothing is left of the tree: it was cleared away.
    assert.match(stdout, /\u001b\[\d+A\r\u001b\[J(?:\^C)?note: cancelling; press Ctrl-C again to stop at once\r\n\r/);
    assert.match(stdout, /⊘ PipelineRun long[^\n]*\r\n[^\n]*⊘ long/);
  });

  it('pressed again does not wait for a step that does not end', async () => {
    const { file, mark } = writeLongRun({ trap: stubborn });
    const running = workplace.start(['run', file]);
    await running.until(/the step is up/);
    running.signal('SIGINT');
    await running.until(/press Ctrl-C again/);
    await wait(repeatAfterMs + 50); // A second signal at once would be the echo of the first.
    running.signal('SIGINT');
    // Well before it would give up by itself.
    const { code } = await waitFor('it ends at once', running.ended, { limitMs: cancelWaitMs - 10_000 });
    assert.equal(code, 130);
    await processesGone(mark);
  });

  it('before anything runs leaves nothing behind', async () => {
    await using place = new Workplace();
    const { file, mark } = writeLongRun();
    const running = place.start(['run', file]);
    await waitUntil('it has begun', () => place.leftovers().length > 0);
    running.signal('SIGINT');
    const { code, stderr } = await running.ended;
    assert.equal(code, 130, stderr);
    assert.deepEqual([place.leftovers(), processesWith(mark)], [[], []]);
  });

  it('leaves nothing in the folder for temporary files', () => {
    assert.deepEqual(workplace.leftovers(), []);
  });
});

describe('kill -9 of a run', { timeout: hangsMs }, () => {
  it('ends its steps with it', async () => {
    await using place = new Workplace();
    const { file, mark } = writeLongRun({ trap: stubborn });
    const running = place.start(['run', file]);
    await running.until(/the step is up/);
    await processesThere(mark, 3);
    await running.kill();
    await processesGone(mark);
  });

  it('leaves a folder, which the next run removes, and not before its owner is gone', async () => {
    await using place = new Workplace();
    const first = place.start(['run', writeLongRun({ trap: stubborn }).file]);
    await first.until(/the step is up/);
    const second = place.start(['run', writeLongRun({ trap: stubborn }).file]);
    await second.until(/the step is up/);
    const both = place.leftovers();
    assert.equal(both.length, 2);
    await first.kill();
    const next = place.write('next.yaml', documents(pipelineRun('next', [shellTask('t', 'true')])));
    assert.equal((await place.run(['run', next])).code, 0);
    const [left, ...more] = place.leftovers();
    assert.ok(left !== undefined && both.includes(left), 'the folder of the run that goes on');
    assert.deepEqual(more, []);
    await second.kill();
    assert.equal((await place.run(['run', next])).code, 0);
    assert.deepEqual(place.leftovers(), []);
  });
});
