/** Law 6, for runs: a run that was accepted is on disk; after a power failure it is there, and runs once. */
import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import type { ObjectKey } from '../../src/kube/object.ts';
import { pipelineRuns } from '../../src/tekton/types.ts';
import { Workplace } from '../support/penstock-process.ts';
import { PenstockServer } from '../support/penstock-server.ts';
import { verdictOf } from '../support/verdicts.ts';

/** Whoever takes so long waits for what will never come, on whatever machine; in ms. */
const hangsMs = 220_000;

const workplace = new Workplace();
after(() => workplace[Symbol.asyncDispose]());

/** Runs that a round asks for at once, and how many answers the kill waits for. */
const rounds = [
  { count: 1, answers: 1 },
  { count: 8, answers: 1 },
  { count: 8, answers: 4 },
  { count: 8, answers: 8 },
];

describe('law 6: nothing that was accepted is lost, or runs twice', { timeout: hangsMs }, () => {
  it('a run is there after a kill that comes right after the answer, and its step ran once', async () => {
    let server = await PenstockServer.start(workplace);
    const notes = await server.createClaim('notes');
    const accepted: ObjectKey[] = [];
    const sent: string[] = [];
    for (const [round, { count, answers }] of rounds.entries()) {
      const enough = Promise.withResolvers<void>();
      const wanted = accepted.length + answers;
      const calls = Array.from({ length: count }, async (_, index) => {
        const name = `run-${round}-${index}`;
        sent.push(name);
        accepted.push(await server.accept(notes.run(name, [notes.task(name, 'only', 'true')])));
        if (accepted.length === wanted) enough.resolve();
      });
      const settled = Promise.allSettled(calls);
      await Promise.race([enough.promise, settled]);
      await server.kill();
      await settled;
      server = await PenstockServer.start(workplace);
    }
    assert.ok(accepted.length >= 14, `${accepted.length} of ${sent.length} were accepted`);
    for (const key of accepted) {
      const [status, reason] = verdictOf(await server.whenOver(key));
      const count = notes.count(key.name, 'only');
      if (status === 'True') assert.equal(count, 1, `${key.name} succeeded and ran ${count} times`);
      else assert.ok(reason === 'EvidenceLost' && count <= 1, `${key.name}: ${reason}, ran ${count} times`);
    }
    // What was not answered may be there or not; if it is, it runs like the others.
    const all = await server.client.list(pipelineRuns);
    for (const run of all.items) await server.whenOver({ namespace: 'default', name: run.metadata.name ?? '' });
    for (const name of sent) assert.ok(notes.count(name, 'only') <= 1, `${name} ran twice`);
    await server.kill();
  });

  it('an accepted run is refused a second time, also by the next server', async () => {
    const before = await PenstockServer.start(workplace, { data: 'twice' });
    const notes = await before.createClaim('notes');
    const run = notes.run('once', [notes.task('once', 'only', 'true')]);
    const key = await before.accept(run);
    await before.kill();
    await using server = await PenstockServer.start(workplace, { data: 'twice' });
    await assert.rejects(server.accept(run), { reason: 'AlreadyExists' });
    await server.whenOver(key);
    assert.ok(notes.count('once', 'only') <= 1);
  });
});
