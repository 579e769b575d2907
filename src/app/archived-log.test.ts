import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { LogFixture, runUntil } from '../logs/log-fixture.ts';
import { archivedLog } from './archived-log.ts';

const place = {
  namespace: 'ns',
  taskRun: 'run-p',
  podName: 'p',
  step: 'a',
  container: 'step-a',
  tailLines: 2,
  bytesMax: 1000,
};

describe('what a status quotes of a log that is kept', () => {
  it('is the end of it, even if the step was over before anything was recorded', async () => {
    const fixture = new LogFixture();
    const keeper = fixture.startKeeper();
    fixture.createPod('p', ['step-a']);
    fixture.start('p', 'step-a');
    await runUntil(fixture.clock, () => keeper.recorderOf({ podUid: 'uid-p', container: 'step-a' }) !== undefined);
    assert.equal(keeper.recorderOf({ podUid: 'uid-p', container: 'step-a' })?.isEmpty, true);
    const read = archivedLog(fixture.archive(keeper))(place, new AbortController().signal);
    for (const line of ['one\n', 'two\n', 'three\n']) fixture.write('p', 'step-a', line);
    fixture.end('p', 'step-a');
    await runUntil(fixture.clock, () => keeper.isSettled(fixture.pod('p')));
    assert.match(await read, /two\nthree\n$/);
  });

  it('is not a part of it: neither of one that is recorded elsewhere nor of one that was waited for in vain', async () => {
    const fixture = new LogFixture();
    const keeper = fixture.startKeeper();
    fixture.createPod('p', ['step-a']);
    fixture.start('p', 'step-a');
    fixture.write('p', 'step-a', 'one\n');
    await runUntil(fixture.clock, () => fixture.reads > 0);
    await fixture.clock.advance(60_000); // so long that a part is stored
    const elsewhere = archivedLog(fixture.archive());
    await assert.rejects(elsewhere(place, new AbortController().signal), /is not kept to its end/);
    const giveUp = new AbortController();
    const read = archivedLog(fixture.archive(keeper))(place, giveUp.signal);
    giveUp.abort(new Error('too late'));
    await assert.rejects(read, /too late/);
  });
});
